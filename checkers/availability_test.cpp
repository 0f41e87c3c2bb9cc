#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::HasSubstr;

HistoryBuilder fleet(const Json& parameters) {
    HistoryBuilder history;
    history.run(Json{{"availability", parameters}}, {"a1"});
    return history;
}

void ask(HistoryBuilder& history, std::int64_t inv, std::int64_t res, history::Type type = history::Type::info,
         const std::optional<std::string>& error = std::nullopt) {
    Answered unanswered;
    unanswered.type = type;
    unanswered.error = error;
    history.decide(inv, res, unanswered);
}

/// `answered` answers, then `missing` requests that time out.
HistoryBuilder share(const Json& parameters, int answered, int missing, history::Type type = history::Type::info,
                     const std::optional<std::string>& error = std::nullopt) {
    HistoryBuilder history = fleet(parameters);
    for (int i = 0; i < answered; ++i) history.shows("a1", i, i + 1, "-");
    for (int i = 0; i < missing; ++i) ask(history, 1000 + i, 1001 + i, type, error);
    return history;
}

ClaimResult result_of(const HistoryBuilder& history) {
    const auto judgement = judge(history.build());
    EXPECT_TRUE(judgement) << judgement.error().message;
    return claim(*judgement, "availability");
}

const Json ninety{{"ratio", 0.9}, {"gap", "10s"}};

TEST(Availability, HoldsAtExactlyTheShareThatIsClaimed) {
    EXPECT_EQ(result_of(share(ninety, 90, 10)).validity, Validity::valid);
    EXPECT_EQ(result_of(share(ninety, 90, 11)).validity, Validity::invalid);
}

TEST(Availability, CountsARefusedConnectionButNotWhatNobodyWasFreeToSend) {
    EXPECT_EQ(result_of(share(ninety, 90, 11, history::Type::fail)).validity, Validity::invalid);
    const ClaimResult result = result_of(share(ninety, 90, 11, history::Type::fail, "no-process"));
    EXPECT_EQ(result.validity, Validity::unknown) << "nobody knows what they would have met";
    EXPECT_EQ(result.reason, Reason::no_evidence);
    EXPECT_EQ(result_of(share(ninety, 90, 10, history::Type::fail, "no-process")).validity, Validity::valid);
}

TEST(Availability, ExcusesWhatAFaultTouchedOfTheAnswersOnly) {
    const auto with_fault = [](const history::Excuse& excuse) {
        HistoryBuilder history = share(ninety, 90, 11);
        history.fault("f1", "partition", {"a1"}, {1000, 1000, 1005, 1005}, true, excuse);
        return result_of(history).validity;
    };
    EXPECT_EQ(with_fault({{}, false, false, true}), Validity::valid);
    EXPECT_EQ(with_fault({{"main"}, true, true, false}), Validity::invalid) << "an agent keeps answering without its source";
}

TEST(Availability, CountsAnswersWhateverWasBroken) {
    HistoryBuilder history = share(ninety, 90, 10);
    history.fault("f1", "partition", {"a1"}, {-1, 0, 500, 500}, true, {{}, false, false, true});
    EXPECT_EQ(result_of(history).validity, Validity::valid) << "an excuse cannot make an agent look worse";
}

TEST(Availability, AGapIsAsLongAsRequestsGoUnanswered) {
    const Json parameters{{"ratio", 0}, {"gap", "100ms"}};
    const auto outage = [&](std::int64_t end) {
        HistoryBuilder history = fleet(parameters).shows("a1", 0, 10, "-");
        ask(history, 20, 70);
        ask(history, 60, end);
        return history.shows("a1", 200, 210, "-");
    };
    EXPECT_NE(result_of(outage(120)).validity, Validity::invalid);
    const ClaimResult result = result_of(outage(121));
    EXPECT_EQ(result.validity, Validity::invalid);
    EXPECT_THAT(result.violations[0].summary, HasSubstr("a1 answered nothing for 0.101 s although it was asked"));
    HistoryBuilder broken = outage(121);
    broken.shows("a1", 25, 30, "-");
    EXPECT_NE(result_of(broken).validity, Validity::invalid) << "an answer in between";
}

TEST(Availability, AGapHoldsNoTimeInWhichNothingWasAskedAtItsBegin) {
    HistoryBuilder history = fleet({{"ratio", 0}, {"gap", "100ms"}}).shows("a1", 0, 10, "-");
    ask(history, 500, 600);
    EXPECT_NE(result_of(history).validity, Validity::invalid);
}

TEST(Availability, AGapDoesNotReachOverAnExcuse) {
    HistoryBuilder history = fleet({{"ratio", 0}, {"gap", "100ms"}});
    ask(history, 20, 70);
    ask(history, 90, 150);
    EXPECT_EQ(result_of(history).validity, Validity::invalid);
    history.stall(75, 80);
    EXPECT_NE(result_of(history).validity, Validity::invalid);
}

TEST(Availability, JudgesLatencyOnlyWhenItIsClaimed) {
    const auto slow = [](const Json& parameters, std::int64_t res) {
        return result_of(fleet(parameters).shows("a1", 0, res, "-")).validity;
    };
    const Json claimed{{"ratio", 0}, {"latency", "50ms"}};
    EXPECT_NE(slow(claimed, 50), Validity::invalid);
    EXPECT_EQ(slow(claimed, 51), Validity::invalid);
    EXPECT_NE(slow({{"ratio", 0}}, 51), Validity::invalid);
}

TEST(Availability, WhatWasActiveStaysActiveWithinAnIncarnation) {
    const auto emptied = [](std::int64_t inv, const std::string& incarnation) {
        HistoryBuilder history = fleet({{"ratio", 0}});
        history.publish("r1", 0, 1);
        Answered answered;
        answered.markers = {{"main/policy", "r1"}};
        answered.incarnation = "a1#1";
        history.decide(10, 20, answered);
        answered.markers = {{"main/policy", "-"}};
        answered.incarnation = incarnation;
        return result_of(history.decide(inv, 30, answered)).validity;
    };
    EXPECT_EQ(emptied(21, "a1#1"), Validity::invalid);
    EXPECT_NE(emptied(20, "a1#1"), Validity::invalid) << "concurrent";
    EXPECT_NE(emptied(21, "a1#2"), Validity::invalid) << "a new process";
}

}  // namespace
}  // namespace mistrial::checkers
