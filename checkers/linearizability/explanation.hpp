#pragma once

#include "checkers/finding.hpp"
#include "checkers/linearizability/collection.hpp"
#include "checkers/linearizability/decide.hpp"

namespace mistrial::checkers::linearizability {

/// The violation that a verdict on an object amounts to, with its proof: up to where there is an order, which operation
/// has no place in any, and what it contradicts.
[[nodiscard]] Violation explain(const Model& model, const Values& values, const Object& object, const Verdict& verdict,
                                State initial = nothing);

}  // namespace mistrial::checkers::linearizability
