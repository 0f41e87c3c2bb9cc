#pragma once

#include "harness/search/strategy.hpp"

namespace mistrial::search {

/// Lineage-driven (Alvaro, Rosen, Hellerstein: "Lineage-driven fault injection", SIGMOD 2015): makes one good run of each mix of
/// publishes, finds what its outcome rested on (publish, download, activation, report, decision), and places faults on just these.
/// Downloads of mirrors and agents are cut as they happen, agents are killed, stopped or given another clock right after they
/// activated; where one of two things is enough (a disk or a source, to come back with a bundle), both are taken at once. Faults on
/// different nodes, or long after each other, hardly touch each other, so that a run tries as many as a swarm's run has, each
/// kind of support in its turn; when all have been tried, others are added. The good runs are its first candidates and count as runs.
[[nodiscard]] Result<std::unique_ptr<Strategy>> make_lineage(const OrderedJson& base, std::uint64_t seed);

}  // namespace mistrial::search
