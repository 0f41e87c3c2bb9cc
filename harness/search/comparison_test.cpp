#include "harness/search/comparison.hpp"

#include "harness/search/campaign.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mistrial::search {
namespace {

using testing::HasSubstr;

TEST(Comparison, TakesTheMiddleOfWhatSearchesTook) {
    EXPECT_EQ(median({}), 0);
    EXPECT_EQ(median({7}), 7);
    EXPECT_EQ(median({9, 1, 2}), 2);
    EXPECT_EQ(median({10, 1, 4, 3}), 3.5);
}

TEST(Comparison, CountsASearchThatFoundNothingAsOneRunMoreThanItMayMake) {
    Comparison comparison{{"swarm", "lineage"}, {defects::find("loses-data"), defects::find("flips-verdicts")}, 20, {}};
    comparison.runs = {{{21, 4, 21}, {5, 7, 6}}, {{2, 2, 3}, {1, 1, 21}}};
    EXPECT_EQ(sum_of_medians(comparison, 0), 23);
    EXPECT_EQ(sum_of_medians(comparison, 1), 7);
    const std::string table = to_markdown(comparison);
    EXPECT_THAT(table, HasSubstr("| loses-data | oracle-correctness | > 20 | 6 | 0.29 |"));
    EXPECT_THAT(table, HasSubstr("| flips-verdicts | determinism | 2 | 1 | 0.50 |"));
    EXPECT_THAT(table, HasSubstr("| **sum of the medians** | - | 23 | 7 | 0.30 |"));
    EXPECT_THAT(table, HasSubstr("| **searches that found it** | - | 4 of 6 | 5 of 6 |"));
}

TEST(Comparison, FindsADefectInTheRunInWhichASearchDoes) {
    const defects::Defect& defect = *defects::find("trusts-its-disk");
    const OrderedJson base = arena_with(arena().value(), defect);
    const auto runs = runs_until("bounded-staleness", base, "swarm", 3, 20).value();
    ASSERT_LE(runs, 20U);
    EXPECT_EQ(runs_until("bounded-staleness", base, "swarm", 3, runs - 1).value(), runs);
    const auto violates = [&](std::uint64_t number) {
        const auto run = make_run(number, base, make_strategy("swarm", base, 3).value()->candidate(number).value());
        return std::ranges::find(run.signatures, "bounded-staleness", &Signature::property) != run.signatures.end();
    };
    for (std::uint64_t number = 0; number < runs; ++number) EXPECT_EQ(violates(number), number + 1 == runs);
}

TEST(Comparison, DrawsTheSameDefectsEachTimeAndOnlyThoseWithinReach) {
    const auto drawn = draw_defects(15, 1);
    EXPECT_EQ(drawn.size(), 15U);
    EXPECT_EQ(drawn, draw_defects(15, 1));
    EXPECT_NE(drawn, draw_defects(15, 2));
    for (const defects::Defect* defect : drawn) EXPECT_TRUE(within_reach(*defect)) << defect->name;
}

}  // namespace
}  // namespace mistrial::search
