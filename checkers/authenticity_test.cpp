#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// V2: a revision that must be refused is never shown.
namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Json claimed(Json parameters = Json::object()) { return {{"authentic-activation", std::move(parameters)}}; }

Json table(bool alice, bool canary = false) {
    return {{"base", nullptr}, {"verdicts", {{"alice", alice}, {"canary", canary}}}};
}

/// r1 is good; r2, of which only the canary tells by its verdict, is bad.
HistoryBuilder bad_bundle(const std::string& kind, Json parameters = Json::object()) {
    HistoryBuilder history;
    history.run(claimed(std::move(parameters)), {"a1"});
    history.publish("r1", 0, 10, table(true));
    Json content = table(true, true);
    content["bad"] = kind;
    history.publish("r2", 100, 110, content);
    return history;
}

ClaimResult judged(const HistoryBuilder& history) {
    const Result<Judgement> judgement = judge(history.build());
    EXPECT_TRUE(judgement) << judgement.error().message;
    return claim(*judgement, "authentic-activation");
}

TEST(AuthenticActivation, HoldsForAnAgentThatKeepsItsRevisionWhileABadOneIsOffered) {
    HistoryBuilder history = bad_bundle("unsigned");
    for (std::int64_t at = 200; at < 500; at += 10) history.shows("a1", at, at + 1, "r1", "alice");
    const ClaimResult result = judged(history);
    EXPECT_EQ(result.validity, Validity::valid);
    EXPECT_EQ(result.obligations, 30);
}

TEST(AuthenticActivation, IsBrokenByOneAnswerUnderTheBadRevision) {
    HistoryBuilder history = bad_bundle("unsigned");
    history.serve("a1", "r2", 120, 130).shows("a1", 200, 201, "r1", "alice").shows("a1", 300, 301, "r2", "alice");
    const ClaimResult result = judged(history);
    ASSERT_THAT(result.violations, SizeIs(1));
    EXPECT_EQ(result.violations[0].agent, "a1");
    EXPECT_EQ(result.violations[0].attribution, Attribution::agent);
    EXPECT_EQ(result.violations[0].count, 1);
    EXPECT_THAT(result.violations[0].summary, HasSubstr("a1 activated r2 of bundle main, which it must refuse (unsigned)"));
    EXPECT_THAT(result.violations[0].proof, Contains(AllOf(HasSubstr("cdn1 served it to a1"), HasSubstr("t=+0.020 s"))));
}

TEST(AuthenticActivation, IsBrokenByAStatusReportThatNamesTheBadRevision) {
    HistoryBuilder history = bad_bundle("unsigned");
    history.status("a1", 300, "r2");
    EXPECT_THAT(judged(history).violations, SizeIs(1));
}

TEST(AuthenticActivation, IsBrokenByAVerdictThatOnlyTheBadRevisionGivesThoughItNamesNone) {
    HistoryBuilder history = bad_bundle("unsigned");
    Answered blind;
    blind.input_id = "canary";
    history.decide(200, 201, blind);
    const ClaimResult result = judged(history);
    ASSERT_THAT(result.violations, SizeIs(1));
    EXPECT_EQ(result.violations[0].wrongly_allowed, 1);
    EXPECT_THAT(result.violations[0].proof, Contains(HasSubstr("The answer names no revision")));
}

TEST(AuthenticActivation, SaysNothingOfAVerdictThatAGoodRevisionGivesToo) {
    HistoryBuilder history = bad_bundle("unsigned");
    Answered blind;
    blind.input_id = "alice";
    history.decide(200, 201, blind);
    EXPECT_THAT(judged(history).violations, IsEmpty());
}

TEST(AuthenticActivation, SaysNothingOfACanaryThatARevisionWithoutATableMightAllow) {
    HistoryBuilder history = bad_bundle("unsigned");
    history.publish("r3", 150, 160);
    Answered blind;
    blind.input_id = "canary";
    history.decide(200, 201, blind);
    EXPECT_THAT(judged(history).violations, IsEmpty());
}

TEST(AuthenticActivation, LeavesTheKindsThatTheClaimExceptsToMeasurement) {
    HistoryBuilder history = bad_bundle("expired", {{"except", {"expired"}}});
    history.shows("a1", 200, 201, "r2", "canary");
    const Result<Judgement> judgement = judge(history.build());
    ASSERT_TRUE(judgement) << judgement.error().message;
    EXPECT_THAT(claim(*judgement, "authentic-activation").violations, IsEmpty());
    EXPECT_EQ(claim(*judgement, "authentic-activation").obligations, 0);
    const auto measured = std::find_if(judgement->measured.begin(), judgement->measured.end(),
                                       [](const Measured& one) { return one.property == "authentic-activation"; });
    ASSERT_NE(measured, judgement->measured.end());
    EXPECT_EQ(measured->values["operations_that_show_excepted"]["expired"], 1);

    HistoryBuilder other = bad_bundle("unsigned", {{"except", {"expired"}}});
    other.shows("a1", 200, 201, "r2", "canary");
    EXPECT_THAT(judged(other).violations, SizeIs(1));
}

TEST(AuthenticActivation, IsExercisedOnlyWhileABadRevisionIsTheLastThatCame) {
    HistoryBuilder history = bad_bundle("unsigned");
    history.shows("a1", 50, 51, "r1").shows("a1", 200, 201, "r1").publish("r3", 300, 310, table(true)).shows("a1", 400, 401, "r1");
    EXPECT_EQ(judged(history).obligations, 1);
}

TEST(AuthenticActivation, IsExercisedByWhatWasServedWhereDeliveriesAreRecorded) {
    HistoryBuilder history = bad_bundle("unsigned");
    history.serve("a1", "r1", 20, 30).shows("a1", 200, 201, "r1").serve("a1", "r2", 210, 220).shows("a1", 300, 301, "r1");
    EXPECT_EQ(judged(history).obligations, 1);
}

}  // namespace
}  // namespace mistrial::checkers
