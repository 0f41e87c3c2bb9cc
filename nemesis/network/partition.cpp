#include "nemesis/network/partition.hpp"

#include <algorithm>

namespace mistrial::nemesis {
namespace {

net::Cut mode_of(const FaultInterval& interval) {
    const std::string mode = interval.parameters.value("mode", std::string("black-hole"));
    if (mode == "stall") return net::Cut::stall;
    if (mode == "refuse") return net::Cut::refuse;
    if (mode == "reset") return net::Cut::reset;
    return net::Cut::black_hole;
}

bool in(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

bool concerns(const FaultInterval& interval, const std::string& client, const std::string& server) {
    const auto from = interval.parameters.value("from", std::vector<std::string>{});
    return (in(interval.target, client) && in(from, server)) || (in(from, client) && in(interval.target, server));
}

net::EdgeCut cut_of(const FaultInterval& interval, const std::string& client) {
    const std::string direction = interval.parameters.value("direction", std::string("both"));
    const net::Cut mode = mode_of(interval);
    if (direction == "both" || mode == net::Cut::refuse || mode == net::Cut::reset) return net::EdgeCut::both(mode);
    const bool towards_server = (direction == "from") == in(interval.target, client);
    return towards_server ? net::EdgeCut{mode, net::Cut::none} : net::EdgeCut{net::Cut::none, mode};
}

net::EdgeCut hardest(const std::vector<net::EdgeCut>& cuts) {
    net::EdgeCut result;
    for (const net::EdgeCut& cut : cuts)
        result = {std::max(result.to_upstream, cut.to_upstream), std::max(result.to_client, cut.to_client)};
    return result;
}

}  // namespace mistrial::nemesis
