#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// O2: several authorities, one history.
namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

HistoryBuilder claimed(const Json& parameters = {{"within", "1s"}}) {
    HistoryBuilder history;
    history.run({{"fork-freedom", parameters}}, {"a1", "a2"});
    return history;
}

ClaimResult judged(const HistoryBuilder& history) {
    const Result<Judgement> judgement = judge(history.build());
    EXPECT_TRUE(judgement) << judgement.error().message;
    return claim(*judgement, "fork-freedom");
}

Json allows_alice(bool allowed) { return {{"base", nullptr}, {"verdicts", {{"alice", allowed}}}}; }

/// East and west publish without knowing of each other, after r0 that both build on.
HistoryBuilder branches() {
    HistoryBuilder history = claimed();
    return history.publish_by("east", "r0", 0, 5, nullptr, allows_alice(true))
        .publish_by("east", "r1", 10, 20, nullptr, allows_alice(false))
        .publish_by("west", "s1", 12, 22, Json{{"east", "r0"}}, allows_alice(true));
}

// --- declared ancestry ---------------------------------------------------------------------------------------------

TEST(ForkFreedom, IsBrokenWhenTwoConnectedAgentsHoldTwoBranchesForLongerThanTheBound) {
    HistoryBuilder history = branches();
    history.shows("a1", 100, 110, "r1", "alice", "false").shows("a1", 1200, 1210, "r1", "alice", "false");
    history.shows("a2", 100, 110, "s1", "alice", "true").shows("a2", 1300, 1310, "s1", "alice", "true");
    const ClaimResult result = judged(history);
    ASSERT_THAT(result.violations, SizeIs(1));
    const Violation& violation = result.violations[0];
    EXPECT_EQ(violation.agent, "a1 and a2");
    EXPECT_EQ(violation.attribution, Attribution::source);
    EXPECT_EQ(violation.count, 4);
    EXPECT_EQ(violation.from, at_ms(110));
    EXPECT_EQ(violation.to, at_ms(1200));
    EXPECT_THAT(violation.summary, HasSubstr("a1 followed r1 of east while a2 followed s1 of west for 1.090 s"));
    EXPECT_THAT(violation.proof, Contains(HasSubstr("r1 says false and s1 says true")));
}

TEST(ForkFreedom, HoldsUpToTheBoundExactly) {
    // Both certainly hold their branch from the end of the first answer to the begin of the last.
    const auto lasting = [](std::int64_t until) {
        HistoryBuilder history = branches();
        history.shows("a1", 100, 110, "r1").shows("a1", until, until + 5, "r1");
        history.shows("a2", 100, 110, "s1").shows("a2", 5000, 5010, "s1");
        return judged(history).violations.size();
    };
    EXPECT_EQ(lasting(1110), 0U);
    EXPECT_EQ(lasting(1111), 1U);
}

TEST(ForkFreedom, HoldsWhenOneBranchBuildsOnTheOther) {
    HistoryBuilder history = branches();
    history.publish_by("west", "s2", 30, 40, Json{{"east", "r1"}});
    history.shows("a1", 100, 110, "r1").shows("a1", 3000, 3010, "r1");
    history.shows("a2", 100, 110, "s2").shows("a2", 3000, 3010, "s2");
    EXPECT_THAT(judged(history).violations, IsEmpty());
}

TEST(ForkFreedom, KnowsWhatIsIncludedInWhatIsIncluded) {
    HistoryBuilder history = branches();
    history.publish_by("north", "n1", 30, 40, Json{{"west", "s1"}});
    history.shows("a1", 100, 110, "r0").shows("a1", 3000, 3010, "r0");
    history.shows("a2", 100, 110, "n1").shows("a2", 3000, 3010, "n1");
    EXPECT_THAT(judged(history).violations, IsEmpty()) << "n1 includes s1, and that r0";
    history.shows("a3", 100, 110, "r1").shows("a3", 3000, 3010, "r1");
    EXPECT_THAT(judged(history).violations, SizeIs(1)) << "but not r1";
}

TEST(ForkFreedom, CountsTheBoundOnlyWhileBothAreConnectedWithoutABreak) {
    HistoryBuilder history = branches();
    history.shows("a1", 100, 110, "r1").shows("a1", 2000, 2010, "r1");
    history.shows("a2", 100, 110, "s1").shows("a2", 2000, 2010, "s1");
    EXPECT_THAT(judged(history).violations, SizeIs(1));
    history.fault("f1", "partition", {"a2"}, {1100, 1101, 1102, 1103});
    EXPECT_THAT(judged(history).violations, IsEmpty()) << "no more than a second on either side of the fault";
    history.shows("a1", 2104, 2110, "r1").shows("a2", 2104, 2110, "s1");
    EXPECT_THAT(judged(history).violations, SizeIs(1));
}

TEST(ForkFreedom, ExcusesNobodyForAFaultThatCutsNoDeliveries) {
    HistoryBuilder history = branches();
    history.shows("a1", 100, 110, "r1").shows("a1", 2000, 2010, "r1");
    history.shows("a2", 100, 110, "s1").shows("a2", 2000, 2010, "s1");
    const history::Excuse of_reports{{}, true, false, false};
    history.fault("f1", "partition", {"a2"}, {1100, 1101, 1102, 1103}, true, of_reports);
    EXPECT_THAT(judged(history).violations, SizeIs(1));
}

TEST(ForkFreedom, DoesNotKnowWhatAnAgentHeldWhileSomethingElseMayHaveBeenAnswered) {
    const auto second = [](std::int64_t inv) {
        HistoryBuilder history = branches();
        history.shows("a1", 100, 110, "r1").shows("a1", 3000, 3010, "r1");
        history.shows("a1", inv, 3020, "s1");
        history.shows("a2", 100, 110, "s1").shows("a2", 4000, 4010, "s1");
        return judged(history).violations.size();
    };
    EXPECT_EQ(second(3000), 1U) << "s1 was asked for when r1 was shown for the last time";
    EXPECT_EQ(second(2999), 0U) << "it may have been answered just before that";
}

TEST(ForkFreedom, HearsOfAnExcuseThatComesAfterTheFact) {
    HistoryBuilder history = branches();
    history.shows("a1", 100, 110, "r1").shows("a1", 1200, 1210, "r1");
    history.shows("a2", 100, 110, "s1").shows("a2", 1200, 1210, "s1").stall(500, 1300);
    EXPECT_THAT(judged(history).violations, IsEmpty());
}

TEST(ForkFreedom, DoesNotKnowWhatAnAgentHeldThatWentToAndFro) {
    HistoryBuilder history = branches();
    history.shows("a1", 100, 110, "r1").shows("a1", 500, 510, "s1").shows("a1", 3000, 3010, "r1");
    history.shows("a2", 100, 110, "s1").shows("a2", 3000, 3010, "s1");
    EXPECT_THAT(judged(history).violations, IsEmpty());
}

TEST(ForkFreedom, NamesTheAgentThatHadTheJoinAndStayedBehind) {
    HistoryBuilder history = branches();
    history.publish_by("east", "r2", 200, 210, Json{{"west", "s1"}});
    history.shows("a1", 100, 110, "r1").shows("a1", 5000, 5010, "r1");
    history.shows("a2", 100, 110, "s1").shows("a2", 5000, 5010, "s1");
    EXPECT_EQ(judged(history).violations[0].attribution, Attribution::system);
    history.serve("a2", "r2", 300, 310);
    EXPECT_EQ(judged(history).violations[0].attribution, Attribution::agent);
}

TEST(ForkFreedom, IsOneFindingHoweverManyAgentsAreOnEitherSide) {
    HistoryBuilder history = branches();
    for (const char* agent : {"a1", "a2", "a3"}) history.shows(agent, 100, 110, "r1").shows(agent, 3000, 3010, "r1");
    for (const char* agent : {"b1", "b2"}) history.shows(agent, 100, 110, "s1").shows(agent, 3000, 3010, "s1");
    const ClaimResult result = judged(history);
    ASSERT_THAT(result.violations, SizeIs(1));
    EXPECT_THAT(result.violations[0].proof, Contains(HasSubstr("On the one side: a1, a2 and a3. On the other: b1 and b2.")));
}

// --- a total order -------------------------------------------------------------------------------------------------

HistoryBuilder without_ancestry() {
    HistoryBuilder history = claimed();
    return history.publish_by("east", "r1", 0, 30).publish_by("west", "s1", 10, 20);
}

TEST(ForkFreedom, HoldsWhenAllFollowOneOrderOfRevisionsThatWerePublishedTogether) {
    HistoryBuilder history = without_ancestry();
    for (std::int64_t at = 100; at < 300; at += 10) {
        for (const char* agent : {"a1", "a2"}) history.shows(agent, at, at + 1, at < 200 ? "s1" : "r1");
    }
    const ClaimResult result = judged(history);
    EXPECT_EQ(result.validity, Validity::valid);
    EXPECT_EQ(result.obligations, 40);
}

TEST(ForkFreedom, IsBrokenWhenTwoAgentsAdoptTwoRevisionsInOppositeOrders) {
    HistoryBuilder history = without_ancestry();
    history.shows("a1", 100, 110, "r1").shows("a1", 200, 210, "s1");
    history.shows("a2", 100, 110, "s1").shows("a2", 200, 210, "r1");
    const ClaimResult result = judged(history);
    ASSERT_THAT(result.violations, SizeIs(1));
    EXPECT_EQ(result.violations[0].attribution, Attribution::source);
    EXPECT_THAT(result.violations[0].summary,
                AllOf(HasSubstr("a1 went from r1 to s1"), HasSubstr("a2 went from s1 to r1")));
}

TEST(ForkFreedom, HoldsWhenTheSecondWasAskedForAtTheInstantAtWhichTheFirstWasOver) {
    HistoryBuilder history = without_ancestry();
    history.shows("a1", 100, 110, "r1").shows("a1", 200, 210, "s1");
    history.shows("a2", 100, 110, "s1").shows("a2", 110, 210, "r1");
    EXPECT_THAT(judged(history).violations, IsEmpty());
}

TEST(ForkFreedom, IsBrokenWhenAnAgentContradictsTheOrderOfAcknowledgedPublishes) {
    HistoryBuilder history = claimed();
    history.publish_by("east", "r1", 0, 10).publish_by("west", "s1", 11, 20);
    history.shows("a1", 100, 110, "s1").shows("a1", 200, 210, "r1");
    const ClaimResult result = judged(history);
    ASSERT_THAT(result.violations, SizeIs(1));
    EXPECT_THAT(result.violations[0].summary, HasSubstr("r1 was published before s1"));
    EXPECT_EQ(result.violations[0].attribution, Attribution::system) << "nobody saw what the agent was served";
}

TEST(ForkFreedom, BlamesWhoeverTurnedBack) {
    HistoryBuilder history = claimed();
    history.publish_by("east", "r1", 0, 10).publish_by("west", "s1", 11, 20);
    history.shows("a1", 100, 110, "s1").shows("a1", 200, 210, "r1").serve("a1", "r1", 30, 40).serve("a1", "s1", 50, 60);
    EXPECT_EQ(judged(history).violations[0].attribution, Attribution::agent);
    history.serve("a1", "r1", 150, 160);
    EXPECT_EQ(judged(history).violations[0].attribution, Attribution::source);
}

TEST(ForkFreedom, GrantsAPublishThatNobodyAcknowledgedAnyPlaceAfterItsBegin) {
    HistoryBuilder history = claimed();
    history.publish_by("east", "r1", 0, 10, nullptr, Json::object(), history::Type::info).publish_by("west", "s1", 11, 20);
    history.shows("a1", 100, 110, "s1").shows("a1", 200, 210, "r1");
    EXPECT_THAT(judged(history).violations, IsEmpty());
}

TEST(ForkFreedom, IsNotExercisedBehindOneAuthority) {
    HistoryBuilder history = claimed();
    history.publish_by("east", "r1", 0, 10).publish_by("east", "r2", 20, 30);
    for (std::int64_t at = 100; at < 500; at += 10) history.shows("a1", at, at + 1, "r2").shows("a2", at, at + 1, "r1");
    const ClaimResult result = judged(history);
    EXPECT_EQ(result.obligations, 0);
    EXPECT_EQ(result.reason, Reason::not_exercised);
}

TEST(ForkFreedom, IsExercisedOnlyFromTheSecondAuthoritysFirstPublishOn) {
    HistoryBuilder history = claimed();
    history.publish_by("east", "r1", 0, 10).shows("a1", 20, 30, "r1").publish_by("west", "s1", 40, 50);
    history.shows("a1", 60, 70, "r1").shows("a2", 60, 70, "s1");
    EXPECT_EQ(judged(history).obligations, 2);
}

TEST(ForkFreedom, NeedsABoundToBeClaimed) {
    HistoryBuilder history = claimed(Json::object());
    history.publish_by("east", "r1", 0, 10);
    const Result<Judgement> judgement = judge(history.build());
    ASSERT_FALSE(judgement);
    EXPECT_THAT(judgement.error().message, HasSubstr("/value/claims/fork-freedom: needs \"within\""));
}

}  // namespace
}  // namespace mistrial::checkers
