#include "harness/world/edges.hpp"

namespace mistrial::world {

std::vector<EdgeEnds> edges_of(const scenario::Fleet& fleet) {
    std::vector<EdgeEnds> edges;
    for (const auto& authority : fleet.authorities) edges.push_back({kPublisher, authority.name});
    for (const auto& mirror : fleet.mirrors) edges.push_back({mirror.name, mirror.of});
    for (const auto& agent : fleet.agents) {
        edges.push_back({agent.name, agent.from});
        edges.push_back({agent.name, kStatus});
        edges.push_back({agent.name, kLogs});
        edges.push_back({kClients, agent.name});
    }
    return edges;
}

}  // namespace mistrial::world
