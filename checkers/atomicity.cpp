#include "checkers/atomicity.hpp"

#include "checkers/oracle.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {

template <class T>
T& slot(std::vector<T>& all, std::size_t number, const T& fresh = T{}) {
    if (all.size() <= number) all.resize(number + 1, fresh);
    return all[number];
}

}  // namespace

Atomicity::Register& Atomicity::at(BundleId bundle) {
    if (registers_.size() <= bundle) registers_.resize(bundle + 1);
    Register& found = registers_[bundle];
    if (found.good.empty()) found.good.push_back(0);
    return found;
}

void Atomicity::on_publish_begins(BundleId id, RevisionNumber number) {
    Register& reg = at(id);
    const Bundle& bundle = model().bundle(id);
    reg.good.resize(number + 1, reg.good.back());
    if (!bundle.revision(number).bad) ++reg.good[number];
    const RevisionNumber before = number - 1;
    if (before == nothing_active || bundle.revision(before).bad) return;
    if (!(bundle.revision(before).effective < bundle.revision(number).inv)) reg.doubtful.push_back(before);
}

void Atomicity::on_publish_ends(BundleId id, RevisionNumber number) {
    const Revision& revision = model().bundle(id).revision(number);
    if (revision.outcome != PublishOutcome::ok || revision.bad) return;
    Register& reg = at(id);
    if (reg.raises.empty() || reg.raises.back().number < number) reg.raises.push_back({number, std::nullopt});
    reg.known.wrote(*revision.res, number);
    reg.written.wrote(*revision.res, number);
}

void Atomicity::on_event(const history::Record& record) {
    if (std::holds_alternative<history::Fault>(record.value)) phases_.on_fault(model(), record.time);
}

RevisionNumber Atomicity::first_certainly_after(const Bundle& bundle, RevisionNumber shown, RevisionNumber newest) {
    RevisionNumber beyond = newest + 1;
    for (RevisionNumber first = shown + 1; first < beyond;) {
        const RevisionNumber middle = first + (beyond - first) / 2;
        if (bundle.certainly_before(shown, middle)) beyond = middle;
        else first = middle + 1;
    }
    return beyond;
}

void Atomicity::on_decision(const Decision& decision) {
    if (!covers(decision.agent)) return;
    // A verdict that names no revision tells of one by what it says; others may judge it by that.
    const bool verdict = decision.answer != undefined_answer && decision.answer != refused_answer;
    if (decision.seen.empty() && verdict) ++no_reads_;
    for (const Seen& seen : decision.seen) {
        if (seen.state != Seen::State::known || !covers_bundle(seen.bundle)) continue;
        const Bundle& bundle = model().bundle(seen.bundle);
        if (bundle.several_authorities()) {
            unordered_ = true;
            ++no_reads_;
            continue;
        }
        const Revision& shown = bundle.revision(seen.number);
        if (shown.bad || shown.effective == TrueTime::max()) {  // refused, or failed: no value of the register
            ++no_reads_;
            continue;
        }
        Register& reg = at(seen.bundle);
        exercised(decision.agent);
        ++reads_;
        if (const auto overtaken = reg.known.overtaken(decision.inv, seen.number)) {
            ++stale_reads_;
            const RevisionNumber first = first_certainly_after(bundle, seen.number, overtaken->newest);
            stale({decision, seen, phases_.at(decision.inv), *overtaken, reg.written.overtaken(decision.inv, seen.number),
                   reg.known.overtaken(decision.inv, first - 1), first});
        } else {
            clean(decision, seen);
        }
        if (seen.number == nothing_active) continue;
        if (reg.raises.empty() || reg.raises.back().number < seen.number) {
            reg.raises.push_back({seen.number, note_of(decision, &seen)});
        }
        reg.known.wrote(decision.res, seen.number);
    }
}

Atomicity::Offence Atomicity::offence_of(const StaleRead& read, RevisionNumber above) const {
    const std::vector<Raise>& raises = registers_[read.seen.bundle].raises;
    const auto raise = std::upper_bound(raises.begin(), raises.end(), above,
                                        [](RevisionNumber number, const Raise& one) { return number < one.number; });
    Offence offence;
    offence.note = note_of(read.decision, &read.seen);
    offence.bundle = read.seen.bundle;
    offence.newer = raise->number;
    offence.newer_read = raise->by;
    offence.since = raise->by ? raise->by->res : *model().bundle(read.seen.bundle).revision(raise->number).res;
    return offence;
}

std::uint32_t Atomicity::certainly_between(BundleId id, RevisionNumber from, RevisionNumber newest) const {
    const Bundle& bundle = model().bundle(id);
    const Register& reg = registers_[id];
    std::uint32_t count = reg.good[newest] - reg.good[from - 1];
    const auto first = std::lower_bound(reg.doubtful.begin(), reg.doubtful.end(), from);
    for (auto doubtful = first; doubtful != reg.doubtful.end() && *doubtful < newest; ++doubtful) {
        if (!bundle.certainly_before(*doubtful, newest)) --count;
    }
    return count;
}

std::uint32_t Atomicity::effective_between(BundleId id, RevisionNumber shown, RevisionNumber newest, bool& open) const {
    const Bundle& bundle = model().bundle(id);
    const Register& reg = registers_[id];
    std::uint32_t count = reg.good[newest] - reg.good[shown];
    const auto first = std::upper_bound(reg.doubtful.begin(), reg.doubtful.end(), shown);
    for (auto doubtful = first; doubtful != reg.doubtful.end() && *doubtful < newest; ++doubtful) {
        const Revision& revision = bundle.revision(*doubtful);
        if (revision.effective != TrueTime::max()) continue;
        --count;
        open = open || revision.outcome != PublishOutcome::failed;
    }
    return count;
}

void Atomicity::offend(const StaleRead& read, Offence offence) {
    const Decision& decision = read.decision;
    Episode& episode = episodes_.hit(std::uint64_t{decision.agent} << 32 | read.seen.bundle, read.seen.number, decision.inv,
                                     decision.res);
    const auto right = only_answer(model(), decision, read.seen.bundle, offence.newer);
    Wrongs wrongs = std::move(episode.detail.wrongs);
    wrongs.add(model(), decision.input, decision.answer, right);
    const bool worse = episode.count == 1 || offence.overtaken > episode.detail.overtaken ||
                       offence.behind > episode.detail.behind;
    if (worse) episode.detail = std::move(offence);
    episode.detail.wrongs = std::move(wrongs);
    hit(decision.index);
}

std::vector<Violation> Atomicity::violations() const {
    std::vector<Violation> violations;
    for (const Episode& episode : episodes_.all()) violations.push_back(describe(episode));
    return violations;
}

Violation Atomicity::describe(const Episode& episode) const {
    const Offence& found = episode.detail;
    const Bundle& bundle = model().bundle(found.bundle);
    const Revision& newer = bundle.revision(found.newer);
    const std::string& shown = bundle.revision(found.note.number).name;
    const std::string& name = model().agent(found.note.agent).name();
    const Timeline timeline{found.since};

    Violation violation;
    violation.agent = name;
    const auto& windows = model().excuses().windows();
    const bool faulty = std::any_of(windows.begin(), windows.end(), [&](const ExcuseWindow& window) {
        return window.suspends(Duty::enforce) && window.concerns(found.note.agent, found.bundle) &&
               window.from < found.note.inv && window.to.value_or(TrueTime::max()) > found.since;
    });
    violation.attribution = faulty ? Attribution::environment
                            : delivered_by(model(), found.note.agent, found.bundle, found.newer, found.note.inv)
                                ? Attribution::agent
                                : Attribution::system;
    violation.from = episode.from;
    violation.to = episode.to;
    violation.count = episode.count;
    violation.wrongly_allowed = found.wrongs.allowed;
    violation.wrongly_denied = found.wrongs.denied;
    Witness witness;
    witness.add(model(), found.bundle, found.note.number).add(model(), found.bundle, found.newer);
    if (found.newer_read) witness.add(*found.newer_read);
    violation.witness = witness.add(found.note).indexes();
    violation.summary = fmt::format("{} answered under {} of bundle {} {}, {} .. {}, {}: {}", name, shown, bundle.name(),
                                    offence(found), run_time(violation.from), run_time(violation.to),
                                    counted(episode.count, "decision"), found.wrongs.tell());
    std::vector<std::string>& proof = violation.proof;
    if (found.note.number != nothing_active) proof.push_back(tell_publish(model(), found.bundle, found.note.number) + ".");
    proof.push_back(tell_publish(model(), found.bundle, found.newer) +
                    (found.newer_read ? fmt::format("; {} had certainly taken effect before.", shown)
                                      : fmt::format("; {} had certainly taken effect before. The acknowledgement is t = 0 "
                                                    "below.",
                                                    shown)));
    if (found.newer_read) {
        proof.push_back(tell_operation(model(), timeline, *found.newer_read, found.bundle) + "; its end is t = 0 here.");
    }
    proof.push_back(tell_operation(model(), timeline, found.note, found.bundle) + ".");
    proof.push_back(fmt::format("So {} was answered {}; the claim grants {}.", shown, offence(found), claimed()));
    proof.push_back(fmt::format("{} like it at {} between t={} and {}: {}.", counted(episode.count, "decision"), name,
                                timeline.at(episode.from), timeline.at(episode.to), found.wrongs.tell()));
    proof.push_back(tell_excuses(model(), timeline, found.note.agent, found.bundle, found.since, found.note.inv) +
                    " The claim grants no excuse.");
    proof.push_back(fmt::format(
        "Not explained by: a restart ({}), the source ({}), the order of publishes (no order that the history admits puts "
        "{} after {}).",
        tell_restart(model(), timeline, found.note.agent, found.note.incarnation, found.since, found.note.inv),
        tell_deliveries(model(), timeline, found.note.agent, found.bundle, found.newer, found.note.inv), shown, newer.name));
    proof.push_back("Nearest passing history: " + nearest(found));
    return violation;
}

DeltaAtomicity::DeltaAtomicity(Model& model, Claim claim)
    : Atomicity(model, std::move(claim)),
      at_most_(this->claim().duration("at_most")),
      connections_(model.floor_table(Duration::zero(), Duty::enforce)) {}

void DeltaAtomicity::stale(const StaleRead& read) {
    const Decision& decision = read.decision;
    const Duration delta = decision.inv - read.measured.since;
    PerAgent& agent = slot(agents_, decision.agent);
    agent.delta = std::max(agent.delta, delta);
    if (read.acknowledged) agent.publication = std::max(agent.publication, decision.inv - read.acknowledged->since);
    Duration& phase = slot(by_phase_, read.phase);
    phase = std::max(phase, delta);
    // Connected time only grows while one revision is shown: it is summed up once, when another one is.
    Running& running = slot(agent.running, read.seen.bundle);
    if (running.until != TrueTime::min() && (running.shown != read.seen.number || running.since != read.measured.since)) {
        fold(decision.agent, read.seen.bundle);
    }
    running = {read.seen.number, read.measured.since, std::max(running.until, decision.inv)};

    if (!at_most_ || !read.certain || decision.inv - read.certain->since <= *at_most_) return clean(decision, read.seen);
    Offence offence = offence_of(read, read.first_certain - 1);
    offence.overtaken = decision.inv - read.certain->since;
    offend(read, std::move(offence));
}

void DeltaAtomicity::fold(AgentId id, BundleId bundle) {
    PerAgent& agent = agents_[id];
    Running& running = agent.running[bundle];
    if (running.until == TrueTime::min()) return;
    agent.connected = std::max(agent.connected,
                               model().floor(connections_, id, bundle).connected(running.since, running.until));
    running = {};
}

void DeltaAtomicity::finish() {
    for (AgentId id = 0; id < agents_.size(); ++id) {
        for (BundleId bundle = 0; bundle < agents_[id].running.size(); ++bundle) fold(id, bundle);
    }
}

std::string DeltaAtomicity::offence(const Offence& offence) const {
    return fmt::format("{} after {} was first known to be in force", format_seconds(offence.overtaken),
                       model().bundle(offence.bundle).revision(offence.newer).name);
}

std::string DeltaAtomicity::claimed() const { return format_duration(*at_most_); }

std::string DeltaAtomicity::nearest(const Offence& offence) const {
    return fmt::format("had this decision begun {} earlier.", format_seconds(offence.overtaken - *at_most_));
}

Json DeltaAtomicity::measured() const {
    Json values{{"reads", reads()}, {"stale_reads", stale_reads()}};
    PerAgent worst;
    for (AgentId id = 0; id < agents_.size(); ++id) {
        const PerAgent& agent = agents_[id];
        worst.delta = std::max(worst.delta, agent.delta);
        worst.publication = std::max(worst.publication, agent.publication);
        worst.connected = std::max(worst.connected, agent.connected);
        if (agent.delta == Duration::zero()) continue;
        values["agents"][model().agent(id).name()] = {{"smallest_delta_ns", agent.delta.count()},
                                                      {"publication_delta_ns", agent.publication.count()},
                                                      {"connected_delta_ns", agent.connected.count()}};
    }
    values["smallest_delta_ns"] = worst.delta.count();
    values["publication_delta_ns"] = worst.publication.count();
    values["connected_delta_ns"] = worst.connected.count();
    for (FaultPhases::Phase phase = 0; phase < phases().count(); ++phase) {
        const Duration delta = phase < by_phase_.size() ? by_phase_[phase] : Duration::zero();
        values["phases"][phases().name(phase)]["smallest_delta_ns"] = delta.count();
    }
    return values;
}

KAtomicity::KAtomicity(Model& model, Claim claim) : Atomicity(model, std::move(claim)) {
    if (const auto number = this->claim().number("at_most")) at_most_ = static_cast<std::uint32_t>(*number);
}

void KAtomicity::count(std::uint32_t k, AgentId agent, FaultPhases::Phase phase, std::int64_t times) {
    decisions_[k] += times;
    std::uint32_t& of_agent = slot(by_agent_, agent, 1U);
    of_agent = std::max(of_agent, k);
    std::uint32_t& of_phase = slot(by_phase_, phase, 1U);
    of_phase = std::max(of_phase, k);
}

void KAtomicity::stale(const StaleRead& read) {
    const Decision& decision = read.decision;
    bool open = false;
    const std::uint32_t behind = effective_between(read.seen.bundle, read.seen.number, read.measured.newest, open);
    if (open) {
        ++open_[{read.seen.bundle, read.seen.number, read.measured.newest, decision.agent, read.phase}];
    } else {
        count(1 + behind, decision.agent, read.phase, 1);
    }
    if (!at_most_ || !read.certain) return clean(decision, read.seen);
    const std::uint32_t certain = certainly_between(read.seen.bundle, read.first_certain, read.certain->newest);
    if (1 + certain <= *at_most_) return clean(decision, read.seen);
    Offence offence = offence_of(read, read.certain->newest - 1);
    offence.behind = certain;
    offend(read, std::move(offence));
}

void KAtomicity::finish() {
    for (const auto& [cell, times] : open_) {
        bool open = false;
        count(1 + effective_between(cell.bundle, cell.shown, cell.newest, open), cell.agent, cell.phase, times);
    }
    open_.clear();
}

std::string KAtomicity::offence(const Offence& offence) const {
    return fmt::format("while {} that took effect after it, the last of them {}, {} known",
                       counted(offence.behind, "revision"), model().bundle(offence.bundle).revision(offence.newer).name,
                       offence.behind == 1 ? "was" : "were");
}

std::string KAtomicity::claimed() const { return fmt::format("k = {}", *at_most_); }

std::string KAtomicity::nearest(const Offence& offence) const {
    return fmt::format("had this decision shown a revision at most {} behind {}.", *at_most_ - 1,
                       model().bundle(offence.bundle).revision(offence.newer).name);
}

Json KAtomicity::measured() const {
    Json values{{"reads", reads()}, {"stale_reads", stale_reads()}, {"no_reads", no_reads()}};
    if (reads() > 0) values["smallest_k"] = 1;  // of nothing, no k is the smallest
    std::int64_t fresh = reads();
    Json decisions = Json::object();
    for (const auto& [k, times] : decisions_) {
        if (k > 1) decisions[std::to_string(k)] = times;
        if (k > 1) fresh -= times;
        values["smallest_k"] = std::max(values.value("smallest_k", 1U), k);
    }
    if (fresh > 0) decisions["1"] = fresh;
    values["decisions_by_k"] = std::move(decisions);
    for (AgentId id = 0; id < by_agent_.size(); ++id) {
        if (by_agent_[id] > 1) values["agents"][model().agent(id).name()] = {{"smallest_k", by_agent_[id]}};
    }
    for (FaultPhases::Phase phase = 0; phase < phases().count(); ++phase) {
        values["phases"][phases().name(phase)]["smallest_k"] = phase < by_phase_.size() ? by_phase_[phase] : 1U;
    }
    return values;
}

}  // namespace mistrial::checkers
