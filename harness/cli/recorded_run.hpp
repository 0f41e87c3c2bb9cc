#pragma once

#include "harness/scenario/plan.hpp"
#include "reports/run.hpp"

#include <filesystem>
#include <optional>

namespace mistrial::cli {

/// A history on the disk, with what is known of the run that wrote it.
struct RecordedRun {
    std::filesystem::path history;
    std::optional<std::filesystem::path> folder;  ///< of the store, when it is a whole run
    std::optional<scenario::Plan> plan;
    reports::Run run;
};

/// A run's folder, its replay.json, or a bare history file.
[[nodiscard]] Result<RecordedRun> open_recorded(const std::filesystem::path& path);

}  // namespace mistrial::cli
