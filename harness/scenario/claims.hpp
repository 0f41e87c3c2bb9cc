#pragma once

#include "harness/scenario/bounds.hpp"

namespace mistrial::scenario {

/// Reads "/claims": a profile first, what stands beside it over it; names expanded, `"derived"` computed, a `within`
/// that the fleet cannot keep refused with the bound's terms.
[[nodiscard]] checkers::Claims read_claims(const Reader& reader, const Fleet& fleet, const Roster& roster,
                                           const std::vector<FaultSpec>& faults);

/// Longest `within` of the claims that the run must settle for.
[[nodiscard]] Duration largest_within(const checkers::Claims& claims);

}  // namespace mistrial::scenario
