#include "checkers/requests.hpp"

#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Json tokens{{"token-freshness", Json::object()}};
const Json pins{{"pinned-snapshot", Json::object()}};
const Json enemies{{"no-new-enemy", Json::object()}};

HistoryBuilder three_revisions(const Json& claims) {
    HistoryBuilder history;
    history.run(claims, {"a1"});
    history.publish("r1", 0, 1).publish("r2", 2, 3).publish("r3", 4, 5);
    return history;
}

Answered showing(const std::string& revision) {
    Answered answered;
    answered.revisions = {{"main", revision}};
    return answered;
}

std::vector<Violation> violations(const HistoryBuilder& history, std::string_view property) {
    const auto judgement = judge(history.build());
    EXPECT_TRUE(judgement) << judgement.error().message;
    return claim(*judgement, property).violations;
}

TEST(TokenFreshness, WhoAsksForAtLeastARevisionGetsNoOlderOne) {
    for (const Json& token : {Json("r2"), Json{{"main", "r2"}}}) {
        for (const auto& [shown, right] : {std::pair{"r1", false}, {"r2", true}, {"r3", true}, {"-", false}}) {
            HistoryBuilder history = three_revisions(tokens);
            Answered answered = showing(shown);
            answered.at_least = token;
            history.decide(10, 11, answered);
            EXPECT_EQ(violations(history, "token-freshness").empty(), right) << token << " " << shown;
        }
    }
}

TEST(TokenFreshness, ARefusalIsAlwaysRight) {
    HistoryBuilder history = three_revisions(tokens);
    Answered answered = showing("r1");
    answered.at_least = "r2";
    answered.answer = history::Refused{409, std::nullopt};
    history.decide(10, 11, answered);
    const auto judgement = judge(history.build());
    ASSERT_TRUE(judgement);
    EXPECT_THAT(claim(*judgement, "token-freshness").violations, IsEmpty());
    EXPECT_EQ(claim(*judgement, "token-freshness").obligations, 1);
}

TEST(TokenFreshness, ATokenThatNoRecordPublishesOrThatTwoBundlesKnowIsNotJudged) {
    HistoryBuilder history = three_revisions(tokens);
    history.publish("r2", 6, 7, nullptr, history::Type::ok, "docs");
    Answered answered = showing("r1");
    answered.at_least = "r9";
    history.decide(10, 11, answered);
    answered.at_least = "r2";
    history.decide(10, 11, answered);
    const auto judgement = judge(history.build());
    ASSERT_TRUE(judgement);
    EXPECT_EQ(claim(*judgement, "token-freshness").obligations, 0);
}

TEST(TokenFreshness, TheViolationNamesWhatWasAskedFor) {
    HistoryBuilder history = three_revisions(tokens);
    Answered answered = showing("r1");
    answered.at_least = "r2";
    history.decide(10, 11, answered);
    const auto found = violations(history, "token-freshness");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_THAT(found[0].summary, HasSubstr("a1 answered under r1 of bundle main where at least r2 was asked for"));
    EXPECT_THAT(found[0].proof, Contains(HasSubstr("had it shown r2, or refused")));
}

TEST(PinnedSnapshot, WhoAsksForExactlyARevisionGetsNoOther) {
    for (const auto& [shown, right] : {std::pair{"r1", false}, {"r2", true}, {"r3", false}, {"-", false}}) {
        HistoryBuilder history = three_revisions(pins);
        Answered answered = showing(shown);
        answered.exactly = "r2";
        history.decide(10, 11, answered);
        EXPECT_EQ(violations(history, "pinned-snapshot").empty(), right) << shown;
    }
}

/// The grant of docs d1 presumes the revocation r2 of main.
HistoryBuilder dependent(std::int64_t granted = 10, const Json& inputs = Json::object()) {
    HistoryBuilder history;
    history.run(enemies, {"a1"}, inputs);
    history.publish("r1", 0, 1).publish("r2", 2, 9);
    history.publish("d1", granted, 12, Json{{"depends", {{"main", "r2"}}}}, history::Type::ok, "docs");
    return history;
}

TEST(NoNewEnemy, WhoHasTheGrantHasTheRevocationBeforeIt) {
    for (const auto& [main, right] : {std::pair{"r1", false}, {"r2", true}, {"-", false}}) {
        HistoryBuilder history = dependent();
        Answered answered = showing(main);
        answered.revisions["docs"] = "d1";
        history.decide(20, 21, answered);
        const auto found = violations(history, "no-new-enemy");
        EXPECT_EQ(found.empty(), right) << main;
        if (right) continue;
        EXPECT_EQ(found[0].attribution, Attribution::system);
        EXPECT_THAT(found[0].proof, Contains(HasSubstr("it presumes r2 of bundle main or newer")));
    }
}

TEST(NoNewEnemy, HoldsNobodyToARevisionThatMayNeverHaveTakenEffect) {
    for (const bool seen : {false, true}) {
        HistoryBuilder history;
        history.run(enemies, {"a1", "a2"});
        history.publish("r1", 0, 1).publish("r2", 2, 9, Json::object(), history::Type::info);
        history.publish("d1", 10, 12, Json{{"depends", {{"main", "r2"}}}}, history::Type::ok, "docs");
        Answered other = showing("r2");
        other.agent = "a2";
        if (seen) history.decide(14, 15, other);
        Answered answered = showing("r1");
        answered.revisions["docs"] = "d1";
        history.decide(20, 21, answered);
        EXPECT_EQ(violations(history, "no-new-enemy").size(), seen ? 1U : 0U);
    }
}

TEST(NoNewEnemy, IsProvenByTheFirstThatWasLetInWhoeverAskedFirst) {
    HistoryBuilder history;
    history.run(enemies, {"a1"}, Json{{"bob", {{"combine", "and"}, {"bundles", {"main", "docs"}}}}});
    history.publish("r1", 0, 1, Json{{"base", nullptr}, {"verdicts", {{"bob", true}, {"eve", false}}}});
    history.publish("r2", 2, 9, Json{{"base", "r1"}, {"verdicts", {{"bob", false}}}});
    history.publish("d1", 10, 12, Json{{"base", nullptr}, {"verdicts", {{"bob", true}}}, {"depends", {{"main", "r2"}}}},
                    history::Type::ok, "docs");
    for (const auto& [at, who] : {std::pair{20, "eve"}, {30, "bob"}, {40, "bob"}}) {
        Answered answered = showing("r1");
        answered.revisions["docs"] = "d1";
        answered.input_id = who;
        answered.answer = history::Verdict{std::string_view(who) == "bob" ? "true" : "false"};
        history.decide(at, at + 1, answered);
    }
    const auto found = violations(history, "no-new-enemy");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].count, 3);
    EXPECT_EQ(found[0].wrongly_allowed, 2);
    EXPECT_THAT(found[0].proof, Contains(HasSubstr("a1 ALLOWED (true)")));
}

TEST(NoNewEnemy, WhatIsNotShownIsNotJudged) {
    HistoryBuilder history = dependent();
    Answered answered;
    answered.revisions = {{"docs", "d1"}};
    history.decide(20, 21, answered);
    answered.revisions = {{"main", "r1"}, {"docs", "-"}};
    history.decide(20, 21, answered);
    EXPECT_THAT(violations(history, "no-new-enemy"), IsEmpty());
}

const Json probe{{"enemy", {{"new_enemy", {{"newer", {{"docs", "d1"}}}, {"older", {{"main", "r2"}}}}}}}};

TEST(NoNewEnemy, AProbeConvictsByItsVerdictAlone) {
    for (const bool allowed : {true, false}) {
        HistoryBuilder history = dependent(10, probe);
        Answered answered;
        answered.input_id = "enemy";
        answered.answer = history::Verdict{allowed ? "true" : "false"};
        history.decide(20, 21, answered);
        const auto found = violations(history, "no-new-enemy");
        EXPECT_EQ(found.empty(), !allowed);
        if (!found.empty()) {
            EXPECT_EQ(found[0].wrongly_allowed, 1);
        }
    }
}

TEST(NoNewEnemy, AProbeProvesNothingWhenTheGrantDidNotFollowTheRevocation) {
    HistoryBuilder history = dependent(9, probe);  // r2 is acknowledged at 9
    Answered answered;
    answered.input_id = "enemy";
    history.decide(20, 21, answered);
    EXPECT_THAT(violations(history, "no-new-enemy"), IsEmpty());
}

TEST(NoNewEnemy, AMalformedProbeIsAnErrorThatSaysWhatIsWanted) {
    HistoryBuilder history;
    history.run(enemies, {"a1"}, Json{{"enemy", {{"new_enemy", {{"newer", "d1"}}}}}});
    const auto judgement = judge(history.build());
    ASSERT_FALSE(judgement);
    EXPECT_THAT(judgement.error().message, HasSubstr("\"new_enemy\" of input enemy: \"newer\" must be one bundle and its revision"));
}

}  // namespace
}  // namespace mistrial::checkers
