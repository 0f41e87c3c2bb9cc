#pragma once

#include "checkers/finding.hpp"
#include "reports/lanes.hpp"
#include "reports/run.hpp"

#include <string>

/// report.html: one file that needs no other and no network. The picture is SVG drawn here; a little script
/// adds zoom and hover, and the page is complete without it. Everything that came from a history or a
/// scenario is escaped.
namespace mistrial::reports {

[[nodiscard]] std::string html(const Run& run, const checkers::Judgement& judgement, const Lanes& lanes);

}  // namespace mistrial::reports
