#include "nemesis/network/partition_injector.hpp"

#include "nemesis/network/partition.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace mistrial::nemesis {
namespace {

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

Result<> PartitionInjector::apply(Edge& edge) {
    std::vector<net::EdgeCut> cuts;
    for (const auto& [id, cut] : in_force_[&edge]) cuts.push_back(cut);
    return edge.proxy->set(hardest(cuts));
}

void PartitionInjector::inject(const FaultInterval& interval, Done done) {
    Seen& seen = seen_[interval.id];
    Result<> result;
    for (Edge& edge : edges_.all()) seen.at_start[&edge] = edge.proxy->counters();
    for (const CutEdge& named : cut_edges(interval)) {
        Edge* edge = edges_.find(named.client, named.server);
        if (edge == nullptr) {
            result = fail("{}: the fleet has no edge from {} to {}", interval.id, named.client, named.server);
            continue;
        }
        seen.cut.push_back(edge);
        if (is_disarmed(interval)) continue;
        in_force_[edge][interval.id] = named.cut;
        if (const auto applied = apply(*edge); !applied) result = applied;
        if (named.cut.to_upstream == net::Cut::refuse)
            seen.refused_probes[edge] = connect_is_refused(edge->proxy->endpoint()) ? 1 : 0;
    }
    done(result);
}

void PartitionInjector::heal(const FaultInterval& interval, Done done) {
    Seen& seen = seen_[interval.id];
    Result<> result;
    for (Edge& edge : edges_.all()) seen.at_end[&edge] = edge.proxy->counters();
    for (Edge* edge : seen.cut)
        if (in_force_[edge].erase(interval.id) > 0)
            if (const auto applied = apply(*edge); !applied) result = applied;
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
