#include "checkers/testing/history_builder.hpp"

#include <gtest/gtest.h>

#include <algorithm>

/// Whom revision-validity speaks of.
namespace mistrial::checkers {
namespace {

/// a1 allows `x` although the one revision of bundle main denies it, and shows no revision; judged for one bundle alone.
Validity judged_for(const std::string& bundle) {
    testing::HistoryBuilder history;
    history.publish("r1", 0, 5, {{"base", nullptr}, {"verdicts", {{"x", false}}}});
    testing::Answered answer;
    answer.input_id = "x";
    answer.answer = history::Verdict{"true"};
    history.decide(10, 12, answer);
    Suite::Options options;
    Claim claim;
    claim.property = "revision-validity";
    claim.bundles = {bundle};
    options.claims = Claims{{"revision-validity", claim}};
    const auto judgement = testing::judge(history.build(), options);
    if (!judgement || judgement->claims.size() != 1) return Validity::unknown;
    return judgement->claims.front().validity;
}

TEST(RevisionValidity, AVerdictThatNothingExplainsIsHeldAgainstClaimsAboutItsBundleAlone) {
    EXPECT_EQ(judged_for("main"), Validity::invalid);
    EXPECT_EQ(judged_for("other"), Validity::unknown);
}

/// An answer under r1 that ends 10 ms into the run and is recorded before the publish of r1 begins, at `begins` ms.
Validity judged_before_publish(std::int64_t begins) {
    testing::HistoryBuilder history;
    history.run({{"revision-validity", Json::object()}}, {"a1"});
    history.shows("a1", 5, 10, "r1");
    history.publish("r1", begins, begins + 5, nullptr);
    std::vector<history::Record> records = history.build();
    const auto is = [](const char* f, history::Type type) {
        return [=](const history::Record& record) { return record.f == f && record.type == type; };
    };
    const auto answer = std::find_if(records.begin(), records.end(), is("decide", history::Type::ok));
    const auto publish = std::find_if(records.begin(), records.end(), is("publish", history::Type::invoke));
    if (publish < answer) std::iter_swap(answer, publish);
    for (std::size_t i = 0; i < records.size(); ++i) records[i].index = i;
    return testing::claim(*testing::judge(records), "revision-validity").validity;
}

TEST(RevisionValidity, WhatIsPublishedAtTheVeryEndOfAnAnswerIsNotFromTheFuture) {
    EXPECT_NE(judged_before_publish(10), Validity::invalid);
    EXPECT_EQ(judged_before_publish(11), Validity::invalid);
}

/// r1 is served and shown while its publish is under way, then something else is; how the publish ends comes last.
std::vector<Violation> found_when_the_publish_ends(history::Type ending) {
    testing::HistoryBuilder history;
    history.run({{"revision-validity", Json::object()}}, {"a1"});
    history.publish("r0", 0, 1, nullptr).publish("r1", 5, 30, nullptr, ending);
    history.serve("a1", "r0", 1, 2).shows("a1", 3, 4, "r0");
    history.serve("a1", "r1", 6, 7).shows("a1", 8, 9, "r1");
    history.shows("a1", 10, 11, "r0").shows("a1", 12, 13, "r0");
    return testing::claim(*testing::judge(history.build()), "revision-validity").violations;
}

TEST(RevisionValidity, ASightIsRememberedUntilItsPublishHasEnded) {
    EXPECT_EQ(found_when_the_publish_ends(history::Type::fail).size(), 1U);
    EXPECT_TRUE(found_when_the_publish_ends(history::Type::ok).empty());
}

}  // namespace
}  // namespace mistrial::checkers
