#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// The scenario of the README: a user is revoked while an agent cannot fetch.
namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// r1 allows alice and bob, r2 revokes alice.
HistoryBuilder revocation(const Json& claims) {
    HistoryBuilder history;
    history.run(claims, {"a1", "a2"});
    history.publish("r1", 0, 10, Json{{"base", nullptr}, {"verdicts", {{"alice", true}, {"bob", true}}}});
    history.publish("r2", 5000, 5010, Json{{"base", "r1"}, {"verdicts", {{"alice", false}}}});
    return history;
}

void ask(HistoryBuilder& history, const std::string& agent, std::int64_t at, const std::string& revision,
         const std::string& user, bool allowed) {
    Answered answered;
    answered.agent = agent;
    answered.markers = {{"main/policy", revision}, {"main/data", revision}};
    answered.input_id = user;
    answered.input = Json{{"user", user}, {"action", "read"}, {"nonce", at}};
    answered.answer = history::Verdict{allowed ? "true" : "false"};
    answered.session = "s1";
    history.decide(at, at + 3, answered);
}

/// Both agents are asked about both users every 100 ms; `stuck` never leaves r1.
HistoryBuilder stuck_agent(const Json& claims, const std::string& stuck) {
    HistoryBuilder history = revocation(claims);
    for (std::int64_t at = 1000; at < 12'000; at += 100) {
        for (const std::string agent : {"a1", "a2"}) {
            const bool old = at < 6000 || agent == stuck;
            ask(history, agent, at, old ? "r1" : "r2", "alice", old);
            ask(history, agent, at + 50, old ? "r1" : "r2", "bob", true);
        }
    }
    return history;
}

const Json three_claims{{"revision-validity", Json::object()},
                        {"monotonic-revisions", Json::object()},
                        {"bounded-staleness", {{"within", "2s"}}}};

TEST(Revocation, IsValidWhenBothAgentsFollowWithinTheBound) {
    const auto judgement = judge(stuck_agent(three_claims, "nobody").build());
    ASSERT_TRUE(judgement) << judgement.error().message;
    EXPECT_EQ(judgement->validity, Validity::valid);
    for (const ClaimResult& result : judgement->claims) {
        EXPECT_GE(result.obligations, 20) << result.property;
        EXPECT_THAT(result.violations, IsEmpty()) << result.property;
    }
}

TEST(Revocation, AnAgentThatNeverFollowsIsOneViolationWithItsProof) {
    const auto judgement = judge(stuck_agent(three_claims, "a2").build());
    ASSERT_TRUE(judgement) << judgement.error().message;
    EXPECT_EQ(judgement->validity, Validity::invalid);
    const ClaimResult& result = claim(*judgement, "bounded-staleness");
    ASSERT_EQ(result.violations.size(), 1U);
    const Violation& violation = result.violations[0];
    EXPECT_EQ(violation.agent, "a2");
    EXPECT_EQ(violation.attribution, Attribution::system);
    // The deadline is 7.010 s: from 7.050 (bob), 7.100 (alice) until 11.950.
    EXPECT_EQ(violation.count, 99);
    EXPECT_EQ(violation.wrongly_allowed, 49);
    EXPECT_EQ(violation.wrongly_denied, 0);
    EXPECT_THAT(violation.summary, AllOf(HasSubstr("a2 still decided under r1 of bundle main"),
                                         HasSubstr("49 wrongly ALLOWED (alice 49x)")));
    EXPECT_EQ(claim(*judgement, "monotonic-revisions").validity, Validity::valid);
}

TEST(Revocation, APartitionExcusesTheAgentUnlessTheClaimGrantsNoExcuse) {
    HistoryBuilder history = stuck_agent(three_claims, "a2");
    history.fault("f1", "partition", {"a2"}, {4000, 4010, 13'000, 13'010});
    auto judgement = judge(history.build());
    ASSERT_TRUE(judgement);
    EXPECT_EQ(judgement->validity, Validity::valid);

    Json unexcused = three_claims;
    unexcused["bounded-staleness"] = {{"within", "2s"}, {"excused", false}, {"force", true}};
    history = stuck_agent(unexcused, "a2");
    history.fault("f1", "partition", {"a2"}, {4000, 4010, 13'000, 13'010});
    judgement = judge(history.build());
    ASSERT_TRUE(judgement);
    EXPECT_EQ(judgement->validity, Validity::invalid);
    ASSERT_EQ(claim(*judgement, "bounded-staleness").violations.size(), 1U);
    const std::vector<std::string>& proof = claim(*judgement, "bounded-staleness").violations[0].proof;
    EXPECT_THAT(proof, Contains(HasSubstr("partition f1")));
}

}  // namespace
}  // namespace mistrial::checkers
