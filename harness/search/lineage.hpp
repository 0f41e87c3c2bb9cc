#pragma once

#include "harness/search/strategy.hpp"

namespace mistrial::search {

/// Lineage-driven (Alvaro, Rosen, Hellerstein: "Lineage-driven fault injection", SIGMOD 2015): makes one good run, finds what its
/// outcome rested on (publish, download, activation, report, decision), and places faults on just these. Downloads of mirrors and
/// agents are cut as they happen, agents are killed, stopped or given another clock right after they activated. Faults on
/// different nodes hardly touch each other, so that each run tries one on each node; sets grow when all have been tried.
[[nodiscard]] Result<std::unique_ptr<Strategy>> make_lineage(const OrderedJson& base, std::uint64_t seed);

}  // namespace mistrial::search
