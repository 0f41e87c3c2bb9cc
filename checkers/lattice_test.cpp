#include "checkers/lattice.hpp"

#include "checkers/testing/random_history.hpp"
#include "checkers/testing/valid_history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ClaimResult result(const std::string& property, int violations, const Json& parameters = Json::object()) {
    ClaimResult claim;
    claim.property = property;
    claim.parameters = parameters;
    claim.validity = violations > 0 ? Validity::invalid : Validity::valid;
    claim.obligations = 40;
    for (int i = 0; i < violations; ++i) {
        Violation violation;
        violation.count = 1;
        violation.summary = "a1 did it";
        violation.witness = {1};
        violation.proof = {"It did."};
        claim.violations.push_back(violation);
    }
    return claim;
}

Judgement judgement(std::vector<ClaimResult> claims) {
    Judgement judgement;
    judgement.validity = claims.empty() ? Validity::unknown : Validity::valid;
    for (const ClaimResult& claim : claims) judgement.validity = judgement.validity | claim.validity;
    judgement.claims = std::move(claims);
    judgement.counts = {{"decide", {{"ok", 40}}}};
    return judgement;
}

Measured measured(const std::string& property, const Json& values) { return {property, 40, values}; }

TEST(Lattice, AnEmptyJudgementContradictsNothing) { EXPECT_THAT(contradictions(judgement({})), IsEmpty()); }

TEST(Lattice, KIs1ExactlyWhenDeltaIs0) {
    Judgement both = judgement({result("revision-validity", 0)});
    both.measured = {measured("k-atomicity", {{"smallest_k", 1}}), measured("delta-atomicity", {{"smallest_delta_ns", 5}})};
    EXPECT_THAT(contradictions(both), ElementsAre(HasSubstr("k = 1 exactly when")));
    both.measured[0].values["smallest_k"] = 2;
    EXPECT_THAT(contradictions(both), IsEmpty());
    both.measured[0].values["smallest_k"] = 1;
    both.claims.clear();
    both.validity = Validity::unknown;
    EXPECT_THAT(contradictions(both), IsEmpty()) << "nobody says that versions are ordered";
}

TEST(Lattice, BoundedStalenessImpliesConvergenceWithinABoundNoSmaller) {
    const auto with = [](const Json& b1, const Json& l1) {
        return contradictions(judgement({result("convergence", 1, l1), result("bounded-staleness", 0, b1)}));
    };
    EXPECT_THAT(with({{"within", "2s"}}, {{"within", "2s"}}), ElementsAre(HasSubstr("implies convergence")));
    EXPECT_THAT(with({{"within", "2s"}}, {{"within", "1s"}}), IsEmpty()) << "late for the smaller bound";
    EXPECT_THAT(with({{"within", "2s"}, {"agents", {"a1"}}}, {{"within", "2s"}}), IsEmpty()) << "another agent";
    EXPECT_THAT(with({{"within", "2s"}, {"agents", {"a1"}}}, {{"within", "2s"}, {"agents", {"a1"}}}),
                ElementsAre(HasSubstr("implies convergence")));
}

TEST(Lattice, FreshAndCorrectAnswersAgreeWhereEveryAnswerWasJudged) {
    Judgement all = judgement({result("split-brain", 1, {{"within", "2s"}}), result("bounded-staleness", 0, {{"within", "2s"}}),
                               result("oracle-correctness", 0), result("revision-validity", 0)});
    EXPECT_THAT(contradictions(all), ElementsAre(HasSubstr("no split-brain")));
    all.counts["decide"]["ok"] = 41;
    EXPECT_THAT(contradictions(all), IsEmpty()) << "one answer showed no revision";
}

TEST(Lattice, ARegisterIsMonotonicUnlessAReportConvicts) {
    Judgement one = judgement({result("monotonic-revisions", 1), result("revision-validity", 0)});
    one.measured = {measured("k-atomicity", {{"smallest_k", 1}, {"no_reads", 0}})};
    EXPECT_THAT(contradictions(one), ElementsAre(HasSubstr("implies monotonic-revisions")));
    one.measured[0].values["no_reads"] = 1;
    EXPECT_THAT(contradictions(one), IsEmpty()) << "the one decision that was set aside may be what convicts";
    one.measured[0].values["no_reads"] = 0;
    one.counts["status"] = {{"info", 1}};
    EXPECT_THAT(contradictions(one), IsEmpty());
}

TEST(Lattice, VerdictsFollowFromViolations) {
    Judgement wrong = judgement({result("fail-closed", 1)});
    wrong.claims[0].validity = Validity::valid;
    EXPECT_THAT(contradictions(wrong), ElementsAre(HasSubstr("false wins"), HasSubstr("false exactly when")));
    Judgement empty = judgement({result("fail-closed", 1)});
    empty.claims[0].violations[0].witness.clear();
    EXPECT_THAT(contradictions(empty), ElementsAre(HasSubstr("a witness")));
}

RC_GTEST_PROP(Lattice, HoldsOnHistoriesFullOfViolations, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    for (int i = 0; i < 20; ++i) {
        RandomHistory history = random_history(RandomSequence{RandomStream{seed, std::to_string(i), "lattice"}});
        // One bound for all, so that the implications speak.
        for (auto& [name, claim] : history.claims) claim.within = history.claims.begin()->second.within;
        const auto judged = judge(history.build(), {history.claims, {}, {}});
        if (!judged) continue;
        const auto found = contradictions(*judged);
        if (!found.empty()) RC_FAIL(found.front() + "\n" + show(history));
    }
}

}  // namespace
}  // namespace mistrial::checkers
