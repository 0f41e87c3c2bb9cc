#pragma once

#include "checkers/claims.hpp"
#include "checkers/definitional/view.hpp"

#include <set>
#include <string>
#include <vector>

namespace mistrial::checkers::definitional {

/// The record indexes of operations that violate the property, straight from its definition. `claim.within` is needed
/// where the property has a bound. An unknown property violates nothing.
[[nodiscard]] std::set<std::uint64_t> violating(const View& view, const Claim& claim);

/// True when there is a definition of this property here.
[[nodiscard]] bool is_defined(const std::string& property);

}  // namespace mistrial::checkers::definitional
