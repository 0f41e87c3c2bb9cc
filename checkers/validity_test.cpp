#include "checkers/testing/history_builder.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace mistrial::checkers
