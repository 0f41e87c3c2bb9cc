#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Revisions of authorities that do not know of each other are in no order: nobody is accused across them, and an agent
/// that falls behind within one branch still is.
namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::IsEmpty;
using ::testing::SizeIs;

HistoryBuilder claimed() {
    HistoryBuilder history;
    history.run({{"monotonic-revisions", Json::object()},
                 {"bounded-staleness", {{"within", "1s"}}},
                 {"convergence", {{"within", "1s"}}},
                 {"split-brain", {{"within", "1s"}}}},
                {"a1", "a2"});
    return history;
}

Json says(bool allowed) { return {{"base", nullptr}, {"verdicts", {{"x", allowed}}}}; }

Judgement judged(const HistoryBuilder& history) {
    Result<Judgement> judgement = judge(history.build());
    EXPECT_TRUE(judgement) << judgement.error().message;
    return *judgement;
}

/// r1 of east, then s1 of west, which includes what `includes` says.
HistoryBuilder east_then_west(const Json& includes) {
    HistoryBuilder history = claimed();
    return history.publish_by("east", "r1", 0, 10, nullptr, says(true)).publish_by("west", "s1", 20, 30, includes, says(false));
}

/// East's revision long after west's was due, and after having shown that.
HistoryBuilder back_to_east(const Json& includes) {
    HistoryBuilder history = east_then_west(includes);
    return history.shows("a1", 2000, 2001, "s1", "x", "false").shows("a1", 3000, 3001, "r1", "x", "true");
}

TEST(Authorities, MonotonicRevisionsAccusesNobodyAcrossBranches) {
    EXPECT_THAT(claim(judged(back_to_east(nullptr)), "monotonic-revisions").violations, IsEmpty());
    EXPECT_THAT(claim(judged(back_to_east(Json::object())), "monotonic-revisions").violations, IsEmpty());
    EXPECT_THAT(claim(judged(back_to_east({{"east", "r1"}})), "monotonic-revisions").violations, SizeIs(1));
}

TEST(Authorities, BoundedStalenessAccusesNobodyAcrossBranches) {
    EXPECT_THAT(claim(judged(back_to_east(nullptr)), "bounded-staleness").violations, IsEmpty());
    EXPECT_THAT(claim(judged(back_to_east({{"east", "r1"}})), "bounded-staleness").violations, SizeIs(1));
}

TEST(Authorities, ConvergenceAccusesNobodyAcrossBranchesAndCallsNobodyConverged) {
    EXPECT_THAT(claim(judged(back_to_east(nullptr)), "convergence").violations, IsEmpty());
    EXPECT_EQ(claim(judged(back_to_east(nullptr)), "convergence").obligations, 1) << "that of west's revision alone";
    EXPECT_THAT(claim(judged(back_to_east({{"east", "r1"}})), "convergence").violations, SizeIs(1));
}

TEST(Authorities, SplitBrainAccusesNobodyWhileAnotherBranchMayBeEnforced) {
    const auto both_answer = [](const Json& includes) {
        HistoryBuilder history = east_then_west(includes);
        history.shows("a1", 2000, 2001, "s1", "x", "false").shows("a2", 2000, 2001, "r1", "x", "true");
        return claim(judged(history), "split-brain").violations.size();
    };
    EXPECT_EQ(both_answer(nullptr), 0U);
    EXPECT_EQ(both_answer({{"east", "r1"}}), 1U);
}

TEST(Authorities, AnAgentIsHeldToTheNewestOfItsOwnBranch) {
    HistoryBuilder history = claimed();
    history.publish_by("east", "r1", 0, 10).publish_by("west", "s1", 20, 30).publish_by("east", "r2", 40, 50);
    history.shows("a1", 2000, 2001, "r1").shows("a2", 2000, 2001, "s1");
    const ClaimResult result = claim(judged(history), "bounded-staleness");
    ASSERT_THAT(result.violations, SizeIs(1));
    EXPECT_EQ(result.violations[0].agent, "a1");
}

TEST(Authorities, OneThatIsNotNamedIsAnAuthorityOfItsOwn) {
    HistoryBuilder history = claimed();
    history.publish("r1", 0, 10).publish_by("west", "s1", 20, 30);
    history.shows("a1", 2000, 2001, "s1").shows("a1", 3000, 3001, "r1");
    EXPECT_THAT(claim(judged(history), "monotonic-revisions").violations, IsEmpty());
}

TEST(Authorities, WhatAnotherBranchDeliveredIsNoReplacementForWhatWasDue) {
    HistoryBuilder history = claimed();
    history.publish_by("east", "r1", 0, 10).publish_by("east", "r2", 20, 30).publish_by("west", "s1", 22, 32);
    history.publish_by("east", "r3", 40, 50);
    history.serve("a1", "r1", 12, 14).serve("a1", "s1", 60, 70).shows("a1", 3000, 3001, "r1");
    const ClaimResult result = claim(judged(history), "bounded-staleness");
    ASSERT_THAT(result.violations, SizeIs(1));
    EXPECT_EQ(result.violations[0].attribution, Attribution::system) << "it never got r2";
}

}  // namespace
}  // namespace mistrial::checkers
