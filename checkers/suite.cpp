#include "checkers/checker.hpp"
#include "checkers/golden_signals.hpp"
#include "checkers/inference.hpp"
#include "checkers/linearizability/collection.hpp"
#include "checkers/model.hpp"
#include "checkers/operations.hpp"
#include "checkers/registry.hpp"

#include <algorithm>
#include <array>

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

struct Suite::State {
    struct Asserted {
        Claim claim;
        std::unique_ptr<PropertyChecker> checker;  ///< empty when this version has none
    };

    explicit State(Options given) : options(std::move(given)), inference(model) {}

    Options options;
    Model model;
    Operations operations;
    GoldenSignals golden_signals;
    Counts counts;
    Inference inference;
    std::vector<Asserted> asserted;
    std::vector<std::unique_ptr<PropertyChecker>> unclaimed;  ///< judged properties that nobody claimed: measured
    std::vector<PropertyChecker*> checkers;
    bool started = false;
    TrueTime last;

    [[nodiscard]] bool wanted(std::string_view property) const;
    [[nodiscard]] Result<> start(const history::Record& first);
    void adopt(PropertyChecker& checker);
    [[nodiscard]] Result<> dispatch(const history::Record& record);
    [[nodiscard]] Result<> publish(const history::Publish& publish, const history::Record& record);
    [[nodiscard]] Result<> decide(const history::Decide& decide, const history::Record& record);
    void answered(const history::Decide& decide, const history::Record& record, const Operations::Begin& begin);
    void status(const history::Status& status, const history::Record& record);
    [[nodiscard]] Result<> health(const history::Health& health, const history::Record& record);
    void log(const history::Log& log, const history::Record& record);
    [[nodiscard]] Result<> call(const history::Record& record);
    /// Something in [inv, at] shows that the agent runs; begun nobody knows when: TrueTime::min().
    void heard_of(AgentId agent, const std::optional<std::string>& incarnation, TrueTime inv, TrueTime at) {
        if (!model.lives().heard_of(agent, incarnation, inv, at)) return;
        tell([](PropertyChecker& checker) { checker.on_late_excuse(); });
    }

    [[nodiscard]] ClaimResult judge(const Asserted& one) const;
    [[nodiscard]] bool missed_by_a_fault(const Claim& claim) const;
    [[nodiscard]] std::vector<Measured> measured() const;
    [[nodiscard]] std::vector<std::string> notes() const;

    template <class Tell>
    void tell(const Tell& tell_one) {
        for (PropertyChecker* checker : checkers) tell_one(*checker);
    }
};

bool Suite::State::wanted(std::string_view property) const {
    if (options.only.empty()) return true;
    return std::any_of(options.only.begin(), options.only.end(), [&](const std::string& name) {
        const Property* found = find_property(name);
        return found != nullptr && found->name == property;
    });
}

void Suite::State::adopt(PropertyChecker& checker) {
    checker.listen(options.on_hit);
    checkers.push_back(&checker);
}

Result<> Suite::State::start(const history::Record& first) {
    started = true;
    for (const std::string& name : options.only) {
        if (find_property(name) == nullptr) {
            return fail("there is no property {}; did you mean \"{}\"?", name, nearest_property(name));
        }
    }
    Claims claims;
    const auto* run = std::get_if<history::RunInfo>(&first.value);
    if (options.claims) {
        claims = *options.claims;
    } else if (run != nullptr) {
        const Result<Claims> parsed = parse_claims(run->claims, fmt::format("record {} /value/claims", first.index));
        if (!parsed) return parsed.error();
        claims = *parsed;
    }
    for (const auto& [name, claim] : claims) {
        if (!wanted(name)) continue;
        if (claim.parameters.is_object() && claim.parameters.value("within", Json()) == "derived" && !claim.within) {
            return fail("{} is claimed within \"derived\": that is computed when a scenario is resolved; give a duration here",
                        name);
        }
        asserted.push_back({claim, make_checker(model, claim)});
        if (asserted.back().checker) adopt(*asserted.back().checker);
        inference.hold_to(claim);
    }
    inference.listen(options.on_hit);
    for (const Property& property : catalogue()) {
        const std::string name{property.name};
        if (claims.contains(name) || !wanted(name)) continue;
        Claim unasserted;
        unasserted.property = name;
        if (auto checker = make_checker(model, unasserted)) {
            adopt(*checker);
            unclaimed.push_back(std::move(checker));
        }
    }
    return {};
}

Result<> Suite::State::dispatch(const history::Record& record) {
    const bool first = !started;
    if (first) {
        if (const Result<> begun = start(record); !begun) return begun;
    } else if (record.time < last) {
        return fail("record {}: time runs backwards, from {} ns to {} ns", record.index, nanos_of(last),
                    nanos_of(record.time));
    }
    last = record.time;
    model.at(record.time, record.index);
    counts.add(record);

    using namespace history;
    if (const auto* value = std::get_if<Decide>(&record.value)) return decide(*value, record);
    if (const auto* value = std::get_if<Publish>(&record.value)) return publish(*value, record);
    if (const auto* run = std::get_if<RunInfo>(&record.value)) {
        if (!first) return fail("record {}: a run record must be the first", record.index);
        if (const Result<> read = model.run_record(*run); !read) return with_context(fmt::format("record {}", record.index), read.error());
        return {};
    }
    if (const auto* value = std::get_if<Health>(&record.value)) return health(*value, record);
    if (std::holds_alternative<Barrier>(record.value)) {
        if (record.type == Type::invoke) return operations.invoke(record);
        if (const auto begin = operations.complete(record); !begin) return begin.error();
        tell([&](PropertyChecker& checker) { checker.on_event(record); });
        return {};
    }
    if (const auto* value = std::get_if<Status>(&record.value)) {
        status(*value, record);
        return {};
    }
    if (const auto* value = std::get_if<Log>(&record.value)) {
        log(*value, record);
        return {};
    }
    if (linearizability::is_call(record)) return call(record);
    if (const auto* serve = std::get_if<Serve>(&record.value)) {
        model.serve(*serve, record);
    } else if (const auto* boot = std::get_if<Boot>(&record.value)) {
        model.boot(*boot, record.time);
        tell([](PropertyChecker& checker) { checker.on_late_excuse(); });
    } else if (const auto* death = std::get_if<Death>(&record.value)) {
        model.death(*death, record.time);
    } else if (const auto* stall = std::get_if<Stall>(&record.value)) {
        model.stall(stall->began, record.time);
        tell([](PropertyChecker& checker) { checker.on_late_excuse(); });
    } else if (const auto* fault = std::get_if<Fault>(&record.value)) {
        model.fault(*fault, record);
    } else if (const auto* upload = std::get_if<LogUpload>(&record.value)) {
        const AgentId agent = model.intern_agent(upload->agent);
        if (upload->incarnation) heard_of(agent, upload->incarnation, TrueTime::min(), record.time);
        model.logs().uploaded(agent);
    }
    tell([&](PropertyChecker& checker) { checker.on_event(record); });
    return {};
}

Result<> Suite::State::publish(const history::Publish& value, const history::Record& record) {
    const auto begins = [&](TrueTime inv, std::uint64_t index) -> Result<> {
        const auto begun = model.publish_begins(value, index, inv);
        if (!begun) return with_context(fmt::format("record {}", record.index), begun.error());
        tell([&](PropertyChecker& checker) { checker.on_publish_begins(begun->first, begun->second); });
        return {};
    };
    if (record.type == history::Type::invoke) {
        if (const Result<> paired = operations.invoke(record); !paired) return paired;
        return begins(record.time, record.index);
    }
    const Result<Operations::Begin> begin = operations.complete(record);
    if (!begin) return begin.error();
    if (!begin->invoke_index) {
        model.publishes_begin_unseen();
        if (const Result<> begun = begins(begin->inv, record.index); !begun) return begun;
    }
    if (const auto ended = model.publish_ends(value, record)) {
        const auto [bundle, number] = *ended;
        tell([&](PropertyChecker& checker) { checker.on_publish_ends(bundle, number); });
    }
    return {};
}

Result<> Suite::State::decide(const history::Decide& value, const history::Record& record) {
    const AgentId agent = model.intern_agent(value.agent);
    model.lives().agent(agent).asked = true;
    const SessionId session = model.intern_session(record.session);
    const auto invoked = [&](TrueTime inv) {
        golden_signals.invoked(record);
        const Key nonce = value.nonce ? key_of(*value.nonce) : Key{};
        if (model.logs().active() && nonce.is_set()) model.logs().asked(nonce);
        const Invocation invocation{record.index, inv, record.sched.value_or(inv), agent, session, nonce};
        tell([&](PropertyChecker& checker) { checker.on_invocation(invocation); });
    };
    if (record.type == history::Type::invoke) {
        if (const Result<> paired = operations.invoke(record); !paired) return paired;
        invoked(record.time);
        return {};
    }
    const Result<Operations::Begin> begin = operations.complete(record);
    if (!begin) return begin.error();
    if (!begin->invoke_index) invoked(begin->inv);
    golden_signals.completed(record, begin->invoke_index ? begin->inv : record.time);
    if (record.type == history::Type::fail && record.error != "no-process" &&
        model.lives().refuses_connection(agent, record.time)) {
        tell([](PropertyChecker& checker) { checker.on_late_excuse(); });
    }
    if (record.type != history::Type::ok) {
        const Unanswered unanswered{record.index,
                                    begin->inv,
                                    record.time,
                                    record.sched.value_or(begin->inv),
                                    agent,
                                    session,
                                    record.type == history::Type::info,
                                    value.nonce ? key_of(*value.nonce) : Key{},
                                    begin->invoke_index,
                                    record.error != "no-process"};
        tell([&](PropertyChecker& checker) { checker.on_unanswered(unanswered); });
        return {};
    }
    if (!value.answer) {
        return fail("record {}: an ok decide without \"verdict\", \"undefined\" or \"refused\"", record.index);
    }
    answered(value, record, *begin);
    return {};
}

void Suite::State::answered(const history::Decide& value, const history::Record& record, const Operations::Begin& begin) {
    const AgentId agent = model.intern_agent(value.agent);
    const std::vector<Seen>& seen = model.resolve(agent, value.revisions, value.markers);
    for (const Seen& one : seen) {
        if (one.state == Seen::State::known) model.observed(one.bundle, one.number, record);
    }
    heard_of(agent, value.incarnation, begin.inv, record.time);
    const Decision decision{
        .index = record.index,
        .invoke_index = begin.invoke_index,
        .inv = begin.inv,
        .res = record.time,
        .due = record.sched.value_or(begin.inv),
        .agent = agent,
        .incarnation = model.lives().incarnation_of(agent, value.incarnation, begin.inv, record.time),
        .session = model.intern_session(record.session),
        .input = model.intern_input(value),
        .path = model.intern_path(value.path),
        .answer = model.intern_answer(*value.answer),
        .clock = value.agent_time,
        .decision_id = value.decision_id ? key_of(*value.decision_id) : Key{},
        .nonce = value.nonce ? key_of(*value.nonce) : Key{},
        .at_least = value.at_least ? &*value.at_least : nullptr,
        .exactly = value.exactly ? &*value.exactly : nullptr,
        .seen = seen,
    };
    model.shows(decision);
    if (model.logs().active()) model.logs().answered(decision, model.named_revisions(agent, seen));
    tell([&](PropertyChecker& checker) { checker.on_decision(decision); });
    inference.on_decision(decision);
    model.lives().answers(agent, record.time);
}

void Suite::State::status(const history::Status& value, const history::Record& record) {
    const AgentId agent = model.intern_agent(value.agent);
    const std::vector<Seen> seen = model.resolve(agent, value.revisions, {});
    for (const Seen& one : seen) {
        if (one.state == Seen::State::known) model.observed(one.bundle, one.number, record);
    }
    heard_of(agent, value.incarnation, TrueTime::min(), record.time);
    const StatusReport report{
        .index = record.index,
        .at = record.time,
        .agent = agent,
        .incarnation = model.lives().incarnation_at(agent, value.incarnation, record.time),
        .names_incarnation = value.incarnation && is_named(*value.incarnation),
        .has_errors = value.errors.has_value(),
        .seen = seen,
    };
    model.shows(report);
    tell([&](PropertyChecker& checker) { checker.on_status(report); });
    inference.on_status(report);
}

Result<> Suite::State::health(const history::Health& value, const history::Record& record) {
    if (record.type == history::Type::invoke) return operations.invoke(record);
    const Result<Operations::Begin> begin = operations.complete(record);
    if (!begin) return begin.error();
    if (record.type != history::Type::ok || !value.status) return {};
    const AgentId agent = model.intern_agent(value.agent);
    heard_of(agent, value.incarnation, TrueTime::min(), record.time);
    const HealthReport report{
        .index = record.index,
        .invoke_index = begin->invoke_index,
        .inv = begin->inv,
        .res = record.time,
        .agent = agent,
        .incarnation = model.lives().incarnation_of(agent, value.incarnation, begin->inv, record.time),
        .query = value.query,
        .status = *value.status,
    };
    tell([&](PropertyChecker& checker) { checker.on_health(report); });
    return {};
}

void Suite::State::log(const history::Log& value, const history::Record& record) {
    const AgentId agent = model.intern_agent(value.agent);
    if (value.incarnation) heard_of(agent, value.incarnation, TrueTime::min(), record.time);
    const std::vector<Seen> seen = model.resolve_logged(value.revisions);
    const LogEvent event{
        .index = record.index,
        .at = record.time,
        .agent = agent,
        .incarnation = value.incarnation ? model.lives().incarnation_at(agent, value.incarnation, record.time) : no_incarnation,
        .decision_id = value.decision_id ? key_of(*value.decision_id) : Key{},
        .nonce = value.nonce ? key_of(*value.nonce) : Key{},
        .input = value.input_id ? model.intern_input(*value.input_id) : no_input,
        .path = model.intern_path(value.path),
        .answer = value.verdict ? model.intern_answer(*value.verdict) : no_answer,
        .clock = value.agent_time,
        .upload = value.upload,
        .seen = seen,
    };
    if (model.logs().active()) model.logs().arrived(event, model.named_revisions(agent, seen));
    tell([&](PropertyChecker& checker) { checker.on_log(event); });
}

Result<> Suite::State::call(const history::Record& record) {
    if (record.type == history::Type::invoke) {
        if (const Result<> paired = operations.invoke(record); !paired) return paired;
        tell([&](PropertyChecker& checker) { checker.on_call_begins(record); });
        return {};
    }
    const Result<Operations::Begin> begin = operations.complete(record);
    if (!begin) return begin.error();
    tell([&](PropertyChecker& checker) { checker.on_call_ends(record, begin->inv, begin->invoke_index); });
    return {};
}

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

std::vector<Measured> Suite::State::measured() const {
    std::vector<Measured> all;
    for (const auto& checker : unclaimed) {
        Measured measured{checker->claim().property, checker->obligations(), Json::object()};
        const std::vector<Violation> violations = checker->violations();
        std::int64_t operations_hit = 0;
        for (const Violation& violation : violations) operations_hit += violation.count;
        measured.values = {{"violations", violations.size()}, {"operations", operations_hit}};
        if (!violations.empty()) {
            const auto worst = std::min_element(violations.begin(), violations.end(), worse);
            measured.values["worst"] = worst->summary;
        }
        measured.values.update(checker->measured());
        all.push_back(std::move(measured));
    }
    for (const Asserted& one : asserted) {
        Json left = one.checker ? one.checker->set_aside() : Json();
        if (!left.is_null()) all.push_back({one.claim.property, one.checker->obligations(), std::move(left)});
    }
    return all;
}

std::vector<std::string> Suite::State::notes() const {
    std::vector<std::string> notes;
    for (const Asserted& one : asserted) {
        if (one.checker) continue;
        notes.push_back(fmt::format("{} is claimed, but this version has no checker for it", one.claim.property));
    }
    for (const PropertyChecker* checker : checkers) {
        for (std::string& note : checker->notes()) notes.push_back(std::move(note));
    }
    if (operations.without_invoke() > 0) {
        notes.push_back(fmt::format(
            "{} operations have no invoke record: each was taken to have begun as early as its process, its due time and "
            "its timeout allow, which accuses nobody but finds less",
            operations.without_invoke()));
    }
    if (operations.unfinished() > 0) {
        notes.push_back(fmt::format("{} operations never completed", operations.unfinished()));
    }
    return notes;
}

Suite::Suite() : Suite(Options{}) {}
Suite::Suite(Options options) : state_(std::make_unique<State>(std::move(options))) {}
Suite::~Suite() = default;
Suite::Suite(Suite&&) noexcept = default;
Suite& Suite::operator=(Suite&&) noexcept = default;

Result<> Suite::on(const history::Record& record) { return state_->dispatch(record); }

Judgement Suite::finish() {
    State& state = *state_;
    state.tell([](PropertyChecker& checker) { checker.finish(); });
    state.inference.finish();
    Judgement judgement;
    for (const State::Asserted& asserted : state.asserted) judgement.claims.push_back(state.judge(asserted));
    std::stable_sort(judgement.claims.begin(), judgement.claims.end(), [](const ClaimResult& a, const ClaimResult& b) {
        if (a.validity != b.validity) return a.validity > b.validity;
        return severity_of(a.property) < severity_of(b.property);
    });
    judgement.validity = judgement.claims.empty() ? Validity::unknown : Validity::valid;
    for (const ClaimResult& claim : judgement.claims) judgement.validity = judgement.validity | claim.validity;
    judgement.measured = state.measured();
    judgement.faults.assign(state.model.faults().begin(), state.model.faults().end());
    judgement.counts = state.counts.to_json();
    judgement.golden_signals = state.golden_signals.to_json(state.last);
    judgement.notes = state.notes();
    for (BundleId bundle = 0; bundle < state.model.bundle_count(); ++bundle) {
        for (RevisionNumber number = 1; number <= state.model.bundle(bundle).newest(); ++number) {
            const auto& index = state.model.bundle(bundle).revision(number).first_shown_index;
            if (index) judgement.first_sights.push_back(*index);
        }
    }
    return judgement;
}

}  // namespace mistrial::checkers
