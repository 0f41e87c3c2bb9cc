#include "harness/conductor/conductor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace mistrial::conductor {
namespace {

using namespace std::chrono_literals;
using history::Type;

/// A world whose operations take a millisecond and end as the test says.
class ScriptedWorld final : public world::World {
  public:
    std::function<Type(const world::Command&)> outcome = [](const world::Command&) { return Type::ok; };
    Duration takes = 1ms;
    std::function<history::Value(const world::Command&)> value_of = [](const world::Command&) { return history::Foreign{}; };
    std::function<Duration(const world::Command&)> takes_of = [this](const world::Command&) { return takes; };
    std::vector<world::Observed> observed;  ///< each at its time
    bool stopped = false;
    std::vector<world::Command> commands;

    Result<world::Capabilities> start(const scenario::Plan&) override {
        for (const world::Observed& event : observed) events_.emplace(event.time, event);
        return world::Capabilities{"scripted", {}, {}, {}};
    }

    void submit(world::Command command) override {
        commands.push_back(command);
        const world::OperationId id = std::visit([](const auto& c) { return c.id; }, command);
        TrueTime at = now_;
        if (const auto* decide = std::get_if<world::Decide>(&command)) at = std::max(at, decide->due);
        if (const auto* inject = std::get_if<world::Inject>(&command)) return phases(id, inject->index, nemesis::Phase::starting);
        if (const auto* heal = std::get_if<world::Heal>(&command)) return phases(id, heal->index, nemesis::Phase::healing);
        events_.emplace(at, world::Invoked{id, at});
        const TrueTime done = at + takes_of(command);
        events_.emplace(done, world::Completed{id, done, outcome(command), value_of(command), std::nullopt});
    }

    world::Event next(TrueTime deadline) override {
        if (!events_.empty() && events_.begin()->first <= deadline) {
            world::Event event = events_.begin()->second;
            now_ = events_.begin()->first;
            events_.erase(events_.begin());
            return event;
        }
        now_ = std::max(now_, deadline);
        return world::Deadline{now_};
    }
    TrueTime now() const override { return now_; }
    Result<> stop() override {
        stopped = true;
        return {};
    }

  private:
    void phases(world::OperationId id, std::size_t index, nemesis::Phase first) {
        const auto second = first == nemesis::Phase::starting ? nemesis::Phase::in_force : nemesis::Phase::healed;
        std::optional<nemesis::Evidence> evidence;
        if (second == nemesis::Phase::healed) evidence = nemesis::Evidence{true, Json::object()};
        events_.emplace(now_, world::FaultPhase{id, index, now_, first, std::nullopt, std::nullopt});
        events_.emplace(now_ + takes, world::FaultPhase{id, index, now_ + takes, second, evidence, std::nullopt});
    }

    TrueTime now_;
    std::multimap<TrueTime, world::Event> events_;
};

scenario::Plan plan_of(std::int64_t concurrency = 10) {
    scenario::Plan plan;
    plan.duration = 3s;
    plan.settle = 1s;
    plan.fleet.authorities = {{"primary"}};
    plan.fleet.agents.resize(1);
    plan.fleet.agents[0].name = "a1";
    plan.workload.path = "p";
    plan.workload.pool = {{"i", Json::object()}};
    plan.workload.publishes = {{1, TrueTime{}, "main", "r1", "primary", "d1", std::nullopt},
                               {2, TrueTime{1s}, "main", "r2", "primary", "d2", std::nullopt}};
    plan.workload.decisions = {{"s1", "a1", {}, TrueTime{500ms}, TrueTime{3s}, 100ms, {}}};
    plan.workload.timeout = 1s;
    plan.workload.concurrency = concurrency;
    nemesis::FaultInterval fault;
    fault.id = "f1";
    fault.kind = "pause";
    fault.target = {"a1"};
    fault.start = TrueTime{700ms};
    fault.stop = TrueTime{1500ms};
    plan.faults = {fault};
    return plan;
}

struct Conducted {
    Result<Outcome> outcome = Outcome{};
    std::vector<history::Record> records;
    std::int64_t count(std::string_view f, Type type) const {
        return std::count_if(records.begin(), records.end(), [&](const auto& r) { return r.f == f && r.type == type; });
    }
};

Conducted run(const scenario::Plan& plan, ScriptedWorld& world, std::function<bool()> interrupted = {}) {
    Conducted conducted;
    Hooks hooks;
    hooks.input_of = [](const std::string&, std::uint64_t, TrueTime) { return std::string("i"); };
    hooks.record = [&](history::Record record) -> Result<> {
        conducted.records.push_back(std::move(record));
        return {};
    };
    hooks.interrupted = std::move(interrupted);
    conducted.outcome = conduct(plan, world, hooks);
    EXPECT_TRUE(world.stopped);
    return conducted;
}

TEST(Conductor, RecordsComeInOrderOfTimeAndBeginWithTheRun) {
    ScriptedWorld world;
    const Conducted conducted = run(plan_of(), world);
    ASSERT_TRUE(conducted.outcome);
    EXPECT_EQ(conducted.records.front().f, "run");
    EXPECT_TRUE(std::is_sorted(conducted.records.begin(), conducted.records.end(),
                               [](const auto& a, const auto& b) { return a.time < b.time; }));
    EXPECT_EQ(conducted.count("publish", Type::ok), 2);
    EXPECT_EQ(conducted.count("pause", Type::info), 2);
    EXPECT_EQ(conducted.count("heal-pause", Type::info), 2);
    EXPECT_EQ(conducted.count("decide", Type::invoke), conducted.count("decide", Type::ok));
}

TEST(Conductor, NodesStartOnlyWhenTheFirstRevisionIsAcknowledged) {
    ScriptedWorld world;
    int tries = 0;
    world.outcome = [&](const world::Command& command) {
        return std::holds_alternative<world::Publish>(command) && ++tries < 3 ? Type::fail : Type::ok;
    };
    const Conducted conducted = run(plan_of(), world);
    ASSERT_TRUE(conducted.outcome);
    const auto first_start = std::find_if(world.commands.begin(), world.commands.end(), [](const auto& command) {
        return std::holds_alternative<world::StartNode>(command);
    });
    EXPECT_EQ(std::distance(world.commands.begin(), first_start), 3) << "two refused publishes and the one that was taken";
}

TEST(Conductor, AFleetWithoutPolicyIsNoTrial) {
    ScriptedWorld world;
    world.outcome = [](const world::Command& command) {
        return std::holds_alternative<world::Publish>(command) ? Type::fail : Type::ok;
    };
    const Conducted conducted = run(plan_of(), world);
    ASSERT_FALSE(conducted.outcome);
    EXPECT_NE(conducted.outcome.error().message.find("acknowledged"), std::string::npos);
}

TEST(Conductor, ANodeThatDoesNotStartEndsTheRun) {
    ScriptedWorld world;
    world.outcome = [](const world::Command& command) {
        return std::holds_alternative<world::StartNode>(command) ? Type::fail : Type::ok;
    };
    const Conducted conducted = run(plan_of(), world);
    ASSERT_FALSE(conducted.outcome);
    EXPECT_NE(conducted.outcome.error().message.find("a1 did not start"), std::string::npos);
}

TEST(Conductor, AnIndeterminateOperationRetiresItsProcess) {
    ScriptedWorld world;
    world.outcome = [](const world::Command& command) {
        return std::holds_alternative<world::Decide>(command) ? Type::info : Type::ok;
    };
    const Conducted conducted = run(plan_of(), world);
    std::set<std::int64_t> seen;
    for (const auto& record : conducted.records)
        if (record.f == "decide" && record.type == Type::invoke) {
            EXPECT_TRUE(seen.insert(std::get<std::int64_t>(record.process)).second);
        }
}

TEST(Conductor, ADueDecisionWithoutAProcessIsRecordedAtOnce) {
    ScriptedWorld world;
    world.takes = 350ms;
    const Conducted conducted = run(plan_of(1), world);
    std::int64_t without = 0;
    for (const auto& record : conducted.records)
        if (record.error == "no-process") {
            ++without;
            EXPECT_EQ(record.type, Type::fail);
            EXPECT_GE(record.time, *record.sched);
        }
    EXPECT_GT(without, 5);
}

TEST(Conductor, HealthQueriesGoAtTheirTimesAndAnswersAreOfTheProcessThatRuns) {
    scenario::Plan plan = plan_of();
    plan.workload.health = {{"health-a1", "a1", "bundles", TrueTime{500ms}, TrueTime{2s}, 250ms, {2}}};
    ScriptedWorld world;
    world.observed = {world::observation("harness", history::Boot{"a1", "a1#1", std::nullopt}, TrueTime{600ms})};
    const Conducted conducted = run(plan, world);
    ASSERT_TRUE(conducted.outcome);
    std::vector<Duration> due;
    for (const auto& record : conducted.records) {
        const auto* health = std::get_if<history::Health>(&record.value);
        if (health == nullptr) continue;
        EXPECT_EQ(health->query, "bundles");
        EXPECT_EQ(record.node, "a1");
        if (record.type == Type::invoke) due.push_back(record.sched->time_since_epoch());
        const bool told = record.type == Type::ok && record.time > TrueTime{601ms};
        EXPECT_EQ(health->incarnation, told ? std::optional<std::string>("a1#1") : std::nullopt) << nanos_of(record.time);
    }
    EXPECT_EQ(due, (std::vector<Duration>{500ms, 750ms, 1250ms, 1500ms, 1750ms}));
}

TEST(Conductor, HealthQueriesThatNobodyAnswersKeepNobodyElseWaiting) {
    scenario::Plan plan = plan_of();
    plan.workload.health = {{"health-a1", "a1", "", TrueTime{500ms}, TrueTime{3s}, 10ms, {}}};
    ScriptedWorld world;
    world.takes_of = [](const world::Command& command) { return std::holds_alternative<world::Probe>(command) ? 2000ms : 1ms; };
    const Conducted conducted = run(plan, world);
    ASSERT_TRUE(conducted.outcome);
    EXPECT_EQ(conducted.count("publish", Type::ok), 2);
    for (const auto& record : conducted.records) EXPECT_EQ(record.error, std::nullopt) << record.f;
}

/// What agents show: r1 before `since`, r2 from then on.
std::function<history::Value(const world::Command&)> showing_r2_from(TrueTime since) {
    return [since](const world::Command& command) -> history::Value {
        const auto* decide = std::get_if<world::Decide>(&command);
        if (decide == nullptr) return history::Foreign{};
        history::Decide answered = decide->value;
        answered.revisions = {{"main", decide->due < since ? "r1" : "r2"}};
        answered.answer = history::Verdict{"true"};
        return answered;
    };
}

/// The records of the barrier, where the agent shows the newest revision from `since` on.
std::vector<history::Record> barrier_of(scenario::Plan& plan, TrueTime since) {
    plan.fleet.agents[0].bundles = {"main"};
    ScriptedWorld world;
    world.value_of = showing_r2_from(since);
    const Conducted conducted = run(plan, world);
    EXPECT_TRUE(conducted.outcome);
    std::vector<history::Record> barrier;
    for (const auto& record : conducted.records)
        if (record.f == "barrier") barrier.push_back(record);
    return barrier;
}

TEST(Conductor, ABarrierIsPassedOnceEveryAgentShowsTheNewestRevision) {
    scenario::Plan plan = plan_of();
    const std::vector<history::Record> barriers = barrier_of(plan, TrueTime{2300ms});
    ASSERT_EQ(barriers.size(), 2U);
    EXPECT_EQ(barriers[0].type, Type::invoke);
    EXPECT_GE(barriers[0].time, plan.settle_start());
    EXPECT_LT(barriers[0].time, plan.settle_start() + 101ms);
    EXPECT_EQ(barriers[1].type, Type::ok);
    EXPECT_EQ(barriers[1].time, TrueTime{2301ms}) << "with the answer that showed it";
    EXPECT_EQ(barriers[1].process, barriers[0].process);
    EXPECT_EQ(barriers[1].value, history::Value(history::Barrier{"r2", {"a1"}}));
}

TEST(Conductor, ABarrierThatNobodyPassesSaysWhomItWaitedFor) {
    scenario::Plan plan = plan_of();
    const std::vector<history::Record> barriers = barrier_of(plan, TrueTime{5s});
    ASSERT_EQ(barriers.size(), 2U);
    EXPECT_EQ(barriers[1].type, Type::info);
    EXPECT_EQ(barriers[1].error, "not seen at a1");
}

TEST(Conductor, ARunGoesOnAfterItsBarrierUntilEnoughHaveAskedAfterIt) {
    scenario::Plan plan = plan_of();
    plan.duration = 20s;
    plan.settle = 18s;
    plan.claims["convergence"].within = 6s;  // ten answers or so after it do not count: the barrier comes later
    plan.fleet.agents[0].bundles = {"main"};
    plan.workload.decisions[0].until = plan.end();
    ScriptedWorld world;
    world.value_of = showing_r2_from(TrueTime{8s});
    const Conducted conducted = run(plan, world);
    ASSERT_TRUE(conducted.outcome);
    TrueTime passed;
    std::int64_t after = 0;
    for (const auto& record : conducted.records) {
        if (record.f == "barrier" && record.type == Type::ok) passed = record.time;
        if (record.f == "decide" && record.type == Type::invoke && passed != TrueTime{}) ++after;
    }
    EXPECT_EQ(passed, TrueTime{8001ms});
    EXPECT_GE(after, 20);
    EXPECT_LT(conducted.records.back().time, TrueTime{12s}) << "and ends early then";
}

TEST(Conductor, ARunThatIsBrokenOffHealsWhatIsInForce) {
    ScriptedWorld world;
    const Conducted conducted = run(plan_of(), world, [&] { return world.now() > TrueTime{1s}; });
    ASSERT_TRUE(conducted.outcome);
    EXPECT_TRUE(conducted.outcome->interrupted);
    EXPECT_EQ(conducted.count("heal-pause", Type::info), 2);
    EXPECT_LT(conducted.records.back().time, TrueTime{1200ms});
}

}  // namespace
}  // namespace mistrial::conductor
