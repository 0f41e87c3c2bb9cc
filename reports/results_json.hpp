#pragma once

#include "checkers/finding.hpp"
#include "core/json.hpp"
#include "reports/run.hpp"

/// results.json: everything the checkers said of a run, for programs. scenarios/schema/results.schema.json is
/// its schema; members are only ever added.
namespace mistrial::reports {

[[nodiscard]] OrderedJson results_json(const Run& run, const checkers::Judgement& judgement);

}  // namespace mistrial::reports
