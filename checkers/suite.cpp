#include "checkers/linearizability/collection.hpp"
#include "checkers/suite_state.hpp"

#include <algorithm>

namespace mistrial::checkers {

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
    const PropertyChecker::Hooks hooks = checker.hooks();
    if (hooks.invocation) hear_invocations.push_back(&checker);
    if (hooks.decision) hear_decisions.push_back(&checker);
    if (hooks.unanswered) hear_unanswered.push_back(&checker);
    if (hooks.log) hear_logs.push_back(&checker);
}

Result<> Suite::State::start(const history::RunInfo* run, std::uint64_t index) {
    started = true;
    for (const std::string& name : options.only) {
        if (find_property(name) == nullptr) {
            return fail("there is no property {}; did you mean \"{}\"?", name, nearest_property(name));
        }
    }
    Claims claims;
    if (options.claims) {
        claims = *options.claims;
    } else if (run != nullptr) {
        const Result<Claims> parsed = parse_claims(run->claims, fmt::format("record {} /value/claims", index));
        if (!parsed) return parsed.error();
        claims = *parsed;
    }
    for (const auto& [name, claim] : options.besides) claims.insert_or_assign(name, claim);
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

Result<> Suite::State::advance(const history::RunInfo* run, std::uint64_t index, TrueTime time) {
    if (!started) {
        if (const Result<> begun = start(run, index); !begun) return begun;
    } else if (time < last) {
        return fail("record {}: time runs backwards, from {} ns to {} ns", index, nanos_of(last), nanos_of(time));
    }
    last = time;
    model.at(time, index);
    return {};
}

Result<> Suite::State::dispatch(const history::Record& record) {
    const bool first = !started;
    const Result<> advanced = advance(std::get_if<history::RunInfo>(&record.value), record.index, record.time);
    if (!advanced) return advanced;
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
        model.logs().uploaded(agent, record.index);
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

void Suite::State::invoked(const Invocation& invocation, std::optional<TrueTime> sched) {
    golden_signals.invoked(model.now(), sched);
    if (model.logs().active() && invocation.nonce.is_set()) model.logs().asked(invocation.nonce);
    for (PropertyChecker* checker : hear_invocations) checker->on_invocation(invocation);
}

void Suite::State::unanswered(const Unanswered& unanswered) {
    if (unanswered.lost && model.lives().loses_connection(unanswered.agent, unanswered.res)) {
        tell([](PropertyChecker& checker) { checker.on_late_excuse(); });
    }
    for (PropertyChecker* checker : hear_unanswered) checker->on_unanswered(unanswered);
}

void Suite::State::answered(const Decision& decision) {
    model.shows(decision);
    if (model.logs().active()) model.logs().answered(decision, model.named_revisions(decision.agent, decision.seen));
    for (PropertyChecker* checker : hear_decisions) checker->on_decision(decision);
    inference.on_decision(decision);
    model.lives().answers(decision.agent, decision.res);
}

Result<> Suite::State::decide(const history::Decide& value, const history::Record& record) {
    const AgentId agent = model.intern_agent(value.agent);
    model.lives().agent(agent).asked = true;
    const SessionId session = model.intern_session(record.session);
    const Key nonce = value.nonce ? key_of(*value.nonce) : Key{};
    if (record.type == history::Type::invoke) {
        if (const Result<> paired = operations.invoke(record); !paired) return paired;
        invoked({record.index, record.time, record.sched.value_or(record.time), agent, session, nonce}, record.sched);
        return {};
    }
    const Result<Operations::Begin> begin = operations.complete(record);
    if (!begin) return begin.error();
    const TrueTime due = record.sched.value_or(begin->inv);
    if (!begin->invoke_index) invoked({record.index, begin->inv, due, agent, session, nonce}, record.sched);
    golden_signals.completed(record.type, record.time, begin->invoke_index ? begin->inv : record.time);
    if (record.type != history::Type::ok) {
        unanswered({record.index, begin->inv, record.time, due, agent, session, record.type == history::Type::info, nonce,
                    begin->invoke_index, record.error != "no-process",
                    may_have_lost_connection(record.type == history::Type::info, record.error.value_or(""))});
        return {};
    }
    if (!value.answer) {
        return fail("record {}: an ok decide without \"verdict\", \"undefined\" or \"refused\"", record.index);
    }
    const std::vector<Seen>& seen = model.resolve(agent, value.revisions, value.markers);
    observed(seen, record.index, record.time);
    heard_of(agent, value.incarnation, begin->inv, record.time);
    answered({
        .index = record.index,
        .invoke_index = begin->invoke_index,
        .inv = begin->inv,
        .res = record.time,
        .due = due,
        .agent = agent,
        .incarnation = model.lives().incarnation_of(agent, value.incarnation, begin->inv, record.time),
        .session = session,
        .input = model.intern_input(value.input_id, value.input),
        .path = model.intern_path(value.path),
        .answer = model.intern_answer(*value.answer),
        .clock = value.agent_time,
        .decision_id = value.decision_id ? key_of(*value.decision_id) : Key{},
        .nonce = nonce,
        .at_least = value.at_least ? &*value.at_least : nullptr,
        .exactly = value.exactly ? &*value.exactly : nullptr,
        .seen = seen,
    });
    return {};
}

Result<> Suite::State::invoked(const history::Row& row, AgentId agent, SessionId session) {
    if (!operations.invoke_decision(row.process, row.index, row.time)) return operations.invoke(lexicon.record(row));
    const auto sched = row.has_sched ? std::optional(row.sched) : std::nullopt;
    invoked({row.index, row.time, sched.value_or(row.time), agent, session, lexicon.nonce(row)}, sched);
    return {};
}

Result<> Suite::State::decide(const history::Row& row) {
    using history::Row;
    if (const Result<> advanced = advance(nullptr, row.index, row.time); !advanced) return advanced;
    const history::Type type = history::type_of(row.kind);
    counts.add_decision(type);
    const AgentId agent = lexicon.agent(row);
    model.lives().agent(agent).asked = true;
    const SessionId session = lexicon.session(row);
    if (type == history::Type::invoke) return invoked(row, agent, session);
    const auto begin = operations.complete_decision(row.process, row.time, type == history::Type::info);
    if (!begin) {
        const auto refused = operations.complete(lexicon.record(row));
        MISTRIAL_INVARIANT(!refused, "record {}: a row ends what never began", row.index);
        return refused.error();
    }
    const TrueTime due = row.has_sched ? row.sched : begin->inv;
    golden_signals.completed(type, row.time, begin->inv);
    if (type != history::Type::ok) {
        unanswered({row.index, begin->inv, row.time, due, agent, session, type == history::Type::info, lexicon.nonce(row),
                    begin->invoke_index, lexicon.error(row) != "no-process",
                    may_have_lost_connection(type == history::Type::info, lexicon.error(row))});
        return {};
    }
    const std::vector<Seen>& seen = model.resolve(agent, row.shown, lexicon.shown(row));
    observed(seen, row.index, row.time);
    const auto incarnation = lexicon.incarnation(row);
    heard_of(agent, incarnation, begin->inv, row.time);
    const Lexicon::Question& question = lexicon.question(row);
    answered({
        .index = row.index,
        .invoke_index = begin->invoke_index,
        .inv = begin->inv,
        .res = row.time,
        .due = due,
        .agent = agent,
        .incarnation = model.lives().incarnation_of(agent, incarnation, begin->inv, row.time),
        .session = session,
        .input = question.input,
        .path = question.path,
        .answer = lexicon.answer(row),
        .clock = row.has_clock ? std::optional(row.clock) : std::nullopt,
        .decision_id = Lexicon::decision_id(row),
        .nonce = lexicon.nonce(row),
        .at_least = lexicon.token(row),
        .seen = seen,
    });
    return {};
}

void Suite::State::status(const history::Status& value, const history::Record& record) {
    const AgentId agent = model.intern_agent(value.agent);
    const std::vector<Seen> seen = model.resolve(agent, value.revisions, {});
    observed(seen, record.index, record.time);
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

void Suite::State::arrived(const LogEvent& event) {
    if (model.logs().active()) model.logs().arrived(event, model.named_revisions(event.agent, event.seen));
    for (PropertyChecker* checker : hear_logs) checker->on_log(event);
}

void Suite::State::log(const history::Log& value, const history::Record& record) {
    const AgentId agent = model.intern_agent(value.agent);
    if (value.incarnation) heard_of(agent, value.incarnation, TrueTime::min(), record.time);
    const std::vector<Seen> seen = model.resolve_logged(value.revisions);
    arrived({
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
    });
}

Result<> Suite::State::log(const history::Row& row) {
    if (const Result<> advanced = advance(nullptr, row.index, row.time); !advanced) return advanced;
    counts.add_event();
    const AgentId agent = lexicon.agent(row);
    const auto incarnation = lexicon.incarnation(row);
    if (incarnation) heard_of(agent, incarnation, TrueTime::min(), row.time);
    const Lexicon::Question& question = lexicon.question(row);
    arrived({
        .index = row.index,
        .at = row.time,
        .agent = agent,
        .incarnation = incarnation ? model.lives().incarnation_at(agent, incarnation, row.time) : no_incarnation,
        .decision_id = Lexicon::decision_id(row),
        .nonce = lexicon.nonce(row),
        .input = question.input,
        .path = question.path,
        .answer = row.answer == history::Row::none ? no_answer : lexicon.answer(row),
        .clock = row.has_clock ? std::optional(row.clock) : std::nullopt,
        .upload = row.upload,
        .seen = model.resolve_logged(row.shown, lexicon.shown(row)),
    });
    return {};
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

Suite::Suite() : Suite(Options{}) {}
Suite::Suite(Options options) : state_(std::make_unique<State>(std::move(options))) {}
Suite::~Suite() = default;
Suite::Suite(Suite&&) noexcept = default;
Suite& Suite::operator=(Suite&&) noexcept = default;

Result<> Suite::on(const history::Record& record) { return state_->dispatch(record); }

Result<> Suite::on(const history::Batch& batch) {
    state_->lexicon.learn(batch.added);
    auto other = batch.others.begin();
    for (const history::Row& row : batch.rows) {
        const Result<> taken = row.kind == history::Row::Kind::other ? state_->dispatch(*other++)
                               : row.kind == history::Row::Kind::log ? state_->log(row)
                                                                     : state_->decide(row);
        if (!taken) return taken;
    }
    return {};
}

}  // namespace mistrial::checkers
