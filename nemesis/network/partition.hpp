#pragma once

#include "core/net/tcp_proxy.hpp"
#include "nemesis/fault.hpp"

#include <string>
#include <vector>

/// What a `partition` interval means for edges: pure, shared by both worlds.
namespace mistrial::nemesis {

/// One edge that a partition cuts: `client` opens connections to `server`.
struct CutEdge {
    std::string client;
    std::string server;
    net::EdgeCut cut;
};

/// The edges that a resolved partition names ("edges" of its parameters) and what is done to each: "requests" go from
/// client to server, "responses" back; refuse and reset concern whole connections.
[[nodiscard]] std::vector<CutEdge> cut_edges(const FaultInterval& interval);

/// Several cuts of one edge: in each direction the hardest.
[[nodiscard]] net::EdgeCut hardest(const std::vector<net::EdgeCut>& cuts);

}  // namespace mistrial::nemesis
