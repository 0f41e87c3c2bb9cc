#include "harness/sim/sim_world.hpp"

#include "checkers/checker.hpp"
#include "core/history/writer.hpp"
#include "engine/bundle/digest.hpp"
#include "harness/conductor/conductor.hpp"
#include "harness/scenario/scenario.hpp"
#include "harness/workload/grants.hpp"
#include "harness/workload/planned.hpp"

#include <gtest/gtest.h>

namespace mistrial::sim {
namespace {

using namespace std::chrono_literals;

/// Three embedded agents behind one mirror, a publish each three seconds, 20 s in all.
scenario::Plan small_plan(std::uint64_t seed = 1) {
    scenario::Plan plan;
    plan.scenario = "small";
    plan.seed = seed;
    plan.duration = 20s;
    plan.settle = 8s;
    plan.fleet.authorities = {{"primary"}};
    plan.fleet.mirrors = {{"cdn", "cdn", "primary", 500ms}};
    for (const char* name : {"a1", "a2", "a3"}) {
        scenario::AgentNode node;
        node.name = name;
        node.group = "a";
        node.driver = "embedded";
        node.from = "cdn";
        node.poll_min = 1s;
        node.poll_max = 2s;
        node.persist = true;
        node.bundles = {"main"};
        plan.fleet.agents.push_back(node);
    }
    workload::GrantsParameters parameters;
    parameters.revisions = 4;
    const auto grants = workload::Grants::make(seed, parameters).value();
    plan.workload.kind = "grants";
    plan.workload.parameters = workload::to_json(parameters);
    plan.workload.path = grants->path();
    plan.workload.pool = grants->pool();
    plan.workload.special = grants->special();
    for (std::size_t n = 1; n <= grants->revisions(); ++n) {
        const workload::Revision revision = grants->revision(n);
        plan.workload.publishes.push_back({n, TrueTime{3s * static_cast<int>(n - 1)}, "main", revision.name, "primary",
                                           bundle::digest(revision.members), revision.content});
    }
    int i = 0;
    for (const auto& agent : plan.fleet.agents)
        plan.workload.decisions.push_back(
            {"session-" + std::to_string(++i), agent.name, {}, TrueTime{1s + 7ms * i}, plan.end(), 50ms, {}});
    plan.workload.timeout = 2s;
    plan.workload.concurrency = 120;
    const auto claim = [&](const char* name, std::optional<Duration> within) {
        checkers::Claim& made = plan.claims[name];
        made.property = name;
        made.within = within;
    };
    claim("revision-validity", std::nullopt);
    claim("monotonic-revisions", std::nullopt);
    claim("bounded-staleness", 4600ms);
    return plan;
}

nemesis::FaultInterval kill_of(const std::string& agent, Duration start, Duration stop, const char* state) {
    nemesis::FaultInterval kill;
    kill.id = "f1";
    kill.kind = "kill";
    kill.target = {agent};
    kill.start = TrueTime{start};
    kill.stop = TrueTime{stop};
    kill.parameters = {{"state", state}};
    kill.excuses[agent] = {{"main"}, true, true, true};
    return kill;
}

nemesis::FaultInterval partition_of(const char* agent, Duration start, Duration stop) {
    nemesis::FaultInterval fault;
    fault.id = "f1";
    fault.kind = "partition";
    fault.target = {agent};
    fault.start = TrueTime{start};
    fault.stop = TrueTime{stop};
    fault.parameters = {{"mode", "black-hole"},
                        {"direction", "both"},
                        {"from", {"cdn"}},
                        {"edges", {{{"client", agent}, {"server", "cdn"}, {"cut", "both"}}}}};
    fault.excuses[agent] = {{"main"}, false, false, false};
    return fault;
}

struct Ran {
    std::string history;
    std::vector<history::Record> records;
    checkers::Judgement judgement;
    std::uint64_t fingerprint = 0;
};

Ran run(const scenario::Plan& plan) {
    Ran ran;
    SimWorld world;
    checkers::Suite suite;
    const auto workload = workload::of_plan(plan).value();
    conductor::Hooks hooks;
    hooks.record = [&](history::Record record) -> Result<> {
        record.index = ran.records.size();
        ran.history += history::to_line(record) + "\n";
        ran.records.push_back(record);
        return suite.on(record);
    };
    hooks.input_of = [&](const std::string& stream, std::uint64_t number, TrueTime due) {
        return workload->input_for(stream, number, workload::newest_at(plan, due));
    };
    const auto outcome = conductor::conduct(plan, world, hooks);
    EXPECT_TRUE(outcome) << outcome.error().message;
    if (outcome)
        for (const auto& trouble : outcome->troubles) ADD_FAILURE() << trouble;
    ran.judgement = suite.finish();
    ran.fingerprint = world.fingerprint();
    return ran;
}

std::int64_t count(const Ran& ran, std::string_view f, history::Type type) {
    return std::count_if(ran.records.begin(), ran.records.end(),
                         [&](const auto& record) { return record.f == f && record.type == type; });
}

TEST(SimWorld, SamePlanSameBytes) {
    scenario::Plan plan = small_plan();
    plan.faults = {partition_of("a1", 4s, 9s)};
    const Ran first = run(plan), second = run(plan);
    EXPECT_EQ(first.fingerprint, second.fingerprint);
    EXPECT_EQ(first.history, second.history);
    EXPECT_NE(first.fingerprint, run(small_plan(2)).fingerprint);
}

TEST(SimWorld, AgentsAnswerAndFollowThePublishes) {
    const Ran ran = run(small_plan());
    EXPECT_EQ(count(ran, "publish", history::Type::ok), 4);
    EXPECT_GT(count(ran, "decide", history::Type::ok), 500);
    EXPECT_EQ(count(ran, "decide", history::Type::info) + count(ran, "decide", history::Type::fail), 0);
    std::map<std::string, std::string> last;
    for (const auto& record : ran.records)
        if (const auto* decide = std::get_if<history::Decide>(&record.value); decide && record.type == history::Type::ok)
            last[decide->agent] = decide->revisions.at("main");
    EXPECT_EQ(last, (std::map<std::string, std::string>{{"a1", "r4"}, {"a2", "r4"}, {"a3", "r4"}}));
}

TEST(SimWorld, APartitionedAgentStaysBehindAndCatchesUpAfterTheHeal) {
    scenario::Plan plan = small_plan();
    plan.faults = {partition_of("a1", 4s, 11s)};
    const Ran ran = run(plan);
    std::map<std::string, std::string> at_eleven, last;
    for (const auto& record : ran.records)
        if (const auto* decide = std::get_if<history::Decide>(&record.value); decide && record.type == history::Type::ok) {
            if (record.time < TrueTime{11s}) at_eleven[decide->agent] = decide->revisions.at("main");
            last[decide->agent] = decide->revisions.at("main");
        }
    EXPECT_LT(at_eleven["a1"], at_eleven["a2"]);
    EXPECT_EQ(last["a1"], "r4");
    ASSERT_EQ(ran.judgement.faults.size(), 1U);
    EXPECT_TRUE(ran.judgement.faults[0].bit) << ran.judgement.faults[0].evidence.dump();
    EXPECT_EQ(ran.judgement.validity, checkers::Validity::valid);
}

TEST(SimWorld, ADisarmedPartitionIsUnknown) {
    scenario::Plan plan = small_plan();
    plan.faults = {partition_of("a1", 4s, 11s)};
    plan.faults[0].parameters["disarmed"] = true;
    const Ran ran = run(plan);
    ASSERT_EQ(ran.judgement.faults.size(), 1U);
    EXPECT_FALSE(ran.judgement.faults[0].bit);
    EXPECT_EQ(ran.judgement.validity, checkers::Validity::unknown);
}

TEST(SimWorld, StalenessWithoutTheFaultsExcuseIsInvalid) {
    scenario::Plan plan = small_plan();
    plan.faults = {partition_of("a1", 4s, 11s)};
    plan.claims["bounded-staleness"].within = 3s;
    plan.claims["bounded-staleness"].excused = false;
    const Ran ran = run(plan);
    EXPECT_EQ(ran.judgement.validity, checkers::Validity::invalid);
}

TEST(SimWorld, AKilledAgentComesBackAsAnotherIncarnation) {
    scenario::Plan plan = small_plan();
    plan.faults = {kill_of("a2", 5s, 7s, "kept")};
    const Ran ran = run(plan);
    EXPECT_EQ(count(ran, "boot", history::Type::info), 4);
    EXPECT_TRUE(ran.judgement.faults.at(0).bit) << ran.judgement.faults[0].evidence.dump();
    bool answered_by_second = false;
    for (const auto& record : ran.records)
        if (const auto* decide = std::get_if<history::Decide>(&record.value)) answered_by_second |= decide->incarnation == "a2#2";
    EXPECT_TRUE(answered_by_second);
    EXPECT_EQ(ran.judgement.validity, checkers::Validity::valid);
}

/// The claim held, and every agent was put to the test so many times.
void expect_held(const Ran& ran, const std::string& property, std::int64_t at_least) {
    const auto claim = std::find_if(ran.judgement.claims.begin(), ran.judgement.claims.end(),
                                    [&](const auto& one) { return one.property == property; });
    ASSERT_NE(claim, ran.judgement.claims.end()) << property;
    EXPECT_EQ(claim->validity, checkers::Validity::valid);
    EXPECT_EQ(claim->obligations_by_agent.size(), 3U);
    for (const auto& [agent, obligations] : claim->obligations_by_agent) EXPECT_GE(obligations, at_least) << agent;
}

TEST(SimWorld, HealthQueriesPutHealthTruthToTheTestInEveryIncarnation) {
    scenario::Plan plan = small_plan();
    for (const char* agent : {"a1", "a2", "a3"})
        for (const char* query : {"", "bundles"})
            plan.workload.health.push_back({fmt::format("health-{}-{}", query, agent), agent, query, TrueTime{1s}, plan.end(), 200ms, {}});
    plan.faults = {kill_of("a2", 5s, 7s, "lost")};
    plan.claims["health-truth"].property = "health-truth";
    const Ran ran = run(plan);
    std::map<std::pair<std::string, std::string>, int> answers;  // incarnation, query -> how many
    for (const auto& record : ran.records) {
        const auto* health = std::get_if<history::Health>(&record.value);
        if (health == nullptr || record.type != history::Type::ok) continue;
        EXPECT_TRUE(health->status == 200 || health->query == "bundles") << record.index;
        if (health->status == 200) ++answers[{health->incarnation.value_or("nobody"), health->query}];
    }
    for (const char* incarnation : {"a1#1", "a2#1", "a2#2", "a3#1"})
        for (const char* query : {"", "bundles"}) EXPECT_GT((answers[{incarnation, query}]), 15) << incarnation << " " << query;
    expect_held(ran, "health-truth", 101);
    EXPECT_EQ(ran.judgement.validity, checkers::Validity::valid);
}

TEST(SimWorld, ARunEndsWithABarrierThatReadYourPublishesIsHeldTo) {
    scenario::Plan plan = small_plan();
    plan.claims["read-your-publishes"].property = "read-your-publishes";
    const Ran ran = run(plan);
    EXPECT_EQ(count(ran, "barrier", history::Type::ok), 1);
    expect_held(ran, "read-your-publishes", 20);
    EXPECT_EQ(ran.judgement.validity, checkers::Validity::valid);
}

/// The scenario new-enemy: a document is published when every undisturbed agent has learnt of the revocation before it.
Ran run_new_enemy(std::vector<std::string> set) {
    return run(scenario::resolve(scenario::load("new-enemy", {.set = std::move(set)}).value()).value());
}

std::vector<std::string> violated(const Ran& ran) {
    std::vector<std::string> names;
    for (const auto& claim : ran.judgement.claims)
        if (claim.validity == checkers::Validity::invalid) names.push_back(claim.property);
    return names;
}

TEST(SimWorld, ANewEnemyIsLetInAfterAPartitionAndTheVerdictsSayIt) {
    const Ran ran = run_new_enemy({});
    EXPECT_EQ(violated(ran), std::vector<std::string>{"no-new-enemy"});
    EXPECT_EQ(ran.judgement.validity, checkers::Validity::invalid);
    std::int64_t let_in = 0, readers = 0;
    for (const auto& record : ran.records) {
        const auto* decide = std::get_if<history::Decide>(&record.value);
        if (!decide || record.type != history::Type::ok || decide->answer != history::Answer{history::Verdict{"true"}}) continue;
        if (decide->input_id->starts_with("enemy-")) {
            ++let_in;
            const std::string turn = decide->input_id->substr(7);
            EXPECT_GE(decide->revisions.at("docs"), "d" + turn);
            EXPECT_LT(decide->revisions.at("main"), "r" + turn);
            EXPECT_NE(decide->agent, "a5") << "which was never cut off";
        }
        if (decide->input_id->starts_with("doc-")) ++readers;
    }
    EXPECT_GT(let_in, 5);
    EXPECT_GT(readers, 500) << "documents are there to be read";
}

TEST(SimWorld, AnUndisturbedFleetThatIsGivenTheTimeLetsNoNewEnemyIn) {
    const Ran ran = run_new_enemy({"/faults=[]"});
    EXPECT_EQ(violated(ran), std::vector<std::string>{});
    EXPECT_EQ(ran.judgement.validity, checkers::Validity::valid);
}

TEST(SimWorld, AnUndisturbedFleetThatIsNotGivenTheTimeLetsANewEnemyIn) {
    const Ran ran = run_new_enemy({"/faults=[]", "/workload/documents/after=500ms"});
    EXPECT_EQ(violated(ran), std::vector<std::string>{"no-new-enemy"});
}

TEST(SimWorld, AMovedClockShowsInThatAgentsAnswersOnly) {
    scenario::Plan plan = small_plan();
    nemesis::FaultInterval clock;
    clock.id = "f1";
    clock.kind = "clock";
    clock.target = {"a3"};
    clock.start = TrueTime{5s};
    clock.stop = TrueTime{8s};
    clock.parameters = {{"offset", Duration(-1h).count()}};
    clock.skews["a3"] = {-1h, 0s};
    plan.faults = {clock};
    const Ran ran = run(plan);
    const auto& info = std::get<history::RunInfo>(ran.records.front().value);
    for (const auto& record : ran.records) {
        const auto* decide = std::get_if<history::Decide>(&record.value);
        if (!decide || record.type != history::Type::ok) continue;
        const Duration offset = *decide->agent_time - (*info.wall_at_zero + record.time.time_since_epoch());
        const bool inside = decide->agent == "a3" && record.time > TrueTime{5100ms} && record.time < TrueTime{8s};
        if (inside) {
            EXPECT_LT(offset, -59min);
        } else if (decide->agent != "a3") {
            EXPECT_LT(offset < 0s ? -offset : offset, 10ms);
        }
    }
}

TEST(SimWorld, PutsSimultaneousEventsAndMessagesInAnotherOrderForEachNumber) {
    std::set<std::uint64_t> trajectories;
    for (const std::uint64_t order : {0, 1, 2}) {
        scenario::Plan plan = small_plan();
        plan.simulation.order = order;
        plan.simulation.delay_max = order == 2 ? 10ms : 200us;
        const Ran once = run(plan), again = run(plan);
        EXPECT_EQ(once.history, again.history);
        EXPECT_EQ(once.judgement.validity, checkers::Validity::valid) << order;
        trajectories.insert(once.fingerprint);
    }
    EXPECT_EQ(trajectories.size(), 3U);
}

}  // namespace
}  // namespace mistrial::sim
