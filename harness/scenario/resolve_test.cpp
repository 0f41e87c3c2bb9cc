#include "harness/scenario/fleet.hpp"
#include "harness/scenario/scenario.hpp"
#include "harness/workload/workload.hpp"

#include "engine/bundle/digest.hpp"
#include "harness/store/embedded.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

namespace mistrial::scenario {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kTestdata = std::string(MISTRIAL_SOURCE_DIR) + "/harness/scenario/testdata/";

Plan plan_of(const std::string& path_or_name, std::vector<std::string> set = {}) {
    const auto scenario = load(path_or_name, {.set = std::move(set)});
    EXPECT_TRUE(scenario.has_value()) << scenario.error().message;
    const auto plan = resolve(*scenario);
    EXPECT_TRUE(plan.has_value()) << plan.error().message;
    return *plan;
}

TEST(Resolve, of_a_small_scenario_gives_the_plan_that_it_always_gave) {
    const std::string text = to_json(plan_of(kTestdata + "small.json")).dump(1) + "\n";
    const auto golden = read_file(kTestdata + "small.plan.json");
    const std::string fresh = std::string(MISTRIAL_BINARY_DIR) + "/small.plan.json";
    ASSERT_TRUE(replace_file(fresh, text).has_value());
    EXPECT_TRUE(golden.has_value() && *golden == text)
        << "If the change is meant: cp " << fresh << " " << kTestdata << "small.plan.json";
}

RC_GTEST_PROP(Resolve, gives_the_same_bytes_for_the_same_seed, ()) {
    const std::string seed = fmt::format("/seed={}", *rc::gen::arbitrary<std::uint64_t>());
    const std::string name = kTestdata + "small.json";
    RC_ASSERT(to_json(plan_of(name, {seed})).dump() == to_json(plan_of(name, {seed})).dump());
}

TEST(Fleet, names_nodes_of_a_group_with_a_count_by_number_and_others_by_the_group) {
    const Plan plan = plan_of(kTestdata + "small.json");
    std::vector<std::string> names;
    for (const AgentNode& agent : plan.fleet.agents) names.push_back(agent.name);
    EXPECT_THAT(names, ElementsAre("a1", "a2", "b"));
    EXPECT_EQ(plan.fleet.mirrors.front().name, "cdn");
    EXPECT_EQ(plan_of(kTestdata + "small.json", {"/fleet/mirrors/0/count=1"}).fleet.mirrors.front().name, "cdn1");
}

TEST(Fleet, shares_the_mirrors_of_a_group_out_among_the_agents) {
    std::vector<std::string> sources;
    for (const AgentNode& agent : plan_of("demo").fleet.agents) sources.push_back(agent.from);
    EXPECT_THAT(sources, ElementsAre("cdn1", "cdn2", "cdn1", "cdn2", "cdn1"));
}

TEST(Publishes, begin_before_everything_else_and_end_before_the_run_settles) {
    const Plan plan = plan_of("demo");
    ASSERT_EQ(plan.settle_start(), TrueTime{34600ms});
    EXPECT_EQ(plan.workload.publishes.size(), 18U);
    EXPECT_EQ(plan.workload.publishes.front().at, TrueTime{0s});
    EXPECT_EQ(plan.workload.publishes.back().at, TrueTime{34s});
    EXPECT_EQ(plan_of("demo", {"/workload/publish/every=17300ms"}).workload.publishes.size(), 2U) << "none as it settles";
}

TEST(Publishes, carry_the_oracle_and_the_digest_of_what_the_workload_makes_again) {
    const Plan plan = plan_of(kTestdata + "small.json");
    const auto workload = workload::make(plan.workload.kind, plan.workload.parameters, plan.seed);
    ASSERT_TRUE(workload.has_value());
    ASSERT_EQ((*workload)->revisions(), plan.workload.publishes.size());
    for (std::size_t i = 0; i < plan.workload.publishes.size(); ++i) {
        const workload::Revision revision = (*workload)->revision(i + 1);
        EXPECT_EQ(plan.workload.publishes[i].revision, revision.name);
        EXPECT_EQ(plan.workload.publishes[i].digest, bundle::digest(revision.members));
        EXPECT_EQ(plan.workload.publishes[i].content, revision.content);
    }
}

TEST(Publishes, of_documents_follow_those_of_the_grants_that_they_presume) {
    const Plan plan = plan_of("demo", {R"(/workload/documents={"after":"1500ms"})", "/workload/publish/every=5s"});
    EXPECT_THAT(plan.atomic, ElementsAre(ElementsAre("main"), ElementsAre("docs")));
    for (const AgentNode& agent : plan.fleet.agents) EXPECT_THAT(agent.bundles, ElementsAre("main", "docs"));
    const auto& publishes = plan.workload.publishes;
    ASSERT_EQ(publishes.size(), 14U);
    EXPECT_EQ(publishes[1].at, TrueTime{}) << "there before the agents start";
    EXPECT_EQ(publishes[13].at, TrueTime{31500ms}) << "before it settles at 34.6s";
    for (std::size_t i = 1; i < publishes.size(); i += 2) {
        EXPECT_EQ(publishes[i - 1].bundle, "main");
        EXPECT_EQ(publishes[i].bundle, "docs");
        EXPECT_EQ(publishes[i].content->at("depends"), (Json{{"main", publishes[i - 1].revision}}));
        EXPECT_EQ(publishes[i].at - publishes[i - 1].at, i == 1 ? 0ms : 1500ms);
    }
    EXPECT_EQ(plan_of("demo", {"/workload/documents={}", R"(/fleet/agents/0/bundles=["main"])"}).fleet.agents[0].bundles.size(), 1U);
}

TEST(Publishes, of_documents_fit_between_those_of_the_grants) {
    const auto message = [](const std::string& set) {
        const auto loaded = load("new-enemy", {.set = {set}});
        return loaded ? std::string() : loaded.error().message;
    };
    EXPECT_THAT(message("/workload/documents/after=8s"), HasSubstr("/workload/documents/after: expected at least 1ms and less "
                                                                   "than 8s, the time between revisions of the grants, got 8s"));
    EXPECT_THAT(message("/workload/documents/bundle=main"),
                HasSubstr("/workload/documents/bundle: expected another bundle than that of the grants, main, got \"main\""));
    EXPECT_THAT(message("/workload/documents=docs"),
                HasSubstr("/workload/documents: expected an object with bundle and after, got \"docs\""));
    EXPECT_THAT(message(R"(/fleet/agents/0/bundles=["docs"])"),
                HasSubstr("/fleet/agents/0/bundles/0: expected \"main\", the bundle with the policy, first, got \"docs\""));
    EXPECT_THAT(message(R"(/fleet/agents/0/bundles=["main","dosc"])"),
                HasSubstr("/fleet/agents/0/bundles/1: expected a bundle that the workload publishes (main, docs), got \"dosc\""));
    EXPECT_THAT(message(R"(/workload/publish={"revisions":[{"number":2,"at":"0s"},{"number":3,"at":"0s"}]})"),
                AllOf(HasSubstr("/workload/documents/after: expected no \"after\" beside \"publish/revisions\""),
                      HasSubstr("/workload/publish/revisions/0/number: expected an odd number first, that of a revision with the "
                                "policy, got 2"),
                      HasSubstr("/workload/publish/revisions/1/at: expected a time after the publish before it")));
    EXPECT_THAT(message("/workload/kind=own"),
                HasSubstr("/workload/documents: expected no \"documents\" with workload own: it belongs to grants"));
}

TEST(Load, gives_each_session_an_agent_in_turn) {
    const Plan plan = plan_of("demo");
    ASSERT_EQ(plan.workload.decisions.size(), 20U);
    EXPECT_EQ(plan.workload.decisions[0].agent, "a1");
    EXPECT_EQ(plan.workload.decisions[4].agent, "a5");
    EXPECT_EQ(plan.workload.decisions[5].agent, "a1");
    EXPECT_EQ(plan.workload.decisions[5].name, "session-6");
    EXPECT_EQ(plan.workload.concurrency, 1000) << "rate x timeout";
    EXPECT_EQ(plan_of("demo", {"/workload/decide/rate=50000"}).workload.concurrency, 4096);
}

RC_GTEST_PROP(Load, is_due_at_evenly_spaced_times, ()) {
    const int rate = *rc::gen::inRange(1, 2000);
    const int sessions = *rc::gen::inRange(3, 60);
    const Plan plan = plan_of(kTestdata + "small.json", {fmt::format("/workload/decide/rate={}", rate),
                                                         fmt::format("/workload/decide/sessions={}", sessions)});
    std::multiset<TrueTime> due;
    for (const DecisionStream& stream : plan.workload.decisions)
        for (int n = 0; n < 3; ++n) due.insert(stream.from + n * stream.period);
    const Duration gap = 1'000'000'000ns / rate;
    auto before = due.begin();
    RC_ASSERT(*before == TrueTime{1s});
    for (auto at = std::next(before); at != due.end(); before = at++) {
        RC_ASSERT(*at - *before >= gap - 2ns);
        RC_ASSERT(*at - *before <= gap + 2ns);
    }
}

TEST(Load, roaming_sessions_ask_every_agent_in_an_order_that_leaving_decisions_out_does_not_move) {
    const Plan plan = plan_of("demo", {"/workload/decide/sessions=12", "/workload/decide/roaming=2"});
    ASSERT_EQ(plan.workload.decisions.size(), 12U);
    EXPECT_EQ(plan.workload.decisions[9].agent, "a5");
    for (const std::size_t session : {10, 11}) {
        const DecisionStream& stream = plan.workload.decisions[session];
        EXPECT_THAT(stream.roams, ElementsAre("a1", "a2", "a3", "a4", "a5"));
        std::map<std::string, int> asked;
        for (std::uint64_t number = 0; number < 1000; ++number) ++asked[stream.agent_of(plan.seed, number)];
        ASSERT_EQ(asked.size(), 5U);
        for (const auto& [agent, times] : asked) EXPECT_GT(times, 120) << agent;
        DecisionStream thinner = stream;
        thinner.omit = {1, 2, 3};
        EXPECT_EQ(thinner.agent_of(plan.seed, 7), stream.agent_of(plan.seed, 7));
    }
    EXPECT_NE(plan.workload.decisions[10].agent_of(plan.seed, 3) + plan.workload.decisions[10].agent_of(plan.seed, 4) +
                  plan.workload.decisions[10].agent_of(plan.seed, 5) + plan.workload.decisions[10].agent_of(plan.seed, 6),
              plan.workload.decisions[11].agent_of(plan.seed, 3) + plan.workload.decisions[11].agent_of(plan.seed, 4) +
                  plan.workload.decisions[11].agent_of(plan.seed, 5) + plan.workload.decisions[11].agent_of(plan.seed, 6));
    EXPECT_EQ(plan_from_json(Json(to_json(plan)), "plan.json").value(), plan);
}

TEST(Health, is_asked_of_every_agent_at_a_constant_rate_to_the_end_of_the_run) {
    const Plan plan = plan_of("demo");
    std::map<std::string, std::vector<std::string>> queries;
    std::set<TrueTime> from;
    for (const HealthStream& stream : plan.workload.health) {
        queries[stream.agent].push_back(stream.query);
        EXPECT_EQ(stream.until, plan.end());
        EXPECT_EQ(stream.period, 500ms);
        from.insert(stream.from);
    }
    EXPECT_EQ(queries.size(), 5U);
    for (const auto& [agent, asked] : queries) EXPECT_THAT(asked, ElementsAre("", "bundles")) << agent;
    EXPECT_EQ(from.size(), 10U) << "never two at once";
    EXPECT_EQ(*from.begin(), TrueTime{1s});
    EXPECT_LT(*from.rbegin(), TrueTime{1500ms});
}

TEST(Health, of_bundles_is_asked_only_where_the_driver_says_how) {
    Json driver = Json::parse(*embedded::find("agents/opa.json"));
    driver["health"].erase("bundles");
    const std::string file = testing::TempDir() + "no-bundle-health.json";
    std::ofstream(file) << driver.dump();
    const Plan plan = plan_of("demo", {fmt::format("/fleet/agents/0/driver={}", file)});
    ASSERT_EQ(plan.workload.health.size(), 5U);
    for (const HealthStream& stream : plan.workload.health) EXPECT_EQ(stream.query, "");
}

TEST(Settle, is_twice_the_largest_bound_and_at_least_ten_seconds) {
    EXPECT_EQ(plan_of("demo").settle, 10400ms);
    EXPECT_EQ(plan_of("demo", {"/claims={}"}).settle, 10s);
    EXPECT_EQ(plan_of("demo", {"/settle=6s"}).settle, 6s);
}

TEST(Claims, of_a_profile_are_replaced_one_by_one) {
    const auto claims = plan_of("demo", {R"(/claims={"profile":"opa","convergence":{"within":"12s"}})", "/settle=12s"}).claims;
    EXPECT_EQ(claims.size(), Json::parse(*embedded::find("claims/opa.json")).at("claims").size()) << "none lost, none added";
    EXPECT_EQ(claims.at("convergence").within, 12s);
    EXPECT_TRUE(claims.at("convergence").terms.empty());
    EXPECT_EQ(claims.at("split-brain").within, 5200ms);
    EXPECT_FALSE(claims.at("split-brain").terms.empty());
}

TEST(Claims, are_bounded_by_the_slowest_agent_that_they_cover) {
    const std::string slow = R"(/fleet/agents/-={"name":"slow","from":"cdn","poll":{"min":"1s","max":"5s"}})";
    EXPECT_EQ(plan_of("demo", {slow, "/workload/decide/sessions=24"}).claims.at("convergence").within, 8500ms);
    EXPECT_EQ(plan_of("demo", {slow, R"(/claims/convergence={"agents":"a"})"}).claims.at("convergence").within, 5200ms);
}

TEST(Claims, of_a_plan_are_what_the_checkers_read_in_the_history) {
    for (const LibraryEntry& entry : library()) {
        const auto claims = plan_of(entry.name).claims;
        const auto again = checkers::parse_claims(checkers::to_json(claims));
        ASSERT_TRUE(again.has_value()) << again.error().message;
        EXPECT_EQ(checkers::to_json(*again).dump(1), checkers::to_json(claims).dump(1)) << entry.name;
        EXPECT_TRUE(*again == claims) << entry.name;
    }
}

TEST(Claims, speak_of_nodes_where_the_file_named_groups) {
    const auto claim = plan_of("demo", {R"(/claims/convergence={"agents":["a1","agents"]})"}).claims.at("convergence");
    EXPECT_THAT(claim.agents, ElementsAre("a1", "a2", "a3", "a4", "a5"));
}

TEST(OwnBundles, of_a_directory_are_published_in_their_order) {
    const std::string path = std::string(MISTRIAL_SOURCE_DIR) + "/scenarios/examples/own-bundles.json";
    const Plan plan = plan_of(path);
    std::vector<std::string> revisions;
    for (const PlannedPublish& publish : plan.workload.publishes) revisions.push_back(publish.revision);
    EXPECT_THAT(revisions, ElementsAre("2026-03-01", "2026-03-02", "2026-03-03"));
    EXPECT_EQ(plan.workload.path, "shop/allow");
    EXPECT_EQ(plan.workload.pool.size(), 5U);
    EXPECT_TRUE(std::filesystem::path(plan.workload.parameters["inputs"].get<std::string>()).is_absolute());

    const auto late = load(path, {.set = {"/workload/publish/every=12s"}});
    EXPECT_THAT(late.error().message, HasSubstr("/workload/revisions: expected at most 2, as many as can be published before "
                                                "the run settles, got 3"));
    const auto missing = load(path, {.set = {"/workload/revisions/1=nowhere", "/workload/users=3"}});
    EXPECT_THAT(missing.error().message, HasSubstr("/workload/users: expected no \"users\" with workload own"));
    EXPECT_THAT(load(path, {.set = {"/workload/revisions/1=nowhere"}}).error().message, HasSubstr("nowhere: no such directory"));
}

}  // namespace
}  // namespace mistrial::scenario
