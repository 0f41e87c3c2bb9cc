#pragma once

#include "harness/scenario/plan.hpp"
#include "harness/scenario/scenario.hpp"

namespace mistrial::scenario {

/// The scenario that says a plan in full: every node by its own name, every publish, session and fault with its times,
/// every bound as a duration; nothing in it is left to a draw. `resolve` of it gives the plan again, but for the terms of
/// derived bounds, the groups of nodes and how many clients stand ready. What is searched and shrunk is such a scenario, so
/// that whatever comes out of it is a file that can be read, edited and run.
[[nodiscard]] OrderedJson spell_out(const Plan& plan);

/// The same with whatever can be said shorter said shorter: groups with a count, publishes and sessions by their rhythm.
/// Resolves to the same plan as the scenario that it was given; keys in the order in which a person would write them.
[[nodiscard]] OrderedJson abridged(const OrderedJson& spelled);

/// A scenario made here and not read from a file. Relative paths in it are relative to `directory`.
[[nodiscard]] Scenario scenario_of(const OrderedJson& json, const std::filesystem::path& directory = "/");

/// Equal in everything that `spell_out` keeps.
[[nodiscard]] bool mean_the_same(Plan a, Plan b);

}  // namespace mistrial::scenario
