#include "checkers/definitional/definition.hpp"
#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::HasSubstr;

/// r1 from 10 ms on, r2 from 100 ms on; a2 shows r2 at 200 ms, then a1 is asked at `inv` and still shows r1.
HistoryBuilder overtaken(const Json& claims, std::int64_t inv) {
    HistoryBuilder history;
    history.run(claims, {"a1", "a2"});
    history.publish("r1", 0, 10).publish("r2", 90, 100);
    history.shows("a2", 190, 200, "r2").shows("a1", inv, inv + 5, "r1");
    return history;
}

Validity verdict(const HistoryBuilder& history, std::string_view property) {
    const auto judgement = judge(history.build());
    EXPECT_TRUE(judgement) << judgement.error().message;
    return claim(*judgement, property).validity;
}

const Json& values(const Judgement& judgement, std::string_view property) {
    for (const Measured& measured : judgement.measured) {
        if (measured.property == property) return measured.values;
    }
    MISTRIAL_INVARIANT(false, "{} was not measured", property);
}

TEST(DeltaAtomicity, CountsFromWhenANewerRevisionWasFirstKnown) {
    const Json claims{{"delta-atomicity", {{"at_most", "150ms"}}}};
    EXPECT_EQ(verdict(overtaken(claims, 250), "delta-atomicity"), Validity::unknown) << "150 ms after the acknowledgement";
    EXPECT_EQ(verdict(overtaken(claims, 251), "delta-atomicity"), Validity::invalid);
}

TEST(DeltaAtomicity, NamesBothOperationsAndHowToPass) {
    const auto judgement = judge(overtaken(Json{{"delta-atomicity", {{"at_most", "100ms"}}}}, 250).build());
    ASSERT_TRUE(judgement);
    const ClaimResult& result = claim(*judgement, "delta-atomicity");
    ASSERT_EQ(result.violations.size(), 1U);
    EXPECT_EQ(result.violations[0].agent, "a1");
    EXPECT_EQ(result.violations[0].attribution, Attribution::system);
    EXPECT_THAT(result.violations[0].summary, HasSubstr("0.150 s after r2 was first known to be in force"));
    EXPECT_THAT(result.violations[0].proof, Contains(HasSubstr("had this decision begun 0.050 s earlier")));
}

TEST(DeltaAtomicity, OfAPublishThatNobodyAcknowledgedCountsFromItsFirstSight) {
    const auto history = [](std::int64_t inv) {
        HistoryBuilder made;
        made.run(Json{{"delta-atomicity", {{"at_most", "50ms"}}}}, {"a1", "a2"});
        made.publish("r1", 0, 10).publish("r2", 90, 100, nullptr, history::Type::info);
        made.shows("a2", 190, 200, "r2").shows("a1", inv, inv + 5, "r1");
        return made;
    };
    EXPECT_EQ(verdict(history(250), "delta-atomicity"), Validity::unknown);
    EXPECT_EQ(verdict(history(251), "delta-atomicity"), Validity::invalid);
}

TEST(DeltaAtomicity, AccusesNobodyWherePublishesOverlapped) {
    HistoryBuilder history;
    history.run(Json{{"delta-atomicity", {{"at_most", "0s"}}}}, {"a1", "a2"});
    history.publish("r1", 0, 100).publish("r2", 50, 60);
    history.shows("a2", 190, 200, "r2").shows("a1", 300, 305, "r1");
    EXPECT_EQ(verdict(history, "delta-atomicity"), Validity::unknown) << "r1 may have come after r2";
}

TEST(DeltaAtomicity, KnowsNothingOfRevisionsThatMustBeRefused) {
    HistoryBuilder history;
    history.run(Json{{"delta-atomicity", {{"at_most", "0s"}}}, {"k-atomicity", {{"at_most", 1}}}}, {"a1"});
    history.publish("r1", 0, 10).publish("r2", 90, 100, Json{{"bad", "unsigned"}}).shows("a1", 500, 505, "r1");
    EXPECT_EQ(verdict(history, "delta-atomicity"), Validity::unknown);
    EXPECT_EQ(verdict(history, "k-atomicity"), Validity::unknown);
}

TEST(DeltaAtomicity, IsMeasuredByPublishesInConnectedTimeAndForEachKindOfFaultToo) {
    HistoryBuilder history = overtaken(Json::object(), 400);
    history.fault("f1", "partition", {"a1"}, {150, 160, 340, 350});
    history.shows("a1", 300, 305, "r1");
    const auto judgement = judge(history.build());
    ASSERT_TRUE(judgement);
    const Json& measured = values(*judgement, "delta-atomicity");
    EXPECT_EQ(measured["smallest_delta_ns"], 300'000'000);
    EXPECT_EQ(measured["publication_delta_ns"], 300'000'000);
    EXPECT_EQ(measured["connected_delta_ns"], 100'000'000) << "of 100 .. 400, the fault took 150 .. 350";
    EXPECT_EQ(measured["phases"]["partition"]["smallest_delta_ns"], 200'000'000);
    EXPECT_EQ(measured["phases"]["no fault"]["smallest_delta_ns"], 300'000'000);
    EXPECT_EQ(measured["agents"]["a1"]["smallest_delta_ns"], 300'000'000);
    EXPECT_FALSE(measured["agents"].contains("a2"));
}

TEST(KAtomicity, CountsTheRevisionsThatWereKnownToFollow) {
    const auto history = [](int at_most) {
        HistoryBuilder made;
        made.run(Json{{"k-atomicity", {{"at_most", at_most}}}}, {"a1"});
        for (int i = 1; i <= 4; ++i) made.publish("r" + std::to_string(i), i * 10, i * 10 + 5);
        made.shows("a1", 46, 50, "r1");
        return made;
    };
    EXPECT_EQ(verdict(history(4), "k-atomicity"), Validity::unknown) << "r2, r3, r4 and itself";
    EXPECT_EQ(verdict(history(3), "k-atomicity"), Validity::invalid);
}

TEST(KAtomicity, CountsAPublishThatIsSeenLaterForWhatSkippedItBefore) {
    HistoryBuilder history;
    history.run(Json::object(), {"a1", "a2"});
    history.publish("r1", 0, 10).publish("r2", 20, 30, nullptr, history::Type::info).publish("r3", 40, 50);
    history.shows("a1", 60, 70, "r1");
    auto judgement = judge(history.build());
    ASSERT_TRUE(judgement);
    EXPECT_EQ(values(*judgement, "k-atomicity")["smallest_k"], 2);
    history.shows("a2", 80, 90, "r2");
    judgement = judge(history.build());
    ASSERT_TRUE(judgement);
    EXPECT_EQ(values(*judgement, "k-atomicity")["smallest_k"], 3) << "r2 did take effect";
    EXPECT_EQ(values(*judgement, "k-atomicity")["decisions_by_k"], (Json{{"2", 1}, {"3", 1}}));
}

}  // namespace
}  // namespace mistrial::checkers
