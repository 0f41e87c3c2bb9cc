#include "checkers/requests.hpp"

#include "checkers/oracle.hpp"

namespace mistrial::checkers {

namespace {

template <class T>
T& grown(std::vector<T>& row, std::size_t place) {
    if (row.size() <= place) row.resize(place + 1);
    return row[place];
}

template <class Detail>
Violation violation_of(const Model& model, const typename kernels::Episodes<Detail>::Episode& episode) {
    const Detail& detail = episode.detail;
    Violation violation;
    violation.agent = model.agent(detail.note.agent).name();
    violation.from = episode.from;
    violation.to = episode.to;
    violation.count = episode.count;
    violation.wrongly_allowed = detail.wrongs.allowed;
    violation.wrongly_denied = detail.wrongs.denied;
    return violation;
}

}  // namespace

// --- S3 (tokens), S4 --------------------------------------------------------------------------------------------

void RequestedRevisions::on_decision(const Decision& decision) {
    const Json* asked = this->asked(decision);
    if (asked == nullptr || !covers(decision.agent)) return;
    for (const auto& [bundle, wanted] : model().wanted(*asked)) {
        if (!covers_bundle(bundle)) continue;
        const Seen* seen = decision.of(bundle);
        const bool refused = decision.answer == refused_answer;
        if (!refused && (seen == nullptr || seen->state != Seen::State::known)) continue;
        exercised(decision.agent);
        const std::uint64_t who = std::uint64_t{decision.agent} << 32 | bundle;
        if (refused || satisfies(model().bundle(bundle), seen->number, wanted)) {
            episodes_.clean(who, decision.inv);
            continue;
        }
        auto& episode =
            episodes_.hit(who, std::uint64_t{wanted} << 32 | seen->number, decision.inv, decision.res);
        if (episode.count == 1) episode.detail = {bundle, wanted, note_of(decision, seen), {}};
        episode.detail.wrongs.add(model(), decision.input, decision.answer, only_answer(model(), decision, bundle, wanted));
        hit(decision.index);
    }
}

std::vector<Violation> RequestedRevisions::violations() const {
    std::vector<Violation> violations;
    for (const auto& episode : episodes_.all()) {
        const Detail& detail = episode.detail;
        const Bundle& bundle = model().bundle(detail.bundle);
        const std::string& wanted = bundle.revision(detail.wanted).name;
        const std::string& shown = bundle.revision(detail.note.number).name;
        const Timeline timeline{detail.note.inv};
        Violation violation = violation_of<Detail>(model(), episode);
        violation.witness = Witness{}
                                .add(model(), detail.bundle, detail.note.number)
                                .add(model(), detail.bundle, detail.wanted)
                                .add(detail.note)
                                .indexes();
        violation.summary = fmt::format("{} answered under {} of bundle {} where {} {} was asked for, {} .. {}, {}: {}",
                                        violation.agent, shown, bundle.name(), words(), wanted, run_time(violation.from),
                                        run_time(violation.to), counted(violation.count, "decision"), detail.wrongs.tell());
        violation.proof.push_back(tell_publish(model(), detail.bundle, detail.wanted) + ".");
        if (detail.note.number != nothing_active) {
            violation.proof.push_back(tell_publish(model(), detail.bundle, detail.note.number) + ".");
        }
        violation.proof.push_back(tell_operation(model(), timeline, detail.note, detail.bundle) + "; t = 0 is its start.");
        violation.proof.push_back(fmt::format("Its request asked for {} {} of bundle {}. To refuse would have been right.",
                                              words(), wanted, bundle.name()));
        violation.proof.push_back(fmt::format("{} like it at {} between {} and {}: {}.", counted(episode.count, "decision"),
                                              violation.agent, run_time(episode.from), run_time(episode.to),
                                              detail.wrongs.tell()));
        violation.proof.push_back(fmt::format(
            "Not explained by: the network or the source (an agent that has not got the revision can refuse), {}.",
            detail.note.from_markers ? "a wrong report (the revision is that of the markers in the verdict)"
                                     : "a restart (the revision is the one that the agent itself reports)"));
        violation.proof.push_back(fmt::format("Nearest passing history: had it shown {}, or refused.", wanted));
        violations.push_back(std::move(violation));
    }
    return violations;
}

// --- S3 (new enemy) ---------------------------------------------------------------------------------------------

void NoNewEnemy::on_publish_begins(BundleId bundle, RevisionNumber number) {
    for (const auto& [name, newest] : model().bundle(bundle).revision(number).depends) {
        const BundleId other = model().find_bundle(name);
        if (other == Names::none || other == bundle) continue;
        const auto needed = model().bundle(other).find(newest);
        if (needed) grown(grown(dependencies_, bundle), number).push_back({other, *needed});
    }
}

void NoNewEnemy::convict(const Decision& decision, const Detail& detail) {
    const std::uint64_t cause = std::uint64_t{detail.newer} << 32 | detail.shown;
    auto& episode = episodes_.hit(decision.agent, cause, decision.inv, decision.res);
    if (episode.count == 1) episode.detail = detail;
    Wrongs& wrongs = episode.detail.wrongs;
    const bool nobody_yet = wrongs.allowed == 0;
    wrongs.add(model(), decision.input, decision.answer,
               detail.by_probe ? std::optional(model().answers().boolean(false))
                               : only_answer(model(), decision, detail.older.bundle, detail.older.needed));
    if (!nobody_yet || wrongs.allowed == 0) return;
    // The first that was let in tells the story better than whoever asked first.
    const Wrongs so_far = std::move(wrongs);
    episode.detail = detail;
    episode.detail.wrongs = so_far;
}

void NoNewEnemy::judge_state(const Decision& decision) {
    bool judged = false;
    bool convicted = false;
    for (const Seen& seen : decision.seen) {
        if (seen.state != Seen::State::known || seen.bundle >= dependencies_.size() || !covers_bundle(seen.bundle)) continue;
        if (seen.number >= dependencies_[seen.bundle].size()) continue;
        for (const Dependency& dependency : dependencies_[seen.bundle][seen.number]) {
            const Bundle& other = model().bundle(dependency.bundle);
            const Revision& needed = other.revision(dependency.needed);
            const Seen* shown = decision.of(dependency.bundle);
            // Nobody can be held to what has not certainly taken effect by then, nor to what must be refused.
            if (shown == nullptr || shown->state != Seen::State::known || needed.bad || needed.effective >= decision.inv) {
                continue;
            }
            judged = true;
            if (!other.certainly_before(shown->number, dependency.needed)) continue;
            if (!convicted) {
                convict(decision, {seen.bundle, seen.number, dependency, shown->number, false, note_of(decision, &seen), {}});
            }
            convicted = true;
        }
    }
    if (judged) exercised(decision.agent);
    if (convicted) return hit(decision.index);
    if (judged) episodes_.clean(decision.agent, decision.inv);
}

void NoNewEnemy::judge_probe(const Decision& decision, const Input::NewEnemy& probe) {
    if (decision.answer == undefined_answer || decision.answer == refused_answer) return;
    if (!covers_bundle(probe.newer_bundle)) return;
    const auto shows = [&](BundleId bundle) {
        const Seen* seen = decision.of(bundle);
        return seen != nullptr && seen->state == Seen::State::known;
    };
    if (shows(probe.newer_bundle) && shows(probe.older_bundle)) return;
    const auto newer = model().bundle(probe.newer_bundle).find(probe.newer);
    const auto older = model().bundle(probe.older_bundle).find(probe.older);
    if (!newer || !older) return;
    const Revision& granted = model().bundle(probe.newer_bundle).revision(*newer);
    const Revision& revoked = model().bundle(probe.older_bundle).revision(*older);
    // What the probe promises follows from the order of the two publishes: without it, nothing does.
    if (revoked.outcome != PublishOutcome::ok || revoked.bad || granted.inv <= *revoked.res) return;
    exercised(decision.agent);
    if (!model().answers().allows(decision.answer)) return episodes_.clean(decision.agent, decision.inv);
    Detail detail{probe.newer_bundle, *newer, {probe.older_bundle, *older}, nothing_active, true, note_of(decision, nullptr), {}};
    convict(decision, detail);
    hit(decision.index);
}

void NoNewEnemy::on_decision(const Decision& decision) {
    if (!covers(decision.agent)) return;
    if (!dependencies_.empty() && decision.seen.size() > 1) judge_state(decision);
    if (decision.input == no_input) return;
    const Input* input = model().input(decision.input);
    if (input != nullptr && input->new_enemy) judge_probe(decision, *input->new_enemy);
}

std::vector<Violation> NoNewEnemy::violations() const {
    std::vector<Violation> violations;
    for (const auto& episode : episodes_.all()) {
        const Detail& detail = episode.detail;
        const Bundle& newer_bundle = model().bundle(detail.newer_bundle);
        const Bundle& older_bundle = model().bundle(detail.older.bundle);
        const std::string& newer = newer_bundle.revision(detail.newer).name;
        const Revision& needed = older_bundle.revision(detail.older.needed);
        const std::string old_state = detail.by_probe ? fmt::format("something older than {}", needed.name)
                                                      : older_bundle.revision(detail.shown).name;
        const Timeline timeline{needed.res.value_or(needed.inv)};
        Violation violation = violation_of<Detail>(model(), episode);
        violation.attribution = Attribution::system;
        violation.witness = Witness{}
                                .add(model(), detail.older.bundle, detail.older.needed)
                                .add(model(), detail.newer_bundle, detail.newer)
                                .add(detail.note)
                                .indexes();
        violation.summary =
            fmt::format("{} combined {} of bundle {} with {} of bundle {}, {} .. {}, {}: {}", violation.agent, newer,
                        newer_bundle.name(), old_state, older_bundle.name(), run_time(violation.from),
                        run_time(violation.to), counted(violation.count, "decision"), detail.wrongs.tell());
        violation.proof.push_back(tell_publish(model(), detail.older.bundle, detail.older.needed) +
                                  "; that instant is t = 0 below.");
        violation.proof.push_back(fmt::format("{}; it presumes {} of bundle {} or newer.",
                                              tell_publish(model(), detail.newer_bundle, detail.newer), needed.name,
                                              older_bundle.name()));
        if (detail.by_probe) {
            violation.proof.push_back(fmt::format(
                "{} allowed the probe {} in record {}, {}. The run record promises that nobody is allowed it but who has {} "
                "of bundle {} or newer together with a bundle {} older than {}.",
                violation.agent, model().input_name(detail.note.input), detail.note.index,
                timeline.span(detail.note.inv, detail.note.res), newer, newer_bundle.name(), older_bundle.name(), needed.name));
        } else {
            violation.proof.push_back(fmt::format("{}; of bundle {} it had {}.",
                                                  tell_operation(model(), timeline, detail.note, detail.newer_bundle),
                                                  older_bundle.name(), old_state));
        }
        violation.proof.push_back(fmt::format("{} like it at {} between t={} and {}: {}.", counted(episode.count, "decision"),
                                              violation.agent, timeline.at(episode.from), timeline.at(episode.to),
                                              detail.wrongs.tell()));
        violation.proof.push_back(fmt::format(
            "Not explained by: the source ({}), the clock (no agent's clock is used).",
            tell_deliveries(model(), timeline, detail.note.agent, detail.older.bundle, detail.older.needed, detail.note.inv)));
        violation.proof.push_back(fmt::format("Nearest passing history: had {} activated {} of bundle {} before {} of bundle {}.",
                                              violation.agent, needed.name, older_bundle.name(), newer, newer_bundle.name()));
        violations.push_back(std::move(violation));
    }
    return violations;
}

}  // namespace mistrial::checkers
