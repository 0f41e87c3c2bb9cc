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

void Convergence::judge(const Decision& decision, const Seen& seen) {
    const BundleId id = seen.bundle;
    const RevisionNumber target = this->target(id);
    if (target == nothing_active || publishing(id)) return;
    const TrueTime due = this->due(decision.agent, id, target, decision.inv, decision.res);
    if (decision.inv <= due || !model().bundle(id).comparable(seen.number, target)) return;
    exercised(decision.agent);
    if (probed_for_.size() <= decision.agent) probed_for_.resize(decision.agent + 1);
    std::vector<RevisionNumber>& probed = probed_for_[decision.agent];
    if (probed.size() <= id) probed.resize(id + 1, nothing_active);
    probed[id] = target;
    if (!model().bundle(id).certainly_before(seen.number, target)) {
        return episodes_.clean(std::uint64_t{decision.agent} << 32 | id, decision.inv);
    }
    held_.hold({note_of(decision, &seen), id, target, due}, [this](const Stale& oldest) { confirm(oldest); });
}

void Convergence::on_decision(const Decision& decision) {
    if (!covers(decision.agent)) return;
    for (const Seen& seen : decision.seen) {
        if (seen.state == Seen::State::known && covers_bundle(seen.bundle)) judge(decision, seen);
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
    proof.push_back(fmt::format("{}; {} is t = 0 below. Nothing newer was being published.",
                                tell_publish(model(), stale.bundle, stale.target),
                                target.outcome == PublishOutcome::ok ? "the acknowledgement" : "that it was first seen in force"));
    const auto stretch = model().floor(floors_, stale.note.agent, stale.bundle).stretch_at(stale.note.inv);
    proof.push_back(fmt::format("{}'s path to its source was open {}. {}", name, timeline.from_to(stretch.from, stretch.to),
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

Progress::Progress(Model& model, Claim claim)
    : PropertyChecker(model, std::move(claim)),
      connections_(model.floor_table(this->claim().within.value_or(Duration::zero()), Duty::poll)) {}

bool Progress::polls(AgentId id) const {
    const Agent& agent = model().agent(id);
    return !servers_.contains(agent.name()) && (model().listed_agents().empty() || agent.in_run_record);
}

void Progress::on_event(const history::Record& record) {
    const auto* serve = std::get_if<history::Serve>(&record.value);
    if (serve == nullptr) return;
    if (!servers_.contains(serve->server)) servers_.insert(serve->server);
    const BundleId bundle = model().find_bundle(serve->bundle);
    if (!serve->agent || bundle == no_bundle) return;
    const AgentId agent = model().intern_agent(*serve->agent);
    if (!polls(agent) || !covers(agent) || !covers_bundle(bundle)) return;
    Loop& loop = loops_[{agent, bundle}];
    Poll poll{record.index, serve->began, record.time, serve->server, serve->status};
    const auto& lives = model().agent(agent).incarnations;
    if (loop.last || !lives.empty()) {
        const TrueTime from = loop.last ? loop.last->at : lives.front().boot;
        loop.longest_silence = std::max(loop.longest_silence,
                                        model().floor(connections_, agent, bundle).connected(from, record.time));
        exercised(agent);
        judge({agent, bundle, from, record.time, loop.last, poll, record.index, {}});
    }
    ++loop.polls;
    loop.last = std::move(poll);
}

TrueTime Progress::deadline(const Silence& silence) const {
    return model().floor(connections_, silence.agent, silence.bundle).deadline(silence.from, silence.from);
}

void Progress::judge(Silence silence) {
    if (!claim().within) return;
    silence.deadline = deadline(silence);
    if (silence.deadline >= silence.to) {
        return episodes_.clean(std::uint64_t{silence.agent} << 32 | silence.bundle, silence.from);
    }
    held_.hold(std::move(silence), [this](const Silence& oldest) { confirm(oldest); });
}

void Progress::on_late_excuse() {
    held_.drop_if([&](Silence& silence) {
        silence.deadline = deadline(silence);
        return silence.deadline >= silence.to;
    });
}

void Progress::confirm(const Silence& silence) {
    if (!polls(silence.agent)) return;
    Episode& episode =
        episodes_.hit(std::uint64_t{silence.agent} << 32 | silence.bundle, 0, silence.from, silence.to);
    if (episode.count == 1 || silence.to - silence.from > episode.detail.to - episode.detail.from) episode.detail = silence;
    hit(silence.before ? silence.before->index : silence.after->index);
}

void Progress::finish() {
    for (const auto& [subject, loop] : loops_) {
        judge({subject.first, subject.second, loop.last->at, model().now(), loop.last, std::nullopt, model().newest_index(), {}});
    }
    held_.confirm_all([this](const Silence& silence) { confirm(silence); });
}

Violation Progress::describe(const Episode& episode) const {
    const Silence& silence = episode.detail;
    const std::string& name = model().agent(silence.agent).name();
    const std::string& bundle = model().bundle(silence.bundle).name();
    const Timeline timeline{silence.from};
    // Under way by the deadline: then it was the server that took its time.
    const bool asked = silence.after && silence.after->began <= silence.deadline;

    Violation violation;
    violation.agent = name;
    violation.attribution = asked ? Attribution::system : Attribution::agent;
    violation.from = episode.from;
    violation.to = episode.to;
    violation.count = episode.count;
    if (silence.before) violation.witness.push_back(silence.before->index);
    violation.witness.push_back(silence.ends);
    violation.summary = fmt::format("{} was connected but had no request for bundle {} answered for {}, {} .. {}, {}", name,
                                    bundle, format_seconds(silence.to - silence.from), run_time(silence.from),
                                    run_time(silence.to), counted(episode.count, "time"));
    std::vector<std::string>& proof = violation.proof;
    proof.push_back(silence.before
                        ? fmt::format("{} answered a request of {} for bundle {} with {} in record {}; that instant, {}, is "
                                      "t = 0 below.",
                                      silence.before->server, name, bundle, silence.before->status, silence.before->index,
                                      run_time(silence.from))
                        : fmt::format("{} first booted at {}, which is t = 0 below.", name, run_time(silence.from)));
    proof.push_back(fmt::format("The claimed bound is {}{}: the next had to be answered by t={}.",
                                format_duration(*claim().within),
                                claim().terms.empty() ? std::string{} : fmt::format(" ({})", fmt::join(claim().terms, "; ")),
                                timeline.at(silence.deadline)));
    proof.push_back(silence.after ? fmt::format("{} answered the next at t={} (record {}); it had come at t={}.",
                                                silence.after->server, timeline.at(silence.after->at), silence.after->index,
                                                timeline.at(silence.after->began))
                                  : fmt::format("No server answered another until the history ends at t={} (record {}).",
                                                timeline.at(silence.to), silence.ends));
    proof.push_back(tell_excuses(model(), timeline, silence.agent, silence.bundle, silence.from, silence.to, Duty::poll));
    proof.push_back(fmt::format("Not explained by: a restart ({}), the servers ({}).",
                                tell_restart(model(), timeline, silence.agent, no_incarnation, silence.from, silence.to),
                                asked ? "the request was at the server by then" : "no request was with any of them by then"));
    proof.push_back(fmt::format("Nearest passing history: had the next been answered {} earlier.",
                                format_seconds(silence.to - silence.deadline)));
    return violation;
}

std::vector<Violation> Progress::violations() const {
    std::vector<Violation> violations;
    for (const Episode& episode : episodes_.all()) violations.push_back(describe(episode));
    return violations;
}

Json Progress::measured() const {
    Json values = Json::object();
    for (const auto& [subject, loop] : loops_) {
        if (!polls(subject.first)) continue;
        Json& agent = values["agents"][model().agent(subject.first).name()];
        if (agent.is_null()) agent = Json::object();
        agent["polls"] = agent.value("polls", std::int64_t{0}) + loop.polls;
        agent["longest_silence_ns"] =
            std::max(agent.value("longest_silence_ns", std::int64_t{0}), std::int64_t{loop.longest_silence.count()});
    }
    return values;
}

}  // namespace mistrial::checkers
