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
[[nodiscard]] Indexes authentic_activation(const View& view, const Claim& claim);
[[nodiscard]] Indexes oracle_correctness(const View& view, const Claim& claim);
[[nodiscard]] Indexes determinism(const View& view, const Claim& claim);
[[nodiscard]] Indexes atomic_activation(const View& view, const Claim& claim);

// revision_order.cpp
[[nodiscard]] Indexes publish_order(const View& view, const Claim& claim);
[[nodiscard]] Indexes fork_freedom(const View& view, const Claim& claim);
[[nodiscard]] Indexes no_lost_publish(const View& view, const Claim& claim);

// agent_order.cpp
[[nodiscard]] Indexes monotonic_revisions(const View& view, const Claim& claim);

// inference.cpp: decisions without provenance, explained together with the others. What the property alone rules out, and
// what only all of `view.asserted` together rules out and is told under this property.
[[nodiscard]] Indexes unexplained(const View& view, const Claim& claim);

// sessions.cpp
[[nodiscard]] Indexes monotonic_reads(const View& view, const Claim& claim);
[[nodiscard]] Indexes read_your_publishes(const View& view, const Claim& claim);
[[nodiscard]] Indexes token_freshness(const View& view, const Claim& claim);
[[nodiscard]] Indexes pinned_snapshot(const View& view, const Claim& claim);
[[nodiscard]] Indexes no_new_enemy(const View& view, const Claim& claim);

// source_order.cpp
[[nodiscard]] Indexes source_fidelity(const View& view, const Claim& claim);
[[nodiscard]] Indexes durable_monotonicity(const View& view, const Claim& claim);

// freshness.cpp
[[nodiscard]] Indexes bounded_staleness(const View& view, const Claim& claim);

// register.cpp
[[nodiscard]] Indexes delta_atomicity(const View& view, const Claim& claim);
[[nodiscard]] Indexes k_atomicity(const View& view, const Claim& claim);
[[nodiscard]] Indexes visibility(const View& view, const Claim& claim);
// linearizability.cpp
[[nodiscard]] Indexes linearizability(const View& view, const Claim& claim);

// disagreement.cpp
[[nodiscard]] Indexes split_brain(const View& view, const Claim& claim);

// liveness.cpp
[[nodiscard]] Indexes convergence(const View& view, const Claim& claim);

// duties.cpp
[[nodiscard]] Indexes progress(const View& view, const Claim& claim);
[[nodiscard]] Indexes availability(const View& view, const Claim& claim);
[[nodiscard]] Indexes status_truth(const View& view, const Claim& claim);
[[nodiscard]] Indexes status_freshness(const View& view, const Claim& claim);
[[nodiscard]] Indexes health_truth(const View& view, const Claim& claim);

// posture.cpp
[[nodiscard]] Indexes fail_closed(const View& view, const Claim& claim);

// audit_log.cpp
[[nodiscard]] Indexes log_completeness(const View& view, const Claim& claim);
[[nodiscard]] Indexes log_integrity(const View& view, const Claim& claim);

// clocks.cpp
[[nodiscard]] Indexes clock_justified(const View& view, const Claim& claim);
[[nodiscard]] Indexes clock_coherence(const View& view, const Claim& claim);

}  // namespace mistrial::checkers::definitional
