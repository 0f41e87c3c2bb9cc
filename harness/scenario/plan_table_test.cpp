#include "harness/scenario/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace mistrial::scenario {
namespace {

using testing::HasSubstr;

std::string table_of(const std::string& name) { return to_table(*resolve(*load(name))); }

TEST(PlanTable, of_every_scenario_fits_110_columns) {
    for (const LibraryEntry& entry : library()) {
        std::istringstream lines(table_of(entry.name));
        for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 110U) << entry.name << ": " << line;
    }
}

TEST(PlanTable, shows_the_schedule_at_a_glance) {
    const std::string table = table_of("demo");
    EXPECT_THAT(table, HasSubstr("demo, seed 42: 45s, settles from 34.6s on\n"));
    EXPECT_THAT(table, HasSubstr("  a2, a4            embedded from cdn2, polls every 1s to 2s, persists, bundle main\n"));
    EXPECT_THAT(table, HasSubstr("  revisions         18 of main at primary: r1 at 0s, then every 2s until r18 at 34s"));
    EXPECT_THAT(table, HasSubstr("  decisions         500 a second from 1s on by 20 sessions, timeout 2s"));
    EXPECT_THAT(table, HasSubstr("  health            of each agent every 500ms from 1s on, and whether its bundles are active\n"));
    EXPECT_THAT(table, HasSubstr(
        "  f1  partition, black-hole     a1, a2                 4s     10s  ...######......................~~~~~~~~~\n"
        "      cuts a1-cdn1, a2-cdn2; excuses bundles of a1, a2\n"
        "  f2  clock -1h                 a3                    12s     20s  ..........########.............~~~~~~~~~\n"
        "      moves the wall clock of a3\n"));
    EXPECT_THAT(table, HasSubstr("  bounded-staleness       within 5.2s, derived:\n"
                                 "                             4s  until TCP repeats the SYN"));
    EXPECT_THAT(table, HasSubstr("  convergence             within 5.2s, derived as for bounded-staleness\n"));
}

TEST(PlanTable, shows_the_revisions_of_each_bundle) {
    const std::string table = table_of("new-enemy");
    EXPECT_THAT(table, HasSubstr("  revisions         6 of main at primary: r1 at 0s, then every 8s until r6 at 40s"));
    EXPECT_THAT(table, HasSubstr("  revisions         6 of docs at primary: d1 at 0s, d2 at 12s, then every 8s until d6 at 44s"));
}

TEST(PlanTable, says_which_claims_this_version_cannot_judge) {
    const auto scenario = load("demo", {.set = {"/claims/divergence={}"}});
    ASSERT_TRUE(scenario.has_value()) << scenario.error().message;
    EXPECT_THAT(to_table(*resolve(*scenario)), HasSubstr("  divergence              NOT JUDGED by this version"));
}

}  // namespace
}  // namespace mistrial::scenario
