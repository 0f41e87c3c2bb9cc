#include "checkers/excuses.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace mistrial::checkers {
namespace {

using std::chrono::milliseconds;

TrueTime ms(std::int64_t n) { return TrueTime{milliseconds{n}}; }

const kernels::Acknowledged& nothing(const void*, BundleId) {
    static const kernels::Acknowledged none;
    return none;
}

ExcuseWindow cut(Channel channel, ExcuseCause cause = ExcuseCause::fault) {
    return {AgentId{0}, channel == Channel::deliveries ? std::optional<BundleId>(0) : std::nullopt, cause, ms(10), ms(20), "", channel};
}

TEST(Duty, RestsWhileWhatItNeedsIsCutOff) {
    EXPECT_TRUE(cut(Channel::deliveries).suspends(Duty::enforce));
    EXPECT_TRUE(cut(Channel::deliveries).suspends(Duty::poll));
    EXPECT_TRUE(cut(Channel::deliveries).suspends(Duty::report)) << "reports go out with polls";
    EXPECT_FALSE(cut(Channel::deliveries).suspends(Duty::answer)) << "an agent answers without its source";
    EXPECT_FALSE(cut(Channel::deliveries).suspends(Duty::enforce_always));
    EXPECT_FALSE(cut(Channel::deliveries).suspends(Duty::log));
    EXPECT_TRUE(cut(Channel::answers).suspends(Duty::answer));
    EXPECT_FALSE(cut(Channel::answers).suspends(Duty::enforce));
    EXPECT_TRUE(cut(Channel::status).suspends(Duty::report));
    EXPECT_FALSE(cut(Channel::status).suspends(Duty::poll));
    EXPECT_TRUE(cut(Channel::log).suspends(Duty::log));
    EXPECT_FALSE(cut(Channel::log).suspends(Duty::report));
}

TEST(Duty, OfEnforcingAloneRestsWhileABadRevisionHidesTheGoodOne) {
    const ExcuseWindow bad = cut(Channel::deliveries, ExcuseCause::bad_head);
    EXPECT_TRUE(bad.suspends(Duty::enforce));
    EXPECT_TRUE(bad.suspends(Duty::enforce_always));
    EXPECT_FALSE(bad.suspends(Duty::poll));
    EXPECT_FALSE(bad.suspends(Duty::report));
}

TEST(Duty, OfAllKindsRestsWhileTheAgentDoesNotRun) {
    ExcuseWindow down = cut(Channel::answers, ExcuseCause::not_running);
    down.channel.reset();
    for (const Duty duty : {Duty::enforce, Duty::enforce_always, Duty::poll, Duty::report, Duty::answer, Duty::log}) {
        EXPECT_TRUE(down.suspends(duty));
    }
}

TEST(Excuses, GiveEachDutyItsOwnConnectedTime) {
    Excuses excuses{nothing, nullptr};
    FloorTable& answering = excuses.table(milliseconds{5}, Duty::answer);
    FloorTable& reporting = excuses.table(milliseconds{5}, Duty::report);
    (void)excuses.floor(answering, 0, no_bundle);
    excuses.was(cut(Channel::answers));
    EXPECT_EQ(excuses.floor(answering, 0, no_bundle).connected(ms(0), ms(100)), milliseconds{90});
    EXPECT_EQ(excuses.floor(reporting, 0, 0).connected(ms(0), ms(100)), milliseconds{100});
    EXPECT_EQ(excuses.floor(answering, 1, no_bundle).connected(ms(0), ms(100)), milliseconds{100}) << "another agent";
    EXPECT_EQ(excuses.floor(answering, 0, no_bundle).connected(ms(15), ms(18)), milliseconds{0});
    EXPECT_EQ(excuses.floor(answering, 0, no_bundle).deadline(ms(8), ms(8)), ms(25));
    EXPECT_EQ(excuses.floor(answering, 0, no_bundle).deadline(ms(5), ms(5)), ms(10)) << "exactly at the excuse's start";
}

}  // namespace
}  // namespace mistrial::checkers
