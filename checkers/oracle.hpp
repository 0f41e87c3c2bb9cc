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
                                                     std::optional<ClockWindow> clock);

/// Whether the answer is one of `possible_answers`; nullopt when the oracle does not say.
[[nodiscard]] std::optional<bool> admits(const Model& model, InputId input, std::span<const RevisionNumber> state,
                                         std::optional<ClockWindow> clock, AnswerId answer);

/// The state that a decision shows for the bundles its input depends on; nullopt when some are not known.
[[nodiscard]] std::optional<State> state_of(const Model& model, const Decision& decision);

/// The only answer to the decision's question, had `number` been the active revision of `bundle` and the others as it
/// shows them; nullopt when the oracle does not say, or admits several.
[[nodiscard]] std::optional<AnswerId> only_answer(const Model& model, const Decision& decision, BundleId bundle,
                                                  RevisionNumber number);

/// Revisions of the one bundle that `input` depends on, under which `answer` could be given and which a correct agent
/// might have had by now; `floor` leaves out those that are certainly older than it. nullopt when the question depends
/// on several bundles or the oracle does not tell of every revision.
[[nodiscard]] std::optional<bool> explained_by_some(const Model& model, InputId input, AnswerId answer,
                                                    RevisionNumber floor);

/// The bundle that alone decides `input`, once something of it has been published; nullopt when several do. What two
/// bundles decide together cannot be told from verdicts in reasonable time (properties.md, theorem 5).
[[nodiscard]] std::optional<BundleId> sole_bundle(const Model& model, InputId input);

/// Kernel K3's choice for a verdict without provenance: the least revision of `sole_bundle(input)` that may explain
/// `answer`, was begun by `by` and had not failed then, and is not certainly older than `floor`. One that does not say
/// what it decides may explain anything. `nothing_active` when no revision need have been active; nullopt for none at all.
/// O(changes of the input's verdict).
[[nodiscard]] std::optional<RevisionNumber> least_explaining(const Model& model, InputId input, AnswerId answer,
                                                             RevisionNumber floor, TrueTime by);

/// Whether `number` may explain it, in the same sense.
[[nodiscard]] bool may_explain(const Model& model, InputId input, AnswerId answer, RevisionNumber number, TrueTime by);

/// True when some revision begun by now may let `input` through, or when the oracle cannot rule that out.
[[nodiscard]] bool may_be_allowed(const Model& model, InputId input);

}  // namespace mistrial::checkers
