#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// V4: one state and one question have one verdict.
namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

HistoryBuilder two_versions(const std::string& first, const std::string& second, Json parameters = Json::object()) {
    HistoryBuilder history;
    history::RunInfo run;
    run.agents["a1"] = {"opa", first, {"main"}, false};
    run.agents["a2"] = {"opa", second, {"main"}, false};
    run.claims = {{"determinism", std::move(parameters)}};
    history.record(TrueTime{}, history::Type::info, "run", "harness", run);
    return history.publish("r1", 0, 10);
}

ClaimResult judged(const HistoryBuilder& history) {
    const Result<Judgement> judgement = judge(history.build());
    EXPECT_TRUE(judgement) << judgement.error().message;
    return claim(*judgement, "determinism");
}

TEST(Determinism, HoldsWhileEveryAgentAnswersAlikeWithoutAnyOracle) {
    HistoryBuilder history = two_versions("1.0", "1.0");
    for (std::int64_t at = 100; at < 400; at += 20) {
        history.shows("a1", at, at + 1, "r1", "x", "true").shows("a2", at, at + 2, "r1", "x", "true");
    }
    const ClaimResult result = judged(history);
    EXPECT_EQ(result.validity, Validity::valid);
    EXPECT_EQ(result.obligations, 29 + 1);  // the first one counts for its agent once there is a second
}

TEST(Determinism, IsBrokenByOneAgentThatAnswersOneStateInTwoWays) {
    HistoryBuilder history = two_versions("1.0", "1.0");
    history.shows("a1", 100, 101, "r1", "x", "true").shows("a1", 200, 201, "r1", "x", "false");
    const ClaimResult result = judged(history);
    ASSERT_THAT(result.violations, SizeIs(1));
    EXPECT_EQ(result.violations[0].attribution, Attribution::agent);
    EXPECT_THAT(result.violations[0].summary, HasSubstr("one state, one question, two verdicts"));
}

TEST(Determinism, TellsBothVersionsWhenTheyDecideDifferently) {
    HistoryBuilder history = two_versions("0.58.0", "1.19.1");
    history.shows("a1", 100, 101, "r1", "x", "true").shows("a2", 100, 102, "r1", "x", "false");
    const ClaimResult result = judged(history);
    ASSERT_THAT(result.violations, SizeIs(1));
    EXPECT_EQ(result.violations[0].attribution, Attribution::system);
    EXPECT_THAT(result.violations[0].summary,
                AllOf(HasSubstr("two versions decide differently"), HasSubstr("opa 0.58.0"), HasSubstr("opa 1.19.1")));
}

TEST(Determinism, LeavesDifferencesOfVersionsToMeasurementWhenTheClaimDoesNotReachAcross) {
    HistoryBuilder history = two_versions("0.58.0", "1.19.1", {{"across_versions", false}});
    history.shows("a1", 100, 101, "r1", "x", "true").shows("a2", 100, 102, "r1", "x", "false");
    const Result<Judgement> judgement = judge(history.build());
    ASSERT_TRUE(judgement);
    EXPECT_THAT(claim(*judgement, "determinism").violations, IsEmpty());
    bool told = false;
    for (const Measured& one : judgement->measured) {
        told = told || (one.property == "determinism" && one.values["divergences_between_versions"] == 1);
    }
    EXPECT_TRUE(told);
    history.shows("a2", 300, 301, "r1", "x", "true");
    EXPECT_THAT(judged(history).violations, SizeIs(1)) << "one version against itself";
}

TEST(Determinism, ComparesOnlyWhatIsAskedUnderOneStateOverOnePath) {
    HistoryBuilder history = two_versions("1.0", "1.0");
    history.publish("r2", 20, 30);
    history.shows("a1", 100, 101, "r1", "x", "true")
        .shows("a2", 100, 101, "r2", "x", "false")
        .shows("a2", 100, 101, "r1", "y", "false")
        .shows("a2", 200, 201, "-", "x", "false");
    EXPECT_THAT(judged(history).violations, IsEmpty());
    EXPECT_EQ(judged(history).obligations, 0);
}

TEST(Determinism, SaysNothingOfRefusals) {
    HistoryBuilder history = two_versions("1.0", "1.0");
    Answered refused;
    refused.markers = {{"main/policy", "r1"}};
    refused.input_id = "x";
    refused.answer = history::Refused{503, std::nullopt};
    history.shows("a1", 100, 101, "r1", "x", "true").decide(200, 201, refused);
    EXPECT_THAT(judged(history).violations, IsEmpty());
}

TEST(Determinism, ComparesWithinAPieceOfTimeAndNotWithinAMicrosecondOfItsEnd) {
    HistoryBuilder history;
    history.run({{"determinism", Json::object()}}, {"a1"});
    const Json pieces{{"pieces", {{{"until", 1'000'000}, {"verdict", true}}, {{"until", 2'000'000}, {"verdict", false}}}}};
    history.publish("r1", 0, 10, {{"base", nullptr}, {"verdicts", {{"x", pieces}}}});
    const auto read = [&](std::int64_t at, std::int64_t clock, bool verdict) {
        Answered answered;
        answered.markers = {{"main/policy", "r1"}};
        answered.input_id = "x";
        answered.answer = history::Verdict{verdict ? "true" : "false"};
        answered.agent_time = at_nanos<WallTime>(clock);
        history.decide(at, at + 1, answered);
    };
    read(100, 500'000, true);
    read(200, 1'500'000, false);
    read(300, 999'500, false);  // may have been evaluated a microsecond later
    EXPECT_THAT(judged(history).violations, IsEmpty());
    read(400, 998'000, false);
    EXPECT_THAT(judged(history).violations, SizeIs(1));
}

TEST(Determinism, KeepsAWindowOfStatesAndNotTheWholeHistory) {
    HistoryBuilder history = two_versions("1.0", "1.0");
    for (int i = 2; i <= 40; ++i) {
        const std::string name = "r" + std::to_string(i);
        history.publish(name, 20 * i, 20 * i + 1).shows("a1", 20 * i + 5, 20 * i + 6, name, "x", "true");
    }
    history.shows("a2", 2000, 2001, "r40", "x", "false").shows("a2", 2010, 2011, "r2", "x", "false");
    ASSERT_THAT(judged(history).violations, SizeIs(1)) << "r2 has left the window";
    EXPECT_THAT(judged(history).violations[0].summary, HasSubstr("r40"));
}

}  // namespace
}  // namespace mistrial::checkers
