#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// O1: one content a name, served and numbered in the order of publishes.
namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

HistoryBuilder claimed() {
    HistoryBuilder history;
    history.run({{"publish-order", Json::object()}}, {"a1"});
    return history;
}

ClaimResult judged(const HistoryBuilder& history) {
    const Result<Judgement> judgement = judge(history.build());
    EXPECT_TRUE(judgement) << judgement.error().message;
    return claim(*judgement, "publish-order");
}

void publish(HistoryBuilder& history, const std::string& revision, std::int64_t inv, std::int64_t res,
             std::optional<std::string> digest = std::nullopt, std::optional<std::int64_t> sequence = std::nullopt,
             const std::string& authority = "east", history::Type type = history::Type::ok) {
    history::Publish value{"main", revision, std::move(digest), authority, std::nullopt};
    if (sequence) value.content = Json{{"sequence", *sequence}};
    history.published(value, inv, res, type);
}

void serve(HistoryBuilder& history, const std::string& revision, std::int64_t began, std::int64_t at,
           std::optional<std::string> digest = std::nullopt, const std::string& server = "cdn1", bool complete = true) {
    history::Serve value;
    value.server = server;
    value.agent = "a1";
    value.bundle = "main";
    value.revision = revision;
    value.digest = std::move(digest);
    value.began = at_ms(began);
    value.status = 200;
    value.complete = complete;
    history.served(value, at);
}

TEST(PublishOrder, HoldsWhenEveryDeliveryHasTheDigestOfItsPublish) {
    HistoryBuilder history = claimed();
    publish(history, "r1", 0, 10, "d1");
    for (std::int64_t at = 20; at < 240; at += 10) serve(history, "r1", at, at + 5, "d1");
    const ClaimResult result = judged(history);
    EXPECT_EQ(result.validity, Validity::valid);
    EXPECT_EQ(result.obligations, 22);
}

TEST(PublishOrder, IsBrokenWhenAServerGivesAnotherContentUnderTheName) {
    HistoryBuilder history = claimed();
    publish(history, "r1", 0, 10, "d1");
    serve(history, "r1", 20, 30, "d1");
    serve(history, "r1", 40, 50, "d2", "cdn2");
    const ClaimResult result = judged(history);
    ASSERT_THAT(result.violations, SizeIs(1));
    EXPECT_EQ(result.violations[0].attribution, Attribution::source);
    EXPECT_THAT(result.violations[0].summary, HasSubstr("equivocation: cdn2 served r1 of bundle main with the digest d2"));
}

TEST(PublishOrder, ComparesDeliveriesWithEachOtherWhereThePublishTellsNoDigest) {
    HistoryBuilder history = claimed();
    publish(history, "r1", 0, 10);
    serve(history, "r1", 20, 30, "d1");
    serve(history, "r1", 40, 50, "d2", "cdn2");
    EXPECT_THAT(judged(history).violations, SizeIs(1));
}

TEST(PublishOrder, SaysNothingOfAnAnswerThatBrokeOff) {
    HistoryBuilder history = claimed();
    publish(history, "r1", 0, 10, "d1");
    serve(history, "r1", 20, 30, "d2", "cdn1", false);
    EXPECT_THAT(judged(history).violations, IsEmpty());
}

TEST(PublishOrder, ANameThatFailedMayBePublishedAgainWithAnotherContent) {
    HistoryBuilder history = claimed();
    publish(history, "r1", 0, 10, "d1", std::nullopt, "east", history::Type::fail);
    publish(history, "r1", 20, 30, "d2");
    serve(history, "r1", 40, 50, "d2");
    EXPECT_THAT(judged(history).violations, IsEmpty());
}

TEST(PublishOrder, IsBrokenWhenAServerGoesBackToAnOlderRevision) {
    HistoryBuilder history = claimed();
    publish(history, "r1", 0, 10);
    publish(history, "r2", 20, 30);
    serve(history, "r2", 40, 50);
    serve(history, "r1", 51, 60);
    const ClaimResult result = judged(history);
    ASSERT_THAT(result.violations, SizeIs(1));
    EXPECT_THAT(result.violations[0].summary, HasSubstr("cdn1 went back from r2 to r1 of bundle main"));
    EXPECT_EQ(result.violations[0].attribution, Attribution::source);
}

TEST(PublishOrder, LetsAServerAnswerAtTheInstantAtWhichTheNewerOneWasDelivered) {
    HistoryBuilder history = claimed();
    publish(history, "r1", 0, 10);
    publish(history, "r2", 20, 30);
    serve(history, "r2", 40, 50);
    serve(history, "r1", 50, 60);
    serve(history, "r1", 55, 60, std::nullopt, "cdn2");
    EXPECT_THAT(judged(history).violations, IsEmpty());
}

TEST(PublishOrder, HoldsForPublishesOfOneAuthorityInTheOrderOfTheirNumbers) {
    HistoryBuilder history = claimed();
    publish(history, "r1", 0, 10, std::nullopt, 1);
    publish(history, "r2", 20, 30, std::nullopt, 2);
    publish(history, "s1", 40, 50, std::nullopt, 1, "west");
    EXPECT_THAT(judged(history).violations, IsEmpty());
}

TEST(PublishOrder, IsBrokenByANumberBelowThatOfAnEarlierAcknowledgedPublish) {
    HistoryBuilder history = claimed();
    publish(history, "r1", 0, 10, std::nullopt, 5);
    publish(history, "r2", 11, 30, std::nullopt, 4);
    ASSERT_THAT(judged(history).violations, SizeIs(1));
    EXPECT_THAT(judged(history).violations[0].summary, HasSubstr("acknowledged r2 of bundle main as its number 4 after r1"));
}

TEST(PublishOrder, GrantsOverlappingPublishesAnyOrderOfNumbers) {
    HistoryBuilder history = claimed();
    publish(history, "r1", 0, 10, std::nullopt, 5);
    publish(history, "r2", 10, 30, std::nullopt, 4);
    EXPECT_THAT(judged(history).violations, IsEmpty());
}

TEST(PublishOrder, IsAForkWhenOneNumberIsAcknowledgedTwiceEvenOfOverlappingPublishes) {
    HistoryBuilder history = claimed();
    publish(history, "r1", 0, 10, std::nullopt, 5);
    publish(history, "r2", 5, 12, std::nullopt, 5);
    ASSERT_THAT(judged(history).violations, SizeIs(1));
    EXPECT_THAT(judged(history).violations[0].summary, HasSubstr("fork: east acknowledged both r1 and r2"));
}

TEST(PublishOrder, SaysNothingOfNumbersThatNobodyAcknowledged) {
    for (const history::Type type : {history::Type::info, history::Type::fail, history::Type::invoke}) {
        HistoryBuilder history = claimed();
        publish(history, "r1", 0, 10, std::nullopt, 5);
        publish(history, "r2", 20, 30, std::nullopt, 4, "east", type);
        publish(history, "r3", 40, 50, std::nullopt, 6);
        EXPECT_THAT(judged(history).violations, IsEmpty());
    }
}

TEST(PublishOrder, RefusesASequenceThatIsNoNumberAndAncestryThatNamesNobody) {
    const auto error_of = [](const Json& content) {
        HistoryBuilder history = claimed();
        history.publish_by("east", "r1", 0, 10).publish_by("west", "s1", 20, 30, nullptr, content);
        const Result<Judgement> judgement = judge(history.build());
        return judgement ? std::string("none") : judgement.error().message;
    };
    EXPECT_THAT(error_of({{"sequence", "two"}}), HasSubstr("\"sequence\" is no integer, but \"two\""));
    EXPECT_THAT(error_of({{"includes", {"r1"}}}), HasSubstr("\"includes\" is not an object"));
    EXPECT_THAT(error_of({{"includes", {{"east", "r7"}}}}), HasSubstr("it includes \"r7\" of east, which was not published"));
    EXPECT_THAT(error_of({{"includes", {{"north", "r1"}}}}), HasSubstr("it includes \"r1\" of north, but east published that"));
    EXPECT_EQ(error_of({{"includes", {{"east", "r1"}}}}), "none");
}

}  // namespace
}  // namespace mistrial::checkers
