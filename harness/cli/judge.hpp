#pragma once

#include "checkers/checker.hpp"
#include "reports/lanes.hpp"

#include <filesystem>

namespace mistrial::cli {

struct Judged {
    checkers::Judgement judgement;
    reports::Lanes lanes;
    bool torn = false;
};

/// Reads a history once and judges it.
[[nodiscard]] Result<Judged> judge(const std::filesystem::path& history, const checkers::Suite::Options& options);

}  // namespace mistrial::cli
