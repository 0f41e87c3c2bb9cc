#pragma once

#include "checkers/decision.hpp"
#include "checkers/model.hpp"

#include <boost/container/small_vector.hpp>

#include <optional>
#include <span>
#include <vector>

/// What the publishes of a history say that should be answered. Nothing here evaluates policy (interface.md, "The
/// oracle is data in the history").
namespace mistrial::checkers {

/// One revision for each bundle that a question depends on.
using State = boost::container::small_vector<RevisionNumber, 4>;

/// Everything that may be answered to `input` under this state (one revision for each of `model.bundles_of(input)`, in
/// that order), when the policy's clock read `clock`. Empty when the oracle does not say.
[[nodiscard]] std::vector<AnswerId> possible_answers(const Model& model, InputId input,
                                                     std::span<const RevisionNumber> state,
                                                     std::optional<WallTime> clock);

/// Whether the answer is one of `possible_answers`; nullopt when the oracle does not say.
[[nodiscard]] std::optional<bool> admits(const Model& model, InputId input, std::span<const RevisionNumber> state,
                                         std::optional<WallTime> clock, AnswerId answer);

/// The state that a decision shows for the bundles its input depends on; nullopt when some are not known.
[[nodiscard]] std::optional<State> state_of(const Model& model, const Decision& decision);

/// Revisions of the one bundle that `input` depends on, under which `answer` could be given and which a correct agent
/// might have had by now; `floor` leaves out those that are certainly older than it. nullopt when the question depends
/// on several bundles or the oracle does not tell of every revision.
[[nodiscard]] std::optional<bool> explained_by_some(const Model& model, InputId input, AnswerId answer,
                                                    RevisionNumber floor);

/// True when some revision begun by now may let `input` through, or when the oracle cannot rule that out.
[[nodiscard]] bool may_be_allowed(const Model& model, InputId input);

}  // namespace mistrial::checkers
