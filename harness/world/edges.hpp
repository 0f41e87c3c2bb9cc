#pragma once

#include "harness/scenario/plan.hpp"

#include <string>
#include <vector>

namespace mistrial::world {

/// The names of edge ends that are no nodes of the fleet.
inline constexpr const char* kClients = "clients";
inline constexpr const char* kPublisher = "publisher";
inline constexpr const char* kStatus = "status";
inline constexpr const char* kLogs = "logs";

/// `client` opens connections to `server`.
struct EdgeEnds {
    std::string client;
    std::string server;
    friend bool operator==(const EdgeEnds&, const EdgeEnds&) = default;
};

/// Every edge of a fleet: each can be cut by itself.
[[nodiscard]] std::vector<EdgeEnds> edges_of(const scenario::Fleet& fleet);

}  // namespace mistrial::world
