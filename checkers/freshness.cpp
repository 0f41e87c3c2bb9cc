#include "checkers/freshness.hpp"

#include "checkers/oracle.hpp"

#include <algorithm>

namespace mistrial::checkers {

BoundedStaleness::BoundedStaleness(Model& model, Claim claim)
    : PropertyChecker(model, std::move(claim)),
      floors_(model.floor_table(this->claim().within.value_or(Duration::max()), this->claim().excused)) {}

bool BoundedStaleness::too_old(BundleId bundle, RevisionNumber shown, RevisionNumber floor) const {
    return model().bundle(bundle).certainly_before(shown, floor);
}

std::optional<AnswerId> BoundedStaleness::right_answer(const Decision& decision, BundleId bundle,
                                                       RevisionNumber floor) const {
    if (decision.input == no_input) return std::nullopt;
    State state;
    for (const BundleId other : model().bundles_of(decision.input)) {
        const Seen* seen = decision.of(other);
        if (other != bundle && (seen == nullptr || seen->state != Seen::State::known)) return std::nullopt;
        state.push_back(other == bundle ? floor : seen->number);
    }
    const auto answers = possible_answers(model(), decision.input, state, decision.clock);
    return answers.size() == 1 ? std::optional(answers[0]) : std::nullopt;
}

void BoundedStaleness::judge(const Decision& decision, BundleId bundle, const Seen* seen) {
    const RevisionNumber floor = model().required(floors_, decision.agent, bundle, decision.inv, decision.res);
    if (floor == nothing_active) return;
    bool stale = false;
    if (seen != nullptr) {
        // Between revisions of two authorities that do not know of each other, neither is too old.
        if (!model().bundle(bundle).comparable(seen->number, floor)) return;
        stale = too_old(bundle, seen->number, floor);
    } else {
        // Undefined and refusals have many causes; only a verdict tells of the revision behind it.
        if (decision.answer == undefined_answer || decision.answer == refused_answer) return;
        const auto explained = explained_by_some(model(), decision.input, decision.answer, floor);
        if (!explained) return;
        stale = !*explained &&
                explained_by_some(model(), decision.input, decision.answer, nothing_active).value_or(false);
    }
    exercised(decision.agent);
    if (!stale) return episodes_.clean(std::uint64_t{decision.agent} << 32 | bundle, decision.inv);
    held_.hold({note_of(decision, seen), bundle, floor, seen == nullptr, right_answer(decision, bundle, floor)},
               [this](const Stale& oldest) { confirm(oldest); });
}

void BoundedStaleness::on_decision(const Decision& decision) {
    if (!covers(decision.agent)) return;
    for (const Seen& seen : decision.seen) {
        if (seen.state == Seen::State::known && covers_bundle(seen.bundle)) judge(decision, seen.bundle, &seen);
    }
    if (!decision.seen.empty() || decision.input == no_input) return;
    const std::vector<BundleId>& bundles = model().bundles_of(decision.input);
    if (bundles.size() == 1 && covers_bundle(bundles[0])) judge(decision, bundles[0], nullptr);
}

void BoundedStaleness::on_late_excuse() {
    held_.drop_if([&](Stale& stale) {
        const RevisionNumber floor =
            model().required(floors_, stale.note.agent, stale.bundle, stale.note.inv, stale.note.res);
        if (floor == stale.floor) return false;
        stale.floor = floor;
        if (floor == nothing_active) return true;
        if (!stale.inferred) return !too_old(stale.bundle, stale.note.number, floor);
        return explained_by_some(model(), stale.note.input, stale.note.answer, floor).value_or(true);
    });
}

void BoundedStaleness::confirm(const Stale& stale) {
    const std::uint64_t subject = std::uint64_t{stale.note.agent} << 32 | stale.bundle;
    Episode& episode = episodes_.hit(subject, stale.inferred ? ~std::uint64_t{0} : stale.note.number, stale.note.inv,
                                     stale.note.res);
    Detail& detail = episode.detail;
    if (episode.count == 1) detail.first = stale;
    detail.last_floor = std::max(detail.last_floor, stale.floor);
    detail.wrongs.add(model(), stale.note.input, stale.note.answer, stale.right);
    const bool wrongly_allowed =
        stale.right && model().answers().allows(stale.note.answer) && !model().answers().allows(*stale.right);
    if (wrongly_allowed && !detail.worst) detail.worst = stale;
    hit(stale.note.index);
}

void BoundedStaleness::finish() {
    held_.confirm_all([this](const Stale& stale) { confirm(stale); });
}

RevisionNumber BoundedStaleness::first_missed(const Stale& stale) const {
    const Bundle& bundle = model().bundle(stale.bundle);
    if (stale.inferred) return stale.floor;
    for (RevisionNumber number = stale.note.number + 1; number < stale.floor; ++number) {
        const Revision& revision = bundle.revision(number);
        if (revision.outcome == PublishOutcome::ok && !revision.bad && bundle.certainly_before(stale.note.number, number)) {
            return number;
        }
    }
    return stale.floor;
}

Violation BoundedStaleness::describe(const Episode& episode) const {
    const Detail& detail = episode.detail;
    const Stale& stale = detail.worst.value_or(detail.first);
    const Bundle& bundle = model().bundle(stale.bundle);
    const Agent& agent = model().agent(stale.note.agent);
    const RevisionNumber missed = first_missed(stale);
    const Revision& publish = bundle.revision(missed);
    const TrueTime acknowledged = publish.outcome == PublishOutcome::ok ? *publish.res : publish.effective;
    const Timeline timeline{acknowledged};
    const kernels::DeadlineFloor& floor = model().floor(floors_, stale.note.agent, stale.bundle);
    const TrueTime deadline = floor.deadline(acknowledged, stale.note.inv);
    const std::string within = format_duration(*claim().within);
    const std::string shown = stale.note.number == nothing_active ? "no revision" : bundle.revision(stale.note.number).name;

    Violation violation;
    violation.agent = agent.name();
    violation.attribution = delivered_by(model(), stale.note.agent, stale.bundle, missed, deadline) ? Attribution::agent
                                                                                                    : Attribution::system;
    violation.from = episode.from;
    violation.to = episode.to;
    violation.count = episode.count;
    violation.wrongly_allowed = detail.wrongs.allowed;
    violation.wrongly_denied = detail.wrongs.denied;
    violation.witness = Witness{}
                            .add(model(), stale.bundle, stale.note.number)
                            .add(model(), stale.bundle, missed)
                            .add(model(), stale.bundle, stale.floor)
                            .add(stale.note)
                            .indexes();
    violation.summary = fmt::format(
        "{} still decided under {} of bundle {} up to {} after {} was {} (bound {}), {} .. {}, {}: {}",
        agent.name(), stale.inferred ? "something older than " + publish.name : shown, bundle.name(),
        format_seconds(episode.to - acknowledged), publish.name,
        publish.outcome == PublishOutcome::ok ? "acknowledged" : "first seen in force", within, run_time(episode.from), run_time(episode.to),
        counted(episode.count, "decision"), detail.wrongs.tell());

    std::vector<std::string>& proof = violation.proof;
    const std::vector<std::string> revoked = revoked_subjects(model(), stale.bundle, stale.note.number, missed);
    proof.push_back(fmt::format("{}{}; {} is t = 0 below.", tell_publish(model(), stale.bundle, missed),
                                revoked.empty() ? std::string{} : fmt::format(", revoking {}", listed(revoked)),
                                publish.outcome == PublishOutcome::ok ? "the acknowledgement" : "that it was first seen in force"));
    const kernels::DeadlineFloor::Stretch stretch = floor.stretch_at(deadline);
    proof.push_back(fmt::format(
        "{}'s path to its source counts as open {}{}. {}", agent.name(), timeline.from_to(stretch.from, stretch.to),
        claim().excused ? "" : ", since the claim grants no excuse for faults",
        tell_excuses(model(), timeline, stale.note.agent, stale.bundle, acknowledged, stale.note.inv)));
    proof.push_back(fmt::format("The claimed bound is {}{}: a decision at {} that begins after t={} must be made under {} or "
                                "newer.",
                                within,
                                claim().terms.empty() ? std::string{} : fmt::format(" ({})", fmt::join(claim().terms, "; ")),
                                agent.name(), timeline.at(deadline), publish.name));
    if (stale.floor != missed) {
        proof.push_back(fmt::format("When the decision below began, even {} was required.", bundle.revision(stale.floor).name));
    }
    if (stale.inferred) {
        const Input* input = model().input(stale.note.input);
        proof.push_back(fmt::format(
            "{} answered {}{} in record {}, {}. It names no revision, but no revision from {} on gives this verdict: only "
            "older ones do.",
            agent.name(), model().answers().text(stale.note.answer),
            input == nullptr || input->text.empty() ? std::string{} : fmt::format(" ({})", input->text), stale.note.index,
            timeline.span(stale.note.inv, stale.note.res), publish.name));
    } else {
        proof.push_back(tell_operation(model(), timeline, stale.note, stale.bundle) +
                        (stale.right && *stale.right != stale.note.answer
                             ? fmt::format("; under {} the answer is {}.", bundle.revision(stale.floor).name,
                                           model().answers().text(*stale.right))
                             : std::string(".")));
    }
    proof.push_back(fmt::format("{} like it at {} between t={} and {}: {}.", counted(episode.count, "decision"), agent.name(),
                                timeline.at(episode.from), timeline.at(episode.to), detail.wrongs.tell()));
    proof.push_back(fmt::format(
        "Not explained by: a restart ({}), the source ({}), the clock (no agent's clock is used).",
        tell_restart(model(), timeline, stale.note.agent, stale.note.incarnation, acknowledged, stale.note.inv),
        tell_deliveries(model(), timeline, stale.note.agent, stale.bundle, missed, stale.note.inv)));
    const Duration late = stale.note.inv - deadline;
    proof.push_back(fmt::format("Nearest passing history: had this decision begun {} earlier, it would have been within the "
                                "bound.",
                                format_seconds(late)));
    return violation;
}

std::vector<Violation> BoundedStaleness::violations() const {
    std::vector<Violation> violations;
    for (const Episode& episode : episodes_.all()) violations.push_back(describe(episode));
    return violations;
}

}  // namespace mistrial::checkers
