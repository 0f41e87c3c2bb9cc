#include "reports/lanes.hpp"

#include "reports/testing/synthetic_run.hpp"
#include "reports/timeline.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mistrial::reports {
namespace {

using checkers::testing::at_ms;
using checkers::testing::HistoryBuilder;

Lanes lanes_of(const HistoryBuilder& history) {
    LaneBuilder builder;
    for (const auto& record : history.build()) builder.on(record);
    return builder.finish();
}

TEST(Lanes, ShowWhoEnforcedWhatWhen) {
    HistoryBuilder history;
    history.publish("r1", 0, 10).publish("r2", 1000, 1010);
    history.shows("a1", 100, 110, "r1").shows("a1", 200, 210, "r1").shows("a1", 1500, 1510, "r2");
    const Lanes lanes = lanes_of(history);
    ASSERT_EQ(lanes.agents.size(), 1U);
    const std::vector<Stretch> expected{{at_ms(110), at_ms(1510), "r1"}, {at_ms(1510), at_ms(1510), "r2"}};
    EXPECT_EQ(lanes.agents[0].bundles.at("main"), expected);
    EXPECT_EQ(lanes.order_of("main", "r2"), 1U);
    EXPECT_EQ(lanes.order_of("main", "r3"), std::nullopt);
}

TEST(Lanes, ASlowAnswerIsNoRollback) {
    HistoryBuilder history;
    history.publish("r1", 0, 10).publish("r2", 20, 30);
    history.shows("a1", 100, 400, "r1").shows("a1", 200, 300, "r2").shows("a1", 500, 510, "r2");
    const Lanes lanes = lanes_of(history);
    EXPECT_EQ(lanes.agents[0].bundles.at("main").size(), 1U);
}

TEST(Lanes, ARollbackIsShown) {
    HistoryBuilder history;
    history.publish("r1", 0, 10).publish("r2", 20, 30);
    history.shows("a1", 200, 300, "r2").shows("a1", 400, 410, "r1");
    const Lanes lanes = lanes_of(history);
    ASSERT_EQ(lanes.agents[0].bundles.at("main").size(), 2U);
    EXPECT_EQ(lanes.agents[0].bundles.at("main")[1].revision, "r1");
}

TEST(Lanes, ATornAnswerCountsAsTheOlderHalf) {
    HistoryBuilder history;
    history.publish("r1", 0, 10).publish("r2", 20, 30);
    checkers::testing::Answered torn;
    torn.markers = {{"main/data", "r1"}, {"main/policy", "r2"}};
    history.decide(100, 110, torn);
    EXPECT_EQ(lanes_of(history).agents[0].bundles.at("main")[0].revision, "r1");
}

TEST(Lanes, BetweenDeathAndBootAnAgentIsDown) {
    HistoryBuilder history;
    history.publish("r1", 0, 10).boot("a1", "a1#1", 5);
    history.shows("a1", 100, 110, "r1")
        .death("a1", "a1#1", 500)
        .boot("a1", "a1#2", 900)
        .shows("a1", 1000, 1010, "r1");
    history.shows("a1", 1100, 1110, "r1").death("a1", "a1#2", 2000).shows("a2", 2500, 2600, "r1");
    const Lanes lanes = lanes_of(history);
    const std::vector<Gap> down{{at_ms(500), at_ms(900)}, {at_ms(2000), at_ms(2600)}};
    EXPECT_EQ(lanes.agents[0].down, down);
    const std::vector<Stretch> shown{{at_ms(110), at_ms(500), "r1"}, {at_ms(1010), at_ms(2000), "r1"}};
    EXPECT_EQ(lanes.agents[0].bundles.at("main"), shown);
}

TEST(Lanes, ADecisionThatNeverEndedWasNotAnswered) {
    HistoryBuilder history;
    checkers::testing::Answered lost;
    lost.type = history::Type::invoke;
    history.decide(100, 0, lost);
    EXPECT_EQ(lanes_of(history).agents[0].slices.at(2).unanswered, 1);
}

TEST(Lanes, AgentsStandInTheOrderOfTheirNumbers) {
    HistoryBuilder history;
    for (const char* name : {"a10", "b1", "a2", "a1"}) history.shows(name, 1, 2, "r1");
    std::vector<std::string> names;
    for (const AgentLane& lane : lanes_of(history).agents) names.push_back(lane.agent);
    EXPECT_EQ(names, (std::vector<std::string>{"a1", "a2", "a10", "b1"}));
}

RC_GTEST_PROP(Lanes, CountEveryDecisionOnceAndStretchesDoNotOverlap, ()) {
    HistoryBuilder history;
    history.publish("r1", 0, 10).publish("r2", 20, 30).publish("r3", 40, 50);
    const auto count = *rc::gen::inRange(0, 40);
    for (int i = 0; i < count; ++i) {
        // Up to an hour: slices widen on the way.
        const std::int64_t inv = *rc::gen::inRange<std::int64_t>(0, 3'600'000);
        checkers::testing::Answered answered;
        answered.agent = *rc::gen::element<std::string>("a1", "a2");
        answered.markers = {{"main/policy", *rc::gen::element<std::string>("r1", "r2", "r3", "r9")}};
        answered.type = *rc::gen::element(history::Type::ok, history::Type::ok, history::Type::info,
                                          history::Type::fail, history::Type::invoke);
        history.decide(inv, inv + *rc::gen::inRange<std::int64_t>(1, 5'000), answered);
    }
    const Lanes lanes = lanes_of(history);
    std::int64_t counted = 0;
    for (const AgentLane& lane : lanes.agents) {
        RC_ASSERT(lane.slices.size() <= 720U);
        for (const Slice& slice : lane.slices) counted += slice.answered + slice.refused + slice.unanswered;
        for (const auto& [bundle, stretches] : lane.bundles)
            for (std::size_t i = 0; i < stretches.size(); ++i) {
                RC_ASSERT(stretches[i].from <= stretches[i].to);
                if (i > 0) RC_ASSERT(stretches[i - 1].to <= stretches[i].from);
            }
    }
    RC_ASSERT(counted == count);
}

RC_GTEST_PROP(Coarsened, CoversTheSameTimeWithFewerStretches, ()) {
    std::vector<Stretch> stretches;
    TrueTime at{};
    const auto count = *rc::gen::inRange<std::size_t>(1, 200);
    for (std::size_t i = 0; i < count; ++i) {
        const TrueTime to = at + Duration{*rc::gen::inRange<std::int64_t>(1, 1'000'000)};
        stretches.push_back({at, to, fmt::format("r{}", i)});
        at = to;
    }
    const std::size_t most = *rc::gen::inRange<std::size_t>(2, 100);
    const auto coarse = coarsened(stretches, at, most);
    RC_ASSERT(coarse.size() <= std::max(most, std::size_t{1}) + 1);
    RC_ASSERT(coarse.front().from == stretches.front().from);
    RC_ASSERT(coarse.back().to == stretches.back().to);
    for (std::size_t i = 1; i < coarse.size(); ++i) RC_ASSERT(coarse[i - 1].to == coarse[i].from);
}

}  // namespace
}  // namespace mistrial::reports
