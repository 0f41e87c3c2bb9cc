#pragma once

#include "harness/scenario/scenario.hpp"

#include <CLI/CLI.hpp>

#include <optional>
#include <string>

namespace mistrial::cli {

/// The options that say which scenario is meant and what of it is changed; the same for every command that takes one.
struct ScenarioOptions {
    std::string scenario;
    scenario::Overrides overrides;
    std::string duration, claims_file;

    void add_to(CLI::App& command);
    /// The scenario with its overrides.
    [[nodiscard]] Result<scenario::Scenario> load() const;
    /// Loads the scenario with its overrides and makes every draw; `seed_offset` is added to its seed.
    [[nodiscard]] Result<scenario::Plan> plan(std::uint64_t seed_offset = 0) const;
};

}  // namespace mistrial::cli
