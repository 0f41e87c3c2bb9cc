#pragma once

#include "checkers/claims.hpp"
#include "checkers/definitional/view.hpp"

#include <set>

/// One function a property: the record indexes of the operations that violate it, straight from its definition in
/// properties.md section 3. Each group of properties is a file of its own beside this one.
namespace mistrial::checkers::definitional {

using Indexes = std::set<std::uint64_t>;

// validity.cpp
[[nodiscard]] Indexes revision_validity(const View& view, const Claim& claim);
[[nodiscard]] Indexes oracle_correctness(const View& view, const Claim& claim);
[[nodiscard]] Indexes atomic_activation(const View& view, const Claim& claim);

// agent_order.cpp
[[nodiscard]] Indexes monotonic_revisions(const View& view, const Claim& claim);

// freshness.cpp
[[nodiscard]] Indexes bounded_staleness(const View& view, const Claim& claim);

// disagreement.cpp
[[nodiscard]] Indexes split_brain(const View& view, const Claim& claim);

// liveness.cpp
[[nodiscard]] Indexes convergence(const View& view, const Claim& claim);

// posture.cpp
[[nodiscard]] Indexes fail_closed(const View& view, const Claim& claim);

}  // namespace mistrial::checkers::definitional
