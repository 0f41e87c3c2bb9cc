#include "checkers/clocks.hpp"
#include "checkers/oracle.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {

using kernels::ClockConstraint;
using kernels::ClockOffsets;

constexpr Duration float_seconds_error = std::chrono::microseconds{1};

}  // namespace

/// What the agent's clock may have read, since the wall time of the run's zero: the reading itself, else whatever justifies
/// a verdict that depends on time. Empty when nothing follows.
ClockConstraint::Intervals ClockCoherence::readings_of(const Decision& decision) const {
    const WallTime zero = *model().run().wall_at_zero;
    ClockConstraint::Intervals readings;
    if (decision.clock) {
        readings.push_back({*decision.clock - zero, *decision.clock - zero});
        return readings;
    }
    if (decision.input == no_input || decision.answer == refused_answer) return readings;
    const std::optional<State> state = state_of(model(), decision);
    if (!state || state->size() != 1 || (*state)[0] == nothing_active) return readings;
    const Input* input = model().input(decision.input);
    if (input != nullptr && input->combine != Input::Combine::single) return readings;
    const ExpectedId expected = model().bundle(model().bundles_of(decision.input)[0]).expected((*state)[0], decision.input);
    if (expected == not_told || model().answers().timeless(expected)) return readings;
    for (const ClockWindow& when : model().answers().when(expected, decision.answer)) {
        const Duration low = when.from == WallTime::min() ? -ClockConstraint::unbounded : when.from - zero - float_seconds_error;
        const Duration high = when.to == WallTime::max() ? ClockConstraint::unbounded : when.to - zero + float_seconds_error;
        readings.push_back({low, high});
    }
    return readings;
}

void ClockCoherence::on_event(const history::Record& record) {
    const std::size_t open_before = static_cast<std::size_t>(
        std::count_if(skews_.windows().begin(), skews_.windows().end(), [](const auto& window) { return !window.to; }));
    skews_.on_event(model(), record);
    const std::size_t open = static_cast<std::size_t>(
        std::count_if(skews_.windows().begin(), skews_.windows().end(), [](const auto& window) { return !window.to; }));
    if (open >= open_before) return;
    // A clock that was moved comes back as near as the claim's error, not exactly.
    for (const ClockSkews::Window& window : skews_.windows()) {
        if (window.to != record.time) continue;
        for (Process& process : processes_) {
            if (!process.offsets || process.agent != window.agent) continue;
            process.offsets->step(record.time, -clock_.error, clock_.error);
        }
    }
}

void ClockCoherence::on_decision(const Decision& decision) {
    if (!covers(decision.agent) || !model().run().wall_at_zero || decision.incarnation == no_incarnation) return;
    ClockConstraint constraint{decision.inv, decision.res, readings_of(decision), decision.index, decision.invoke_index, {}};
    if (constraint.readings.empty()) return;
    // Without faults, on a machine whose clock is the run's, it would have read that much less.
    const ClockSkews::Range skew = skews_.together(decision.agent, decision.inv, decision.res);
    for (auto& reading : constraint.readings) {
        if (reading.low > -ClockConstraint::unbounded) reading.low -= skew.high;
        if (reading.high < ClockConstraint::unbounded) reading.high -= skew.low;
    }
    if (processes_.size() <= decision.incarnation) processes_.resize(decision.incarnation + 1);
    Process& process = processes_[decision.incarnation];
    const bool first = !process.offsets;
    if (first) {
        process.agent = decision.agent;
        process.offsets.emplace(clock_.drift);
        // Its first answers may have begun before a step that nobody could tell it of.
        std::optional<TrueTime> last_step;
        for (const ClockSkews::Window& window : skews_.windows()) {
            if (window.agent == decision.agent && window.to) last_step = std::max(last_step.value_or(*window.to), *window.to);
        }
        if (last_step) process.offsets->step(*last_step, -clock_.error, clock_.error);
    }
    const ClockOffsets::Outcome outcome = process.offsets->constrain(constraint);
    if (!first) exercised(decision.agent);
    if (outcome == ClockOffsets::Outcome::explained) return episodes_.clean(decision.incarnation, decision.inv);
    if (outcome == ClockOffsets::Outcome::untold) {
        ++untold_;
        return;
    }
    auto& episode = episodes_.hit(decision.incarnation, decision.index, decision.inv, decision.res);
    if (episode.count == 1) episode.detail = {process.offsets->contradiction(), decision.agent, decision.incarnation};
    hit(decision.index);
}

Violation ClockCoherence::describe(const kernels::Episodes<Detail>::Episode& episode) const {
    const Detail& detail = episode.detail;
    const std::string& agent = model().agent(detail.agent).name();
    const std::string& process = model().fleet().incarnation_name(detail.incarnation);
    const Timeline timeline{detail.operations.front().inv};
    Violation violation;
    violation.agent = agent;
    violation.from = detail.operations.front().inv;
    violation.to = episode.to;
    violation.count = episode.count;
    violation.summary = fmt::format("no clock explains {}: what {} read between {} and {} contradicts itself", process, agent,
                                    run_time(violation.from), run_time(violation.to));
    for (const ClockConstraint& one : detail.operations) {
        violation.witness.push_back(one.name);
        if (one.invoke) violation.witness.push_back(*one.invoke);
        const auto bound = [](Duration value) {
            return value <= -ClockConstraint::unbounded || value >= ClockConstraint::unbounded ? std::string("any time")
                                                                                                : format_seconds(value);
        };
        std::vector<std::string> readings;
        for (const auto& reading : one.readings) {
            readings.push_back(reading.low == reading.high ? bound(reading.low)
                                                           : fmt::format("{} to {}", bound(reading.low), bound(reading.high)));
        }
        violation.proof.push_back(fmt::format("In record {}, {} (the first begin is t = 0), the clock read {} since the run's "
                                              "zero, without what faults and the machine's own clock did.",
                                              one.name, timeline.span(one.inv, one.res), fmt::join(readings, " or ")));
    }
    if (detail.operations.size() == 2) {
        const ClockConstraint& a = detail.operations[0];
        const ClockConstraint& b = detail.operations[1];
        violation.proof.push_back(fmt::format("Between the two readings {} to {} passed, while the clock went {} to {} on.",
                                              format_seconds(std::max(Duration::zero(), b.inv - a.res)),
                                              format_seconds(b.res - a.inv),
                                              format_seconds(b.readings.front().low - a.readings.back().high),
                                              format_seconds(b.readings.back().high - a.readings.front().low)));
    }
    violation.proof.push_back(fmt::format("The claim grants a drift of {} parts per million.", clock_.drift));
    const bool healed = detail.operations.back().stepped != detail.operations.front().stepped;
    violation.proof.push_back(fmt::format(
        "Not explained by: a restart ({} made all of these decisions), a fault ({}), the width of the intervals (all of it was "
        "allowed).",
        process, healed ? "what healing one may leave is granted" : "none of them set this clock back in between"));
    violation.proof.push_back("Nearest passing history: without the last of these decisions.");
    std::sort(violation.witness.begin(), violation.witness.end());
    violation.witness.erase(std::unique(violation.witness.begin(), violation.witness.end()), violation.witness.end());
    return violation;
}

std::vector<Violation> ClockCoherence::violations() const {
    std::vector<Violation> violations;
    for (const auto& episode : episodes_.all()) violations.push_back(describe(episode));
    return violations;
}

Json ClockCoherence::measured() const {
    Json values = Json::object();
    for (IncarnationId id = 0; id < processes_.size(); ++id) {
        if (!processes_[id].offsets) continue;
        const auto hull = processes_[id].offsets->hull();
        if (!hull || hull->low <= -ClockConstraint::unbounded || hull->high >= ClockConstraint::unbounded) continue;
        values["offset_ns"][model().fleet().incarnation_name(id)] = {hull->low.count(), hull->high.count()};
    }
    values["untold"] = untold_;
    return values;
}

}  // namespace mistrial::checkers
