#include "checkers/sessions.hpp"

#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Json reads{{"monotonic-reads", Json::object()}};
const Json publishes{{"read-your-publishes", Json::object()}};

HistoryBuilder two_revisions(const Json& claims, const std::string& publisher = "") {
    HistoryBuilder history;
    history.run(claims, {"a1", "a2"});
    history.publish("r1", 0, 1, nullptr, history::Type::ok, "main", publisher);
    history.publish("r2", 2, 3, nullptr, history::Type::ok, "main", publisher);
    return history;
}

void ask(HistoryBuilder& history, const std::string& session, const std::string& agent, std::int64_t inv, std::int64_t res,
         const std::string& revision) {
    Answered answered;
    answered.session = session;
    answered.agent = agent;
    answered.revisions = {{"main", revision}};
    history.decide(inv, res, answered);
}

std::vector<Violation> violations(const HistoryBuilder& history, std::string_view property) {
    const auto judgement = judge(history.build());
    EXPECT_TRUE(judgement) << judgement.error().message;
    return claim(*judgement, property).violations;
}

TEST(MonotonicReads, ASessionThatMovesToAStaleAgentGoesBack) {
    HistoryBuilder history = two_revisions(reads);
    ask(history, "s1", "a1", 10, 12, "r2");
    ask(history, "s1", "a2", 13, 15, "r1");
    const auto found = violations(history, "monotonic-reads");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].agent, "a2");
    EXPECT_EQ(found[0].attribution, Attribution::system);
    EXPECT_THAT(found[0].summary, HasSubstr("session s1 saw r1 of bundle main at a2 after r2 at a1"));
    EXPECT_THAT(found[0].proof, Contains(HasSubstr("0.001 s after the first was over")));
}

TEST(MonotonicReads, TwoThatMeetInOneInstantAreConcurrent) {
    HistoryBuilder history = two_revisions(reads);
    ask(history, "s1", "a1", 10, 12, "r2");
    ask(history, "s1", "a2", 12, 15, "r1");
    EXPECT_THAT(violations(history, "monotonic-reads"), IsEmpty());
}

TEST(MonotonicReads, AnotherSessionMaySeeWhatItWill) {
    HistoryBuilder history = two_revisions(reads);
    ask(history, "s1", "a1", 10, 12, "r2");
    ask(history, "s2", "a2", 13, 15, "r1");
    ask(history, "", "a2", 13, 15, "r1");
    EXPECT_THAT(violations(history, "monotonic-reads"), IsEmpty());
}

TEST(MonotonicReads, OneIncarnationThatGoesBackIsTheAgentsOwnFault) {
    HistoryBuilder history = two_revisions(reads);
    ask(history, "s1", "a1", 10, 12, "r2");
    ask(history, "s1", "a1", 13, 15, "r1");
    const auto found = violations(history, "monotonic-reads");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].attribution, Attribution::agent);
}

TEST(SessionTable, AForgottenSessionStartsAnew) {
    SessionTable<int> table{2};
    table.of(0) = 10;
    table.of(1) = 11;
    EXPECT_EQ(*table.find(0), 10);
    table.of(2) = 12;  // takes the place of session 0
    EXPECT_EQ(table.find(0), nullptr);
    EXPECT_EQ(table.of(0), 0);
    EXPECT_EQ(*table.find(1), 11);
}

TEST(ReadYourPublishes, ASessionMustSeeWhatWasAcknowledgedToIt) {
    HistoryBuilder history = two_revisions(publishes, "s1");
    ask(history, "s1", "a1", 4, 6, "r1");
    const auto found = violations(history, "read-your-publishes");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_THAT(found[0].summary, HasSubstr("after its own publish of r2 was acknowledged"));
}

TEST(ReadYourPublishes, ADecisionInvokedAsTheAcknowledgementArrivesIsNotHeldToIt) {
    HistoryBuilder history = two_revisions(publishes, "s1");
    ask(history, "s1", "a1", 3, 6, "r1");
    EXPECT_THAT(violations(history, "read-your-publishes"), IsEmpty());
}

TEST(ReadYourPublishes, AnIndeterminatePublishHoldsNobody) {
    HistoryBuilder history;
    history.run(publishes, {"a1"});
    history.publish("r1", 0, 1, nullptr, history::Type::ok, "main", "s1");
    history.publish("r2", 2, 3, nullptr, history::Type::info, "main", "s1");
    ask(history, "s1", "a1", 4, 6, "r1");
    EXPECT_THAT(violations(history, "read-your-publishes"), IsEmpty());
}

TEST(ReadYourPublishes, WhatMustBeRefusedIsNotAwaited) {
    HistoryBuilder history;
    history.run(publishes, {"a1"});
    history.publish("r1", 0, 1, nullptr, history::Type::ok, "main", "s1");
    history.publish("r2", 2, 3, Json{{"bad", "unsigned"}}, history::Type::ok, "main", "s1");
    ask(history, "s1", "a1", 4, 6, "r1");
    EXPECT_THAT(violations(history, "read-your-publishes"), IsEmpty());
}

TEST(ReadYourPublishes, ABarrierHoldsTheAgentsThatItNamesAndNoOthers) {
    HistoryBuilder history = two_revisions(publishes);
    history.barrier("r2", {"a1"}, 4, 8, "s1");
    ask(history, "s1", "a2", 10, 12, "r1");
    EXPECT_THAT(violations(history, "read-your-publishes"), IsEmpty());
    ask(history, "s1", "a1", 10, 12, "r1");
    const auto found = violations(history, "read-your-publishes");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].agent, "a1");
    EXPECT_THAT(found[0].proof, Contains(HasSubstr("the barrier of record")));
}

TEST(ReadYourPublishes, ABarrierOfASessionHoldsItAloneAndOneOfNobodyHoldsAll) {
    HistoryBuilder own = two_revisions(publishes);
    own.barrier("r2", {"a1"}, 4, 8, "s1");
    ask(own, "s2", "a1", 10, 12, "r1");
    EXPECT_THAT(violations(own, "read-your-publishes"), IsEmpty());
    HistoryBuilder everybodys = two_revisions(publishes);
    everybodys.barrier("r2", {"a1"}, 4, 8);
    ask(everybodys, "s2", "a1", 10, 12, "r1");
    ask(everybodys, "", "a1", 10, 12, "r1");
    EXPECT_EQ(violations(everybodys, "read-your-publishes").size(), 2U);
}

TEST(ReadYourPublishes, ABarrierThatWasNotPassedOrIsPassedJustNowHoldsNobody) {
    HistoryBuilder history = two_revisions(publishes);
    history.barrier("r2", {"a1"}, 4, 8, "s1", history::Type::info);
    history.barrier("r2", {"a1"}, 4, 10, "s1");
    ask(history, "s1", "a1", 10, 12, "r1");
    EXPECT_THAT(violations(history, "read-your-publishes"), IsEmpty());
}

}  // namespace
}  // namespace mistrial::checkers
