#pragma once

#include "harness/scenario/mistakes.hpp"
#include "harness/scenario/plan.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mistrial::scenario {

/// A scenario file that has been read and checked against its schema, before any draw is made.
struct Scenario {
    Json json;                        ///< as written, `--set` applied, comments gone
    std::string name;
    std::filesystem::path directory;  ///< what relative paths in it are relative to
    Origins origins;                  ///< where each value was written, for messages
};

struct Overrides {
    std::vector<std::string> set{};  ///< "POINTER=JSON", in order
    std::optional<std::uint64_t> seed{};
    std::optional<Duration> duration{};
    std::optional<std::string> driver{};  ///< `--agent`: every agent's driver
    std::optional<Json> claims{};         ///< `--claims FILE`
};

/// Reads a scenario: a path, or the name of one of the library. Every mistake in one go, each a line
/// "FILE:LINE: /json/pointer: expected ..., got ...".
[[nodiscard]] Result<Scenario> load(const std::string& path_or_name, const Overrides& overrides = {});

/// Makes every draw: picks, times, one-off draws, revisions and their verdict tables, excuses, derived bounds.
/// A pure function of the scenario (which holds its seed). Errors as `load`.
[[nodiscard]] Result<Plan> resolve(const Scenario& scenario);

/// Names of the scenario library, with their `about`.
struct LibraryEntry {
    std::string name;
    std::string about;
};
[[nodiscard]] std::vector<LibraryEntry> library();

}  // namespace mistrial::scenario
