#include "checkers/answers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mistrial::checkers {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

WallTime wall(std::int64_t ns) { return at_nanos<WallTime>(ns); }

/// Allowed until 1 s, denied until 2 s, undefined-free and allowed again from then on.
const Json office_hours{{"pieces",
                         {{{"until", 1'000'000'000}, {"verdict", true}},
                          {{"until", 2'000'000'000}, {"verdict", false}},
                          {{"verdict", true}}}}};

TEST(Answers, EqualVerdictsAreOneNumberHoweverTheyAreWritten) {
    Answers answers;
    EXPECT_EQ(answers.id_of(history::Verdict{R"({"b":1,"a":2})"}), answers.id_of(history::Verdict{R"({ "a": 2, "b": 1 })"}));
    EXPECT_EQ(answers.id_of(history::Verdict{"true"}), answers.boolean(true));
    EXPECT_NE(answers.id_of(history::Verdict{"true"}), answers.id_of(history::Verdict{R"("true")"}));
    EXPECT_NE(answers.id_of(history::Verdict{"true"}), answers.id_of(history::Verdict{"1"}));
}

TEST(Answers, UndefinedFalseAndRefusedAreThreeDifferentAnswers) {
    Answers answers;
    EXPECT_EQ(answers.id_of(history::Undefined{}), undefined_answer);
    EXPECT_EQ(answers.id_of(history::Refused{503, std::nullopt}), refused_answer);
    EXPECT_EQ(answers.id_of(history::Refused{500, "internal"}), refused_answer);
    EXPECT_NE(answers.boolean(false), undefined_answer);
    EXPECT_NE(answers.id_of(history::Verdict{R"("undefined")"}), undefined_answer);
    EXPECT_NE(answers.id_of(history::Verdict{R"("refused")"}), refused_answer);
}

TEST(Answers, AllowOnlyWhatIsTrueOrSaysAllowTrue) {
    EXPECT_TRUE(allows(true));
    EXPECT_TRUE(allows({{"allow", true}, {"why", "owner"}}));
    for (const Json& verdict : {Json(false), Json(1), Json("true"), Json(nullptr), Json{{"allow", "true"}}, Json{{"allow", 1}},
                                Json::array({true}), Json::object()}) {
        EXPECT_FALSE(allows(verdict)) << verdict;
    }
}

TEST(Answers, ATimelessExpectationAdmitsOneAnswerWhateverTheClock) {
    Answers answers;
    const ExpectedId expected = answers.expected(true).value();
    EXPECT_TRUE(answers.timeless(expected));
    EXPECT_THAT(answers.possible(expected, wall(7)), ElementsAre(answers.boolean(true)));
    EXPECT_FALSE(answers.admits(expected, std::nullopt, answers.boolean(false)));
    EXPECT_THAT(answers.possible(answers.expected({{"undefined", true}}).value(), std::nullopt), ElementsAre(undefined_answer));
}

TEST(Answers, WithoutAClockEveryPieceIsPossible) {
    Answers answers;
    const ExpectedId expected = answers.expected(office_hours).value();
    EXPECT_FALSE(answers.timeless(expected));
    EXPECT_TRUE(answers.admits(expected, std::nullopt, answers.boolean(true)));
    EXPECT_TRUE(answers.admits(expected, std::nullopt, answers.boolean(false)));
    EXPECT_FALSE(answers.admits(expected, std::nullopt, undefined_answer));
}

/// Policies compute in floating point seconds: within a microsecond of a border, both sides are right.
TEST(Answers, ABorderBelongsToBothSidesForAMicrosecond) {
    Answers answers;
    const ExpectedId expected = answers.expected(office_hours).value();
    const auto possible = [&](std::int64_t ns) { return answers.possible(expected, wall(ns)); };
    const AnswerId yes = answers.boolean(true);
    const AnswerId no = answers.boolean(false);
    EXPECT_THAT(possible(999'998'999), ElementsAre(yes));
    EXPECT_THAT(possible(999'999'000), UnorderedElementsAre(yes, no));
    EXPECT_THAT(possible(1'000'000'000), UnorderedElementsAre(yes, no));
    EXPECT_THAT(possible(1'000'000'999), UnorderedElementsAre(yes, no));
    EXPECT_THAT(possible(1'000'001'000), ElementsAre(no));
    EXPECT_THAT(possible(1'999'998'999), ElementsAre(no));
    EXPECT_THAT(possible(3'000'000'000), ElementsAre(yes)) << "the last piece has no end";
}

TEST(Answers, AdmitsIsMembershipInPossible) {
    Answers answers;
    const ExpectedId expected = answers.expected(office_hours).value();
    for (std::int64_t border : {1'000'000'000, 2'000'000'000}) {
        for (std::int64_t off = -1'001; off <= 1'001; ++off) {
            const auto possible = answers.possible(expected, wall(border + off));
            for (const AnswerId answer : {answers.boolean(true), answers.boolean(false), undefined_answer}) {
                ASSERT_EQ(answers.admits(expected, wall(border + off), answer),
                          std::find(possible.begin(), possible.end(), answer) != possible.end());
            }
        }
    }
}

TEST(Answers, MalformedPiecesAreRefusedWithAReason) {
    Answers answers;
    EXPECT_EQ(answers.expected({{"pieces", Json::array()}}).error().message, "\"pieces\" is not a list of pieces");
    EXPECT_EQ(answers.expected({{"pieces", {{{"until", 1}}}}}).error().message, "a piece has no \"verdict\"");
    EXPECT_EQ(answers.expected({{"pieces", {{{"verdict", true}}, {{"verdict", false}}}}}).error().message,
              "a piece before the last has no \"until\" in nanoseconds");
    EXPECT_TRUE(answers.expected({{"pieces", 1}, {"other", 2}})) << "an object with other members is a verdict";
}

}  // namespace
}  // namespace mistrial::checkers
