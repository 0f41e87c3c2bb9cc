#include "checkers/clocks.hpp"

#include "checkers/definitional/second_opinion.hpp"
#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Decisions of a1 every 10 ms from 1000 to 1400, 2 ms each; the run's wall clock shows t at t. Input x is allowed until
/// 1200 on the agent's clock.
namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Json claims{{"clock-justified", {{"error", "20ms"}}}, {"clock-coherence", {{"error", "20ms"}}}};

WallTime wall(std::int64_t ms) { return WallTime{milliseconds{ms}}; }
const Json until_1200{{"pieces", {{{"until", 1'200'000'000}, {"verdict", true}}, {{"verdict", false}}}}};

Answered shows_r1(bool verdict, std::optional<WallTime> reading) {
    Answered what;
    what.markers = {{"main/policy", "r1"}, {"main/data", "r1"}};
    what.input_id = "x";
    what.incarnation = "a1#1";
    what.answer = history::Verdict{verdict ? "true" : "false"};
    what.agent_time = reading;
    return what;
}

/// Decisions with a clock that is `offset(t)` off at t.
HistoryBuilder clocked(const std::function<std::int64_t(std::int64_t)>& offset) {
    HistoryBuilder history;
    history.run(claims, {"a1"});
    history.publish("r1", 0, 10, Json{{"base", nullptr}, {"verdicts", {{"x", until_1200}}}});
    for (std::int64_t t = 1000; t < 1400; t += 10) {
        const std::int64_t reads = t + 1 + offset(t);
        history.decide(t, t + 2, shows_r1(reads < 1200, wall(reads)));
    }
    return history;
}

const std::string the_machine;  ///< whose clock a sample is of that names no agent

history::Fault moved(milliseconds low, milliseconds high) {
    history::Fault fault;
    fault.fault = "f1";
    fault.kind = "clock";
    fault.target = {"a1"};
    fault.skews["a1"] = {low, high};
    return fault;
}

Judgement judged(const HistoryBuilder& history) {
    const auto records = history.build();
    auto judgement = judge(records);
    EXPECT_TRUE(judgement) << judgement.error().message;
    definitional::SecondOpinion opinion{*judgement};
    for (const history::Record& record : records) opinion.on(record);
    EXPECT_THAT(opinion.disagreements(), IsEmpty());
    return *judgement;
}

Validity of(const Judgement& judgement, const char* property) { return claim(judgement, property).validity; }

const Json& exposure(const Judgement& judgement) {
    for (const Measured& one : judgement.measured) {
        if (one.property == "clock-exposure") return one.values.at("agents").at("a1");
    }
    MISTRIAL_INVARIANT(false, "clock-exposure was not measured");
}

// --- C1 -----------------------------------------------------------------------------------------------------------

TEST(ClockJustified, HoldsForReadingsWithinTheClaimedError) {
    // A reading at t + 1 of a decision in [t, t + 2]: 19 ms early is 20 ms before the begin less one.
    EXPECT_EQ(of(judged(clocked([](auto) { return 21; })), "clock-justified"), Validity::valid);
    EXPECT_EQ(of(judged(clocked([](auto) { return -21; })), "clock-justified"), Validity::valid);
    EXPECT_EQ(of(judged(clocked([](auto) { return 22; })), "clock-justified"), Validity::invalid);
    EXPECT_EQ(of(judged(clocked([](auto) { return -22; })), "clock-justified"), Validity::invalid);
}

TEST(ClockJustified, TellsHowFarAReadingIsOff) {
    const Judgement judgement = judged(clocked([](std::int64_t t) { return t == 1100 ? -5000 : 0; }));
    ASSERT_THAT(claim(judgement, "clock-justified").violations, SizeIs(1));
    EXPECT_THAT(claim(judgement, "clock-justified").violations[0].summary, HasSubstr("a clock that is -4.979 s beyond"));
    EXPECT_THAT(claim(judgement, "clock-justified").violations[0].proof, Contains(HasSubstr("no fault touched the clock")));
}

TEST(ClockJustified, GrantsWhatAFaultMayHaveDoneWhileItLasts) {
    const auto with = [](std::int64_t from, std::int64_t to) {
        HistoryBuilder history = clocked([&](std::int64_t t) { return t > from && t < to ? -500 : 0; });
        history.fault(moved(milliseconds{-600}, milliseconds{100}), {1100, 1101, 1199, 1200});
        return judged(history);
    };
    EXPECT_EQ(of(with(1100, 1200), "clock-justified"), Validity::valid);
    EXPECT_EQ(of(with(1100, 1201), "clock-justified"), Validity::invalid) << "healed before";
    EXPECT_EQ(of(with(1089, 1200), "clock-justified"), Validity::invalid) << "not yet begun";
}

TEST(ClockJustified, GrantsWhatASampleMeasuredWhileAFaultMovesTheClock) {
    const auto with = [](std::int64_t sampled) {
        HistoryBuilder history = clocked([](std::int64_t t) { return t > 1100 && t < 1200 ? -500 : 0; });
        history.fault(moved(milliseconds{-100}, milliseconds{100}), {1100, 1101, 1199, 1200});
        history.clock_sample("a1", sampled, milliseconds{-520}, milliseconds{-480});
        return of(judged(history), "clock-justified");
    };
    EXPECT_EQ(with(1101), Validity::valid);
    EXPECT_EQ(with(1099), Validity::invalid) << "before the fault a sample excuses nothing";
}

TEST(ClockJustified, AccusesNobodyOfWhatTheMachinesOwnClockDid) {
    // The machine's clock is set half a second back at 1100, and every agent reads that.
    const auto with = [](const std::string& whose, std::int64_t from) {
        HistoryBuilder history = clocked([](std::int64_t t) { return t >= 1100 ? -500 : 0; });
        history.clock_sample(whose, from, milliseconds{-501}, milliseconds{-499});
        return judged(history);
    };
    EXPECT_EQ(of(with(the_machine, 1100), "clock-justified"), Validity::valid);
    EXPECT_EQ(of(with(the_machine, 1101), "clock-justified"), Validity::valid) << "found before the answer was there";
    EXPECT_EQ(of(with(the_machine, 1103), "clock-justified"), Validity::invalid) << "an answer had been there before";
    EXPECT_EQ(of(with("a1", 1100), "clock-justified"), Validity::invalid) << "no fault moved the agent's clock";
}

TEST(ClockJustified, HoldsAnAgentToTheMachinesClockUntilTheNextSample) {
    const auto with = [](std::int64_t back) {
        HistoryBuilder history = clocked([&](std::int64_t t) { return t >= 1100 && t < back ? -500 : 0; });
        history.clock_sample(the_machine, 1100, milliseconds{-501}, milliseconds{-499});
        history.clock_sample(the_machine, 1200, milliseconds{-1}, milliseconds{1});
        return judged(history);
    };
    EXPECT_EQ(of(with(1200), "clock-justified"), Validity::valid);
    EXPECT_EQ(of(with(1210), "clock-justified"), Validity::valid) << "its decision at 1200 may have been made just before";
    const Judgement late = with(1220);
    EXPECT_EQ(of(late, "clock-justified"), Validity::invalid);
    const Judgement early = with(1150);
    EXPECT_EQ(of(early, "clock-justified"), Validity::invalid) << "its own clock went back before the machine's did";
    EXPECT_THAT(claim(early, "clock-justified").violations[0].proof,
                Contains(HasSubstr("the machine's own clock was -0.501 s .. -0.499 s off it")));
}

TEST(ClockJustified, AddsFaultsToWhatTheMachinesClockDid) {
    const auto with = [](std::int64_t offset) {
        HistoryBuilder history = clocked([&](std::int64_t t) { return t > 1100 && t < 1200 ? offset : -300; });
        history.clock_sample(the_machine, 900, milliseconds{-300}, milliseconds{-300});
        history.fault(moved(milliseconds{-600}, milliseconds{0}), {1100, 1101, 1199, 1200});
        return of(judged(history), "clock-justified");
    };
    EXPECT_EQ(with(-900), Validity::valid);
    EXPECT_EQ(with(-922), Validity::invalid);
    EXPECT_EQ(with(-300), Validity::valid);
    EXPECT_EQ(with(-278), Validity::invalid) << "the fault pulls back only";
}

HistoryBuilder without_readings(std::int64_t last_allowed) {
    HistoryBuilder history;
    history.run(claims, {"a1"});
    history.publish("r1", 0, 10, Json{{"base", nullptr}, {"verdicts", {{"x", until_1200}}}});
    for (std::int64_t t = 1000; t < 1400; t += 10) history.decide(t, t + 2, shows_r1(t <= last_allowed, std::nullopt));
    return history;
}

TEST(ClockJustified, JudgesVerdictsWithoutAReadingByAllThatTheClockMayHaveShown) {
    // At 1220 the clock may be as early as 1200, which is a microsecond within reach; at 1230 no longer.
    EXPECT_EQ(of(judged(without_readings(1190)), "clock-justified"), Validity::valid);
    EXPECT_EQ(of(judged(without_readings(1220)), "clock-justified"), Validity::valid);
    const Judgement late = judged(without_readings(1230));
    EXPECT_EQ(of(late, "clock-justified"), Validity::invalid);
    EXPECT_EQ(claim(late, "clock-justified").violations[0].wrongly_allowed, 1);
    EXPECT_EQ(of(judged(without_readings(1170)), "clock-justified"), Validity::valid);
    EXPECT_EQ(of(judged(without_readings(1160)), "clock-justified"), Validity::invalid) << "denied too early";
}

TEST(ClockJustified, IsNotExercisedWithoutTheRunsWallClock) {
    auto records = clocked([](auto) { return 0; }).build();
    std::get<history::RunInfo>(records[0].value).wall_at_zero.reset();
    const auto judgement = judge(records);
    ASSERT_TRUE(judgement);
    EXPECT_EQ(claim(*judgement, "clock-justified").reason, Reason::not_exercised);
}

// --- C2 -----------------------------------------------------------------------------------------------------------

TEST(ClockCoherence, HoldsForAClockThatIsWrongButConstant) {
    EXPECT_EQ(of(judged(clocked([](auto) { return -3'600'000; })), "clock-coherence"), Validity::valid);
}

TEST(ClockCoherence, AnUnannouncedJumpIsFoundOnceAndSmallerOnesThanTheIntervalsNever) {
    const auto jump = [](std::int64_t by) { return judged(clocked([=](std::int64_t t) { return t < 1200 ? 0 : by; })); };
    // The clock may have been read anywhere in 2 ms at both ends; the drift adds less than a millisecond.
    EXPECT_EQ(of(jump(2), "clock-coherence"), Validity::valid);
    EXPECT_EQ(of(jump(-2), "clock-coherence"), Validity::valid);
    const Judgement back = jump(-4);
    EXPECT_EQ(of(back, "clock-coherence"), Validity::invalid);
    EXPECT_THAT(claim(back, "clock-coherence").violations, SizeIs(1));
    EXPECT_EQ(of(jump(4), "clock-coherence"), Validity::invalid);
}

TEST(ClockCoherence, AnAnnouncedJumpIsTheFaults) {
    const auto with = [](std::int64_t after_heal) {
        HistoryBuilder history =
            clocked([&](std::int64_t t) { return t > 1100 && t < 1200 ? -500 : t >= 1200 ? after_heal : 0; });
        history.fault(moved(milliseconds{-600}, milliseconds{100}), {1100, 1101, 1199, 1200});
        return of(judged(history), "clock-coherence");
    };
    EXPECT_EQ(with(0), Validity::valid);
    EXPECT_EQ(with(22), Validity::valid) << "as near as the claim's error";
    EXPECT_EQ(with(24), Validity::invalid);
}

TEST(ClockCoherence, AJumpOfTheMachinesOwnClockIsTheMachines) {
    const auto with = [](std::int64_t by) {
        HistoryBuilder history = clocked([&](std::int64_t t) { return t < 1200 ? 0 : by; });
        history.clock_sample(the_machine, 1200, milliseconds{-501}, milliseconds{-499});
        return of(judged(history), "clock-coherence");
    };
    EXPECT_EQ(with(-500), Validity::valid);
    EXPECT_EQ(with(-504), Validity::invalid) << "four milliseconds of it are the agent's own";
    EXPECT_EQ(with(0), Validity::invalid) << "a clock that did not follow the machine's";
}

TEST(ClockCoherence, AMachineThatRunsFastTakesItsAgentsAlong) {
    // 50,000 parts per million: a hundred times the drift that the claim grants.
    const auto with = [](bool sampled) {
        HistoryBuilder history = clocked([](std::int64_t t) { return (t - 1000) / 20; });
        for (std::int64_t t = 1000; sampled && t < 1400; t += 20)
            history.clock_sample(the_machine, t, milliseconds{(t - 1000) / 20}, milliseconds{(t - 1000) / 20 + 1});
        return of(judged(history), "clock-coherence");
    };
    EXPECT_EQ(with(true), Validity::valid);
    EXPECT_EQ(with(false), Validity::invalid);
}

TEST(ClockCoherence, TheFirstAnswerOfAProcessMayHaveBegunBeforeAStep) {
    const auto with = [](std::int64_t began) {
        HistoryBuilder history;
        history.run(claims, {"a1"});
        history.publish("r1", 0, 10, Json{{"base", nullptr}, {"verdicts", {{"x", until_1200}}}});
        history.fault(moved(milliseconds{-10}, milliseconds{0}), {900, 901, 999, 1000});
        history.decide(began, 1003, shows_r1(true, wall(1002)));
        for (std::int64_t t = 1010; t < 1400; t += 10) history.decide(t, t + 2, shows_r1(t - 15 < 1200, wall(t - 15)));
        return of(judged(history), "clock-coherence");
    };
    EXPECT_EQ(with(998), Validity::valid) << "the clock was read before it was set back, as near as the claim's error";
    EXPECT_EQ(with(1001), Validity::invalid);
}

TEST(ClockCoherence, EveryProcessHasAClockOfItsOwn) {
    HistoryBuilder history = clocked([](std::int64_t t) { return t < 1200 ? 0 : -5000; });
    auto records = history.build();
    for (history::Record& record : records) {
        auto* decide = std::get_if<history::Decide>(&record.value);
        if (decide != nullptr && record.time >= at_ms(1200)) decide->incarnation = "a1#2";
    }
    const auto judgement = judge(records);
    ASSERT_TRUE(judgement);
    EXPECT_EQ(of(*judgement, "clock-coherence"), Validity::valid);
}

TEST(ClockCoherence, VerdictsAloneTellOfAClockThatGoesBack) {
    HistoryBuilder history = without_readings(1190);
    EXPECT_EQ(of(judged(history), "clock-coherence"), Validity::valid);
    // Denied at 1300, it is after 1200 for good.
    history.decide(1395, 1396, shows_r1(true, std::nullopt));
    EXPECT_EQ(of(judged(history), "clock-coherence"), Validity::invalid);
}

// --- C3 -----------------------------------------------------------------------------------------------------------

TEST(ClockExposure, CountsWhatOnlyTheSkewJustifies) {
    // The clock is half a second behind from 1110 to 1380: from 1310 on no clock within 100 ms would still allow x.
    HistoryBuilder history = clocked([](std::int64_t t) { return t > 1100 && t < 1390 ? -500 : 0; });
    history.fault(moved(milliseconds{-600}, milliseconds{100}), {1100, 1101, 1389, 1390});
    const Judgement judgement = judged(history);
    EXPECT_EQ(judgement.validity, Validity::valid) << "the environment's doing, not the agent's";
    const Json& a1 = exposure(judgement);
    EXPECT_EQ(a1.at("readings"), 40);
    EXPECT_EQ(a1.at("largest_error_ns"), 499'000'000);
    EXPECT_EQ(a1.at("off_from_ns"), 1'112'000'000);
    EXPECT_EQ(a1.at("off_to_ns"), 1'380'000'000);
    EXPECT_EQ(a1.at("only_by_skew").at("decisions"), 8);
    EXPECT_EQ(a1.at("only_by_skew").at("wrongly_allowed"), 8);
}

TEST(ClockExposure, MeasuresAgentsAgainstTheMachinesClock) {
    HistoryBuilder history = clocked([](auto) { return -500; });
    history.clock_sample(the_machine, 900, milliseconds{-500}, milliseconds{-500});
    EXPECT_EQ(exposure(judged(history)).at("largest_error_ns"), 0);
}

TEST(ClockExposure, TellsOfNoClockThatIsRight) {
    const Judgement judgement = judged(clocked([](auto) { return 0; }));
    EXPECT_EQ(exposure(judgement).at("largest_error_ns"), 0);
    EXPECT_FALSE(exposure(judgement).contains("off_from_ns"));
    EXPECT_FALSE(exposure(judgement).contains("only_by_skew"));
}

}  // namespace
}  // namespace mistrial::checkers
