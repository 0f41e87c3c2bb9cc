#pragma once

#include "checkers/finding.hpp"
#include "core/history/operation.hpp"
#include "harness/scenario/plan.hpp"
#include "harness/sim/sim_world.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

/// Looking for the schedule under which a fleet breaks a claim, and for the smallest one that does. Everything here works
/// in the simulated world, on plans in memory; nothing is stored.
namespace mistrial::search {

struct SimulateOptions {
    /// Properties to judge; empty: those that the plan claims.
    std::vector<std::string> only;
    /// Told of every record, in order; may be empty.
    std::function<void(const history::Record&)> on_record;
    /// Asked between events; true ends the run early, which is then an error.
    std::function<bool()> interrupted;
};

/// What one simulated run came to.
struct Simulated {
    checkers::Judgement judgement;
    std::uint64_t fingerprint = 0;
    std::uint64_t events = 0;
    std::uint64_t records = 0;
    TrueTime ended;
    sim::Probes probes;
    std::vector<std::string> troubles;
};

/// Runs `plan` in the simulated world and judges it as it goes. A pure function of the plan. An error when it cannot be run
/// there at all.
[[nodiscard]] Result<Simulated> simulate(const scenario::Plan& plan, const SimulateOptions& options = {});

}  // namespace mistrial::search
