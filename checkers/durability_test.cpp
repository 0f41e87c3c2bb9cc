#include "checkers/durability.hpp"

#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::HasSubstr;

const Json bounded{{"durable-monotonicity", {{"within", "10ms"}}}};
const Json plain{{"durable-monotonicity", Json::object()}};

HistoryBuilder lives(const Json& claims, bool persist) {
    HistoryBuilder history;
    history.run(claims, {"a1"}, Json::object(), persist);
    history.publish("r1", 0, 1).publish("r2", 2, 3);
    return history;
}

void show(HistoryBuilder& history, std::int64_t inv, std::int64_t res, const std::string& revision, const std::string& incarnation) {
    Answered answered;
    answered.revisions = {{"main", revision}};
    answered.incarnation = incarnation;
    history.decide(inv, res, answered);
}

std::vector<Violation> violations(const HistoryBuilder& history) {
    const auto judgement = judge(history.build());
    EXPECT_TRUE(judgement) << judgement.error().message;
    return claim(*judgement, "durable-monotonicity").violations;
}

/// A process shows r2 at 5 .. 6 and still answers at `asked`; the next one shows `then`.
HistoryBuilder restarted(const Json& claims, bool persist, std::int64_t asked, const std::string& then) {
    HistoryBuilder history = lives(claims, persist);
    show(history, 5, 6, "r2", "a1#1");
    show(history, asked, asked + 1, "r2", "a1#1");
    history.death("a1", "a1#1", 30).boot("a1", "a1#2", 40);
    show(history, 41, 42, then, "a1#2");
    return history;
}

TEST(DurableMonotonicity, WhatOutlivedTheBoundComesBack) {
    EXPECT_TRUE(violations(restarted(bounded, true, 17, "r2")).empty());
    const auto found = violations(restarted(bounded, true, 17, "r1"));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].attribution, Attribution::agent);
    EXPECT_THAT(found[0].summary, HasSubstr("a1 came back with r1 of bundle main although r2 was persisted"));
    EXPECT_THAT(found[0].proof, Contains(HasSubstr("the same process still ran longer than that later")));
}

TEST(DurableMonotonicity, WhatWasActiveForTheBoundAndNoLongerMayBeLost) {
    EXPECT_TRUE(violations(restarted(bounded, true, 16, "r1")).empty());
}

TEST(DurableMonotonicity, AProcessThatComesUpWithNothingIsAccusedOnlyWherePersistenceIsPromised) {
    EXPECT_EQ(violations(restarted(bounded, true, 17, "-")).size(), 1U);
    EXPECT_TRUE(violations(restarted(bounded, false, 17, "-")).empty());
    EXPECT_TRUE(violations(restarted(bounded, false, 17, "r1")).empty());
    EXPECT_TRUE(violations(restarted(plain, true, 17, "r1")).empty());
}

TEST(DurableMonotonicity, WhatTheBootRecordFoundOnDiskIsTheLeast) {
    for (const auto& [shown, persist, right] : {std::tuple{"r2", false, true}, {"r1", false, false}, {"-", false, true}, {"-", true, false}}) {
        HistoryBuilder history = lives(plain, persist);
        history.boot("a1", "a1#1", 10, history::Revisions{{"main", "r2"}});
        show(history, 11, 12, shown, "a1#1");
        EXPECT_EQ(violations(history).empty(), right) << shown << persist;
    }
}

TEST(DurableMonotonicity, WhoAnswersAsItBootsIsNotYetHeldToItsDisk) {
    HistoryBuilder history = lives(plain, true);
    history.boot("a1", "a1#1", 10, history::Revisions{{"main", "r2"}});
    show(history, 10, 12, "r1", "a1#1");
    EXPECT_TRUE(violations(history).empty());
}

TEST(DurableMonotonicity, OnlyTheFirstThatAProcessShowsCounts) {
    HistoryBuilder history = lives(plain, true);
    history.boot("a1", "a1#1", 10, history::Revisions{{"main", "r2"}});
    show(history, 11, 12, "r2", "a1#1");
    show(history, 13, 14, "r1", "a1#1");  // that is M1's
    EXPECT_TRUE(violations(history).empty());
}

TEST(DurableMonotonicity, WhoWentBackBeforeMayComeBackWithThat) {
    HistoryBuilder history = lives(bounded, true);
    show(history, 5, 6, "r2", "a1#1");
    show(history, 17, 18, "r1", "a1#1");
    history.boot("a1", "a1#2", 40);
    show(history, 41, 42, "r1", "a1#2");
    EXPECT_TRUE(violations(history).empty());
}

TEST(DurableMonotonicity, ASourceThatDeliversTheOlderOneAgainIsToBlame) {
    HistoryBuilder history = restarted(bounded, true, 17, "r1");
    history.serve("a1", "r1", 40, 41);
    const auto found = violations(history);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].attribution, Attribution::source);
}

}  // namespace
}  // namespace mistrial::checkers
