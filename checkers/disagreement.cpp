#include "checkers/disagreement.hpp"

#include <algorithm>

namespace mistrial::checkers {

SplitBrain::SplitBrain(Model& model, Claim claim)
    : PropertyChecker(model, std::move(claim)), floors_(model.floor_table(*this->claim().within, true)) {}

bool SplitBrain::settled_on(BundleId id, AgentId agent, InputId input, TrueTime inv, TrueTime res) const {
    const Bundle& bundle = model().bundle(id);
    const RevisionNumber floor = model().required(floors_, agent, id, inv, res);
    if (floor == nothing_active || bundle.unchanged_since(input) > floor || model().may_hide_publishes()) return false;
    const ExpectedId settled = bundle.expected(floor, input);
    if (settled != not_told && !model().answers().timeless(settled)) return false;
    // Publishes in no certain order with the floor may take effect after it.
    return std::none_of(bundle.unordered().begin(), bundle.unordered().end(), [&](RevisionNumber other) {
        if (other > floor || bundle.revision(other).failed_before(model().now())) return false;
        if (other == floor || bundle.certainly_before(other, floor)) return false;
        return settled == not_told || bundle.expected(other, input) != settled;
    });
}

std::optional<std::uint64_t> SplitBrain::epoch(AgentId agent, InputId input, TrueTime inv, TrueTime res) const {
    std::uint64_t epoch = 0;
    for (const BundleId bundle : model().bundles_of(input)) {
        if (model().bundle(bundle).newest() == nothing_active) continue;
        if (!settled_on(bundle, agent, input, inv, res)) return std::nullopt;
        epoch += model().bundle(bundle).unchanged_since(input);
    }
    return epoch == 0 ? std::nullopt : std::optional(epoch);
}

void SplitBrain::on_decision(const Decision& decision) {
    if (decision.input == no_input || decision.answer == refused_answer || !covers(decision.agent)) return;
    const std::optional<std::uint64_t> epoch = this->epoch(decision.agent, decision.input, decision.inv, decision.res);
    if (!epoch) return;
    const std::vector<BundleId>& bundles = model().bundles_of(decision.input);
    const Seen* seen = bundles.empty() ? nullptr : decision.of(bundles[0]);
    const OperationNote* first = epochs_.settled_as(decision.input, *epoch, [&] { return note_of(decision, seen); });
    if (first == nullptr) return;
    exercised(decision.agent);
    if (obligations_of(first->agent) == 0) exercised(first->agent);
    if (first->answer == decision.answer) return episodes_.clean(decision.agent, decision.inv);
    const OperationNote note = note_of(decision, seen);
    // An excuse that came to light since may have unsettled the first one.
    if (this->epoch(first->agent, first->input, first->inv, first->res) != epoch) {
        return epochs_.replace(decision.input, *epoch, note);
    }
    std::optional<AnswerId> right;
    if (bundles.size() == 1) {
        const BundleId bundle = bundles[0];
        const RevisionNumber state[] = {model().required(floors_, decision.agent, bundle, decision.inv)};
        const auto answers = possible_answers(model(), decision.input, state, std::nullopt);
        if (answers.size() == 1) right = answers[0];
    }
    held_.hold({*first, note, floors(*first), floors(note), right}, [this](const Conflict& oldest) { confirm(oldest); });
}

void SplitBrain::on_late_excuse() {
    held_.drop_if([&](const Conflict& conflict) {
        return floors(conflict.first) != conflict.first_floors || floors(conflict.second) != conflict.second_floors;
    });
}

State SplitBrain::floors(const OperationNote& note) const {
    State floors;
    for (const BundleId bundle : model().bundles_of(note.input)) {
        floors.push_back(model().required(floors_, note.agent, bundle, note.inv, note.res));
    }
    return floors;
}

const OperationNote& SplitBrain::deviant(const Conflict& conflict) const {
    return conflict.right && *conflict.right == conflict.second.answer ? conflict.first : conflict.second;
}

void SplitBrain::confirm(const Conflict& conflict) {
    const OperationNote& wrong = deviant(conflict);
    const OperationNote& other = &wrong == &conflict.first ? conflict.second : conflict.first;
    const std::uint64_t cause = conflict.right ? wrong.number : std::uint64_t{other.agent} << 32 | wrong.number;
    Episode& episode = episodes_.hit(wrong.agent, cause, conflict.second.inv, conflict.second.res);
    if (episode.count == 1) episode.detail.conflict = conflict;
    episode.detail.wrongs.add(model(), wrong.input, wrong.answer, conflict.right);
    hit(conflict.second.index);
}

void SplitBrain::finish() {
    held_.confirm_all([this](const Conflict& conflict) { confirm(conflict); });
}

Violation SplitBrain::describe(const Episode& episode) const {
    const Conflict& conflict = episode.detail.conflict;
    const OperationNote& wrong = deviant(conflict);
    const OperationNote& other = &wrong == &conflict.first ? conflict.second : conflict.first;
    const BundleId bundle_id = model().bundles_of(wrong.input)[0];
    const Bundle& bundle = model().bundle(bundle_id);
    const RevisionNumber floor = model().required(floors_, wrong.agent, bundle_id, wrong.inv);
    const RevisionNumber since = std::max<RevisionNumber>(1, std::min(floor, bundle.unchanged_since(wrong.input)));
    const Revision& publish = bundle.revision(since);
    const TrueTime zero = publish.outcome == PublishOutcome::ok ? *publish.res : publish.inv;
    const Timeline timeline{zero};
    const std::string& wrong_name = model().agent(wrong.agent).name();
    const std::string& other_name = model().agent(other.agent).name();
    const Input* input = model().input(wrong.input);
    const std::string question =
        input == nullptr || input->text.empty() ? "input " + model().input_name(wrong.input) : input->text;

    Violation violation;
    violation.agent = wrong_name;
    const TrueTime deadline = model().floor(floors_, wrong.agent, bundle_id).deadline(zero, wrong.inv);
    const bool had_it = delivered_by(model(), wrong.agent, bundle_id, since, deadline);
    violation.attribution = had_it ? Attribution::agent : Attribution::system;
    violation.from = std::min(episode.from, std::min(wrong.inv, other.inv));
    violation.to = std::max(episode.to, std::max(wrong.res, other.res));
    violation.count = episode.count;
    violation.wrongly_allowed = episode.detail.wrongs.allowed;
    violation.wrongly_denied = episode.detail.wrongs.denied;
    Witness witness;
    for (const BundleId id : model().bundles_of(wrong.input)) {
        witness.add(model(), id, model().required(floors_, wrong.agent, id, wrong.inv));
    }
    violation.witness = witness.add(model(), bundle_id, since).add(wrong).add(other).indexes();
    violation.summary = fmt::format("{} gave one question two verdicts although everything had settled: {} against {} "
                                    "for {}, {} .. {}, {}: {}",
                                    wrong_name == other_name ? wrong_name : wrong_name + " and " + other_name, model().answers().text(wrong.answer),
                                    model().answers().text(other.answer), question, run_time(violation.from),
                                    run_time(violation.to), counted(episode.count, "decision"),
                                    episode.detail.wrongs.tell());
    std::vector<std::string>& proof = violation.proof;
    proof.push_back(fmt::format("{}; that instant is t = 0 below. Nothing published since changes the verdict for {}.",
                                tell_publish(model(), bundle_id, since), question));
    proof.push_back(fmt::format("The claimed bound is {}: {} been connected for that long since, so {} had to decide alike from "
                                "t={} on.",
                                format_duration(*claim().within),
                                wrong_name == other_name ? wrong_name + " had" : std::string("both agents had"),
                                wrong_name == other_name ? "all of its answers" : "both", timeline.at(deadline)));
    proof.push_back(tell_operation(model(), timeline, other, bundle_id) + ".");
    proof.push_back(tell_operation(model(), timeline, wrong, bundle_id) + ".");
    if (conflict.right) {
        proof.push_back(fmt::format("{} says {}: it is {} that is wrong.", publish.name,
                                    model().answers().text(*conflict.right), wrong_name));
    }
    proof.push_back(tell_excuses(model(), timeline, wrong.agent, bundle_id, zero, wrong.inv));
    proof.push_back(fmt::format("Not explained by: a restart ({}), the source ({}), the clock (no verdict for this input "
                                "depends on time).",
                                tell_restart(model(), timeline, wrong.agent, wrong.incarnation, zero, wrong.inv),
                                tell_deliveries(model(), timeline, wrong.agent, bundle_id, since, wrong.inv)));
    proof.push_back(fmt::format("{} of {} contradict others in this way between t={} and {}: {}.",
                                counted(episode.count, "decision"), wrong_name, timeline.at(violation.from),
                                timeline.at(violation.to), episode.detail.wrongs.tell()));
    return violation;
}

std::vector<Violation> SplitBrain::violations() const {
    std::vector<Violation> violations;
    for (const Episode& episode : episodes_.all()) violations.push_back(describe(episode));
    return violations;
}

}  // namespace mistrial::checkers
