#pragma once

#include "checkers/finding.hpp"

#include <string>
#include <vector>

namespace mistrial::checkers {

/// What the results of independent checkers must not say together (properties.md 5.5): bounded staleness implies
/// convergence, linearizable is k = 1 is Δ = 0, and so on. Holds for every history whatever, so each sentence that comes
/// back is a mistake of the checkers, never a finding: it belongs into `Judgement::internal_errors`.
[[nodiscard]] std::vector<std::string> contradictions(const Judgement& judgement);

}  // namespace mistrial::checkers
