#include "checkers/testing/history_builder.hpp"

#include <gtest/gtest.h>

/// Split-brain where an excuse comes to light only after the two answers.
namespace mistrial::checkers {
namespace {

using namespace testing;

/// a1 has 50 ms from the publish, a2 from the end of its partition; then each of them says another thing of x.
HistoryBuilder contradiction() {
    HistoryBuilder history;
    history.run({{"split-brain", {{"within", "50ms"}}}}, {"a1", "a2"});
    history.publish("r1", 0, 10, {{"base", nullptr}, {"verdicts", {{"x", true}}}});
    history.fault("f1", "partition", {"a2"}, {5, 6, 59, 60});
    history.shows("a1", 101, 102, "r1", "x", "true");
    history.shows("a2", 115, 116, "r1", "x", "false");
    return history;
}

Validity judged(const HistoryBuilder& history) { return claim(*judge(history.build()), "split-brain").validity; }

TEST(SplitBrain, TwoSettledAnswersContradictEachOther) { EXPECT_EQ(judged(contradiction()), Validity::invalid); }

TEST(SplitBrain, AnExcuseOfTheLaterAnswerThatIsKnownLateTakesTheContradictionAway) {
    EXPECT_EQ(judged(contradiction().stall(105, 120)), Validity::unknown) << "a2 was connected for 45 ms of its 50";
    EXPECT_EQ(judged(contradiction().stall(110, 120)), Validity::invalid) << "its deadline was the stall's beginning";
}

}  // namespace
}  // namespace mistrial::checkers
