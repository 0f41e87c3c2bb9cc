#pragma once

#include "checkers/property_checker.hpp"

#include <memory>

namespace mistrial::checkers {

/// The checker of a property: for a claim, or for a property that nobody claimed and that is measured all the same.
/// nullptr when this version has none, or when it needs a bound and there is none.
[[nodiscard]] std::unique_ptr<PropertyChecker> make_checker(Model& model, const Claim& claim);

}  // namespace mistrial::checkers
