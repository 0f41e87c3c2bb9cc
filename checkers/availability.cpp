#include "checkers/availability.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {

constexpr double default_ratio = 0.999;
constexpr Duration default_gap = std::chrono::seconds{2};
constexpr std::size_t most_named = 4096;  ///< missing answers of one agent that can be named
constexpr std::size_t most_in_witness = 3;

std::vector<std::uint64_t> listed_indexes(const std::set<std::uint64_t>& indexes) { return {indexes.begin(), indexes.end()}; }

}  // namespace

Availability::Availability(Model& model, Claim claim)
    : PropertyChecker(model, std::move(claim)),
      ratio_(this->claim().number("ratio").value_or(default_ratio)),
      gap_(this->claim().duration("gap").value_or(default_gap)),
      latency_(this->claim().duration("latency")),
      answering_(model.floor_table(Duration::zero(), Duty::answer)) {}

void Availability::Named::add_to(std::set<std::uint64_t>& witness) const {
    witness.insert(index);
    if (invoke_index) witness.insert(*invoke_index);
}

Availability::PerAgent& Availability::of(AgentId agent) {
    if (agents_.size() <= agent) agents_.resize(agent + 1);
    return agents_[agent];
}

void Availability::on_invocation(const Invocation& invocation) {
    if (covers(invocation.agent)) ++of(invocation.agent).due;
}

bool Availability::excused(AgentId agent, TrueTime from, TrueTime to) const {
    return !model().floor(answering_, agent, no_bundle).stretch_around(from, to);
}

void Availability::on_decision(const Decision& decision) {
    if (!covers(decision.agent)) return;
    PerAgent& agent = of(decision.agent);
    exercised(decision.agent);
    ++agent.answered;
    if (agent.last_answered_due) agent.widest_gap = std::max(agent.widest_gap, decision.due - *agent.last_answered_due);
    agent.last_answered_due = std::max(agent.last_answered_due.value_or(decision.due), decision.due);
    if (decision.res > agent.newest.answered) {
        agent.previous = agent.newest;
        agent.newest = {decision.res, Named{decision.index, decision.invoke_index}, {}};
    }
    gaps_.clean(decision.agent, decision.inv);
    if (latency_) {
        if (decision.res - decision.inv <= *latency_) {
            slow_answers_.clean(decision.agent, decision.inv);
        } else if (!excused(decision.agent, decision.inv, decision.res)) {
            slow_.hold({note_of(decision, nullptr)}, [this](const Slow& oldest) { confirm(oldest); });
        }
    }
    keeps_static(decision);
}

void Availability::keeps_static(const Decision& decision) {
    if (decision.incarnation == no_incarnation) return;
    for (const Seen& seen : decision.seen) {
        if (!covers_bundle(seen.bundle) || seen.state == Seen::State::torn) continue;
        if (first_active_.size() <= decision.incarnation) first_active_.resize(decision.incarnation + 1);
        std::vector<FirstActive>& bundles = first_active_[decision.incarnation];
        if (bundles.size() <= seen.bundle) bundles.resize(seen.bundle + 1);
        FirstActive& first = bundles[seen.bundle];
        const bool nothing = seen.state == Seen::State::known && seen.number == nothing_active;
        if (!nothing) {
            if (!first.set) first = {true, note_of(decision, &seen)};
        } else if (first.set && first.note.res < decision.inv) {
            auto& episode = emptied_.hit(std::uint64_t{decision.incarnation} << 32 | seen.bundle, 0, decision.inv, decision.res);
            if (episode.count == 1) episode.detail = {first.note, note_of(decision, &seen), seen.bundle};
            hit(decision.index);
        }
    }
}

void Availability::note_silence(PerAgent& agent, Missing& missing, TrueTime stretch) const {
    // An answer that ended at this very time is no answer before it.
    SinceAnswer& since = missing.res == agent.newest.answered ? agent.previous : agent.newest;
    Silence& silence = since.silence;
    if (!silence.set || silence.stretch != stretch || missing.inv < silence.first_asked) {
        silence = {true, stretch, missing.inv, missing.op};
    }
    const TrueTime from = std::max({since.answered, stretch, silence.first_asked});
    agent.longest_silence = std::max(agent.longest_silence, missing.res - from);
    if (missing.res - from <= gap_) return;
    missing.silent_since = from;
    missing.first = silence.first;
    missing.before = since.answer;
}

void Availability::on_unanswered(const Unanswered& unanswered) {
    if (!covers(unanswered.agent)) return;
    PerAgent& agent = of(unanswered.agent);
    const auto stretch = model().floor(answering_, unanswered.agent, no_bundle).stretch_around(unanswered.due, unanswered.res);
    if (!stretch) {
        ++agent.excused;
        return;
    }
    Missing missing{unanswered.agent, {unanswered.index, unanswered.invoke_index}, unanswered.due, unanswered.inv,
                    unanswered.res, unanswered.sent, {}, {}, {}};
    if (unanswered.sent) note_silence(agent, missing, stretch->from);
    missing_.hold(std::move(missing), [this](const Missing& oldest) { confirm(oldest); });
}

void Availability::on_late_excuse() {
    missing_.drop_if([&](Missing& missing) {
        const auto stretch = model().floor(answering_, missing.agent, no_bundle).stretch_around(missing.due, missing.res);
        if (!stretch) {
            ++of(missing.agent).excused;
            return true;
        }
        if (missing.silent_since) {
            missing.silent_since = std::max(*missing.silent_since, stretch->from);
            if (missing.res - *missing.silent_since <= gap_) missing.silent_since.reset();
        }
        return false;
    });
    slow_.drop_if([&](const Slow& slow) { return excused(slow.note.agent, slow.note.inv, slow.note.res); });
}

void Availability::confirm(const Missing& missing) {
    PerAgent& agent = of(missing.agent);
    if (!missing.sent) {
        ++agent.unsent;
        return;
    }
    exercised(missing.agent);
    ++agent.missing;
    if (agent.named.size() < most_named) agent.named.push_back(missing);
    if (!missing.silent_since) return;
    auto& episode = gaps_.hit(missing.agent, 0, *missing.silent_since, missing.res);
    const auto length = [](const Missing& one) { return one.res - *one.silent_since; };
    if (episode.count == 1 || length(missing) > length(episode.detail)) episode.detail = missing;
    hit(missing.op.index);
}

void Availability::confirm(const Slow& slow) {
    auto& episode = slow_answers_.hit(slow.note.agent, 0, slow.note.inv, slow.note.res);
    const auto length = [](const Slow& one) { return one.note.res - one.note.inv; };
    if (episode.count == 1 || length(slow) > length(episode.detail)) episode.detail = slow;
    hit(slow.note.index);
}

bool Availability::too_few(const PerAgent& agent) const {
    const std::int64_t all = agent.answered + agent.missing + agent.unsent;
    return static_cast<double>(agent.answered + agent.unsent) < ratio_ * static_cast<double>(all);
}

void Availability::finish() {
    missing_.confirm_all([this](const Missing& missing) { confirm(missing); });
    slow_.confirm_all([this](const Slow& slow) { confirm(slow); });
    for (const PerAgent& agent : agents_) {
        if (too_few(agent)) {
            for (const Missing& missing : agent.named) hit(missing.op.index);
        } else if (static_cast<double>(agent.answered) <
                   ratio_ * static_cast<double>(agent.answered + agent.missing + agent.unsent)) {
            unfinished_ = Reason::no_evidence;
        }
    }
}

std::string Availability::tell_missing(const Timeline& timeline, const Missing& missing) const {
    return fmt::format("the decision of record {} was due at t={} and had no answer by t={}", missing.op.index,
                       timeline.at(missing.due), timeline.at(missing.res));
}

Violation Availability::describe_ratio(AgentId id) const {
    const PerAgent& agent = agents_[id];
    const std::int64_t all = agent.answered + agent.missing + agent.unsent;
    Violation violation;
    violation.agent = model().agent(id).name();
    violation.from = agent.named.front().due;
    violation.to = violation.from;
    violation.count = agent.missing;
    std::set<std::uint64_t> witness;
    for (std::size_t i = 0; i < agent.named.size(); ++i) {
        violation.from = std::min(violation.from, agent.named[i].due);
        violation.to = std::max(violation.to, agent.named[i].res);
        if (i < most_in_witness) agent.named[i].op.add_to(witness);
    }
    violation.witness = listed_indexes(witness);
    const Timeline timeline{violation.from};
    violation.summary = fmt::format("{} answered {} of {} ({:.3f} %), {:.3f} % are claimed; {} went unanswered without excuse, "
                                    "{} .. {}",
                                    violation.agent, agent.answered, counted(all, "decision"),
                                    100.0 * static_cast<double>(agent.answered) / static_cast<double>(all), 100.0 * ratio_,
                                    agent.missing, run_time(violation.from), run_time(violation.to));
    std::vector<std::string>& proof = violation.proof;
    for (std::size_t i = 0; i < agent.named.size() && i < most_in_witness; ++i) {
        proof.push_back(fmt::format("Nothing excuses {}: {}{}.", violation.agent, tell_missing(timeline, agent.named[i]),
                                    i == 0 ? "; t = 0 is when the first of them was due" : ""));
    }
    proof.push_back(tell_excuses(model(), timeline, id, no_bundle, violation.from, violation.to, Duty::answer));
    proof.push_back(fmt::format("{} that met an excuse do not count, all {} that were answered do.",
                                counted(agent.excused, "missing answer"), agent.answered));
    if (agent.unsent > 0) {
        proof.push_back(fmt::format("{} found nobody free to send them and are not held against {}: even if all of them had "
                                    "been answered, the share would be too small.",
                                    counted(agent.unsent, "decision"), violation.agent));
    }
    const auto granted = static_cast<std::int64_t>((1.0 - ratio_) * static_cast<double>(all));
    proof.push_back(fmt::format("Nearest passing history: had {} of the missing answers come.",
                                std::max<std::int64_t>(1, agent.missing - granted)));
    return violation;
}

Violation Availability::describe(const EpisodesOf<Missing>::Episode& episode) const {
    const Missing& missing = episode.detail;
    const TrueTime since = *missing.silent_since;
    const Timeline timeline{since};
    Violation violation;
    violation.agent = model().agent(missing.agent).name();
    violation.from = episode.from;
    violation.to = episode.to;
    violation.count = episode.count;
    std::set<std::uint64_t> witness;
    if (missing.before) missing.before->add_to(witness);
    missing.first->add_to(witness);
    missing.op.add_to(witness);
    violation.witness = listed_indexes(witness);
    violation.summary = fmt::format("{} answered nothing for {} although it was asked, {} .. {}, {}", violation.agent,
                                    format_seconds(missing.res - since), run_time(since), run_time(missing.res),
                                    counted(episode.count, "decision"));
    std::vector<std::string>& proof = violation.proof;
    proof.push_back(missing.before ? fmt::format("The last answer of {} before is that of record {}.", violation.agent,
                                                 missing.before->index)
                                   : fmt::format("{} had answered nothing before.", violation.agent));
    proof.push_back(fmt::format("From t=0 on an answer was due: that of record {}.", missing.first->index));
    proof.push_back(fmt::format("None came: {}.", tell_missing(timeline, missing)));
    proof.push_back(fmt::format("The claim grants a gap of {}.", format_duration(gap_)));
    proof.push_back(tell_excuses(model(), timeline, missing.agent, no_bundle, since, missing.res, Duty::answer));
    proof.push_back(fmt::format("Not explained by: a restart ({}), decisions that nobody was free to send (none of these is "
                                "one).",
                                tell_restart(model(), timeline, missing.agent, no_incarnation, since, missing.res)));
    proof.push_back(fmt::format("Nearest passing history: had one answer come within {}.", format_duration(gap_)));
    return violation;
}

Violation Availability::describe(const EpisodesOf<Slow>::Episode& episode) const {
    const OperationNote& note = episode.detail.note;
    const Timeline timeline{note.inv};
    Violation violation;
    violation.agent = model().agent(note.agent).name();
    violation.from = episode.from;
    violation.to = episode.to;
    violation.count = episode.count;
    violation.witness = Witness{}.add(note).indexes();
    violation.summary = fmt::format("{} took {} to answer, {} are claimed, {} .. {}, {}", violation.agent,
                                    format_seconds(note.res - note.inv), format_duration(*latency_), run_time(violation.from),
                                    run_time(violation.to), counted(episode.count, "decision"));
    violation.proof.push_back(fmt::format("The decision of record {} was sent at t=0 and answered at t={}, by the times of its "
                                          "first and last byte.",
                                          note.index, timeline.at(note.res)));
    violation.proof.push_back(tell_excuses(model(), timeline, note.agent, no_bundle, note.inv, note.res, Duty::answer));
    violation.proof.push_back(fmt::format("Nearest passing history: had it come {} earlier.",
                                          format_seconds(note.res - note.inv - *latency_)));
    return violation;
}

Violation Availability::describe(const EpisodesOf<Emptied>::Episode& episode) const {
    const Emptied& found = episode.detail;
    const Timeline timeline{found.active.res};
    const std::string& bundle = model().bundle(found.bundle).name();
    Violation violation;
    violation.agent = model().agent(found.empty.agent).name();
    violation.from = episode.from;
    violation.to = episode.to;
    violation.count = episode.count;
    violation.witness =
        Witness{}.add(model(), found.bundle, found.active.number).add(found.active).add(found.empty).indexes();
    violation.summary = fmt::format("{} had a revision of bundle {} active and then had none, {} .. {}, {}", violation.agent,
                                    bundle, run_time(violation.from), run_time(violation.to),
                                    counted(episode.count, "decision"));
    violation.proof.push_back(tell_operation(model(), timeline, found.active, found.bundle) + "; its end is t = 0 here.");
    violation.proof.push_back(tell_operation(model(), timeline, found.empty, found.bundle) + ".");
    violation.proof.push_back(fmt::format("The second began {} after the first was over, in the same incarnation. An agent "
                                          "keeps what it has, whatever becomes of its source.",
                                          format_seconds(found.empty.inv - found.active.res)));
    violation.proof.push_back(fmt::format("Not explained by: a restart ({}).",
                                          tell_restart(model(), timeline, found.empty.agent, found.empty.incarnation,
                                                       found.active.res, found.empty.inv)));
    violation.proof.push_back("Nearest passing history: had the second shown any revision.");
    return violation;
}

std::vector<Violation> Availability::violations() const {
    std::vector<Violation> violations;
    for (const auto& episode : emptied_.all()) violations.push_back(describe(episode));
    for (const auto& episode : gaps_.all()) violations.push_back(describe(episode));
    for (const auto& episode : slow_answers_.all()) violations.push_back(describe(episode));
    for (AgentId id = 0; id < agents_.size(); ++id) {
        if (too_few(agents_[id]) && !agents_[id].named.empty()) violations.push_back(describe_ratio(id));
    }
    return violations;
}

Json Availability::measured() const {
    Json values = Json::object();
    for (AgentId id = 0; id < agents_.size(); ++id) {
        const PerAgent& agent = agents_[id];
        const std::int64_t due = std::max(agent.due, agent.answered);
        if (due == 0) continue;
        values["agents"][model().agent(id).name()] = {
            {"due", due},
            {"answered", agent.answered},
            {"ratio", static_cast<double>(agent.answered) / static_cast<double>(due)},
            {"widest_gap_ns", agent.widest_gap.count()},
            {"unanswered", agent.missing},
            {"excused", agent.excused},
            {"unsent", agent.unsent},
            {"longest_silence_ns", agent.longest_silence.count()}};
    }
    return values;
}

}  // namespace mistrial::checkers
