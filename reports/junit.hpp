#pragma once

#include "checkers/finding.hpp"
#include "reports/run.hpp"

#include <string>

/// junit.xml for continuous integration: one suite a run, one case a claim. A violated claim is a failure
/// with its proofs, one that nobody can decide an error of type "unknown": a run that tested nothing must not
/// look green.
namespace mistrial::reports {

[[nodiscard]] std::string junit(const Run& run, const checkers::Judgement& judgement);

}  // namespace mistrial::reports
