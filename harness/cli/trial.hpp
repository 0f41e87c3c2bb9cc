#pragma once

#include "checkers/finding.hpp"
#include "harness/scenario/plan.hpp"
#include "reports/lanes.hpp"
#include "reports/run.hpp"

#include <filesystem>
#include <string>

namespace mistrial::cli {

struct TrialOptions {
    std::filesystem::path store = "store";
    std::string world = "live";
    bool quiet = false;
};

/// What became of one run.
struct Trial {
    reports::Run run;
    checkers::Judgement judgement;
    std::filesystem::path folder;
};

/// Runs `plan` in a world, judges it while it runs, and leaves plan, history, results, reports and logs in a new folder of
/// the store. An error when it could not be run at all.
[[nodiscard]] Result<Trial> conduct_trial(const scenario::Plan& plan, const TrialOptions& options);

/// Exit status: the judgement's, unless the checkers contradict themselves.
[[nodiscard]] int exit_status(const Trial& trial);
[[nodiscard]] int status_of(const checkers::Judgement& judgement);

/// Prints the summary, or one line when quiet.
void print_summary(const Trial& trial, bool quiet);

/// Writes results.json, junit.xml and report.html into `folder` and names them in `run`.
[[nodiscard]] Result<> write_reports(reports::Run& run, const checkers::Judgement& judgement, const reports::Lanes& lanes,
                                     const std::filesystem::path& folder);

/// Kinds of faults that a plan does not have and judged properties that it does not claim.
[[nodiscard]] std::vector<std::string> not_tested(const scenario::Plan& plan);

}  // namespace mistrial::cli
