#include "checkers/source_order.hpp"

#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Json claims{{"source-fidelity", Json::object()}, {"monotonic-revisions", Json::object()}};

HistoryBuilder started(const std::optional<history::Revisions>& persisted = std::nullopt) {
    HistoryBuilder history;
    history.run(claims, {"a1"});
    history.publish("r1", 0, 1).publish("r2", 2, 3).publish("r3", 4, 5);
    history.boot("a1", "a1#1", 5, persisted);
    return history;
}

void show(HistoryBuilder& history, std::int64_t inv, std::int64_t res, const std::string& revision,
          const std::string& incarnation = "a1#1") {
    Answered answered;
    answered.revisions = {{"main", revision}};
    answered.incarnation = incarnation;
    history.decide(inv, res, answered);
}

Judgement judged(const HistoryBuilder& history) {
    auto judgement = judge(history.build());
    EXPECT_TRUE(judgement) << judgement.error().message;
    return std::move(*judgement);
}

bool faithful(const HistoryBuilder& history) { return claim(judged(history), "source-fidelity").violations.empty(); }

TEST(SourceFidelity, AnAgentThatGoesBackAloneIsToBlame) {
    HistoryBuilder history = started();
    history.serve("a1", "r1", 6, 7).serve("a1", "r2", 10, 11);
    show(history, 12, 13, "r2");
    show(history, 14, 15, "r1");
    const Judgement judgement = judged(history);
    const auto& found = claim(judgement, "source-fidelity").violations;
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].attribution, Attribution::agent);
    EXPECT_THAT(found[0].proof, Contains(HasSubstr("would have had to be delivered r1 once more")));
    ASSERT_EQ(claim(judgement, "monotonic-revisions").violations.size(), 1U);
    EXPECT_EQ(claim(judgement, "monotonic-revisions").violations[0].attribution, Attribution::agent);
}

TEST(SourceFidelity, AnAgentThatFollowsItsSourceBackIsFaithful) {
    HistoryBuilder history = started();
    history.serve("a1", "r1", 6, 7).serve("a1", "r2", 10, 11).serve("a1", "r1", 13, 14);
    show(history, 12, 13, "r2");
    show(history, 14, 15, "r1");
    const Judgement judgement = judged(history);
    EXPECT_THAT(claim(judgement, "source-fidelity").violations, IsEmpty());
    ASSERT_EQ(claim(judgement, "monotonic-revisions").violations.size(), 1U);
    EXPECT_EQ(claim(judgement, "monotonic-revisions").violations[0].attribution, Attribution::source);
}

TEST(SourceFidelity, WhoGoesBackFurtherThanItsSourceIsToBlame) {
    // Two operations alone would pass: r1 was delivered after r3. That r2 was shown in between rules it out.
    HistoryBuilder history = started();
    history.serve("a1", "r3", 6, 7).serve("a1", "r1", 8, 9).serve("a1", "r2", 10, 11);
    show(history, 7, 8, "r3");
    show(history, 12, 13, "r2");
    EXPECT_TRUE(faithful(history));
    show(history, 14, 15, "r1");
    const Judgement judgement = judged(history);
    EXPECT_EQ(claim(judgement, "source-fidelity").violations.size(), 1U);
    std::vector<Attribution> who;
    for (const Violation& violation : claim(judgement, "monotonic-revisions").violations) who.push_back(violation.attribution);
    EXPECT_THAT(who, ::testing::UnorderedElementsAre(Attribution::source, Attribution::agent));
}

TEST(SourceFidelity, ADeliveryThatBeginsAsTheAnswerEndsExplainsIt) {
    HistoryBuilder history = started();
    history.serve("a1", "r2", 9, 9);
    show(history, 7, 9, "r2");
    EXPECT_TRUE(faithful(history));
    HistoryBuilder late = started();
    late.serve("a1", "r2", 10, 10);
    show(late, 7, 9, "r2");
    EXPECT_FALSE(faithful(late));
}

TEST(SourceFidelity, ADeliveryMayEndAfterItIsActivated) {
    // The agent had the last byte before its server knew.
    HistoryBuilder history = started();
    history.serve("a1", "r1", 6, 7).serve("a1", "r2", 8, 30);
    show(history, 10, 12, "r2");
    EXPECT_TRUE(faithful(history));
}

TEST(SourceFidelity, DeliveriesThatOverlapMayBeActivatedInEitherOrder) {
    HistoryBuilder history = started();
    history.serve("a1", "r1", 6, 10).serve("a1", "r2", 10, 12);
    show(history, 13, 14, "r2");
    show(history, 15, 16, "r1");
    EXPECT_TRUE(faithful(history));
    HistoryBuilder apart = started();
    apart.serve("a1", "r1", 6, 9).serve("a1", "r2", 10, 12);
    show(apart, 13, 14, "r2");
    show(apart, 15, 16, "r1");
    EXPECT_FALSE(faithful(apart));
}

TEST(SourceFidelity, AProcessMayBeginWithWhatWasPersistedOnce) {
    HistoryBuilder history = started(history::Revisions{{"main", "r1"}});
    history.serve("a1", "r2", 10, 11);
    show(history, 6, 7, "-");
    show(history, 8, 9, "r1");
    show(history, 12, 13, "r2");
    EXPECT_TRUE(faithful(history));
    show(history, 14, 15, "r1");
    EXPECT_FALSE(faithful(history));
}

TEST(SourceFidelity, AProcessThatBeganWithOneRevisionDidNotBeginWithAnother) {
    HistoryBuilder history;
    history.run(claims, {"a1"});
    history.publish("r1", 0, 1).publish("r2", 2, 3);
    history.serve("a1", "r1", 2, 3).serve("a1", "r2", 4, 5);
    history.boot("a1", "a1#2", 6);
    show(history, 7, 8, "r1", "a1#2");
    EXPECT_TRUE(faithful(history));
    show(history, 9, 10, "r2", "a1#2");
    EXPECT_FALSE(faithful(history));
}

TEST(SourceFidelity, AProcessOfWhichNobodySawTheBeginningMayHaveBegunWithAnything) {
    HistoryBuilder history;
    history.run(claims, {"a1"});
    history.publish("r1", 0, 1).publish("r2", 2, 3);
    history.serve("a1", "r2", 8, 9);
    Answered answered;
    answered.revisions = {{"main", "r1"}};
    history.decide(5, 6, answered);
    answered.revisions = {{"main", "r2"}};
    history.decide(10, 11, answered);
    EXPECT_TRUE(faithful(history));
    answered.revisions = {{"main", "r1"}};
    history.decide(12, 13, answered);
    EXPECT_FALSE(faithful(history));
}

TEST(SourceFidelity, WithoutRecordsOfDeliveriesItIsNotExercised) {
    HistoryBuilder history = started();
    show(history, 7, 9, "r2");
    show(history, 10, 11, "r1");
    EXPECT_EQ(claim(judged(history), "source-fidelity").obligations, 0);
    EXPECT_TRUE(faithful(history));
}

TEST(SourceFidelity, OneWayBackIsOneViolationHoweverManyDecisionsItTouched) {
    HistoryBuilder history = started();
    history.serve("a1", "r1", 6, 7).serve("a1", "r2", 8, 9);
    show(history, 10, 11, "r2");
    for (std::int64_t at = 12; at < 52; at += 2) show(history, at, at + 1, "r1");
    const Judgement judgement = judged(history);
    const auto& found = claim(judgement, "source-fidelity").violations;
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].count, 20);
    EXPECT_EQ(found[0].to, at_ms(51));
    EXPECT_EQ(claim(judgement, "source-fidelity").obligations, 21);
}

}  // namespace
}  // namespace mistrial::checkers
