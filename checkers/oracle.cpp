#include "checkers/oracle.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {

using Combine = Input::Combine;

/// What one bundle contributes to the answer.
std::vector<AnswerId> contributions(const Model& model, InputId input, std::size_t place, BundleId bundle,
                                    RevisionNumber number, std::optional<ClockWindow> clock) {
    if (number != nothing_active) {
        return model.answers().possible(model.bundle(bundle).expected(number, input), clock);
    }
    const Input* known = model.input(input);
    if (known != nullptr && known->inactive) return model.answers().possible(*known->inactive, clock);
    // The first bundle holds the decision rule: without it nothing is defined.
    return {place == 0 ? undefined_answer : model.answers().boolean(false)};
}

AnswerId combine(const Answers& answers, Combine how, AnswerId left, AnswerId right) {
    if (left == undefined_answer || right == undefined_answer) return undefined_answer;
    if (!answers.is_boolean(left) || !answers.is_boolean(right)) return no_answer;
    const bool a = answers.allows(left);
    const bool b = answers.allows(right);
    return answers.boolean(how == Combine::conjunction ? a && b : a || b);
}

Combine combination(const Model& model, InputId input) {
    const Input* known = model.input(input);
    return known == nullptr ? Combine::single : known->combine;
}

}  // namespace

std::vector<AnswerId> possible_answers(const Model& model, InputId input, std::span<const RevisionNumber> state,
                                       std::optional<ClockWindow> clock) {
    const std::vector<BundleId>& bundles = model.bundles_of(input);
    const Combine how = combination(model, input);
    if (input == no_input || state.size() != bundles.size() || state.empty()) return {};
    if (how == Combine::single && bundles.size() != 1) return {};
    std::vector<AnswerId> so_far = contributions(model, input, 0, bundles[0], state[0], clock);
    for (std::size_t i = 1; i < bundles.size(); ++i) {
        std::vector<AnswerId> joined;
        for (const AnswerId right : contributions(model, input, i, bundles[i], state[i], clock)) {
            for (const AnswerId left : so_far) {
                const AnswerId both = combine(model.answers(), how, left, right);
                if (both == no_answer) return {};
                if (std::find(joined.begin(), joined.end(), both) == joined.end()) joined.push_back(both);
            }
        }
        so_far = std::move(joined);
    }
    return so_far;
}

std::optional<bool> admits(const Model& model, InputId input, std::span<const RevisionNumber> state,
                           std::optional<ClockWindow> clock, AnswerId answer) {
    if (input == no_input) return std::nullopt;
    if (state.size() == 1 && state[0] != nothing_active && combination(model, input) == Combine::single) {
        const ExpectedId expected = model.bundle(model.bundles_of(input)[0]).expected(state[0], input);
        if (expected == not_told) return std::nullopt;
        return model.answers().admits(expected, clock, answer);
    }
    const std::vector<AnswerId> possible = possible_answers(model, input, state, clock);
    if (possible.empty()) return std::nullopt;
    return std::find(possible.begin(), possible.end(), answer) != possible.end();
}

std::optional<State> state_of(const Model& model, const Decision& decision) {
    if (decision.input == no_input) return std::nullopt;
    State state;
    for (const BundleId bundle : model.bundles_of(decision.input)) {
        const Seen* seen = decision.of(bundle);
        if (seen == nullptr || seen->state != Seen::State::known) return std::nullopt;
        state.push_back(seen->number);
    }
    return state;
}

std::optional<AnswerId> only_answer(const Model& model, const Decision& decision, BundleId bundle, RevisionNumber number) {
    std::optional<State> state = state_of(model, decision);
    if (!state) return std::nullopt;
    const std::vector<BundleId>& bundles = model.bundles_of(decision.input);
    for (std::size_t i = 0; i < bundles.size(); ++i) {
        if (bundles[i] == bundle) (*state)[i] = number;
    }
    const std::vector<AnswerId> answers = possible_answers(model, decision.input, *state, decision.clock);
    return answers.size() == 1 ? std::optional(answers[0]) : std::nullopt;
}

std::optional<bool> explained_by_some(const Model& model, InputId input, AnswerId answer, RevisionNumber floor) {
    if (input == no_input || combination(model, input) != Combine::single) return std::nullopt;
    const std::vector<BundleId>& bundles = model.bundles_of(input);
    if (bundles.size() != 1) return std::nullopt;
    const Bundle& bundle = model.bundle(bundles[0]);
    if (floor == nothing_active) {
        const RevisionNumber none[] = {nothing_active};
        if (admits(model, input, none, std::nullopt, answer).value_or(true)) return true;
    }
    bool told = bundle.newest() != nothing_active && !model.may_hide_publishes();
    for (RevisionNumber number = bundle.newest(); number > nothing_active; --number) {
        const Revision& revision = bundle.revision(number);
        if (revision.failed_before(model.now()) || bundle.certainly_before(number, floor)) continue;
        const ExpectedId expected = bundle.expected(number, input);
        if (expected == not_told) {
            told = false;
        } else if (model.answers().admits(expected, std::nullopt, answer)) {
            return true;
        }
    }
    return told ? std::optional(false) : std::nullopt;
}

std::optional<BundleId> sole_bundle(const Model& model, InputId input) {
    if (input == no_input || combination(model, input) != Combine::single) return std::nullopt;
    const std::vector<BundleId>& bundles = model.bundles_of(input);
    if (bundles.size() != 1 || model.bundle(bundles[0]).newest() == nothing_active) return std::nullopt;
    return bundles[0];
}

bool may_explain(const Model& model, InputId input, AnswerId answer, RevisionNumber number, TrueTime by) {
    if (number == nothing_active) {
        const RevisionNumber none[] = {nothing_active};
        return admits(model, input, none, std::nullopt, answer).value_or(true);
    }
    const Bundle& bundle = model.bundle(model.bundles_of(input)[0]);
    const Revision& revision = bundle.revision(number);
    if (revision.inv > by || revision.failed_before(by)) return false;
    const ExpectedId expected = bundle.expected(number, input);
    return expected == not_told || model.answers().admits(expected, std::nullopt, answer);
}

std::optional<RevisionNumber> least_explaining(const Model& model, InputId input, AnswerId answer, RevisionNumber floor,
                                               TrueTime by) {
    if (floor == nothing_active && may_explain(model, input, answer, nothing_active, by)) return nothing_active;
    const Bundle& bundle = model.bundle(model.bundles_of(input)[0]);
    std::optional<RevisionNumber> least;
    for (const RevisionNumber number : bundle.unordered()) {
        if (number >= floor || (least && *least <= number) || bundle.certainly_before(number, floor)) continue;
        if (may_explain(model, input, answer, number, by)) least = number;
    }
    if (least) return least;
    for (RevisionNumber number = std::max(floor, RevisionNumber{1}); number <= bundle.newest();) {
        if (bundle.revision(number).inv > by) return std::nullopt;
        if (may_explain(model, input, answer, number, by)) return number;
        const ExpectedId expected = bundle.expected(number, input);
        const bool told_alike = expected != not_told && !model.answers().admits(expected, std::nullopt, answer) &&
                                bundle.newest_untabled() <= number;
        number = told_alike ? bundle.same_until(number, input) + 1 : number + 1;
    }
    return std::nullopt;
}

bool may_be_allowed(const Model& model, InputId input) {
    const Input* known = model.input(input);
    if (known != nullptr && known->canary == Input::Canary::deny) return false;
    if (combination(model, input) != Combine::single || input == no_input || model.may_hide_publishes()) return true;
    const std::vector<BundleId>& bundles = model.bundles_of(input);
    if (bundles.size() != 1 || !model.bundle(bundles[0]).tells(input)) return true;
    return model.bundle(bundles[0]).may_allow(input, model.now(), model.answers());
}

}  // namespace mistrial::checkers
