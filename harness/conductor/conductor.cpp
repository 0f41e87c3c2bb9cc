#include "harness/conductor/conductor.hpp"

#include "harness/conductor/barrier.hpp"
#include "harness/conductor/lives.hpp"
#include "harness/conductor/process_table.hpp"
#include "harness/conductor/schedule.hpp"
#include "harness/conductor/tokens.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace mistrial::conductor {
namespace {

using generator::Generator;
using generator::Operation;
using history::Record;
using history::Type;

/// Decisions are handed to the world this long before they are due, so that its own timer fires them, whatever the loop is
/// busy with meanwhile (thousands of log events come in one upload).
constexpr Duration kLookahead = std::chrono::milliseconds(100);
/// The first revisions must be acknowledged by then; a fleet without policy is no trial.
constexpr Duration kFirstRevisionsWithin = std::chrono::seconds(15);
/// A heal or a start that takes longer is given up; the run ends and says so.
constexpr Duration kDrainWithin = std::chrono::seconds(30);
/// Answers after its deadline that every agent must have given before a run may end early.
constexpr std::int64_t kProbesAfterDeadline = 20;
constexpr std::int64_t kPublishers = 8;
constexpr std::int64_t kMostProbers = 4096;

/// As many health queries as can be unanswered at once: of each stream those that are due while one is waited for.
std::int64_t probers_of(const scenario::Plan& plan) {
    std::int64_t probers = 0;
    for (const scenario::HealthStream& stream : plan.workload.health)
        probers += world::probe_within / std::max(stream.period, Duration{1}) + 2;
    return std::min(probers, kMostProbers);
}

struct InFlight {
    Operation operation;
    std::optional<std::int64_t> process;  ///< of client operations
    history::Value value;
    std::string f;
    bool invoked = false;
    TrueTime invoked_at;
};

class Run {
  public:
    Run(const scenario::Plan& plan, world::World& world, const Hooks& hooks)
        : plan_(plan),
          world_(world),
          hooks_(hooks),
          // A decision takes its process when it is handed over: no more of their time than a quarter.
          lookahead_(std::min(kLookahead, plan.workload.timeout / 4)),
          processes_(plan.workload.concurrency, kPublishers, probers_of(plan)),
          tokens_(plan),
          barrier_(plan),
          generator_(schedule_of(plan, hooks.input_of)) {
        for (const auto& [name, claim] : plan.claims)
            if (claim.within) bound_ = std::max(bound_, *claim.within);
        for (const scenario::AgentNode& agent : plan.fleet.agents) answers_after_deadline_[agent.name] = 0;
        publishes_left_ = plan.workload.publishes.size();
    }

    Result<> begin(const world::Capabilities& capabilities) {
        history::RunInfo info;
        info.wall_at_zero = capabilities.wall_at_zero;
        info.wall_error = capabilities.wall_error;
        info.concurrency = processes_.threads();
        info.agents = capabilities.agents;
        info.atomic = plan_.atomic;
        info.inputs = plan_.workload.special;
        info.claims = checkers::to_json(plan_.claims);
        info.settle = plan_.settle;
        Record record;
        record.process = std::string("harness");
        record.f = "run";
        record.value = std::move(info);
        return write(std::move(record));
    }

    Result<Outcome> loop() {
        while (true) {
            if (!outcome_.interrupted && hooks_.interrupted && hooks_.interrupted()) break_off();
            if (draining_since_ && clock_ - *draining_since_ > kDrainWithin) {
                give_up_waiting();
                break;
            }
            if (!first_revisions_acknowledged_ && clock_ > TrueTime{kFirstRevisionsWithin})
                return fail("no authority acknowledged the first revisions within {}",
                            format_duration(kFirstRevisionsWithin));
            if (!load_ended_ && !barrier_tried_ && calm())
                if (auto begun = begin_barrier(); !begun) return begun.error();
            if (!load_ended_ && every_agent_was_probed()) end_load();

            generator::Step step = next_step();
            TrueTime wake = clock_ + std::chrono::milliseconds(100);
            if (auto* ready = std::get_if<generator::Ready>(&step)) {
                const TrueTime due = ready->operation.due;
                if (may_go(ready->operation)) {
                    generator_ = std::move(ready->next);
                    peeked_.reset();
                    if (auto sent = submit(std::move(ready->operation)); !sent) return sent.error();
                    continue;
                }
                peeked_ = std::move(step);
                wake = std::min(wake, is_decision(std::get<generator::Ready>(*peeked_).operation) && due - lookahead_ > clock_
                                          ? due - lookahead_
                                          : due);
            } else if (std::holds_alternative<generator::Done>(step) && in_flight_.empty()) {
                break;
            } else if (std::holds_alternative<generator::Done>(step) && !draining_since_) {
                draining_since_ = clock_;
            }
            if (auto handled = handle(world_.next(wake)); !handled) return handled.error();
        }
        if (waiting_)
            if (auto ended = end_barrier(Type::info); !ended) return ended.error();
        outcome_.ended = clock_;
        return outcome_;
    }

    /// Takes what the world still has to tell after it was stopped.
    Result<> drain() {
        while (true) {
            world::Event event = world_.next(clock_);
            if (std::holds_alternative<world::Deadline>(event)) return {};
            if (auto handled = handle(std::move(event)); !handled) return handled.error();
        }
    }

    Outcome& outcome() { return outcome_; }

  private:
    static bool is_decision(const Operation& operation) {
        return std::holds_alternative<world::Decide>(operation.command);
    }

    generator::Step next_step() {
        if (peeked_) return std::move(*std::exchange(peeked_, std::nullopt));
        return generator_.next({clock_});
    }

    /// A decision goes ahead of time while a process is free; at its time it goes or is recorded as not gone.
    bool may_go(const Operation& operation) {
        if (operation.due <= clock_) return true;
        return is_decision(operation) && operation.due - lookahead_ <= clock_ && deciders_busy_ < plan_.workload.concurrency;
    }

    Result<> submit(Operation operation) {
        const world::OperationId id = next_id_++;
        InFlight flight;
        if (auto* decide = std::get_if<world::Decide>(&operation.command)) tokens_.attach(operation.session, decide->value);
        std::visit([&](auto& command) { command.id = id; prepare(command, flight); }, operation.command);
        if (flight.f == "decide" || flight.f == "publish" || flight.f == "health") {
            flight.process = processes_.take(flight.f == "decide"   ? ProcessTable::Pool::deciders
                                             : flight.f == "health" ? ProcessTable::Pool::probers
                                                                    : ProcessTable::Pool::publishers);
            if (!flight.process) return record_without_process(operation, flight);
            if (flight.f == "decide") ++deciders_busy_;
        }
        world::Command command = operation.command;
        flight.operation = std::move(operation);
        in_flight_.emplace(id, std::move(flight));
        world_.submit(std::move(command));
        return {};
    }

    void prepare(const world::Decide& decide, InFlight& flight) {
        flight.f = "decide";
        flight.value = decide.value;
    }
    void prepare(const world::Publish& publish, InFlight& flight) {
        const scenario::PlannedPublish& planned = plan_.workload.publishes[publish.index];
        flight.f = "publish";
        flight.value = history::Publish{planned.bundle, planned.revision, planned.digest, planned.authority, planned.content};
    }
    void prepare(const world::Probe& probe, InFlight& flight) {
        flight.f = "health";
        flight.value = history::Health{probe.agent, probe.query, std::nullopt, std::nullopt};
    }
    void prepare(const world::Inject& inject, InFlight&) { faults_in_force_.insert(inject.index); }
    void prepare(const world::Heal&, InFlight&) {}
    void prepare(const world::StartNode&, InFlight&) {}
    void prepare(const world::StopNode&, InFlight&) {}

    Result<> begin_barrier() {
        barrier_tried_ = true;
        auto value = barrier_.begin(clock_);
        if (!value) return {};
        InFlight flight;
        flight.f = "barrier";
        flight.value = std::move(*value);
        flight.process = processes_.take(ProcessTable::Pool::publishers);
        if (!flight.process) return {};
        waiting_ = std::move(flight);
        return write(client_record(waiting_->operation, *waiting_, Type::invoke));
    }

    Result<> end_barrier(Type type) {
        const InFlight flight = std::move(*std::exchange(waiting_, std::nullopt));
        processes_.give_back(*flight.process, type == Type::info);
        Record record = client_record(flight.operation, flight, type);
        if (type == Type::info) record.error = fmt::format("not seen at {}", fmt::join(barrier_.waiting(), ", "));
        return write(std::move(record));
    }

    Result<> record_without_process(const Operation& operation, const InFlight& flight) {
        for (const Type type : {Type::invoke, Type::fail}) {
            Record record = client_record(operation, flight, type);
            record.process = processes_.nobody();
            if (type == Type::fail) record.error = "no-process";
            if (auto written = write(std::move(record)); !written) return written;
        }
        tell_generator(operation, generator::Update::Kind::fail);
        return {};
    }

    Record client_record(const Operation& operation, const InFlight& flight, Type type) {
        Record record;
        record.time = clock_;
        record.type = type;
        record.process = flight.process.value_or(0);
        record.f = flight.f;
        record.value = flight.value;
        if (!operation.session.empty()) record.session = operation.session;
        if (!operation.session.empty() || flight.f == "health") record.sched = operation.due;
        if (const auto* decide = std::get_if<history::Decide>(&flight.value)) record.node = decide->agent;
        if (const auto* health = std::get_if<history::Health>(&flight.value)) record.node = health->agent;
        if (const auto* publish = std::get_if<history::Publish>(&flight.value)) record.node = publish->authority;
        return record;
    }

    Result<> handle(world::Event event) {
        const TrueTime time = world::time_of(event);
        MISTRIAL_INVARIANT(time >= clock_, "an event at {} after one at {}", nanos_of(time), nanos_of(clock_));
        clock_ = time;
        return std::visit([&](auto& e) { return on(e); }, event);
    }

    Result<> on(world::Deadline&) { return {}; }

    Result<> on(world::Invoked& event) {
        const auto found = in_flight_.find(event.id);
        if (found == in_flight_.end()) return {};
        found->second.invoked = true;
        found->second.invoked_at = event.time;
        return write(client_record(found->second.operation, found->second, Type::invoke));
    }

    Result<> on(world::Completed& event) {
        const auto found = in_flight_.find(event.id);
        if (found == in_flight_.end()) return {};
        InFlight flight = std::move(found->second);
        in_flight_.erase(found);
        const auto kind = event.type == Type::ok     ? generator::Update::Kind::ok
                          : event.type == Type::fail ? generator::Update::Kind::fail
                                                     : generator::Update::Kind::info;
        // A fleet that is not there from the start is no trial; what it prints tells why.
        if (const auto* start = std::get_if<world::StartNode>(&flight.operation.command);
            start && event.type != Type::ok && !outcome_.interrupted)
            return fail("{} did not start: {}", start->node, event.error.value_or("no reason given"));
        if (flight.process) {
            MISTRIAL_INVARIANT(flight.invoked, "operation {} completed and was never invoked", event.id);
            processes_.give_back(*flight.process, event.type == Type::info);
            if (flight.f == "decide") --deciders_busy_;
            if (!std::holds_alternative<history::Foreign>(event.value)) flight.value = std::move(event.value);
            if (auto* health = std::get_if<history::Health>(&flight.value); health != nullptr && event.type == Type::ok)
                health->incarnation = lives_.answering(health->agent, flight.invoked_at);
            Record record = client_record(flight.operation, flight, event.type);
            record.error = std::move(event.error);
            if (auto written = write(std::move(record)); !written) return written;
            note_progress(flight, event);
            if (waiting_ && barrier_.reached()) {
                reached_at_ = clock_;
                // Who asks from now on is promised the revision: that wants as many answers as a deadline does.
                for (auto& [agent, answers] : answers_after_deadline_) answers = 0;
                if (auto ended = end_barrier(Type::ok); !ended) return ended.error();
            }
        }
        tell_generator(flight.operation, kind);
        return {};
    }

    void note_progress(const InFlight& flight, const world::Completed& event) {
        if (flight.f == "publish") {
            const std::size_t index = std::get<world::Publish>(flight.operation.command).index;
            if (event.type == Type::ok) barrier_.acknowledged(index);
            if (event.type == Type::ok || index >= first_publishes()) --publishes_left_;
            first_revisions_acknowledged_ =
                plan_.workload.publishes.size() - publishes_left_ >= first_publishes();
            last_disturbance_ = std::max(last_disturbance_, event.time);
        }
        const auto* decide = std::get_if<history::Decide>(&flight.value);
        if (decide == nullptr || event.type != Type::ok) return;
        tokens_.learn(flight.operation.session, *decide);
        barrier_.learn(*decide, flight.invoked_at);
        if (calm() && flight.invoked_at > std::max(last_disturbance_ + bound_, reached_at_.value_or(TrueTime{})))
            ++answers_after_deadline_[decide->agent];
    }

    std::size_t first_publishes() const {
        return static_cast<std::size_t>(std::count_if(plan_.workload.publishes.begin(), plan_.workload.publishes.end(),
                                                      [](const auto& publish) { return publish.at == TrueTime{}; }));
    }

    bool calm() const { return publishes_left_ == 0 && faults_in_force_.empty() && clock_ >= plan_.settle_start(); }

    bool every_agent_was_probed() const {
        return calm() && std::all_of(answers_after_deadline_.begin(), answers_after_deadline_.end(), [](const auto& entry) {
                   return entry.second >= kProbesAfterDeadline;
               });
    }

    Result<> on(world::Observed& event) {
        const auto* death = std::get_if<history::Death>(&event.value);
        if (death != nullptr) barrier_.forget(death->agent);
        if (death != nullptr && death->how == "exited")
            outcome_.troubles.push_back(fmt::format("{} ended by itself at {}; its log says why", death->incarnation,
                                                    format_seconds(event.time.time_since_epoch())));
        lives_.on(event);
        Record record;
        record.time = event.time;
        record.process = std::move(event.process);
        record.f = std::move(event.f);
        record.value = std::move(event.value);
        return write(std::move(record));
    }

    Result<> on(world::FaultPhase& event) {
        const nemesis::FaultInterval& interval = plan_.faults[event.index];
        history::Fault value{interval.id,       interval.kind,  interval.target, interval.parameters,
                             interval.excuses, interval.skews, std::nullopt};
        Record record;
        record.time = event.time;
        record.process = std::string("nemesis");
        record.f = nemesis::record_name(interval.kind, event.phase);
        record.error = event.error;
        if (event.evidence) {
            value.evidence = event.evidence->details;
            (*value.evidence)["bit"] = event.evidence->bit;
        }
        record.value = std::move(value);
        if (auto written = write(std::move(record)); !written) return written;
        if (event.error)
            outcome_.troubles.push_back(fmt::format("{} ({}): {}", interval.id, interval.kind, *event.error));
        const bool done = event.phase == nemesis::Phase::in_force || event.phase == nemesis::Phase::healed;
        if (event.phase == nemesis::Phase::healed) {
            faults_in_force_.erase(event.index);
            last_disturbance_ = std::max(last_disturbance_, event.time);
        }
        if (!done) return {};
        const auto found = in_flight_.find(event.id);
        if (found == in_flight_.end()) return {};
        const Operation operation = std::move(found->second.operation);
        in_flight_.erase(found);
        tell_generator(operation, event.error ? generator::Update::Kind::info : generator::Update::Kind::ok);
        return {};
    }

    void tell_generator(const Operation& operation, generator::Update::Kind kind) {
        if (auto moved = generator_.update({clock_}, {operation, kind, clock_})) {
            generator_ = std::move(*moved);
            peeked_.reset();
        }
    }

    void break_off() {
        outcome_.interrupted = true;
        end_load();
        // A heal that is under way already is not asked for twice.
        std::vector<std::size_t> open;
        for (const std::size_t index : faults_in_force_) {
            const bool healing = std::any_of(in_flight_.begin(), in_flight_.end(), [&](const auto& entry) {
                const auto* heal = std::get_if<world::Heal>(&entry.second.operation.command);
                return heal != nullptr && heal->index == index;
            });
            if (!healing) open.push_back(index);
        }
        generator_ = healing_of(open, clock_);
    }

    void end_load() {
        load_ended_ = true;
        generator_ = Generator();
        peeked_.reset();
    }

    void give_up_waiting() {
        for (const auto& [id, flight] : in_flight_)
            if (!flight.process)
                outcome_.troubles.push_back(fmt::format("operation {} did not end within {}", id, format_duration(kDrainWithin)));
    }

    Result<> write(Record record) { return hooks_.record(std::move(record)); }

    const scenario::Plan& plan_;
    world::World& world_;
    const Hooks& hooks_;
    Duration lookahead_;
    ProcessTable processes_;
    Tokens tokens_;
    Lives lives_;
    Barrier barrier_;
    std::optional<InFlight> waiting_;  ///< for the barrier: an operation of ours, of which the world knows nothing
    std::optional<TrueTime> reached_at_;
    bool barrier_tried_ = false;
    Generator generator_;
    std::optional<generator::Step> peeked_;
    std::map<world::OperationId, InFlight> in_flight_;
    world::OperationId next_id_ = 1;
    TrueTime clock_;
    Outcome outcome_;
    std::int64_t deciders_busy_ = 0;
    std::set<std::size_t> faults_in_force_;
    std::size_t publishes_left_ = 0;
    bool first_revisions_acknowledged_ = false;
    bool load_ended_ = false;
    std::optional<TrueTime> draining_since_;
    TrueTime last_disturbance_;
    Duration bound_{};
    std::map<std::string, std::int64_t> answers_after_deadline_;
};

}  // namespace

Result<Outcome> conduct(const scenario::Plan& plan, world::World& world, const Hooks& hooks) {
    auto capabilities = world.start(plan);
    if (!capabilities) {
        const auto stopped = world.stop();
        return stopped ? capabilities.error()
                       : fail("{}; and stopping what had started: {}", capabilities.error().message, stopped.error().message);
    }
    Run run(plan, world, hooks);
    Result<Outcome> outcome = Outcome{};
    if (auto begun = run.begin(*capabilities); !begun)
        outcome = begun.error();
    else
        outcome = run.loop();
    const auto stopped = world.stop();
    const auto drained = outcome ? run.drain() : Result<>{};
    if (!outcome) return outcome;
    *outcome = run.outcome();
    outcome->world = std::move(*capabilities);
    if (!stopped) outcome->troubles.push_back(stopped.error().message);
    if (!drained) return drained.error();
    return outcome;
}

}  // namespace mistrial::conductor
