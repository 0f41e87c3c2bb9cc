#include "checkers/audit_log.hpp"

#include "checkers/definitional/second_opinion.hpp"
#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Decisions of a1 every 10 ms from 1000 on, their events 50 ms after the answer; the log is due within 200 ms.
namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int64_t first_at = 1000;
constexpr std::int64_t decisions = 40;

const Json both{{"log-completeness", {{"within", "200ms"}}}, {"log-integrity", Json::object()}};

Answered answered(std::int64_t number) {
    Answered what;
    what.incarnation = "a1#1";
    what.revisions = {{"main", "r1"}};
    what.input_id = "x";
    what.nonce = "n" + std::to_string(number);
    what.decision_id = "d" + std::to_string(number);
    return what;
}

history::Log event(std::int64_t number) {
    history::Log log;
    log.agent = "a1";
    log.incarnation = "a1#1";
    log.decision_id = "d" + std::to_string(number);
    log.nonce = "n" + std::to_string(number);
    log.path = "/mistrial/decision";
    log.input_id = "x";
    log.revisions = {{"main", "r1"}};
    log.verdict = "true";
    log.upload = number;
    return log;
}

std::int64_t answer_of(std::int64_t number) { return first_at + number * 10 + 3; }

/// The events of `number`: `when` after the answer; none when it is negative.
HistoryBuilder logged(const Json& claims, const std::function<std::int64_t(std::int64_t)>& when) {
    HistoryBuilder history;
    history.run(claims, {"a1"});
    history.publish("r1", 0, 10);
    history.boot("a1", "a1#1", 100);
    for (std::int64_t i = 0; i < decisions; ++i) {
        history.decide(first_at + i * 10, answer_of(i), answered(i));
        if (when(i) >= 0) history.log(answer_of(i) + when(i), event(i));
    }
    return history;
}
std::function<std::int64_t(std::int64_t)> soon_but(std::int64_t number, std::int64_t when) {
    return [=](std::int64_t i) { return i == number ? when : 50; };
}

/// Judges, and asks the definitions about what is found.
Judgement judged(const HistoryBuilder& history) {
    const auto records = history.build();
    auto judgement = judge(records);
    EXPECT_TRUE(judgement) << judgement.error().message;
    definitional::SecondOpinion opinion{*judgement};
    for (const history::Record& record : records) opinion.on(record);
    EXPECT_THAT(opinion.disagreements(), IsEmpty());
    return *judgement;
}

/// Something else happens, so that the history goes on.
HistoryBuilder& goes_on(HistoryBuilder& history, std::int64_t until = 5000) { return history.status("a1", until, "r1", "a1#1"); }

// --- G1 ---------------------------------------------------------------------------------------------------------

TEST(LogCompleteness, HoldsWhenEveryAnswerIsLoggedInTime) {
    HistoryBuilder history = logged(both, soon_but(7, 200));
    const Judgement judgement = judged(goes_on(history));
    EXPECT_EQ(claim(judgement, "log-completeness").validity, Validity::valid);
    EXPECT_EQ(claim(judgement, "log-completeness").obligations, decisions);
    EXPECT_EQ(claim(judgement, "log-integrity").validity, Validity::valid);
}

TEST(LogCompleteness, ALostEventIsAViolationWithItsProof) {
    HistoryBuilder history = logged(both, soon_but(7, -1));
    const Judgement judgement = judged(goes_on(history));
    const ClaimResult& result = claim(judgement, "log-completeness");
    EXPECT_EQ(result.validity, Validity::invalid);
    ASSERT_THAT(result.violations, SizeIs(1));
    EXPECT_EQ(result.violations[0].count, 1);
    EXPECT_EQ(result.violations[0].agent, "a1");
    EXPECT_THAT(result.violations[0].summary, HasSubstr("a1 lost 1 decision from its decision log"));
    EXPECT_THAT(result.violations[0].proof, Contains(HasSubstr("Not explained by: a crash (a1#1 did not end)")));
    EXPECT_EQ(claim(judgement, "log-integrity").validity, Validity::valid);
}

TEST(LogCompleteness, RemembersALossHoweverLongTheHistoryGoesOn) {
    HistoryBuilder history = logged(both, soon_but(7, -1));
    for (std::int64_t i = 100; i < 120; ++i) {
        history.decide(i * 1000, i * 1000 + 3, answered(i));
        history.log(i * 1000 + 50, event(i));
    }
    const ClaimResult result = claim(judged(goes_on(history, 200'000)), "log-completeness");
    ASSERT_THAT(result.violations, SizeIs(1));
    EXPECT_EQ(result.violations[0].count, 1);
    EXPECT_EQ(result.obligations, decisions + 20);
}

TEST(LogCompleteness, AnEventThatComesAfterItsDeadlineIsLateOneAtItIsNot) {
    HistoryBuilder in_time = logged(both, soon_but(7, 200));
    EXPECT_EQ(claim(judged(goes_on(in_time)), "log-completeness").validity, Validity::valid);
    HistoryBuilder late = logged(both, soon_but(7, 201));
    const Judgement judgement = judged(goes_on(late));
    ASSERT_THAT(claim(judgement, "log-completeness").violations, SizeIs(1));
    EXPECT_THAT(claim(judgement, "log-completeness").violations[0].summary, HasSubstr("later than 200ms"));
}

TEST(LogCompleteness, WhatIsDueAtTheEndOfTheHistoryIsPending) {
    HistoryBuilder history = logged(both, soon_but(7, -1));
    goes_on(history, answer_of(7) + 200);
    // The other decisions went on until 1393, so that the end is theirs: cut there.
    auto records = history.build();
    std::erase_if(records, [](const history::Record& record) { return record.time > at_ms(answer_of(7) + 200); });
    EXPECT_EQ(claim(*judge(records), "log-completeness").violations.size(), 0U);
    records.push_back(records.back());
    records.back().time += std::chrono::nanoseconds{1};
    ++records.back().index;
    EXPECT_EQ(claim(*judge(records), "log-completeness").violations.size(), 1U);
}

TEST(LogCompleteness, OnlyTimeInReachOfTheSinkCounts) {
    history::Fault cut{"f1", "partition", {"a1"}, Json::object(), {{"a1", {{}, false, true, false}}}, {}, std::nullopt};
    const auto with = [&](std::int64_t arrival) {
        HistoryBuilder history = logged(both, soon_but(7, arrival - answer_of(7)));
        history.fault(cut, {answer_of(7) + 100, answer_of(7) + 110, 2000, 2010});
        return judged(goes_on(history));
    };
    EXPECT_EQ(claim(with(2210), "log-completeness").validity, Validity::valid) << "a whole bound after the heal";
    EXPECT_EQ(claim(with(2211), "log-completeness").validity, Validity::invalid);
}

TEST(LogCompleteness, AFaultThatCutsOffOnlyBundlesExcusesNothing) {
    HistoryBuilder history = logged(both, soon_but(7, 300));
    history.fault("f1", "partition", {"a1"}, {900, 910, 2000, 2010});
    EXPECT_EQ(claim(judged(goes_on(history)), "log-completeness").validity, Validity::invalid);
}

TEST(LogCompleteness, ACrashMayLoseWhatWasNotYetDue) {
    const auto with = [&](std::int64_t death, const Json& claims) {
        HistoryBuilder history = logged(claims, soon_but(decisions - 1, -1));
        history.death("a1", "a1#1", death);
        history.boot("a1", "a1#2", death + 100);
        return judged(goes_on(history));
    };
    const std::int64_t due = answer_of(decisions - 1) + 200;
    EXPECT_EQ(claim(with(due, both), "log-completeness").validity, Validity::valid);
    EXPECT_EQ(claim(with(due + 1, both), "log-completeness").validity, Validity::invalid) << "it was overdue already";
    const Json strict{{"log-completeness", {{"within", "200ms"}, {"crash_loss", false}}}};
    EXPECT_EQ(claim(with(due - 100, strict), "log-completeness").validity, Validity::invalid);
}

TEST(LogCompleteness, AStopInOrderLosesNothingUnlessTheSinkIsOutOfReach) {
    const auto with = [&](bool cut_off) {
        HistoryBuilder history = logged(both, soon_but(decisions - 1, -1));
        const std::int64_t answer = answer_of(decisions - 1);
        if (cut_off) {
            history.fault({"f1", "partition", {"a1"}, Json::object(), {{"a1", {{}, false, true, false}}}, {}, std::nullopt},
                          {answer + 10, answer + 11, answer + 20, answer + 21});
        }
        history.death("a1", "a1#1", answer + 50, "stopped");
        history.boot("a1", "a1#2", answer + 100);
        return judged(goes_on(history));
    };
    EXPECT_EQ(claim(with(false), "log-completeness").validity, Validity::invalid);
    EXPECT_EQ(claim(with(true), "log-completeness").validity, Validity::valid);
}

TEST(LogCompleteness, ReportedDropsCoverAsManyLosses) {
    const auto with = [&](std::int64_t dropped) {
        HistoryBuilder history = logged(both, [](std::int64_t i) { return i >= 10 && i < 13 ? -1 : 50; });
        history::LogUpload report;
        report.agent = "a1";
        report.incarnation = "a1#1";
        report.status = 200;
        report.dropped = dropped;
        history.log_upload(2000, 2000, report);
        return judged(goes_on(history));
    };
    EXPECT_EQ(claim(with(3), "log-completeness").validity, Validity::valid);
    EXPECT_EQ(claim(with(2), "log-completeness").validity, Validity::invalid);
}

TEST(LogCompleteness, DropsThatNobodyInParticularReportsMayBeAnyProcesss) {
    const Json strict{{"log-completeness", {{"within", "200ms"}, {"crash_loss", false}}}};
    const auto with = [&](std::int64_t dropped) {
        HistoryBuilder history = logged(strict, [](std::int64_t i) { return i >= 10 && i < 13 ? -1 : 50; });
        history.boot("a1", "a1#2", 1900);
        history::LogUpload report;
        report.agent = "a1";
        report.status = 200;
        report.dropped = dropped;
        history.log_upload(2500, 2500, report);
        return judged(goes_on(history));
    };
    EXPECT_EQ(claim(with(3), "log-completeness").validity, Validity::valid);
    EXPECT_EQ(claim(with(2), "log-completeness").validity, Validity::invalid);
}

TEST(LogCompleteness, AProcessThatAStrangerFollowsMayHaveCrashed) {
    const auto with = [&](const Json& claims, const char* incarnation) {
        HistoryBuilder history = logged(claims, soon_but(decisions - 1, -1));
        Answered next = answered(100);
        next.incarnation = incarnation;
        history.decide(1420, 1423, next).log(1470, event(100)).status("a1", 5000, "r1", incarnation);
        return claim(judged(history), "log-completeness").validity;
    };
    const Json strict{{"log-completeness", {{"within", "200ms"}, {"crash_loss", false}}}};
    EXPECT_EQ(with(both, "a1#2"), Validity::valid);
    EXPECT_EQ(with(strict, "a1#2"), Validity::invalid);
    EXPECT_EQ(with(both, "a1#1"), Validity::invalid);
}

TEST(LogCompleteness, TheDeathOfAnotherAgentsProcessOfThatNameExcusesNothing) {
    const auto with = [&](const char* agent) {
        HistoryBuilder history = logged(both, soon_but(decisions - 1, -1));
        history.boot("a2", "a1#1", 100);
        history.death(agent, "a1#1", answer_of(decisions - 1) + 10);
        return claim(judged(goes_on(history)), "log-completeness").validity;
    };
    EXPECT_EQ(with("a2"), Validity::invalid);
    EXPECT_EQ(with("a1"), Validity::valid);
}

TEST(LogCompleteness, ARefusalNeedNotBeLoggedAndAnUndefinedAnswerMustBe) {
    const auto with = [&](const history::Answer& answer) {
        HistoryBuilder history = logged(both, soon_but(-1, 0));
        Answered what = answered(100);
        what.answer = answer;
        history.decide(1500, 1503, what);
        return judged(goes_on(history));
    };
    EXPECT_EQ(claim(with(history::Refused{500, std::nullopt}), "log-completeness").validity, Validity::valid);
    EXPECT_EQ(claim(with(history::Undefined{}), "log-completeness").validity, Validity::invalid);
}

TEST(LogCompleteness, IsNotExercisedWhereNobodyRecordsWhatASinkHears) {
    HistoryBuilder history = logged(both, [](std::int64_t) { return -1; });
    const ClaimResult silent = claim(judged(goes_on(history)), "log-completeness");
    EXPECT_THAT(silent.violations, IsEmpty());
    EXPECT_EQ(silent.reason, Reason::not_exercised);

    // Somebody does, and of a1 nothing ever came: it has lost everything.
    history::Log of_another = event(999);
    of_another.agent = "a2";
    of_another.incarnation = "a2#1";
    history.log(4000, of_another);
    EXPECT_THAT(claim(judged(history), "log-completeness").violations, SizeIs(1));
}

TEST(LogCompleteness, IsNotExercisedByAnAgentThatLogsNothing) {
    HistoryBuilder history;
    history.run(both, {"a1"});
    for (std::int64_t i = 0; i < decisions; ++i) {
        Answered what = answered(i);
        what.decision_id.reset();
        history.decide(first_at + i * 10, answer_of(i), what);
    }
    const ClaimResult result = claim(judged(goes_on(history)), "log-completeness");
    EXPECT_EQ(result.validity, Validity::unknown);
    EXPECT_EQ(result.reason, Reason::not_exercised);
}

TEST(LogCompleteness, IsUnknownWhenTheEventsDoNotNameWhatTheyAreOf) {
    HistoryBuilder history = logged(both, soon_but(-1, 0));
    history::Log nameless = event(7);
    nameless.decision_id.reset();
    history.decide(1500, 1503, answered(100)).log(1600, nameless);
    const ClaimResult result = claim(judged(goes_on(history)), "log-completeness");
    EXPECT_EQ(result.validity, Validity::unknown);
    EXPECT_EQ(result.reason, Reason::no_evidence);
}

TEST(LogCompleteness, AnEventMayComeBeforeTheAnswerIsRead) {
    HistoryBuilder history = logged(both, soon_but(-1, 0));
    history.decide(1500, 1600, answered(100)).log(1550, event(100));
    const Judgement judgement = judged(goes_on(history));
    EXPECT_EQ(judgement.validity, Validity::valid);
    EXPECT_EQ(claim(judgement, "log-completeness").obligations, decisions + 1);
}

TEST(LogCompleteness, FindsWithLittleMemoryThatNothingIsMissingAndSaysWhenItCannotName) {
    for (const bool lost : {false, true}) {
        Model model;
        Claim claim;
        claim.property = "log-completeness";
        claim.within = milliseconds{200};
        LogCompleteness checker{model, claim, {4, 160, 16}};
        const AgentId agent = model.intern_agent("a1");
        const std::vector<Seen> nothing;
        for (std::int64_t i = 0; i < 400; ++i) {
            const TrueTime now = at_ms(i * 20);
            model.at(now, static_cast<std::uint64_t>(i));
            const Decision decision{.index = static_cast<std::uint64_t>(i), .invoke_index = std::nullopt, .inv = now, .res = now,
                                    .due = now, .agent = agent, .incarnation = 0, .clock = std::nullopt,
                                    .decision_id = key_of("d" + std::to_string(i)), .nonce = {}, .seen = nothing};
            model.logs().answered(decision, 0);
            if (i < 9 || (lost && i == 109)) continue;
            const LogEvent logged{.index = 0, .at = now, .agent = agent, .decision_id = key_of("d" + std::to_string(i - 9)),
                                  .nonce = {}, .clock = std::nullopt, .seen = nothing};
            model.logs().arrived(logged, 0);
        }
        checker.finish();
        EXPECT_THAT(checker.violations(), IsEmpty());
        EXPECT_GT(model.logs().awaited().spilled(), 300);
        EXPECT_EQ(checker.measured().at("untold"), lost ? 1 : 0);
        EXPECT_EQ(checker.obligations(), model.logs().awaited().spilled() - (lost ? 1 : 0) - 5) << "five are not yet due";
        EXPECT_EQ(checker.unfinished(), lost ? Reason::no_evidence : Reason::none);
    }
}

// --- G2 ---------------------------------------------------------------------------------------------------------

Judgement with_event(const history::Log& log, const Json& claims = both) {
    HistoryBuilder history = logged(claims, soon_but(7, -1));
    history.log(answer_of(7) + 60, log);
    return judged(goes_on(history));
}

TEST(LogIntegrity, AnEventThatSaysOtherwiseThanTheAnswerIsAViolation) {
    EXPECT_EQ(claim(with_event(event(7)), "log-integrity").validity, Validity::valid);
    const auto differs = [](const std::function<void(history::Log&)>& change) {
        history::Log log = event(7);
        change(log);
        return claim(with_event(log), "log-integrity").validity == Validity::invalid;
    };
    EXPECT_TRUE(differs([](history::Log& log) { log.verdict = "false"; }));
    EXPECT_TRUE(differs([](history::Log& log) { log.path = "mistrial/other"; }));
    EXPECT_TRUE(differs([](history::Log& log) { log.input_id = "y"; }));
    EXPECT_TRUE(differs([](history::Log& log) { log.revisions = {{"main", "r2"}}; }));
}

TEST(LogIntegrity, WhatEitherSideLeavesOutIsNoDifference) {
    history::Log bare;
    bare.agent = "a1";
    bare.decision_id = "d7";
    EXPECT_EQ(claim(with_event(bare), "log-integrity").validity, Validity::valid);
    history::Log more = event(7);
    more.revisions["other"] = "o1";
    more.revisions["main"] = "";
    EXPECT_EQ(claim(with_event(more), "log-integrity").validity, Validity::valid);
}

TEST(LogIntegrity, ARepeatedEventIsAViolationOnlyInStrictMode) {
    const auto twice = [](const Json& claims) {
        HistoryBuilder history = logged(claims, soon_but(7, 50));
        history.log(answer_of(7) + 90, event(7));
        return claim(judged(goes_on(history)), "log-integrity").validity;
    };
    EXPECT_EQ(twice(both), Validity::valid);
    EXPECT_EQ(twice({{"log-integrity", {{"duplicates", false}}}}), Validity::invalid);
}

TEST(LogIntegrity, AnEventOfARequestThatNobodyMadeIsAViolation) {
    history::Log phantom = event(7);
    phantom.decision_id = "d-phantom";
    phantom.nonce = "n-phantom";
    EXPECT_EQ(claim(with_event(phantom), "log-integrity").validity, Validity::invalid);
}

TEST(LogIntegrity, AnEventOfAnUnansweredRequestIsNone) {
    const auto with = [](const std::optional<std::string>& event_nonce, history::Type type) {
        HistoryBuilder history = logged(both, soon_but(-1, 0));
        Answered unanswered = answered(100);
        unanswered.type = type;
        history::Log log = event(100);
        log.nonce = event_nonce;
        log.decision_id = "d-nobody-saw";
        history.decide(1500, 1510, unanswered).log(1600, log);
        return claim(judged(goes_on(history)), "log-integrity").validity;
    };
    EXPECT_EQ(with("n100", history::Type::info), Validity::valid) << "its nonce says so";
    EXPECT_EQ(with("n100", history::Type::invoke), Validity::valid) << "whether it ended or not";
    EXPECT_EQ(with("n101", history::Type::info), Validity::invalid) << "nobody asked with this one";
    EXPECT_EQ(with(std::nullopt, history::Type::info), Validity::valid) << "it may be that one, or anybody else's";
}

// --- G3 ---------------------------------------------------------------------------------------------------------

TEST(LogOrder, CountsEventsThatComeAfterThoseOfLaterDecisions) {
    HistoryBuilder history;
    history.run(Json::object(), {"a1"});
    for (const auto& [number, upload] : {std::pair{0, 1}, {2, 1}, {1, 2}, {3, 2}}) {
        history::Log log = event(number);
        log.upload = upload;
        log.agent_time = WallTime{milliseconds{number}};
        history.log(3000 + upload * 10, log);
    }
    for (std::int64_t i = 0; i < 4; ++i) history.decide(first_at + i * 10, answer_of(i), answered(i));
    const Judgement judgement = judged(history);
    const auto order = std::find_if(judgement.measured.begin(), judgement.measured.end(),
                                    [](const Measured& one) { return one.property == "log-order"; });
    ASSERT_NE(order, judgement.measured.end());
    const Json& a1 = order->values.at("agents").at("a1");
    EXPECT_EQ(a1.at("events"), 4);
    EXPECT_EQ(a1.at("inversions_by_agent_time"), 1);
    EXPECT_EQ(a1.at("inversions_by_real_time"), 1);
}

}  // namespace
}  // namespace mistrial::checkers
