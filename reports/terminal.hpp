#pragma once

#include "checkers/finding.hpp"
#include "reports/run.hpp"

#include <cstddef>
#include <string>

/// The summary that a person reads in ten seconds: verdict in a sentence, claims, faults, the worst violation
/// with its proof, what was not tested, where the report is.
namespace mistrial::reports {

struct TerminalStyle {
    bool colour = false;
    std::size_t width = 100;  ///< columns

    /// What fits the file behind `fd`: colour on a terminal unless NO_COLOR is set or TERM is "dumb", its
    /// width within 60 to 140; plain and 100 columns elsewhere.
    [[nodiscard]] static TerminalStyle of(int fd);
};

[[nodiscard]] std::string terminal(const Run& run, const checkers::Judgement& judgement,
                                   const TerminalStyle& style);

}  // namespace mistrial::reports
