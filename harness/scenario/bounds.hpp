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

/// Longest time from one answered poll of a correct agent to the next, while nothing of the plan cuts it off.
[[nodiscard]] Bound progress_bound(const AgentNode& agent, const Fleet& fleet, const std::vector<FaultSpec>& faults);

/// Longest time from a decision under a revision until a status report of it, while nothing of the plan cuts the agent off
/// from its source or from the status sink. Reports go out with every poll and are not repeated, so one that is lost is
/// made up for by the next poll.
[[nodiscard]] Bound report_bound(const AgentNode& agent, const Fleet& fleet, const std::vector<FaultSpec>& faults);

/// Longest time from an answer until its event has reached the sink of the decision log, while nothing of the plan cuts the
/// agent off from it: the upload under way goes without it, the longest delay passes, the next upload brings it. The
/// reporting delay is that of the agent's own configuration, else the drivers' one second.
[[nodiscard]] Bound log_bound(const AgentNode& agent, const Fleet& fleet, const std::vector<FaultSpec>& faults);

/// Longest time until a connection attempt that a black hole of this length swallowed is repeated by TCP, after the
/// black hole has ended: SYNs are repeated 1, 3, 7 and 15 s after the first (RFC 6298 with Linux's initial timeout of
/// 1 s; kernels from 6.5 on repeat sooner, never later), and Go gives up after 30 s.
[[nodiscard]] Duration longest_syn_wait(Duration black_hole);

}  // namespace mistrial::scenario
