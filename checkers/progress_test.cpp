#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::HasSubstr;

const Json within_100ms{{"progress", {{"within", "100ms"}}}};

HistoryBuilder fleet() {
    HistoryBuilder history;
    history.run(within_100ms, {"a1"});
    return history;
}

ClaimResult result_of(const HistoryBuilder& history) {
    const auto judgement = judge(history.build());
    EXPECT_TRUE(judgement) << judgement.error().message;
    return claim(*judgement, "progress");
}

TEST(Progress, HoldsWhenTheNextPollIsAnsweredExactlyAtTheBound) {
    EXPECT_NE(result_of(fleet().poll("a1", 0, 10).poll("a1", 100, 110)).validity, Validity::invalid);
    EXPECT_EQ(result_of(fleet().poll("a1", 0, 10).poll("a1", 100, 111)).validity, Validity::invalid);
}

TEST(Progress, CountsEveryAnsweredRequestWhateverTheAnswer) {
    EXPECT_NE(result_of(fleet().poll("a1", 0, 10, 404).poll("a1", 90, 100, 503).serve("a1", "r1", 190, 195)).validity,
              Validity::invalid);
}

TEST(Progress, FindsAnAgentThatNeverAsksAgain) {
    HistoryBuilder history = fleet().poll("a1", 0, 10).shows("a1", 90, 110, "-");
    EXPECT_NE(result_of(history).validity, Validity::invalid) << "the history ends with the bound";
    history.shows("a1", 90, 111, "-");
    const ClaimResult result = result_of(history);
    EXPECT_EQ(result.validity, Validity::invalid);
    EXPECT_EQ(result.violations[0].attribution, Attribution::agent);
    EXPECT_THAT(result.violations[0].proof, Contains(HasSubstr("No server answered another until the history ends")));
}

TEST(Progress, CountsConnectedTimeWithoutABreak) {
    HistoryBuilder history = fleet().poll("a1", 0, 10).poll("a1", 240, 250);
    history.fault("f1", "partition", {"a1"}, {90, 95, 145, 150});
    EXPECT_NE(result_of(history).validity, Validity::invalid) << "100 ms after the heal";
    history = fleet().poll("a1", 0, 10).poll("a1", 240, 251);
    history.fault("f1", "partition", {"a1"}, {90, 95, 145, 150});
    EXPECT_EQ(result_of(history).validity, Validity::invalid);
}

TEST(Progress, IsOwedWhileABadRevisionStandsAtTheSource) {
    HistoryBuilder history = fleet().poll("a1", 0, 10).publish("r1", 20, 30, Json{{"bad", "unsigned"}}).poll("a1", 100, 111);
    EXPECT_EQ(result_of(history).validity, Validity::invalid) << "it hides what was published, it stops no poll";
}

TEST(Progress, IsExpectedOfNoMirror) {
    HistoryBuilder history;
    history.run(within_100ms, {});
    history.poll("cdn", 0, 10, 200, "primary").poll("a1", 0, 11, 200, "cdn").poll("a1", 90, 100, 304, "cdn");
    history.poll("cdn", 190, 200, 200, "primary").poll("a1", 190, 200, 304, "cdn");
    const ClaimResult result = result_of(history);
    EXPECT_NE(result.validity, Validity::invalid) << "it asks when it is asked";
}

TEST(Progress, BlamesTheSystemForARequestThatWasAtTheServerInTime) {
    const ClaimResult result = result_of(fleet().poll("a1", 0, 10).poll("a1", 50, 300));
    ASSERT_EQ(result.violations.size(), 1U);
    EXPECT_EQ(result.violations[0].attribution, Attribution::system);
}

}  // namespace
}  // namespace mistrial::checkers
