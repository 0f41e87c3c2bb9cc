#pragma once

#include "harness/scenario/faults.hpp"

namespace mistrial::scenario {

/// A bound with the terms that it is the sum of, one sentence each.
struct Bound {
    Duration value{};
    std::vector<std::string> terms;
};

/// Longest time from the acknowledgement of a publish until a correct agent decides by it, while nothing of the plan
/// cuts the agent off (docs/scenario.md, "Derived bounds"): the poll that was under way brings the old revision, the
/// longest delay passes, the next poll brings the new one; through a mirror its copy may be as old as its ttl. After a
/// black hole, TCP may first repeat a SYN.
[[nodiscard]] Bound propagation_bound(const AgentNode& agent, const Fleet& fleet, const std::vector<FaultSpec>& faults);

/// Longest time until a connection attempt that a black hole of this length swallowed is repeated by TCP, after the
/// black hole has ended: SYNs are repeated 1, 3, 7 and 15 s after the first (RFC 6298 with Linux's initial timeout of
/// 1 s; kernels from 6.5 on repeat sooner, never later), and Go gives up after 30 s.
[[nodiscard]] Duration longest_syn_wait(Duration black_hole);

}  // namespace mistrial::scenario
