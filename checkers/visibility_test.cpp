#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::HasSubstr;

/// Agents a1 … a4 show r1, then r2 (acknowledged at 100 ms) by the end of a decision at the time given for each.
HistoryBuilder rollout(double quantile, const std::array<std::int64_t, 4>& adopted) {
    HistoryBuilder history;
    history.run(Json{{"visibility", {{"quantile", quantile}, {"within", "50ms"}}}}, {"a1", "a2", "a3", "a4"});
    history.publish("r1", 0, 10).publish("r2", 90, 100);
    for (std::size_t i = 0; i < adopted.size(); ++i) {
        const std::string agent = "a" + std::to_string(i + 1);
        history.shows(agent, 20, 25, "r1");
        history.shows(agent, adopted[i] - 10, adopted[i] - 5, "r1").shows(agent, adopted[i] - 2, adopted[i], "r2");
    }
    return history;
}

ClaimResult result_of(const HistoryBuilder& history) {
    const auto judgement = judge(history.build());
    EXPECT_TRUE(judgement) << judgement.error().message;
    return claim(*judgement, "visibility");
}

TEST(Visibility, HoldsWhenTheShareOfPairsWasVisibleInTime) {
    EXPECT_NE(result_of(rollout(0.75, {140, 150, 150, 300})).validity, Validity::invalid);
    EXPECT_EQ(result_of(rollout(0.76, {140, 150, 150, 300})).validity, Validity::invalid);
}

TEST(Visibility, LeavesALagThatMayHaveBeenShortEnoughUndecided) {
    // Seen by 155, not yet at 145: the bound of 50 ms lies between.
    const ClaimResult result = result_of(rollout(1.0, {140, 140, 140, 155}));
    EXPECT_EQ(result.validity, Validity::unknown);
    EXPECT_EQ(result.reason, Reason::no_evidence);
}

TEST(Visibility, ALagIsLateWhenTheBoundHadPassedBeforeTheLastDecisionUnderTheOlderRevisionBegan) {
    EXPECT_NE(result_of(rollout(1.0, {140, 140, 140, 160})).validity, Validity::invalid) << "the last one begins at 150";
    EXPECT_EQ(result_of(rollout(1.0, {140, 140, 140, 161})).validity, Validity::invalid);
}

TEST(Visibility, ExcusesPairsWhoseBoundMetAFault) {
    HistoryBuilder history = rollout(1.0, {140, 140, 140, 300});
    history.fault("f1", "partition", {"a4"}, {149, 149, 149, 151});
    EXPECT_NE(result_of(history).validity, Validity::invalid);
    history = rollout(1.0, {140, 140, 140, 300});
    history.fault("f1", "partition", {"a4"}, {150, 150, 150, 250});
    EXPECT_EQ(result_of(history).validity, Validity::invalid) << "the fault began when the bound was over";
}

TEST(Visibility, IsUnknownOfWhatBecameVisibleOnceSeveralAuthoritiesPublish) {
    const auto second_authority_at = [](std::int64_t at) {
        HistoryBuilder history;
        history.run(Json{{"visibility", {{"quantile", 1}, {"within", "50ms"}}}}, {"a1"});
        history.publish_by("east", "r1", 0, 10).publish_by("east", "r2", 90, 100);
        history.shows("a1", 20, 25, "r1").shows("a1", 290, 295, "r1").shows("a1", 298, 300, "r2");
        return result_of(history.publish_by("west", "s1", at, at + 10)).validity;
    };
    EXPECT_EQ(second_authority_at(301), Validity::invalid);
    EXPECT_EQ(second_authority_at(300), Validity::unknown);
}

TEST(Visibility, TellsOfTheLatestPair) {
    const ClaimResult result = result_of(rollout(1.0, {140, 200, 300, 140}));
    ASSERT_EQ(result.violations.size(), 1U);
    EXPECT_EQ(result.violations[0].agent, "a3");
    EXPECT_EQ(result.violations[0].count, 2);
    EXPECT_THAT(result.violations[0].proof, Contains(HasSubstr("a3 first showed r2 or something newer by t=+0.200 s")));
}

TEST(Visibility, IsMeasuredWithBoundsOfEachLagAndConfidenceOverAgents) {
    HistoryBuilder history = rollout(1.0, {140, 150, 150, 300});
    Suite::Options unclaimed;
    unclaimed.claims = Claims{};
    const auto judgement = judge(history.build(), unclaimed);
    ASSERT_TRUE(judgement);
    for (const Measured& measured : judgement->measured) {
        if (measured.property != "visibility") continue;
        EXPECT_EQ(measured.values["at_most"]["count"], 4);
        EXPECT_EQ(measured.values["at_most"]["max_ns"], 200'000'000);
        EXPECT_EQ(measured.values["at_least"]["max_ns"], 190'000'000);
        EXPECT_EQ(measured.values["confidence"]["agents"], 4);
        EXPECT_EQ(measured.values["confidence"], judge(history.build(), unclaimed)->measured[&measured - judgement->measured.data()]
                                                     .values["confidence"]);
        EXPECT_FALSE(measured.values["by_decision"].empty());
        return;
    }
    FAIL() << "not measured";
}

}  // namespace
}  // namespace mistrial::checkers
