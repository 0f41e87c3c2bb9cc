#include "harness/conductor/barrier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mistrial::conductor {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

scenario::Plan plan() {
    scenario::Plan plan;
    for (const char* name : {"a1", "a2", "elsewhere"}) {
        plan.fleet.agents.emplace_back().name = name;
        plan.fleet.agents.back().bundles = {*name == 'a' ? "main" : "other"};
    }
    for (const char* revision : {"r9", "r10", "r11"}) plan.workload.publishes.push_back({0, {}, "main", revision, "primary", "", {}});
    return plan;
}

history::Decide answered(const char* agent, const char* revision) {
    history::Decide answered;
    answered.agent = agent;
    answered.revisions = {{"main", revision}, {"other", "r10"}};
    return answered;
}

TEST(Barrier, WaitsForEveryAgentOfTheBundleToShowTheNewestAcknowledgedRevision) {
    const scenario::Plan made = plan();
    Barrier barrier(made);
    barrier.acknowledged(1);
    barrier.acknowledged(0);
    EXPECT_FALSE(barrier.reached());
    const auto begun = barrier.begin(TrueTime{5s});
    ASSERT_TRUE(begun);
    EXPECT_EQ(begun->revision, "r10");
    EXPECT_THAT(begun->agents, ElementsAre("a1", "a2"));
    barrier.learn(answered("a1", "r9"), TrueTime{6s});
    EXPECT_THAT(barrier.waiting(), ElementsAre("a1", "a2"));
    barrier.learn(answered("a1", "r10"), TrueTime{7s});
    EXPECT_FALSE(barrier.reached());
    barrier.learn(answered("a2", "r11"), TrueTime{7s});
    EXPECT_TRUE(barrier.reached()) << "nobody acknowledged r11, but it is newer";
}

TEST(Barrier, CountsNoAnswerThatWasUnderWayWhenItBeganAndNoneOfAProcessThatEnded) {
    const scenario::Plan made = plan();
    Barrier barrier(made);
    barrier.acknowledged(2);
    barrier.learn(answered("a1", "r11"), TrueTime{4s});
    ASSERT_TRUE(barrier.begin(TrueTime{5s}));
    barrier.learn(answered("a1", "r11"), TrueTime{5s});
    EXPECT_THAT(barrier.waiting(), ElementsAre("a1", "a2"));
    barrier.learn(answered("a1", "r11"), TrueTime{6s});
    barrier.forget("a1");
    barrier.forget("elsewhere");
    EXPECT_THAT(barrier.waiting(), ElementsAre("a1", "a2"));
}

TEST(Barrier, IsNoneWhereNothingWasAcknowledgedOrNobodyDownloadsIt) {
    scenario::Plan made = plan();
    EXPECT_EQ(Barrier(made).begin(TrueTime{5s}), std::nullopt);
    made.fleet.agents.erase(made.fleet.agents.begin(), made.fleet.agents.begin() + 2);
    Barrier barrier(made);
    barrier.acknowledged(0);
    EXPECT_EQ(barrier.begin(TrueTime{5s}), std::nullopt);
    EXPECT_FALSE(barrier.reached());
}

}  // namespace
}  // namespace mistrial::conductor
