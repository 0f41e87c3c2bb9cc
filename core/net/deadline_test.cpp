#include "core/net/deadline.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace mistrial::net {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

RC_GTEST_PROP(Deadline, EachThatIsSetExpiresOnceAndInOrderAndNoneThatIsCleared,
              (const std::vector<std::pair<std::uint8_t, bool>>& wanted)) {
    Loop loop;
    const auto clock = std::make_shared<DeadlineClock>(loop.impl());
    const auto start = Clock::now();
    std::vector<std::unique_ptr<Deadline>> deadlines;
    std::vector<SteadyTime> expired;
    std::size_t expected = 0;
    for (const auto& [delay, cleared] : wanted) {
        const auto due = start + delay * 10us;
        deadlines.push_back(std::make_unique<Deadline>(clock, [&, due, cleared = cleared] {
            EXPECT_FALSE(cleared);
            EXPECT_GE(Clock::now(), due);
            expired.push_back(due);
        }));
        deadlines.back()->set(due);
        if (cleared) deadlines.back()->clear();
        if (!cleared) ++expected;
    }
    RC_ASSERT(loop.run_until([&] { return expired.size() == expected; }, 10s));
    RC_ASSERT(std::is_sorted(expired.begin(), expired.end()));
    RC_ASSERT(!loop.run_until([&] { return expired.size() > expected; }, 10us));
}

TEST(Deadline, MayBePutOffAgainAndAgain) {
    Loop loop;
    const auto clock = std::make_shared<DeadlineClock>(loop.impl());
    std::optional<SteadyTime> fired;
    Deadline deadline(clock, [&] { fired = Clock::now(); });
    const auto start = Clock::now();
    deadline.set(start + 1ms);
    deadline.set(start + 3ms);
    deadline.set(start + 5ms);
    ASSERT_TRUE(loop.run_until([&] { return fired.has_value(); }, 10s));
    EXPECT_GE(*fired, start + 5ms);
}

TEST(Deadline, MayBeBroughtForward) {
    Loop loop;
    const auto clock = std::make_shared<DeadlineClock>(loop.impl());
    bool fired = false;
    Deadline deadline(clock, [&] { fired = true; });
    deadline.set(Clock::now() + 1h);
    deadline.set(Clock::now() + 1ms);
    EXPECT_TRUE(loop.run_until([&] { return fired; }, 10s));
}

TEST(Deadline, MayDestroyOthersAndItself) {
    Loop loop;
    auto clock = std::make_shared<DeadlineClock>(loop.impl());
    int fired = 0;
    std::vector<std::unique_ptr<Deadline>> all;
    for (int i = 0; i < 5; ++i) {
        all.push_back(std::make_unique<Deadline>(clock, [&] {
            ++fired;
            all.clear();
        }));
        all.back()->set(Clock::now());
    }
    clock.reset();
    EXPECT_TRUE(loop.run_until([&] { return fired > 0; }, 10s));
    EXPECT_FALSE(loop.run_until([&] { return fired > 1; }, 1ms));
}

TEST(Deadline, AScopeThatIsLeftInTimeDoesNotExpire) {
    Loop loop;
    const auto clock = std::make_shared<DeadlineClock>(loop.impl());
    bool fired = false;
    Deadline deadline(clock, [&] { fired = true; });
    { const WithDeadline scope(deadline, Clock::now() + 100us); }
    EXPECT_FALSE(loop.run_until([&] { return fired; }, 2ms));
}

TEST(Deadline, NeverIsNotBeforeNow) {
    EXPECT_EQ(deadline_after(Clock::now(), Duration::max()), SteadyTime::max());
}

}  // namespace
}  // namespace mistrial::net
