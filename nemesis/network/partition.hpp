#pragma once

#include "core/net/tcp_proxy.hpp"
#include "nemesis/fault.hpp"

#include <string>
#include <vector>

/// What a `partition` interval means for an edge: pure, shared by both worlds.
namespace mistrial::nemesis {

/// Whether the edge that `client` opens to `server` joins a target of `interval` and a node of its `from`.
[[nodiscard]] bool concerns(const FaultInterval& interval, const std::string& client, const std::string& server);

/// What is done to that edge: "direction" says whether what goes "to" the targets, what comes "from" them, or both is
/// cut; refuse and reset concern whole connections.
[[nodiscard]] net::EdgeCut cut_of(const FaultInterval& interval, const std::string& client);

/// Several cuts of one edge: in each direction the hardest.
[[nodiscard]] net::EdgeCut hardest(const std::vector<net::EdgeCut>& cuts);

}  // namespace mistrial::nemesis
