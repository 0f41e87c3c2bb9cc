#include "checkers/proof.hpp"
#include "checkers/suite_state.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace mistrial::checkers {

namespace {

/// properties.md section 8: what was wrongly let in comes before what was late, and that before what was slow.
constexpr std::array severity{
    "fail-closed",          "authentic-activation", "bounded-staleness",  "no-new-enemy",        "token-freshness",
    "no-lost-publish",      "oracle-correctness",   "atomic-activation",  "monotonic-revisions", "source-fidelity",
    "durable-monotonicity", "revision-validity",    "pinned-snapshot",    "read-your-publishes", "monotonic-reads",
    "fork-freedom",         "split-brain",          "determinism",        "publish-order",       "status-truth",
    "log-completeness",     "log-integrity",        "clock-justified",    "clock-coherence",     "convergence",
    "progress",             "availability",         "status-freshness",   "health-truth",        "linearizability",
    "k-atomicity",          "delta-atomicity",      "visibility",         "log-order",
};

std::size_t severity_of(std::string_view property) {
    return static_cast<std::size_t>(std::find(severity.begin(), severity.end(), property) - severity.begin());
}

constexpr std::int64_t enough_obligations = 20;

bool worse(const Violation& a, const Violation& b) {
    if (a.wrongly_allowed != b.wrongly_allowed) return a.wrongly_allowed > b.wrongly_allowed;
    if (a.wrongly_denied != b.wrongly_denied) return a.wrongly_denied > b.wrongly_denied;
    if (a.count != b.count) return a.count > b.count;
    return a.from < b.from;
}

}  // namespace

bool Suite::State::missed_by_a_fault(const Claim& claim) const {
    for (std::size_t i = 0; i < model.faults().size(); ++i) {
        if (model.faults()[i].bit) continue;
        const std::set<std::string>& agents = model.fault_agents()[i];
        if (agents.empty() || std::any_of(agents.begin(), agents.end(),
                                          [&](const std::string& agent) { return claim.covers_agent(agent); })) {
            return true;
        }
    }
    return false;
}

ClaimResult Suite::State::judge(const Asserted& one) const {
    const Claim& claim = one.claim;
    ClaimResult result;
    result.property = claim.property;
    result.parameters = to_json(Claims{{claim.property, claim}})[claim.property];
    result.reason = Reason::not_exercised;
    if (!one.checker) return result;
    const PropertyChecker& checker = *one.checker;
    result.obligations = checker.obligations();
    bool each = true;
    for (AgentId id = 0; id < model.fleet().size(); ++id) {
        const Agent& agent = model.agent(id);
        const std::int64_t inferred = inference.obligations(claim.property, id);
        result.obligations += inferred;
        if ((!agent.in_run_record && !agent.asked) || !claim.covers_agent(agent.name())) continue;
        result.obligations_by_agent.emplace_back(agent.name(), checker.obligations_of(id) + inferred);
        each = each && checker.obligations_of(id) + inferred > 0;
    }
    std::sort(result.obligations_by_agent.begin(), result.obligations_by_agent.end());
    result.violations = checker.violations();
    for (Violation& violation : inference.violations(claim.property)) result.violations.push_back(std::move(violation));
    std::stable_sort(result.violations.begin(), result.violations.end(), worse);
    if (!result.violations.empty()) {
        result.validity = Validity::invalid;
        result.reason = Reason::none;
    } else if (!each || result.obligations < enough_obligations) {
        result.reason = checker.unfinished() == Reason::none ? Reason::not_exercised : checker.unfinished();
    } else if (checker.unfinished() != Reason::none) {
        result.reason = checker.unfinished();
    } else if (missed_by_a_fault(claim)) {
        result.reason = Reason::fault_did_not_bite;
    } else {
        result.validity = Validity::valid;
        result.reason = Reason::none;
    }
    return result;
}

Measured Suite::State::measure(const PropertyChecker& checker) {
    Measured measured{checker.claim().property, checker.obligations(), Json::object()};
    const std::vector<Violation> violations = checker.violations();
    std::int64_t operations_hit = 0;
    for (const Violation& violation : violations) operations_hit += violation.count;
    measured.values = {{"violations", violations.size()}, {"operations", operations_hit}};
    if (!violations.empty()) {
        const auto worst = std::min_element(violations.begin(), violations.end(), worse);
        measured.values["worst"] = worst->summary;
    }
    measured.values.update(checker.measured());
    return measured;
}

std::vector<std::string> Suite::State::notes_on_operations() const {
    std::vector<std::string> notes;
    if (operations.without_invoke() > 0) {
        const auto without = static_cast<std::int64_t>(operations.without_invoke());
        notes.push_back(fmt::format(
            "{} {} no invoke record: each was taken to have begun as early as its process, its due time and its timeout allow, "
            "which accuses nobody but finds less",
            counted(without, "operation"), without == 1 ? "has" : "have"));
    }
    if (operations.unfinished() > 0) {
        notes.push_back(fmt::format("{} never completed", counted(static_cast<std::int64_t>(operations.unfinished()), "operation")));
    }
    return notes;
}

std::vector<std::string> Suite::State::notes_on_names(const Claim& claim) const {
    std::vector<std::string> notes;
    for (const std::string& name : claim.agents) {
        Claim one;
        one.agents = {name};
        bool known = false;
        for (AgentId id = 0; id < model.fleet().size(); ++id) known = known || one.covers_agent(model.agent(id).name());
        if (!known) notes.push_back(fmt::format("{} is claimed of agent {}: there is no such agent in this history", claim.property, name));
    }
    for (const std::string& name : claim.bundles) {
        if (model.find_bundle(name) != Names::none) continue;
        notes.push_back(fmt::format("{} is claimed of bundle {}: there is no such bundle in this history", claim.property, name));
    }
    return notes;
}

void Suite::State::end() {
    // Nothing came: what is claimed is unknown all the same.
    if (!started) {
        empty = true;
        (void)start(nullptr, 0);
    }
    tell([](PropertyChecker& checker) { checker.finish(); });
    inference.finish([this](std::string_view property) {
        std::vector<std::string> agents;
        for (const Asserted& one : asserted) {
            if (one.claim.property != property || !one.checker) continue;
            for (const Violation& violation : one.checker->violations()) agents.push_back(violation.agent);
        }
        return agents;
    });
}

Judgement Suite::State::judgement(std::span<State* const> states) {
    struct Claimed {
        const State* state;
        const Asserted* one;
    };
    std::vector<Claimed> claimed;
    std::vector<const PropertyChecker*> unclaimed;
    for (const State* state : states) {
        for (const Asserted& one : state->asserted) claimed.push_back({state, &one});
        for (const auto& checker : state->unclaimed) unclaimed.push_back(checker.get());
    }
    // As one suite would have them: claims by name, the others in the order of the catalogue.
    std::sort(claimed.begin(), claimed.end(),
              [](const Claimed& a, const Claimed& b) { return a.one->claim.property < b.one->claim.property; });
    std::sort(unclaimed.begin(), unclaimed.end(), [](const PropertyChecker* a, const PropertyChecker* b) {
        return find_property(a->claim().property) < find_property(b->claim().property);
    });

    Judgement judgement;
    const auto take_notes = [&](std::vector<std::string> notes) {
        judgement.notes.insert(judgement.notes.end(), notes.begin(), notes.end());
    };
    if (states.front()->empty) judgement.notes.emplace_back("the history is empty");
    for (const Claimed& claim : claimed) {
        judgement.claims.push_back(claim.state->judge(*claim.one));
        if (!claim.state->empty) take_notes(claim.state->notes_on_names(claim.one->claim));
        if (!claim.one->checker) {
            judgement.notes.push_back(fmt::format("{} is claimed, but this version has no checker for it", claim.one->claim.property));
        }
    }
    std::stable_sort(judgement.claims.begin(), judgement.claims.end(), [](const ClaimResult& a, const ClaimResult& b) {
        if (a.validity != b.validity) return a.validity > b.validity;
        return severity_of(a.property) < severity_of(b.property);
    });
    judgement.validity = judgement.claims.empty() ? Validity::unknown : Validity::valid;
    for (const ClaimResult& claim : judgement.claims) judgement.validity = judgement.validity | claim.validity;
    for (const PropertyChecker* checker : unclaimed) judgement.measured.push_back(measure(*checker));
    for (const Claimed& claim : claimed) {
        if (!claim.one->checker) continue;
        take_notes(claim.one->checker->notes());
        Json left = claim.one->checker->set_aside();
        if (left.is_null()) continue;
        judgement.measured.push_back({claim.one->claim.property, claim.one->checker->obligations(), std::move(left)});
    }
    for (const PropertyChecker* checker : unclaimed) take_notes(checker->notes());

    const State& any = *states.front();
    judgement.faults.assign(any.model.faults().begin(), any.model.faults().end());
    judgement.counts = any.counts.to_json();
    judgement.golden_signals = any.golden_signals.to_json(any.last);
    take_notes(any.notes_on_operations());
    for (BundleId bundle = 0; bundle < any.model.bundle_count(); ++bundle) {
        for (RevisionNumber number = 1; number <= any.model.bundle(bundle).newest(); ++number) {
            const auto& index = any.model.bundle(bundle).revision(number).first_shown_index;
            if (index) judgement.first_sights.push_back(*index);
        }
    }
    return judgement;
}

Judgement Suite::finish() {
    state_->end();
    State* const states[] = {state_.get()};
    return State::judgement(states);
}

}  // namespace mistrial::checkers
