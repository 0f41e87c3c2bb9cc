#include "checkers/kernels/certain_interval.hpp"
#include "checkers/testing/history_builder.hpp"

#include <gtest/gtest.h>

namespace mistrial::checkers {
namespace {

using namespace testing;

Json divergence_of(const HistoryBuilder& history) {
    const auto judgement = judge(history.build());
    EXPECT_TRUE(judgement) << judgement.error().message;
    for (const Measured& measured : judgement->measured) {
        if (measured.property == "divergence") return measured.values;
    }
    return nullptr;
}

TEST(CertainInterval, RunsFromTheFirstEndToTheLastBegin) {
    kernels::CertainInterval interval;
    EXPECT_FALSE(interval.shows(1, 1, at_ms(0), at_ms(10)));
    EXPECT_FALSE(interval.shows(1, 1, at_ms(50), at_ms(60)));
    const auto over = interval.shows(1, 2, at_ms(70), at_ms(80));
    ASSERT_TRUE(over);
    EXPECT_EQ(over->version, 1U);
    EXPECT_EQ(over->from, at_ms(10));
    EXPECT_EQ(over->to, at_ms(50));
    EXPECT_FALSE(interval.shows(1, 1, at_ms(75), at_ms(85))) << "begun before the newer one was seen";
    EXPECT_FALSE(interval.shows(2, 2, at_ms(90), at_ms(95))) << "another process: nothing is certain in between";
}

TEST(Divergence, IsTheTimeInWhichAgentsCertainlyDiffered) {
    HistoryBuilder history;
    history.run(Json::object(), {"a1", "a2"});
    history.publish("r1", 0, 1, Json{{"base", nullptr}, {"verdicts", {{"x", true}, {"y", true}}}});
    history.publish("r2", 2, 3, Json{{"base", "r1"}, {"verdicts", {{"x", false}}}});
    for (const std::int64_t at : {100, 200}) history.shows("a1", at, at + 10, "r1", "x");
    for (const std::int64_t at : {150, 300}) history.shows("a2", at, at + 10, "r2", "y");
    const Json values = divergence_of(history);
    EXPECT_EQ(values["widest"], 2);
    EXPECT_EQ(values["diverged_ns"], 40'000'000) << "a1: 110 .. 200, a2: 160 .. 300";
    EXPECT_EQ(values["inputs"], (Json{{"x", {{"contradicted_ns", 40'000'000}}}})) << "y is decided alike";
}

TEST(Divergence, OfTwoAgentsThatMayHaveChangedTogetherIsNothing) {
    HistoryBuilder history;
    history.run(Json::object(), {"a1", "a2"});
    history.publish("r1", 0, 1).publish("r2", 2, 3);
    for (const std::string agent : {"a1", "a2"}) {
        const std::int64_t at = agent == "a1" ? 100 : 105;
        history.shows(agent, at, at + 10, "r1").shows(agent, at + 50, at + 60, "r1").shows(agent, at + 70, at + 80, "r2");
    }
    EXPECT_EQ(divergence_of(history)["diverged_ns"], 0);
}

TEST(Divergence, ClaimedCanNeitherBeKeptNorBroken) {
    HistoryBuilder history;
    history.run(Json{{"divergence", Json::object()}}, {"a1"});
    history.publish("r1", 0, 1);
    for (int i = 1; i < 30; ++i) history.shows("a1", i * 10, i * 10 + 5, "r1");
    const auto judgement = judge(history.build());
    ASSERT_TRUE(judgement);
    EXPECT_EQ(claim(*judgement, "divergence").validity, Validity::unknown);
}

}  // namespace
}  // namespace mistrial::checkers
