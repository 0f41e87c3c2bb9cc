#pragma once

#include "checkers/finding.hpp"
#include "reports/lanes.hpp"

#include <string>
#include <vector>

/// The picture of the page: rows of one time axis (publishes, faults, one lane an agent). Each row is an SVG
/// that is stretched to the page's width, with texts laid over it in per cent of that width, so that the
/// script zooms by changing both.
namespace mistrial::reports {

/// A violation and the anchor of its proof on the page.
struct Anchored {
    std::string anchor;
    const checkers::ClaimResult* claim = nullptr;
    const checkers::Violation* violation = nullptr;
};

/// Stretches no finer than what can be seen: more than `most` of them are merged where they are short, under
/// the revision that lasted longest there.
[[nodiscard]] std::vector<Stretch> coarsened(const std::vector<Stretch>& stretches, TrueTime end,
                                             std::size_t most);

/// HTML; every text of the history in it is escaped.
[[nodiscard]] std::string timeline(const checkers::Judgement& judgement, const Lanes& lanes,
                                   const std::vector<Anchored>& violations);

/// What the script shows while hovering, as JSON that may stand inside a script element.
[[nodiscard]] std::string timeline_data(const Lanes& lanes);

}  // namespace mistrial::reports
