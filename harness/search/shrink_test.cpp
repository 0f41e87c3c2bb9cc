#include "harness/search/shrink.hpp"

#include "checkers/testing/effort.hpp"
#include "harness/scenario/spell_out.hpp"
#include "harness/search/edit.hpp"
#include "harness/search/simulate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace mistrial::search {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

scenario::Plan plan_of(const std::string& name, std::vector<std::string> set) {
    const auto scenario = scenario::load(name, {.set = std::move(set)});
    EXPECT_TRUE(scenario) << scenario.error().message;
    return scenario::resolve(*scenario).value();
}

Result<checkers::Judgement> judged(const scenario::Plan& plan) {
    auto simulated = simulate(plan);
    if (!simulated) return simulated.error();
    return std::move(simulated->judgement);
}

/// A fleet of three with `count` pauses of a tenth of a second each, of which nothing is simulated.
OrderedJson with_intervals(std::size_t count) {
    OrderedJson spelled = scenario::spell_out(plan_of("demo", {"/fleet/agents/0/count=3", "/duration=60s", "/faults=[]"}));
    for (std::size_t i = 0; i < count; ++i)
        spelled["faults"].push_back({{"at", format_short(1s + 300ms * i)}, {"for", "100ms"}, {"pause", {{"on", {"a1"}}}}});
    return spelled;
}

checkers::ClaimResult violated(const char* property, std::vector<std::string> together = {}) {
    checkers::ClaimResult claim;
    claim.property = property;
    claim.validity = checkers::Validity::invalid;
    claim.violations.emplace_back();
    claim.violations.back().together = std::move(together);
    return claim;
}

/// Fails while the intervals that begin at these times are there.
Judge needs(std::set<TrueTime> starts) {
    return [starts](const scenario::Plan& plan) -> Result<checkers::Judgement> {
        std::set<TrueTime> there;
        for (const nemesis::FaultInterval& fault : plan.faults) there.insert(fault.start);
        checkers::Judgement judgement;
        if (std::ranges::includes(there, starts)) judgement.claims.push_back(violated("bounded-staleness"));
        return judgement;
    };
}

TEST(Shrink, FindsTheThreeIntervalsOfSixtyThatMatter) {
    std::vector<std::uint64_t> runs;
    for (std::size_t draw = 0; draw < (checkers::testing::one_case_in > 1 ? 1 : 5); ++draw) {
        const std::size_t places[] = {(7 * draw) % 20, 20 + (13 * draw) % 20, 40 + (3 * draw) % 20};
        std::set<TrueTime> starts;
        for (const std::size_t place : places) starts.insert(TrueTime{1s + 300ms * place});
        ShrinkOptions options;
        options.passes = {"intervals"};
        const auto shrunk = shrink(with_intervals(60), needs(starts), options);
        ASSERT_TRUE(shrunk) << shrunk.error().message;
        EXPECT_THAT(shrunk->plan.faults, SizeIs(3));
        EXPECT_TRUE(shrunk->finished);
        runs.push_back(shrunk->runs);
    }
    std::ranges::sort(runs);
    EXPECT_LE(runs[runs.size() / 2], 40U);
}

/// Fails by a claim of the name while it has more than `most` intervals, and by another one for ever.
Judge slips(std::size_t most) {
    return [most](const scenario::Plan& plan) -> Result<checkers::Judgement> {
        checkers::Judgement judgement;
        for (const char* property : {"bounded-staleness", "split-brain"}) {
            if (property == std::string_view("bounded-staleness") && plan.faults.size() < most) continue;
            judgement.claims.push_back(violated(property));
        }
        return judgement;
    };
}

TEST(Shrink, DoesNotSlipToAnotherFailure) {
    ShrinkOptions options;
    options.passes = {"intervals"};
    const auto shrunk = shrink(with_intervals(12), slips(5), options);
    ASSERT_TRUE(shrunk) << shrunk.error().message;
    EXPECT_THAT(shrunk->plan.faults, SizeIs(5));
    options.signature = Signature{"split-brain", checkers::Attribution::agent, false};
    EXPECT_THAT(shrink(with_intervals(12), slips(5), options)->plan.faults, IsEmpty());
}

TEST(Shrink, KeepsTheClaimsWithoutWhichThereIsNoViolation) {
    const auto judge = [](const scenario::Plan& plan) -> Result<checkers::Judgement> {
        checkers::Judgement judgement;
        if (plan.claims.contains("bounded-staleness")) judgement.claims.push_back(violated("monotonic-revisions", {"bounded-staleness"}));
        return judgement;
    };
    ShrinkOptions options;
    options.passes = {"claims"};
    const auto shrunk = shrink(with_intervals(1), judge, options);
    ASSERT_TRUE(shrunk) << shrunk.error().message;
    EXPECT_EQ(shrunk->plan.claims.size(), 2U);
    EXPECT_TRUE(shrunk->plan.claims.contains("monotonic-revisions"));
}

struct Case {
    const char* name;
    const char* scenario;
    std::vector<std::string> set;
};

class ShrinkInSim : public testing::TestWithParam<Case> {};

TEST_P(ShrinkInSim, KeepsTheFailureAndLeavesNothingThatCouldGo) {
    std::vector<std::string> set = GetParam().set;
    set.emplace_back("/workload/decide/rate=50");
    const OrderedJson original = scenario::spell_out(plan_of(GetParam().scenario, set));
    const auto shrunk = shrink(original, judged, {});
    ASSERT_TRUE(shrunk) << shrunk.error().message;
    EXPECT_TRUE(shrunk->finished);
    EXPECT_LE(shrunk->runs, 300U);
    EXPECT_LE(shrunk->after.agents, 2U);
    EXPECT_LE(shrunk->after.faults, 1U);
    EXPECT_LE(shrunk->after.decisions, 10U);
    // What is handed over is a file: read again, it fails in the same way.
    const auto again = judged(scenario::resolve(scenario::scenario_of(shrunk->scenario)).value());
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_NE(find(*again, shrunk->signature), nullptr);
    EXPECT_NE(find(*judged(scenario::resolve(scenario::scenario_of(shrunk->loaded)).value()), shrunk->signature), nullptr);
    if (checkers::testing::one_case_in > 1) return;  // the rest is the same again
    // Idempotent.
    const auto twice = shrink(shrunk->scenario, judged, {.signature = shrunk->signature});
    ASSERT_TRUE(twice) << twice.error().message;
    EXPECT_EQ(twice->scenario, shrunk->scenario);
}

INSTANTIATE_TEST_SUITE_P(Defects, ShrinkInSim,
                         testing::Values(Case{"ReportsAhead", "demo", {"/workload/decide/sessions=5", "/fleet/agents/0/defect=reports-ahead"}},
                                         Case{"RollsBackAtRestart", "restart", {"/fleet/agents/0/defect=rolls-back-at-restart"}},
                                         Case{"IgnoresNewer", "demo", {"/workload/decide/sessions=5", "/fleet/agents/0/defect=ignores-newer-after-failed-download",
                                                               "/faults/0/partition/mode=refuse"}}),
                         [](const auto& which) { return std::string(which.param.name); });

TEST(Shrink, RefusesWhatDoesNotFailOrFailsOtherwise) {
    const OrderedJson sound = scenario::spell_out(plan_of("demo", {"/duration=20s", "/workload/decide/rate=50", "/faults=[]"}));
    EXPECT_THAT(shrink(sound, judged, {}).error().message, HasSubstr("violates no claim"));
    const Signature other{"split-brain", checkers::Attribution::system, false};
    EXPECT_THAT(shrink(with_intervals(2), needs({}), {.signature = other}).error().message,
                HasSubstr("does not fail with \"split-brain SYSTEM\" in this world, but with \"bounded-staleness AGENT\""));
}

TEST(Shrink, StopsWhenItsRunsAreUsedUp) {
    const auto shrunk = shrink(with_intervals(60), needs({TrueTime{1s}}), {.most_runs = 3});
    ASSERT_TRUE(shrunk);
    EXPECT_FALSE(shrunk->finished);
    EXPECT_EQ(shrunk->runs, 3U);
}

TEST(Signature, IsReadAsItIsPrinted) {
    for (const bool lets_in : {false, true}) {
        const Signature one{"bounded-staleness", checkers::Attribution::source, lets_in};
        EXPECT_EQ(signature_from_text(to_text(one)).value(), one);
    }
    EXPECT_TRUE(signature_from_text("bounded-staleness").has_error());
}

TEST(Edit, LeavesNoReferenceToAnAgentThatIsGone) {
    const OrderedJson all = scenario::spell_out(plan_of("demo", {}));
    const OrderedJson few = with_agents(all, {"a3"});
    EXPECT_THAT(names_of(few["fleet"]["agents"]), ElementsAre("a3"));
    EXPECT_THAT(names_of(few["fleet"]["mirrors"]), ElementsAre("cdn1"));
    EXPECT_EQ(few["faults"].size(), 1U);
    for (const OrderedJson& stream : few["workload"]["decide"]["streams"]) EXPECT_EQ(stream["agent"], "a3");
    EXPECT_TRUE(scenario::resolve(scenario::scenario_of(few)));
    const OrderedJson direct = without_mirrors(all);
    EXPECT_FALSE(direct["fleet"].contains("mirrors"));
    EXPECT_EQ(direct["faults"][0]["partition"]["from"].dump(), R"(["primary"])");
    EXPECT_TRUE(scenario::resolve(scenario::scenario_of(direct)));
}

RC_GTEST_PROP(Edit, a_session_with_some_numbers_asks_for_those, ()) {
    OrderedJson stream{{"name", "s"}, {"agent", "a1"}, {"from", "1s"}, {"every", "100ms"}};
    const auto all = numbers_of(stream, 10s);
    std::vector<std::uint64_t> some;
    for (const std::uint64_t number : all)
        if (*rc::gen::arbitrary<bool>()) some.push_back(number);
    if (some.empty()) return;
    RC_ASSERT(numbers_of(with_numbers(stream, some, 10s), 10s) == some);
}

}  // namespace
}  // namespace mistrial::search
