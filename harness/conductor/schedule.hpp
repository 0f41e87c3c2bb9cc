#pragma once

#include "harness/conductor/conductor.hpp"
#include "harness/generator/generator.hpp"

namespace mistrial::conductor {

/// Everything that a plan does, as one generator: first revisions until they are acknowledged, then the nodes, then
/// publishes, faults, decisions and health queries side by side.
[[nodiscard]] generator::Generator schedule_of(const scenario::Plan& plan, const InputOf& input_of);

/// The last part of a run that has been broken off: every fault that is in force is healed.
[[nodiscard]] generator::Generator healing_of(const std::vector<std::size_t>& in_force, TrueTime now);

}  // namespace mistrial::conductor
