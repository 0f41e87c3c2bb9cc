#include "checkers/clocks.hpp"

#include "checkers/oracle.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {

using kernels::ClockConstraint;

/// Clock errors below this are not worth a sentence.
constexpr Duration noticeable = std::chrono::milliseconds{100};

/// What the run's wall clock showed at `t`, give or take the run's own error.
WallTime wall_at(const Model& model, TrueTime t) { return *model.run().wall_at_zero + t.time_since_epoch(); }
Duration wall_error(const Model& model) { return model.run().wall_error.value_or(Duration::zero()); }

/// What a clock with these errors may have shown while the decision was made.
ClockWindow window_of(const Model& model, const Decision& decision, Duration error, const ClockSkews::Range& skew) {
    return {wall_at(model, decision.inv) - error - wall_error(model) + skew.low,
            wall_at(model, decision.res) + error + wall_error(model) + skew.high};
}

std::string signed_seconds(Duration offset) {
    const bool negative = offset < Duration::zero();
    return fmt::format("{}{}", negative ? "-" : "+", format_seconds(negative ? -offset : offset));
}

/// The one bundle whose revision the decision shows and whose verdict for its input depends on time.
std::optional<BundleId> time_dependent(const Model& model, const Decision& decision, const State& state) {
    const std::vector<BundleId>& bundles = model.bundles_of(decision.input);
    for (std::size_t i = 0; i < bundles.size(); ++i) {
        if (state[i] == nothing_active) continue;
        const ExpectedId expected = model.bundle(bundles[i]).expected(state[i], decision.input);
        if (expected != not_told && !model.answers().timeless(expected)) return bundles[i];
    }
    return std::nullopt;
}

}  // namespace

// --- skews --------------------------------------------------------------------------------------------------------

void ClockSkews::on_event(Model& model, const history::Record& record) {
    if (const auto* fault = std::get_if<history::Fault>(&record.value)) {
        const auto [known, fresh] = of_fault_.try_emplace(fault->fault);
        if (fresh) {
            for (const auto& [name, skew] : fault->skews) {
                known->second.push_back(windows_.size());
                windows_.push_back({model.intern_agent(name), fmt::format("{} {}", fault->kind, fault->fault),
                                    {skew.low, skew.high}, record.time, std::nullopt});
            }
        }
        if (!record.f.starts_with("heal-") || ++heals_[fault->fault] != 2) return;
        for (const std::size_t window : known->second) windows_[window].to = record.time;
    } else if (const auto* sample = std::get_if<history::ClockSample>(&record.value)) {
        if (sample->agent.empty()) {
            machine_.push_back({record.time, {sample->low, sample->high}});
            return;
        }
        const AgentId agent = model.intern_agent(sample->agent);
        for (Window& window : windows_) {
            if (window.agent != agent || window.to) continue;
            window.skew = {std::min(window.skew.low, sample->low), std::max(window.skew.high, sample->high)};
        }
    }
}

std::optional<ClockSkews::Range> ClockSkews::at(AgentId agent, TrueTime inv, TrueTime res) const {
    std::optional<Range> sum;
    for (const Window& window : windows_) {
        if (window.agent != agent || !window.touches(inv, res)) continue;
        if (!sum) sum = Range{};
        sum->low += std::min(window.skew.low, Duration::zero());
        sum->high += std::max(window.skew.high, Duration::zero());
    }
    return sum;
}

ClockSkews::Range ClockSkews::machine(TrueTime inv, TrueTime res) const {
    // Of two neighbours, either may have been true at the time of the later one.
    auto sample = std::lower_bound(machine_.begin(), machine_.end(), inv,
                                   [](const Sample& one, TrueTime t) { return one.at < t; });
    Range range = sample == machine_.begin() ? Range{} : std::prev(sample)->offset;
    for (; sample != machine_.end() && sample->at <= res; ++sample) {
        range = {std::min(range.low, sample->offset.low), std::max(range.high, sample->offset.high)};
    }
    return range;
}

ClockSkews::Range ClockSkews::together(AgentId agent, TrueTime inv, TrueTime res) const {
    const Range machine = this->machine(inv, res);
    const Range faults = at(agent, inv, res).value_or(Range{});
    return {machine.low + faults.low, machine.high + faults.high};
}

ClockClaim::ClockClaim(const Claim& claim) : error(std::chrono::milliseconds{100}), drift(500) {
    if (!claim.parameters.is_object()) return;
    const Json given = claim.parameters.value("error", Json());
    if (given.is_number_integer()) error = Duration{given.get<std::int64_t>()};
    if (given.is_string()) {
        if (const auto parsed = parse_duration(given.get_ref<const std::string&>())) error = *parsed;
    }
    const Json rate = claim.parameters.value("drift", Json());
    if (rate.is_number()) drift = std::clamp(rate.get<double>(), 0.0, 1e6);
}

// --- C1 -----------------------------------------------------------------------------------------------------------

void ClockJustified::on_decision(const Decision& decision) {
    if (!covers(decision.agent) || !model().run().wall_at_zero || decision.answer == refused_answer) return;
    const std::optional<State> state = decision.input == no_input ? std::nullopt : state_of(model(), decision);
    const std::optional<BundleId> timed = state ? time_dependent(model(), decision, *state) : std::nullopt;
    if (!decision.clock && !timed) return;
    const std::optional<ClockSkews::Range> skew = skews_.at(decision.agent, decision.inv, decision.res);
    const ClockWindow allowed =
        window_of(model(), decision, clock_.error, skews_.together(decision.agent, decision.inv, decision.res));
    bool reading_is_right = true;
    Duration off{};
    if (decision.clock) {
        if (*decision.clock < allowed.from) off = *decision.clock - allowed.from;
        if (*decision.clock > allowed.to) off = *decision.clock - allowed.to;
        reading_is_right = off == Duration::zero();
    }
    bool verdict_is_right = true;
    if (timed) {
        const std::optional<ClockWindow> when = decision.clock ? ClockWindow{*decision.clock} : allowed;
        verdict_is_right = admits(model(), decision.input, *state, when, decision.answer).value_or(true);
    }
    exercised(decision.agent);
    if (reading_is_right && verdict_is_right) return episodes_.clean(decision.agent, decision.inv);
    auto& episode = episodes_.hit(decision.agent, reading_is_right ? 1 : 0, decision.inv, decision.res);
    if (episode.count == 1) {
        const BundleId bundle = timed ? *timed : decision.seen.empty() ? 0 : decision.seen.front().bundle;
        const OperationNote note = note_of(decision, decision.of(bundle));
        const ClockSkews::Range machine = skews_.machine(decision.inv, decision.res);
        episode.detail = {note, bundle, decision.clock, allowed, skew, machine, !verdict_is_right, off, {}};
    }
    if (timed && !verdict_is_right) {
        const auto right = possible_answers(model(), decision.input, *state, allowed);
        if (right.size() == 1) episode.detail.wrongs.add(model(), decision.input, decision.answer, right[0]);
    }
    hit(decision.index);
}

std::vector<Violation> ClockJustified::violations() const {
    std::vector<Violation> violations;
    for (const auto& episode : episodes_.all()) {
        const Detail& detail = episode.detail;
        const Agent& agent = model().agent(detail.note.agent);
        const Timeline timeline{detail.note.inv};
        Violation violation;
        violation.agent = agent.name();
        violation.from = episode.from;
        violation.to = episode.to;
        violation.count = episode.count;
        violation.wrongly_allowed = detail.wrongs.allowed;
        violation.wrongly_denied = detail.wrongs.denied;
        Witness witness;
        if (model().bundle_count() > 0) witness.add(model(), detail.bundle, detail.note.number);
        violation.witness = witness.add(detail.note).indexes();
        const std::string when = fmt::format("{} .. {}, {}", run_time(episode.from), run_time(episode.to),
                                             counted(episode.count, "decision"));
        violation.summary =
            detail.off != Duration::zero()
                ? fmt::format("{}'s policy read a clock that is {} beyond what its clock may have shown, {}", agent.name(),
                              signed_seconds(detail.off), when)
                : fmt::format("{} gave a verdict that its revision gives at no time that its clock may have shown, {}: {}",
                              agent.name(), when, detail.wrongs.tell());
        std::vector<std::string>& proof = violation.proof;
        const bool shows_revision = model().bundle_count() > 0 && detail.note.number != nothing_active;
        proof.push_back((shows_revision
                             ? tell_operation(model(), timeline, detail.note, detail.bundle)
                             : fmt::format("{} answered {} in record {}, {}", agent.name(),
                                           model().answers().text(detail.note.answer), detail.note.index,
                                           timeline.span(detail.note.inv, detail.note.res))) +
                        "; its begin is t = 0.");
        const std::string own = wall_error(model()) > Duration::zero()
                                    ? fmt::format(", the run's own clock is known to {}", format_duration(wall_error(model())))
                                    : std::string{};
        const std::string fault = detail.skew ? fmt::format("a fault may have moved it by {} .. {}",
                                                            signed_seconds(detail.skew->low), signed_seconds(detail.skew->high))
                                              : std::string("no fault touched the clock");
        const std::string machine =
            detail.machine == ClockSkews::Range{}
                ? std::string{}
                : fmt::format(", the machine's own clock was {} .. {} off it", signed_seconds(detail.machine.low),
                              signed_seconds(detail.machine.high));
        proof.push_back(fmt::format("The run's wall clock showed {} .. {} then{}. The claim grants agents an error of {}{}, and "
                                    "{}: the agent's clock may have shown {} .. {}.",
                                    format_wall(wall_at(model(), detail.note.inv)), format_wall(wall_at(model(), detail.note.res)),
                                    machine, format_duration(clock_.error), own, fault, format_wall(detail.allowed.from),
                                    format_wall(detail.allowed.to)));
        if (detail.reading) {
            proof.push_back(fmt::format("The policy read {}{}.", format_wall(*detail.reading),
                                        detail.verdict ? ", for which its revision gives another verdict" : ""));
        } else {
            proof.push_back("For no instant of that time does its revision give this verdict, give or take a microsecond.");
        }
        proof.push_back(fmt::format(
            "Not explained by: a fault ({}), the width of the interval (all of it was allowed), the revision ({}).",
            detail.skew ? "its skew is part of what was allowed" : "none moved this clock",
            detail.verdict ? "the verdict was judged by the one that the decision shows" : "a reading does not depend on it"));
        proof.push_back(detail.off == Duration::zero()
                            ? std::string("Nearest passing history: had the verdict been another.")
                            : fmt::format("Nearest passing history: had the reading been {} nearer.",
                                          format_seconds(std::max(detail.off, -detail.off))));
        violations.push_back(std::move(violation));
    }
    return violations;
}

// --- C3 -----------------------------------------------------------------------------------------------------------

void ClockExposure::Exposed::add(const Model& model, const Decision& decision, AnswerId right) {
    ++decisions;
    from = std::min(from, decision.inv);
    to = std::max(to, decision.res);
    wrongs.add(model, decision.input, decision.answer, right);
}

void ClockExposure::on_decision(const Decision& decision) {
    if (!covers(decision.agent) || !model().run().wall_at_zero) return;
    if (agents_.size() <= decision.agent) agents_.resize(decision.agent + 1);
    PerAgent& agent = agents_[decision.agent];
    const ClockSkews::Range machine = skews_.machine(decision.inv, decision.res);
    if (decision.clock) {
        const Duration low = *decision.clock - wall_at(model(), decision.res) - machine.high;
        const Duration high = *decision.clock - wall_at(model(), decision.inv) - machine.low;
        ++agent.readings;
        exercised(decision.agent);
        const Duration error = low > Duration::zero() ? low : high < Duration::zero() ? -high : Duration::zero();
        if (error >= noticeable) {
            if (!agent.first_off) agent.first_off = decision.res;
            agent.last_off = decision.inv;
        }
        agent.largest = std::max(agent.largest, error);
    }
    if (decision.input == no_input || decision.answer == refused_answer) return;
    const std::optional<State> state = state_of(model(), decision);
    if (!state || !time_dependent(model(), decision, *state)) return;
    if (!decision.clock) exercised(decision.agent);
    const auto right = possible_answers(model(), decision.input, *state, window_of(model(), decision, clock_.error, machine));
    const bool exposed = !right.empty() && std::find(right.begin(), right.end(), decision.answer) == right.end();
    for (std::size_t i = 0; i < skews_.windows().size(); ++i) {
        const ClockSkews::Window& window = skews_.windows()[i];
        if (window.agent != decision.agent || !window.touches(decision.inv, decision.res)) continue;
        if (faults_.size() <= i) faults_.resize(i + 1);
        ++faults_[i].decisions;
        faults_[i].exposed += exposed ? 1 : 0;
    }
    const std::optional<ClockSkews::Range> skew = skews_.at(decision.agent, decision.inv, decision.res);
    if (!exposed || !skew) return;
    const std::optional<ClockWindow> when =
        decision.clock ? ClockWindow{*decision.clock}
                       : window_of(model(), decision, clock_.error,
                                   skews_.together(decision.agent, decision.inv, decision.res));
    if (admits(model(), decision.input, *state, when, decision.answer).value_or(false)) {
        agent.exposed.add(model(), decision, right.size() == 1 ? right[0] : decision.answer);
    }
}

Json ClockExposure::measured() const {
    Json values = Json::object();
    for (AgentId id = 0; id < agents_.size(); ++id) {
        const PerAgent& agent = agents_[id];
        if (agent.readings == 0 && agent.exposed.decisions == 0) continue;
        Json& one = values["agents"][model().agent(id).name()];
        one = {{"readings", agent.readings}, {"largest_error_ns", agent.largest.count()}};
        if (agent.first_off) one["off_from_ns"] = nanos_of(*agent.first_off);
        if (agent.last_off) one["off_to_ns"] = nanos_of(*agent.last_off);
        if (agent.exposed.decisions == 0) continue;
        one["only_by_skew"] = {{"decisions", agent.exposed.decisions},
                               {"wrongly_allowed", agent.exposed.wrongs.allowed},
                               {"wrongly_denied", agent.exposed.wrongs.denied},
                               {"from_ns", nanos_of(agent.exposed.from)},
                               {"to_ns", nanos_of(agent.exposed.to)}};
    }
    for (std::size_t i = 0; i < faults_.size(); ++i) {
        const ClockSkews::Window& window = skews_.windows()[i];
        if (faults_[i].decisions == 0) continue;
        values["by_fault"].push_back({{"fault", window.label},
                                      {"agent", model().agent(window.agent).name()},
                                      {"skew_ns", {window.skew.low.count(), window.skew.high.count()}},
                                      {"time_dependent_decisions", faults_[i].decisions},
                                      {"only_by_skew", faults_[i].exposed}});
    }
    return values;
}

}  // namespace mistrial::checkers
