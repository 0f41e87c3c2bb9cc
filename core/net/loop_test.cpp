#include "core/net/loop.hpp"

#include "core/net/loop_thread.hpp"
#include "core/net/test_socket.hpp"

#include <gtest/gtest.h>

#include <sys/eventfd.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace mistrial::net {
namespace {

using namespace std::chrono_literals;
using testing::patience;

TEST(Loop, CallsTimersInTheOrderOfTheirTimes) {
    Loop loop;
    const auto start = std::chrono::steady_clock::now();
    std::vector<int> order;
    const auto third = loop.at(start + 3ms, [&] { order.push_back(3); });
    const auto first = loop.at(start + 1ms, [&] { order.push_back(1); });
    const auto second = loop.at(start + 2ms, [&] { order.push_back(2); });
    EXPECT_TRUE(loop.run_until([&] { return order.size() == 3; }, patience));
    EXPECT_EQ(order, (std::vector{1, 2, 3}));
    EXPECT_FALSE(first.pending());
}

TEST(Loop, TimersAreNeverEarly) {
    Loop loop;
    std::vector<Timer> timers;
    int fired = 0;
    int early = 0;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 200; ++i) {
        const auto due = start + i * 137us;
        timers.push_back(loop.at(due, [&, due] {
            ++fired;
            if (std::chrono::steady_clock::now() < due) ++early;
        }));
    }
    EXPECT_TRUE(loop.run_until([&] { return fired == 200; }, patience));
    EXPECT_EQ(early, 0);
}

TEST(Loop, ATimerThatWasDestroyedNeverFires) {
    Loop loop;
    bool wrong = false;
    bool end = false;
    {
        const auto gone = loop.after(0s, [&] { wrong = true; });
    }
    const auto last = loop.after(1ms, [&] { end = true; });
    EXPECT_TRUE(loop.run_until([&] { return end; }, patience));
    EXPECT_FALSE(wrong);
}

TEST(Loop, ATimerMayDestroyItselfAndAnother) {
    Loop loop;
    bool wrong = false;
    bool end = false;
    std::unique_ptr<Timer> other;
    std::unique_ptr<Timer> self;
    self = std::make_unique<Timer>(loop.after(0s, [&] {
        self.reset();
        other.reset();
    }));
    other = std::make_unique<Timer>(loop.after(0s, [&] { wrong = true; }));
    const auto last = loop.after(1ms, [&] { end = true; });
    EXPECT_TRUE(loop.run_until([&] { return end; }, patience));
    EXPECT_FALSE(wrong);
}

TEST(Loop, ATimerThatIsReplacedDoesNotFire) {
    Loop loop;
    std::vector<int> fired;
    Timer timer = loop.after(0s, [&] { fired.push_back(1); });
    timer = loop.after(1ms, [&] { fired.push_back(2); });
    EXPECT_TRUE(loop.run_until([&] { return !fired.empty(); }, patience));
    EXPECT_EQ(fired, std::vector{2});
}

TEST(Loop, RunUntilGivesUpAtItsLimit) {
    Loop loop;
    EXPECT_FALSE(loop.run_until([] { return false; }, 1ms));
}

TEST(Loop, StopBeforeRunIsNotLost) {
    Loop loop;
    loop.stop();
    loop.run();
    SUCCEED() << "run returned";
}

TEST(Loop, CanBeRunAgainAfterAStop) {
    Loop loop;
    loop.stop();
    loop.stop();
    loop.run();
    bool called = false;
    loop.post([&] {
        called = true;
        loop.stop();
    });
    loop.run();
    EXPECT_TRUE(called);
}

TEST(Loop, WatchesADescriptorUntilCancelled) {
    Loop loop;
    const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int calls = 0;
    auto watch = loop.on_readable(fd, [&] {
        std::uint64_t count = 0;
        EXPECT_EQ(::read(fd, &count, sizeof(count)), 8);
        ++calls;
    });
    ASSERT_TRUE(watch);
    const std::uint64_t one = 1;
    for (int i = 1; i <= 3; ++i) {
        ASSERT_EQ(::write(fd, &one, sizeof(one)), 8);
        EXPECT_TRUE(loop.run_until([&] { return calls == i; }, patience));
    }
    watch->cancel();
    ASSERT_EQ(::write(fd, &one, sizeof(one)), 8);
    EXPECT_FALSE(loop.run_until([&] { return calls > 3; }, 2ms));
    ::close(fd);
}

TEST(Loop, AWatchCallsAgainForWhatWasNotDrained) {
    Loop loop;
    const int fd = ::eventfd(7, EFD_CLOEXEC | EFD_NONBLOCK);
    int calls = 0;
    const auto watch = loop.on_readable(fd, [&] { ++calls; });
    EXPECT_TRUE(loop.run_until([&] { return calls >= 3; }, patience));
    ::close(fd);
}

TEST(Loop, WatchingWhatIsNoDescriptorIsAnError) {
    Loop loop;
    EXPECT_FALSE(loop.on_readable(-1, [] {}));
}

TEST(LoopThread, RunsTheHookFirstAndCallsOnItsThread) {
    std::atomic<bool> hooked = false;
    LoopThread thread("hooked", [&] { hooked = true; });
    EXPECT_TRUE(thread.call([&] { return hooked.load(); }));
    EXPECT_TRUE(thread.call([&] { return thread.loop().on_this_thread(); }));
    EXPECT_FALSE(thread.loop().on_this_thread());
}

TEST(LoopThread, PostedFunctionsRunInOrder) {
    std::vector<int> order;
    LoopThread thread;
    for (int i = 0; i < 100; ++i) thread.loop().post([&order, i] { order.push_back(i); });
    thread.call([] {});
    EXPECT_EQ(order.size(), 100U);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(LoopThread, MayBeDestroyedAtOnce) {
    for (int i = 0; i < 50; ++i) LoopThread thread;
    SUCCEED() << "no thread was left running";
}

}  // namespace
}  // namespace mistrial::net
