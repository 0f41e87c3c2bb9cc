#include "checkers/testing/history_builder.hpp"

#include <gtest/gtest.h>

/// What bounded-staleness counts as an obligation.
namespace mistrial::checkers {
namespace {

using namespace testing;

/// Obligations of one answer, long after the deadline, that does not say what it was given under.
std::int64_t obligations_of(const history::Answer& answer) {
    HistoryBuilder history;
    history.run({{"bounded-staleness", {{"within", "5ms"}}}}, {"a1"});
    history.publish("r1", 0, 10, {{"base", nullptr}, {"verdicts", {{"x", true}}}});
    Answered answered;
    answered.input_id = "x";
    answered.answer = answer;
    history.decide(50, 51, answered);
    return claim(*judge(history.build()), "bounded-staleness").obligations;
}

TEST(BoundedStaleness, OnlyAVerdictTellsOfTheRevisionBehindIt) {
    EXPECT_EQ(obligations_of(history::Verdict{"true"}), 1);
    EXPECT_EQ(obligations_of(history::Undefined{}), 0);
    EXPECT_EQ(obligations_of(history::Refused{503, std::nullopt}), 0);
}

}  // namespace
}  // namespace mistrial::checkers
