#include "harness/conductor/lives.hpp"

#include <gtest/gtest.h>

namespace mistrial::conductor {
namespace {

using namespace std::chrono_literals;

world::Observed boot(const char* incarnation, Duration at) {
    return world::observation("harness", history::Boot{"a1", incarnation, std::nullopt}, TrueTime{at});
}
world::Observed death(const char* incarnation, Duration at) {
    return world::observation("harness", history::Death{"a1", incarnation, "killed"}, TrueTime{at});
}

TEST(Lives, AnAnswerIsOfTheProcessThatHasRunSinceItWasAskedFor) {
    Lives lives;
    EXPECT_EQ(lives.answering("a1", TrueTime{1s}), std::nullopt) << "nothing runs";
    lives.on(boot("a1#1", 1s));
    EXPECT_EQ(lives.answering("a1", TrueTime{2s}), "a1#1");
    EXPECT_EQ(lives.answering("a2", TrueTime{2s}), std::nullopt);
    EXPECT_EQ(lives.answering("a1", TrueTime{1s}), std::nullopt) << "asked for as it booted: perhaps before";
}

TEST(Lives, AnAnswerAcrossARestartIsNobodys) {
    Lives lives;
    lives.on(boot("a1#1", 1s));
    lives.on(death("a1#1", 3s));
    EXPECT_EQ(lives.answering("a1", TrueTime{2s}), std::nullopt);
    lives.on(boot("a1#2", 4s));
    EXPECT_EQ(lives.answering("a1", TrueTime{2s}), std::nullopt);
    EXPECT_EQ(lives.answering("a1", TrueTime{5s}), "a1#2");
}

}  // namespace
}  // namespace mistrial::conductor
