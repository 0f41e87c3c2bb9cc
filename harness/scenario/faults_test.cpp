#include "harness/scenario/faults.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace mistrial::scenario {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr TrueTime kSettle{100s};

/// Seven agents behind two mirrors of one authority.
const Fleet& fleet() {
    static const Fleet made = [] {
        Fleet fleet;
        fleet.authorities = {{"primary"}};
        fleet.mirrors = {{"cdn1", "cdn", "primary", 1s}, {"cdn2", "cdn", "primary", 1s}};
        for (int i = 1; i <= 7; ++i) {
            AgentNode agent;
            agent.name = fmt::format("a{}", i);
            agent.group = "a";
            agent.from = i % 2 == 1 ? "cdn1" : "cdn2";
            agent.bundles = {"main"};
            fleet.agents.push_back(agent);
        }
        return fleet;
    }();
    return made;
}

nemesis::Schedule schedule_of(const Json& faults, std::uint64_t seed = 1) {
    Mistakes mistakes;
    const Roster roster(fleet());
    const auto read = read_faults(Reader(faults, mistakes), fleet(), roster);
    auto schedule = draw_schedule(read, fleet(), seed, kSettle, mistakes);
    EXPECT_TRUE(mistakes.empty()) << mistakes.report({}).message;
    return schedule;
}

nemesis::FaultInterval only(const std::string& fault) {
    const auto schedule = schedule_of(Json::array({Json::parse(fault)}));
    EXPECT_THAT(schedule, SizeIs(1));
    return schedule.empty() ? nemesis::FaultInterval{} : schedule.front();
}

std::vector<std::string> edges_of_fault(const nemesis::FaultInterval& fault) {
    std::vector<std::string> edges;
    for (const Json& edge : fault.parameters.at("edges"))
        edges.push_back(fmt::format("{}>{} {}", edge.at("client").get<std::string>(), edge.at("server").get<std::string>(),
                                    edge.at("cut").get<std::string>()));
    return edges;
}

// --- Times ---------------------------------------------------------------------------------------------------------

TEST(Schedule, numbers_intervals_by_their_start) {
    const auto schedule = schedule_of(Json::parse(R"([
        { "at": "20s", "for": "5s", "pause": { "on": "a1" } },
        { "at": "10s", "for": "5s", "clock": { "on": "a2", "offset": "-1h" } } ])"));
    ASSERT_THAT(schedule, SizeIs(2));
    EXPECT_EQ(schedule[0].id, "f1");
    EXPECT_EQ(schedule[0].kind, "clock");
    EXPECT_EQ(schedule[0].parameters, Json({{"offset", -3'600'000'000'000}}));
    EXPECT_EQ(schedule[1].id, "f2");
    EXPECT_EQ(schedule[1].start, TrueTime{20s});
    EXPECT_EQ(schedule[1].stop, TrueTime{25s});
}

TEST(Schedule, repeats_a_periodic_fault_until_the_run_settles) {
    const auto schedule = schedule_of(Json::parse(R"([{ "every": "30s", "for": "15s", "pause": { "on": "a1" } }])"));
    ASSERT_THAT(schedule, SizeIs(3));
    EXPECT_EQ(schedule[0].start, TrueTime{30s});
    EXPECT_EQ(schedule[2].start, TrueTime{90s});
    EXPECT_EQ(schedule[2].stop, kSettle) << "clipped";
}

// --- Picks ---------------------------------------------------------------------------------------------------------

TEST(Pick, takes_as_many_as_it_says) {
    const auto size = [](const std::string& pick) {
        return only(R"({ "at": "1s", "for": "1s", "pause": { "on": { "pick": ")" + pick + R"(", "of": "agents" } } })").target.size();
    };
    EXPECT_EQ(size("one"), 1U);
    EXPECT_EQ(size("minority"), 3U);
    EXPECT_EQ(size("majority"), 4U);
    EXPECT_EQ(size("majorities-ring"), 4U);
    EXPECT_EQ(size("all"), 7U);
}

TEST(Pick, of_a_ring_moves_on_by_one_node_each_time_so_that_all_are_hit_alike) {
    const auto schedule = schedule_of(Json::parse(
        R"([{ "every": "10s", "for": "5s", "pause": { "on": { "pick": "majorities-ring", "of": "agents" } } }])"));
    ASSERT_GE(schedule.size(), 7U);
    std::map<std::string, int> hits;
    for (std::size_t i = 0; i < 7; ++i) {
        for (const std::string& node : schedule[i].target) ++hits[node];
        std::vector<std::string> left;
        std::ranges::set_difference(schedule[i].target, schedule[i + 1].target, std::back_inserter(left));
        if (i < 6) {
            EXPECT_THAT(left, SizeIs(1));
        }
    }
    for (const auto& [node, count] : hits) EXPECT_EQ(count, 4) << node;
}

RC_GTEST_PROP(Schedule, moves_no_interval_when_another_fault_is_removed, ()) {
    // Kinds on resources of their own, so that none gives way to another.
    const std::vector<Json> candidates = {
        Json::parse(R"({ "every": "7s", "for": "2s", "pause": { "on": { "pick": "one", "of": "agents" } } })"),
        Json::parse(R"({ "every": "9s", "for": "2s", "clock": { "on": { "pick": "minority", "of": "agents" }, "offset": "-1h" } })"),
        Json::parse(R"({ "every": "11s", "for": "4s", "partition": { "on": { "pick": "majority", "of": "agents" }, "from": "cdn" } })"),
        Json::parse(R"({ "every": "13s", "for": "4s", "partition": { "on": { "pick": "one", "of": "agents" }, "from": "status" } })"),
        Json::parse(R"({ "every": "17s", "for": "4s", "partition": { "on": { "pick": "one", "of": "mirrors" }, "from": "primary" } })")};
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    const auto removed = *rc::gen::inRange<std::size_t>(0, candidates.size());
    Json all = Json::array(), fewer = Json::array();
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        all.push_back(candidates[i]);
        if (i != removed) fewer.push_back(candidates[i]);
    }
    const auto nameless = [](nemesis::Schedule schedule) {
        for (nemesis::FaultInterval& interval : schedule) interval.id.clear();
        return schedule;
    };
    auto expected = nameless(schedule_of(all, seed));
    const auto taken = nameless(schedule_of(Json::array({candidates[removed]}), seed));
    std::erase_if(expected, [&](const auto& one) { return std::ranges::find(taken, one) != taken.end(); });
    RC_ASSERT(nameless(schedule_of(fewer, seed)) == expected);
}

RC_GTEST_PROP(Schedule, is_the_same_for_the_same_seed, (std::uint64_t seed)) {
    const Json faults = Json::parse(R"([{ "every": "7s", "for": "2s", "pause": { "on": { "pick": "minority", "of": "agents" } } },
                                        { "every": "5s", "for": "1s", "kill": { "on": { "pick": "one", "of": "a" } } }])");
    RC_ASSERT(schedule_of(faults, seed) == schedule_of(faults, seed));
}

RC_GTEST_PROP(Schedule, never_holds_one_process_twice_at_once, (std::uint64_t seed)) {
    const Json faults = Json::parse(R"([{ "every": "5s", "for": "3s", "pause": { "on": { "pick": "majority", "of": "agents" } } },
                                        { "every": "7s", "for": "4s", "kill": { "on": { "pick": "minority", "of": "agents" } } },
                                        { "at": "20s", "for": "40s", "pause": { "on": "a3" } }])");
    const auto schedule = schedule_of(faults, seed);
    for (const auto& one : schedule)
        for (const auto& other : schedule) {
            if (one.id == other.id || one.stop < other.start || other.stop < one.start) continue;
            for (const std::string& node : one.target)
                RC_ASSERT(std::ranges::find(other.target, node) == other.target.end());
        }
    RC_ASSERT(std::ranges::any_of(schedule, [](const auto& one) { return one.stop - one.start == 40s; }));
}

// --- Edges and excuses ---------------------------------------------------------------------------------------------

TEST(Partition, cuts_the_edges_that_there_are_between_its_ends) {
    EXPECT_THAT(edges_of_fault(only(R"({ "at": "1s", "for": "1s", "partition": { "on": ["a1", "a2"], "from": "cdn" } })")),
                ElementsAre("a1>cdn1 both", "a2>cdn2 both"));
    EXPECT_THAT(edges_of_fault(only(R"({ "at": "1s", "for": "1s", "partition": { "on": "cdn1", "from": ["primary", "a3"] } })")),
                ElementsAre("a3>cdn1 both", "cdn1>primary both"));
}

TEST(Partition, cuts_one_direction_as_its_own_end_sees_it) {
    const auto cut = [](const std::string& on, const std::string& from, const std::string& direction) {
        return edges_of_fault(only(R"({ "at": "1s", "for": "1s", "partition": { "on": ")" + on + R"(", "from": ")" + from +
                                   R"(", "mode": "stall", "direction": ")" + direction + R"(" } })"));
    };
    EXPECT_THAT(cut("a1", "cdn1", "outbound"), ElementsAre("a1>cdn1 requests"));
    EXPECT_THAT(cut("a1", "cdn1", "inbound"), ElementsAre("a1>cdn1 responses"));
    EXPECT_THAT(cut("cdn1", "a1", "outbound"), ElementsAre("a1>cdn1 responses"));
    EXPECT_THAT(cut("cdn1", "a1", "inbound"), ElementsAre("a1>cdn1 requests"));
}

TEST(Excuse, of_a_cut_edge_is_what_passes_over_it) {
    const auto excuses = [](const std::string& on, const std::string& from) {
        return only(R"({ "at": "1s", "for": "1s", "partition": { "on": ")" + on + R"(", "from": ")" + from + R"(" } })").excuses;
    };
    using Excuses = std::map<std::string, history::Excuse>;
    const history::Excuse bundles{{"main"}, false, false, false};
    EXPECT_EQ(excuses("a1", "cdn1"), (Excuses{{"a1", bundles}}));
    EXPECT_EQ(excuses("a1", "status"), (Excuses{{"a1", {{}, true, true, false}}})) << "the log waits for the report";
    EXPECT_EQ(excuses("a1", "logs"), (Excuses{{"a1", {{}, false, true, false}}}));
    EXPECT_EQ(excuses("clients", "a1"), (Excuses{{"a1", {{}, false, false, true}}}));
    EXPECT_EQ(excuses("cdn2", "primary"), (Excuses{{"a2", bundles}, {"a4", bundles}, {"a6", bundles}}));
    EXPECT_THAT(excuses("clients", "primary"), IsEmpty()) << "a publish that is late is not yet acknowledged";
}

TEST(Excuse, of_a_kill_or_a_pause_is_everything) {
    const history::Excuse everything{{"main"}, true, true, true};
    for (const char* fault : {R"({ "at": "1s", "for": "1s", "kill": { "on": "a4" } })", R"({ "at": "1s", "for": "1s", "pause": { "on": "a4" } })"})
        EXPECT_EQ(only(fault).excuses, (std::map<std::string, history::Excuse>{{"a4", everything}}));
}

TEST(Excuse, of_a_clock_is_nothing_but_the_skew_it_may_cause) {
    const auto fault = only(R"({ "at": "1s", "for": "1s", "clock": { "on": "a4", "offset": "-1h" } })");
    EXPECT_THAT(fault.excuses, IsEmpty());
    EXPECT_EQ(fault.skews, (std::map<std::string, history::Skew>{{"a4", {-1h - 100ms, 100ms}}}));
}

}  // namespace
}  // namespace mistrial::scenario
