#include "harness/live/machine_clock.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace mistrial::live {
namespace {

using namespace std::chrono_literals;

/// The samples that have been posted so far.
std::vector<history::ClockSample> samples_of(EventQueue& queue) {
    std::vector<history::ClockSample> samples;
    while (true) {
        const world::Event event = queue.next(queue.now());
        const auto* observed = std::get_if<world::Observed>(&event);
        if (observed == nullptr) return samples;
        EXPECT_EQ(observed->f, "clock-sample");
        samples.push_back(std::get<history::ClockSample>(observed->value));
        EXPECT_EQ(samples.back().agent, "") << "of the machine, not of an agent";
    }
}

TEST(MachineClock, OfAMachineThatRunsEvenlyIsSampledOnce) {
    EventQueue queue;
    queue.start();
    MachineClock clock(queue, [] { return MachineClock::Offset{-100ns, 100ns}; });
    for (int i = 0; i < 1000; ++i) clock.look();
    EXPECT_EQ(samples_of(queue).size(), 1U);
}

TEST(MachineClock, IsSampledAgainWhenAReadingWasInterrupted) {
    EventQueue queue;
    queue.start();
    MachineClock::Offset next{-30ms, 0ns};
    MachineClock clock(queue, [&] { return next; });
    clock.look();
    next = {-100ns, 0ns};
    for (int i = 0; i < 10; ++i) clock.look();
    const auto samples = samples_of(queue);
    ASSERT_EQ(samples.size(), 2U);
    EXPECT_LT(samples[1].high - samples[1].low, 1ms);
}

RC_GTEST_PROP(MachineClock, IsAlwaysWhereTheNewestSampleSays, ()) {
    EventQueue queue;
    queue.start();
    Duration offset{};
    Duration width{};
    MachineClock clock(queue, [&] { return MachineClock::Offset{offset - width, offset + width}; });
    std::optional<history::ClockSample> said;
    std::size_t samples = 0;
    const auto looks = *rc::gen::inRange(1, 60);
    for (int i = 0; i < looks; ++i) {
        // Mostly slewed, now and then set.
        offset += *rc::gen::inRange(0, 10) == 0 ? Duration(std::chrono::milliseconds(*rc::gen::inRange(-5000, 5000)))
                                                : Duration(std::chrono::microseconds(*rc::gen::inRange(-50, 50)));
        width = std::chrono::microseconds(*rc::gen::inRange(0, 20));
        clock.look();
        for (const auto& sample : samples_of(queue)) {
            said = sample;
            ++samples;
        }
        RC_ASSERT(said.has_value());
        RC_ASSERT(said->low <= offset - width);
        RC_ASSERT(said->high >= offset + width);
        RC_ASSERT(said->high - said->low < 1ms);
    }
    RC_ASSERT(samples <= static_cast<std::size_t>(looks));
}

TEST(MachineClock, ReadsTheWallClockAgainstTrueTime) {
    EventQueue queue;
    queue.start();
    // As if somebody had set the machine's clock an hour ahead since the run began.
    MachineClock clock(queue, wall_now() - 1h);
    clock.look();
    const auto samples = samples_of(queue);
    ASSERT_EQ(samples.size(), 1U);
    EXPECT_LT(samples[0].low, 1h + 100ms);
    EXPECT_GT(samples[0].high, 1h - 100ms);
}

}  // namespace
}  // namespace mistrial::live
