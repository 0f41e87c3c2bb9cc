#pragma once

#include "checkers/checker.hpp"
#include "core/history/foreign/format.hpp"
#include "reports/lanes.hpp"

#include <filesystem>

namespace mistrial::cli {

struct Judged {
    checkers::Judgement judgement;
    reports::Lanes lanes;
    bool torn = false;
};

/// Reads a history and judges it; a finding is read a second time, for the definition's opinion of it.
[[nodiscard]] Result<Judged> judge(const std::filesystem::path& history, const checkers::Suite::Options& options,
                                   history::Format format = history::Format::jsonl);

/// The same without lanes (but for their end), several times faster for a history of our own: one thread reads rows, as many
/// as there are cores judge them.
[[nodiscard]] Result<Judged> judge_rows(const std::filesystem::path& history, const checkers::Suite::Options& options,
                                        history::Format format);

/// Asks the definitional checkers about every violation of `judgement`, and the results whether they contradict each other;
/// where they do, that is an internal error of the judgement. Reads `history` again only when there is something to ask.
[[nodiscard]] Result<> ask_second_opinion(const std::filesystem::path& history, checkers::Judgement& judgement,
                                          history::Format format = history::Format::jsonl);

}  // namespace mistrial::cli
