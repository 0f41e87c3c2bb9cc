#include "harness/conductor/tokens.hpp"

#include <gtest/gtest.h>

namespace mistrial::conductor {
namespace {

scenario::Plan plan(bool tokens) {
    scenario::Plan plan;
    plan.workload.tokens = tokens;
    plan.workload.decisions = {{"stays", "a1", {}, {}, {}, {}, {}}, {"roams", "", {"a1", "a2"}, {}, {}, {}, {}}};
    // By their places in the plan, not by their names.
    for (const char* revision : {"r9", "r10", "r11"}) plan.workload.publishes.push_back({0, {}, "main", revision, "primary", "", {}});
    return plan;
}

history::Decide answered_under(const char* revision) {
    history::Decide answered;
    answered.revisions = {{"main", revision}, {"other", "r1"}};
    return answered;
}

Json asked(const Tokens& tokens, const char* session) {
    history::Decide decide;
    tokens.attach(session, decide);
    return decide.at_least.value_or(Json());
}

TEST(Tokens, ASessionAsksForAtLeastTheNewestRevisionThatItHasSeen) {
    const scenario::Plan made = plan(true);
    Tokens tokens(made);
    EXPECT_EQ(asked(tokens, "roams"), Json());
    tokens.learn("roams", answered_under("r10"));
    EXPECT_EQ(asked(tokens, "roams"), (Json{{"main", "r10"}}));
    tokens.learn("roams", answered_under("r9"));
    EXPECT_EQ(asked(tokens, "roams"), (Json{{"main", "r10"}}));
    tokens.learn("roams", answered_under("r11"));
    EXPECT_EQ(asked(tokens, "roams"), (Json{{"main", "r11"}}));
}

TEST(Tokens, ARevisionThatNobodyPublishesIsNoToken) {
    const scenario::Plan made = plan(true);
    Tokens tokens(made);
    tokens.learn("roams", answered_under("nonsense"));
    EXPECT_EQ(asked(tokens, "roams"), Json());
}

TEST(Tokens, AreCarriedByRoamingSessionsOnlyAndOnlyWhenThePlanSaysSo) {
    const scenario::Plan with = plan(true);
    Tokens tokens(with);
    tokens.learn("stays", answered_under("r9"));
    EXPECT_EQ(asked(tokens, "stays"), Json());
    const scenario::Plan without = plan(false);
    Tokens none(without);
    none.learn("roams", answered_under("r9"));
    EXPECT_EQ(asked(none, "roams"), Json());
}

}  // namespace
}  // namespace mistrial::conductor
