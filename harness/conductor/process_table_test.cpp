#include "harness/conductor/process_table.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace mistrial::conductor {
namespace {

using Pool = ProcessTable::Pool;

TEST(ProcessTable, ACrashedProcessIsNeverSeenAgain) {
    ProcessTable table(2, 1, 1);
    EXPECT_EQ(table.threads(), 5);
    const auto process = table.take(Pool::deciders);
    EXPECT_EQ(process, 0);
    table.give_back(*process, true);
    EXPECT_EQ(table.take(Pool::deciders), 5) << "p + threads";
    EXPECT_EQ(table.take(Pool::deciders), 1);
    EXPECT_EQ(table.take(Pool::deciders), std::nullopt);
    EXPECT_EQ(table.take(Pool::publishers), 2) << "the publisher is not starved by a fleet that answers nothing";
    EXPECT_EQ(table.take(Pool::probers), 3) << "nor are health queries";
    EXPECT_EQ(table.take(Pool::probers), std::nullopt) << "which starve nobody else";
}

RC_GTEST_PROP(ProcessTable, NoProcessIsInTwoHandsAndNoneComesBackFromACrash, (std::vector<std::uint8_t> steps)) {
    ProcessTable table(5, 2, 3);
    std::set<std::int64_t> held, crashed;
    for (const std::uint8_t step : steps) {
        if (step % 3 == 0 && !held.empty()) {
            const std::int64_t process = *std::next(held.begin(), step % static_cast<std::ptrdiff_t>(held.size()));
            const bool crash = step % 2 == 0;
            held.erase(process);
            if (crash) crashed.insert(process);
            table.give_back(process, crash);
        } else if (const auto process = table.take(step % 5 == 0 ? Pool::publishers : step % 7 == 0 ? Pool::probers : Pool::deciders)) {
            RC_ASSERT(held.insert(*process).second);
            RC_ASSERT(!crashed.contains(*process));
            RC_ASSERT(*process % table.threads() != table.nobody());
        }
    }
}

}  // namespace
}  // namespace mistrial::conductor
