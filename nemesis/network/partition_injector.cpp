#include "nemesis/network/partition_injector.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace mistrial::nemesis {
namespace {

net::Cut mode_of(const FaultInterval& interval) {
    const std::string mode = interval.parameters.value("mode", std::string("black-hole"));
    if (mode == "stall") return net::Cut::stall;
    if (mode == "refuse") return net::Cut::refuse;
    if (mode == "reset") return net::Cut::reset;
    return net::Cut::black_hole;
}

bool is_target(const FaultInterval& interval, const std::string& node) {
    return std::find(interval.target.begin(), interval.target.end(), node) != interval.target.end();
}

net::EdgeCut cut_of(const FaultInterval& interval, const Edge& edge) {
    const std::string direction = interval.parameters.value("direction", std::string("both"));
    const net::Cut mode = mode_of(interval);
    if (direction == "both" || mode == net::Cut::refuse || mode == net::Cut::reset) return net::EdgeCut::both(mode);
    const bool towards_server = (direction == "from") == is_target(interval, edge.client);
    return towards_server ? net::EdgeCut{mode, net::Cut::none} : net::EdgeCut{net::Cut::none, mode};
}

/// Of two cuts of one edge the harder one: a connection that one of them refuses is refused.
net::Cut harder(net::Cut a, net::Cut b) { return std::max(a, b); }

/// One connect from outside, the way a client would make it: the kernel refuses at once, or the edge is not refusing.
bool connect_is_refused(const net::Endpoint& to) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return false;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(to.port);
    ::inet_pton(AF_INET, to.address.c_str(), &address.sin_addr);
    const bool refused =
        ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno == ECONNREFUSED;
    ::close(fd);
    return refused;
}

std::uint64_t carried(const net::ProxyCounters& counters) {
    return counters.to_upstream.forwarded + counters.to_client.forwarded;
}

}  // namespace

void PartitionInjector::inject(const FaultInterval& interval, Done done) {
    Seen& seen = seen_[interval.id];
    const auto from = interval.parameters.value("from", std::vector<std::string>{});
    Result<> result;
    for (Edge& edge : edges_.all()) seen.at_start[&edge] = edge.proxy->counters();
    for (Edge* edge : edges_.between(interval.target, from)) {
        seen.cut.push_back(edge);
        if (is_disarmed(interval)) continue;
        in_force_[edge].emplace_back(interval.id, cut_of(interval, *edge));
        net::EdgeCut cut;
        for (const auto& [id, part] : in_force_[edge])
            cut = {harder(cut.to_upstream, part.to_upstream), harder(cut.to_client, part.to_client)};
        if (const auto set = edge->proxy->set(cut); !set) result = set;
        if (cut.to_upstream == net::Cut::refuse || cut.to_client == net::Cut::refuse)
            seen.refused_probes[edge] = connect_is_refused(edge->proxy->endpoint()) ? 1 : 0;
    }
    if (seen.cut.empty()) result = fail("{}: no edge between its targets and what it cuts them from", interval.id);
    done(result);
}

void PartitionInjector::heal(const FaultInterval& interval, Done done) {
    Seen& seen = seen_[interval.id];
    Result<> result;
    for (Edge& edge : edges_.all()) seen.at_end[&edge] = edge.proxy->counters();
    for (Edge* edge : edges_.between(interval.target, interval.parameters.value("from", std::vector<std::string>{}))) {
        if (is_disarmed(interval)) continue;
        auto& parts = in_force_[edge];
        std::erase_if(parts, [&](const auto& part) { return part.first == interval.id; });
        net::EdgeCut cut;
        for (const auto& [id, part] : parts)
            cut = {harder(cut.to_upstream, part.to_upstream), harder(cut.to_client, part.to_client)};
        if (const auto set = edge->proxy->set(cut); !set) result = set;
    }
    done(result);
}

Evidence PartitionInjector::evidence(const FaultInterval& interval) {
    const Seen& seen = seen_[interval.id];
    Evidence evidence{!seen.cut.empty(), {{"cut", Json::array()}}};
    for (const Edge* edge : seen.cut) {
        const net::ProxyCounters &before = seen.at_start.at(edge), &after = seen.at_end.at(edge);
        const auto grown = [&](auto member) { return member(after) - member(before); };
        const auto held = grown([](auto& c) { return c.to_upstream.held + c.to_client.held; });
        const auto connects = grown([](auto& c) { return c.held_connects; });
        const auto syns = grown([](auto& c) { return c.dropped_syns; });
        const auto resets = grown([](auto& c) { return c.reset; });
        const auto probe = seen.refused_probes.find(edge);
        const std::int64_t refused = probe == seen.refused_probes.end() ? 0 : probe->second;
        evidence.details["cut"].push_back({{"client", edge->client},
                                           {"server", edge->server},
                                           {"bytes_held", held},
                                           {"connects_held", connects},
                                           {"syns_dropped", syns},
                                           {"connections_reset", resets},
                                           {"connects_refused_to_a_probe", refused},
                                           {"bytes_carried", carried(after) - carried(before)}});
        evidence.bit = evidence.bit && held + connects + syns + resets + static_cast<std::uint64_t>(refused) > 0;
    }
    std::uint64_t elsewhere = 0;
    bool others = false;
    for (const auto& [edge, before] : seen.at_start) {
        if (std::find(seen.cut.begin(), seen.cut.end(), edge) != seen.cut.end()) continue;
        others = true;
        if (const auto after = seen.at_end.find(edge); after != seen.at_end.end()) elsewhere += carried(after->second) - carried(before);
    }
    evidence.details["bytes_carried_elsewhere"] = elsewhere;
    evidence.bit = evidence.bit && (elsewhere > 0 || !others);
    return evidence;
}

}  // namespace mistrial::nemesis
