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

}  // namespace

std::vector<CutEdge> cut_edges(const FaultInterval& interval) {
    std::vector<CutEdge> edges;
    const net::Cut mode = mode_of(interval);
    for (const Json& edge : interval.parameters.value("edges", Json::array())) {
        const std::string cut = edge.value("cut", std::string("both"));
        const bool whole = cut == "both" || mode == net::Cut::refuse || mode == net::Cut::reset;
        edges.push_back({edge.at("client"), edge.at("server"),
                         {whole || cut == "requests" ? mode : net::Cut::none,
                          whole || cut == "responses" ? mode : net::Cut::none}});
    }
    return edges;
}

net::EdgeCut hardest(const std::vector<net::EdgeCut>& cuts) {
    net::EdgeCut result;
    for (const net::EdgeCut& cut : cuts)
        result = {std::max(result.to_upstream, cut.to_upstream), std::max(result.to_client, cut.to_client)};
    return result;
}

}  // namespace mistrial::nemesis
