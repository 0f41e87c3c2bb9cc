#include "harness/live/event_queue.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace mistrial::live {
namespace {

using namespace std::chrono_literals;

TEST(EventQueue, OrderIsTheOrderOfStampsAcrossThreads) {
    EventQueue queue;
    queue.start();
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&queue] {
            for (std::uint64_t i = 0; i < 5'000; ++i) queue.post(world::Invoked{i, {}});
        });
    TrueTime last;
    for (int i = 0; i < 20'000; ++i) {
        const world::Event event = queue.next(queue.now() + 5s);
        ASSERT_TRUE(std::holds_alternative<world::Invoked>(event));
        ASSERT_GE(world::time_of(event), last);
        last = world::time_of(event);
    }
    EXPECT_TRUE(std::holds_alternative<world::Deadline>(queue.next(queue.now())));
}

TEST(EventQueue, ADeadlineIsNeverEarlyAndNeverBeforeAnEvent) {
    EventQueue queue;
    queue.start();
    const TrueTime deadline = queue.now() + 5ms;
    const auto event = queue.next(deadline);
    ASSERT_TRUE(std::holds_alternative<world::Deadline>(event));
    EXPECT_GE(world::time_of(event), deadline);
    const TrueTime posted = queue.post(world::Invoked{});
    EXPECT_GE(posted, world::time_of(event));
}

}  // namespace
}  // namespace mistrial::live
