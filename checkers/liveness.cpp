#include "checkers/liveness.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {

TrueTime acknowledged_at(const Revision& revision) {
    return revision.outcome == PublishOutcome::indeterminate ? std::max(revision.effective, *revision.res)
                                                             : revision.res.value_or(TrueTime::max());
}

}  // namespace

Convergence::Convergence(Model& model, Claim claim)
    : PropertyChecker(model, std::move(claim)), floors_(model.floor_table(*this->claim().within, true)) {}

RevisionNumber Convergence::target(BundleId bundle) const {
    // What takes effect at this very instant may stand in a record before this one or after it: it binds nobody yet.
    return model().bundle(bundle).acknowledged().before(model().now());
}

bool Convergence::publishing(BundleId id) const {
    if (id >= in_flight_.size()) return false;
    const Bundle& bundle = model().bundle(id);
    return std::any_of(in_flight_[id].begin(), in_flight_[id].end(), [&](RevisionNumber number) {
        const Revision& revision = bundle.revision(number);
        return revision.outcome == PublishOutcome::in_flight || *revision.res >= model().now();
    });
}

TrueTime Convergence::due(AgentId agent, BundleId bundle, RevisionNumber target, TrueTime inv, TrueTime res) const {
    const auto stretch = model().floor(floors_, agent, bundle).stretch_around(inv, res);
    if (!stretch) return TrueTime::max();
    return std::max(acknowledged_at(model().bundle(bundle).revision(target)), stretch->from) + floors_.within();
}

void Convergence::judge(const OperationNote& note, BundleId id) {
    const RevisionNumber target = this->target(id);
    if (target == nothing_active || publishing(id)) return;
    const TrueTime due = this->due(note.agent, id, target, note.inv, note.res);
    if (note.inv <= due) return;
    exercised(note.agent);
    if (probed_for_.size() <= note.agent) probed_for_.resize(note.agent + 1);
    std::vector<RevisionNumber>& probed = probed_for_[note.agent];
    if (probed.size() <= id) probed.resize(id + 1, nothing_active);
    probed[id] = target;
    if (!model().bundle(id).certainly_before(note.number, target)) {
        return episodes_.clean(std::uint64_t{note.agent} << 32 | id, note.inv);
    }
    held_.hold({note, id, target, due}, [this](const Stale& oldest) { confirm(oldest); });
}

void Convergence::on_decision(const Decision& decision) {
    if (!covers(decision.agent)) return;
    for (const Seen& seen : decision.seen) {
        if (seen.state == Seen::State::known && covers_bundle(seen.bundle)) {
            judge(note_of(decision, &seen), seen.bundle);
        }
    }
}

void Convergence::on_publish_begins(BundleId bundle, RevisionNumber number) {
    if (in_flight_.size() <= bundle) in_flight_.resize(bundle + 1);
    std::vector<RevisionNumber>& flying = in_flight_[bundle];
    std::erase_if(flying, [&](RevisionNumber earlier) {
        return model().bundle(bundle).revision(earlier).outcome != PublishOutcome::in_flight;
    });
    flying.push_back(number);
}

void Convergence::on_late_excuse() {
    held_.drop_if([&](const Stale& stale) {
        return stale.note.inv <= due(stale.note.agent, stale.bundle, stale.target, stale.note.inv, stale.note.res);
    });
}

void Convergence::confirm(const Stale& stale) {
    Episode& episode =
        episodes_.hit(std::uint64_t{stale.note.agent} << 32 | stale.bundle, stale.target, stale.note.inv, stale.note.res);
    if (episode.count == 1) episode.detail = stale;
    hit(stale.note.index);
}

bool Convergence::probed_at_the_end(AgentId agent, BundleId bundle) const {
    return agent < probed_for_.size() && bundle < probed_for_[agent].size() &&
           probed_for_[agent][bundle] == model().bundle(bundle).acknowledged().until(model().now());
}

void Convergence::finish() {
    held_.confirm_all([this](const Stale& stale) { confirm(stale); });
    for (BundleId bundle = 0; bundle < model().bundle_count(); ++bundle) {
        if (model().bundle(bundle).newest() == nothing_active || !covers_bundle(bundle)) continue;
        for (AgentId agent = 0; agent < model().fleet().size(); ++agent) {
            // Bundles that an agent never shows are no business of it.
            if (!covers(agent) || agent >= probed_for_.size() || bundle >= probed_for_[agent].size() ||
                probed_for_[agent][bundle] == nothing_active) {
                continue;
            }
            if (!probed_at_the_end(agent, bundle)) unfinished_ = Reason::pending;
        }
    }
}

Violation Convergence::describe(const Episode& episode) const {
    const Stale& stale = episode.detail;
    const Bundle& bundle = model().bundle(stale.bundle);
    const Revision& target = bundle.revision(stale.target);
    const TrueTime zero = acknowledged_at(target);
    const Timeline timeline{zero};
    const std::string& name = model().agent(stale.note.agent).name();
    const std::string shown = stale.note.number == nothing_active ? "no revision" : bundle.revision(stale.note.number).name;

    Violation violation;
    violation.agent = name;
    violation.attribution = delivered_by(model(), stale.note.agent, stale.bundle, stale.target, stale.due)
                                ? Attribution::agent
                                : Attribution::system;
    violation.from = episode.from;
    violation.to = episode.to;
    violation.count = episode.count;
    violation.witness = Witness{}
                            .add(model(), stale.bundle, stale.note.number)
                            .add(model(), stale.bundle, stale.target)
                            .add(stale.note)
                            .indexes();
    violation.summary = fmt::format("{} had not converged on {} of bundle {} and still showed {}, {} .. {}, {}", name,
                                    target.name, bundle.name(), shown, run_time(violation.from), run_time(violation.to),
                                    counted(episode.count, "decision"));
    std::vector<std::string>& proof = violation.proof;
    proof.push_back(fmt::format("{}; the acknowledgement is t = 0 below. Nothing newer was being published.",
                                tell_publish(model(), stale.bundle, stale.target)));
    const auto stretch = model().floor(floors_, stale.note.agent, stale.bundle).stretch_at(stale.note.inv);
    proof.push_back(fmt::format("{}'s path to its source was open from t={} to {}. {}", name, timeline.at(stretch.from),
                                timeline.at(stretch.to),
                                tell_excuses(model(), timeline, stale.note.agent, stale.bundle,
                                             std::max(zero, stretch.from), stale.note.res)));
    proof.push_back(fmt::format("The claimed bound is {}: from t={} on {} must show {}.", format_duration(*claim().within),
                                timeline.at(stale.due), name, target.name));
    proof.push_back(tell_operation(model(), timeline, stale.note, stale.bundle) + ".");
    proof.push_back(fmt::format("{} like it between t={} and {}.", counted(episode.count, "decision"),
                                timeline.at(episode.from), timeline.at(episode.to)));
    proof.push_back(fmt::format(
        "Not explained by: a restart ({}), the source ({}).",
        tell_restart(model(), timeline, stale.note.agent, stale.note.incarnation, std::max(zero, stretch.from),
                     stale.note.inv),
        tell_deliveries(model(), timeline, stale.note.agent, stale.bundle, stale.target, stale.note.inv)));
    proof.push_back(fmt::format("Nearest passing history: had this decision begun {} earlier, it would not have been bound.",
                                format_seconds(stale.note.inv - stale.due)));
    return violation;
}

std::vector<Violation> Convergence::violations() const {
    std::vector<Violation> violations;
    for (const Episode& episode : episodes_.all()) violations.push_back(describe(episode));
    return violations;
}

}  // namespace mistrial::checkers
