#include "checkers/audit_log.hpp"

#include <algorithm>

/// What the decision log says (G2), and in which order it says it (G3).
namespace mistrial::checkers {

namespace {

constexpr Duration unclaimed_within = std::chrono::seconds{10};

}  // namespace

// --- G2 ---------------------------------------------------------------------------------------------------------

LogIntegrity::LogIntegrity(Model& model, Claim given)
    : PropertyChecker(model, std::move(given)),
      duplicates_(!claim().parameters.is_object() || claim().parameters.value("duplicates", Json(true)) != false) {
    model.logs().subscribe(*this, unclaimed_within, false);
}

LogIntegrity::Nameless& LogIntegrity::of(AgentId agent) {
    if (agents_.size() <= agent) agents_.resize(agent + 1);
    return agents_[agent];
}

void LogIntegrity::on_invocation(const Invocation& invocation) {
    Nameless& agent = of(invocation.agent);
    ++agent.open;
    agent.asked_without_nonce = agent.asked_without_nonce || !invocation.nonce.is_set();
}

void LogIntegrity::on_decision(const Decision& decision) {
    Nameless& agent = of(decision.agent);
    --agent.open;
    agent.without_nonce = agent.without_nonce || !decision.nonce.is_set();
    agent.without_both = agent.without_both || (!decision.decision_id.is_set() && !decision.nonce.is_set());
}

void LogIntegrity::on_unanswered(const Unanswered& unanswered) {
    Nameless& agent = of(unanswered.agent);
    --agent.open;
    if (unanswered.may_have_begun && !unanswered.nonce.is_set()) agent.unanswered_without_nonce = true;
}

bool LogIntegrity::differs(const AwaitedLog::Entry& decision, const LoggedEvent& event) const {
    const LoggedDecision& detail = decision.detail;
    return (event.path != 0 && detail.path != 0 && event.path != detail.path) ||
           (event.input != no_input && detail.input != no_input && event.input != detail.input) ||
           (event.answer != no_answer && event.answer != detail.answer) ||
           model().logs().revisions_differ(event.revisions, detail.revisions);
}

std::vector<std::string> LogIntegrity::differences(const AwaitedLog::Entry& decision, const LoggedEvent& event) const {
    const LoggedDecision& detail = decision.detail;
    std::vector<std::string> all;
    const auto add = [&](std::string_view what, const std::string& logged, const std::string& answered) {
        all.push_back(fmt::format("{} {} where it was {}", what, logged, answered));
    };
    if (event.path != 0 && detail.path != 0 && event.path != detail.path) {
        add("path", model().path_name(event.path), model().path_name(detail.path));
    }
    if (event.input != no_input && detail.input != no_input && event.input != detail.input) {
        add("input", model().input_name(event.input), model().input_name(detail.input));
    }
    if (event.answer != no_answer && event.answer != detail.answer) {
        add("verdict", model().answers().text(event.answer), model().answers().text(detail.answer));
    }
    if (model().logs().revisions_differ(event.revisions, detail.revisions)) {
        add("revision", model().logs().tell_revisions(event.revisions), model().logs().tell_revisions(detail.revisions));
    }
    return all;
}

void LogIntegrity::on_logged(const AwaitedLog::Entry& decision, const LoggedEvent& event, bool first) {
    if (!covers(event.agent)) return;
    exercised(event.agent);
    if (!first) ++twice_;
    const bool wrong = differs(decision, event);
    if (!wrong && (first || duplicates_)) return episodes_.clean(event.agent, event.at);
    const auto kind = static_cast<std::uint64_t>(wrong ? Kind::differs : Kind::twice);
    auto& episode = episodes_.hit(event.agent, kind, event.at, event.at);
    Detail& detail = episode.detail;
    if (episode.count == 1) {
        detail.decision = decision;
        detail.event = event;
        if (wrong) detail.differences = differences(decision, event);
    }
    hit(event.index);
}

bool LogIntegrity::is_phantom(const LoggedEvent& event) const {
    const LogLedger& ledger = model().logs();
    const bool id = event.decision_id.is_set();
    // Whoever else asks the agent is not in the history, and puts no nonce into the input.
    if (!event.nonce.is_set() || !event.told_apart) return false;
    if (id && ledger.may_have_been_answered(event.decision_id)) return false;
    if (ledger.may_have_been_asked(event.nonce)) return false;
    if (event.agent >= agents_.size()) return true;
    const Nameless& agent = agents_[event.agent];
    if (agent.open > 0 && agent.asked_without_nonce) return false;
    return !agent.unanswered_without_nonce && !(id ? agent.without_both : agent.without_nonce);
}

void LogIntegrity::finish() {
    for (const LoggedEvent& event : model().logs().strays()) {
        if (!covers(event.agent)) continue;
        if (!is_phantom(event)) {
            ++untold_;
            continue;
        }
        exercised(event.agent);
        auto& episode = episodes_.hit(event.agent, static_cast<std::uint64_t>(Kind::phantom), event.at, event.at);
        if (episode.count == 1) episode.detail.event = event;
        hit(event.index);
    }
}

Json LogIntegrity::measured() const { return {{"again", twice_}, {"of_no_answer", untold_}}; }

std::vector<Violation> LogIntegrity::violations() const {
    std::vector<Violation> violations;
    for (const auto& episode : episodes_.all()) {
        const Detail& detail = episode.detail;
        const std::string& agent = model().agent(detail.event.agent).name();
        const Timeline timeline{detail.decision ? detail.decision->since : detail.event.at};
        Violation violation;
        violation.agent = agent;
        violation.from = episode.from;
        violation.to = episode.to;
        violation.count = episode.count;
        violation.witness = {detail.event.index};
        const std::string when = fmt::format("{} .. {}, {}", run_time(episode.from), run_time(episode.to),
                                             counted(episode.count, "event"));
        std::vector<std::string>& proof = violation.proof;
        if (detail.decision) {
            const LoggedDecision& decision = detail.decision->detail;
            violation.witness.push_back(decision.index);
            if (decision.invoke_index) violation.witness.push_back(*decision.invoke_index);
            proof.push_back(fmt::format("{} answered {} under {} in record {}, which ended at {}; that is t = 0 below.",
                                        agent, model().answers().text(decision.answer),
                                        model().logs().tell_revisions(decision.revisions), decision.index,
                                        run_time(detail.decision->since)));
            proof.push_back(fmt::format("The event with the same {} is record {}, which arrived at t={} with upload {}.",
                                        decision.by_id ? "decision id" : "nonce", detail.event.index,
                                        timeline.at(detail.event.at), detail.event.upload));
        }
        if (!detail.differences.empty()) {
            const std::string differences = fmt::format("{}", fmt::join(detail.differences, ", "));
            violation.summary =
                fmt::format("the decision log of {} says otherwise than its answers: {}; {}", agent, differences, when);
            proof.push_back(fmt::format("The event names {}. What either of them does not name was not compared.", differences));
            proof.push_back("Not explained by: a repeated upload (repeats are equal), a retry (it would have an id of its own), "
                            "the clock (times were not compared).");
            proof.push_back("Nearest passing history: had the event named what the answer named, or left it out.");
        } else if (detail.decision) {
            violation.summary = fmt::format("the decision log of {} has events twice, {}", agent, when);
            const TrueTime before = detail.decision->arrived;
            proof.push_back(fmt::format("An event of it had come at t={} already; the claim allows no duplicates.",
                                        timeline.at(before)));
            proof.push_back("Nearest passing history: without the second event, or under a claim that allows duplicates.");
            violation.witness.push_back(detail.decision->detail.event);
        } else {
            violation.summary = fmt::format("the decision log of {} has events of requests that nobody made, {}", agent, when);
            proof.push_back(fmt::format("Record {} is an event that arrived at {} with upload {}.", detail.event.index,
                                        run_time(detail.event.at), detail.event.upload));
            proof.push_back("No answer in the history has its decision id, and no request its nonce.");
            proof.push_back("Not explained by: a request that was not answered (those have other nonces, or there is none), a "
                            "duplicate (no decision of this name was ever logged).");
            proof.push_back("Nearest passing history: without the event.");
        }
        std::sort(violation.witness.begin(), violation.witness.end());
        violation.witness.erase(std::unique(violation.witness.begin(), violation.witness.end()), violation.witness.end());
        violations.push_back(std::move(violation));
    }
    return violations;
}

// --- G3 ---------------------------------------------------------------------------------------------------------

LogOrder::LogOrder(Model& model, Claim given) : PropertyChecker(model, std::move(given)) {
    model.logs().subscribe(*this, unclaimed_within, false);
}

void LogOrder::on_logged(const AwaitedLog::Entry& decision, const LoggedEvent& event, bool first) {
    if (!covers(event.agent)) return;
    exercised(event.agent);
    if (agents_.size() <= event.agent) agents_.resize(event.agent + 1);
    PerAgent& agent = agents_[event.agent];
    ++agent.events;
    if (!first) ++agent.again;
    if (event.clock) {
        if (agent.incarnation != decision.detail.incarnation) agent.newest_clock.reset();
        agent.incarnation = decision.detail.incarnation;
        if (agent.newest_clock && *event.clock < *agent.newest_clock) ++agent.by_agent_time;
        agent.newest_clock = std::max(agent.newest_clock.value_or(*event.clock), *event.clock);
    }
    if (event.upload != agent.upload) {
        agent.upload = event.upload;
        agent.begun_before = std::max(agent.begun_before, agent.begun_with);
    }
    if (decision.since < agent.begun_before) ++agent.by_real_time;
    agent.begun_with = std::max(agent.begun_with, decision.detail.inv);
}

Json LogOrder::measured() const {
    Json values = Json::object();
    for (AgentId id = 0; id < agents_.size(); ++id) {
        const PerAgent& agent = agents_[id];
        if (agent.events == 0) continue;
        values["agents"][model().agent(id).name()] = {{"events", agent.events},
                                                      {"again", agent.again},
                                                      {"inversions_by_agent_time", agent.by_agent_time},
                                                      {"inversions_by_real_time", agent.by_real_time}};
    }
    return values;
}

}  // namespace mistrial::checkers
