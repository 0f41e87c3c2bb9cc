#include "harness/scenario/spell_out.hpp"

#include "checkers/testing/effort.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mistrial::scenario {
namespace {

using testing::HasSubstr;

const std::string kTestdata = std::string(MISTRIAL_SOURCE_DIR) + "/harness/scenario/testdata/";

Plan plan_of(const std::string& name, std::uint64_t seed) {
    Overrides overrides;
    overrides.seed = seed;
    return resolve(load(name, overrides).value()).value();
}

Plan again(const OrderedJson& spelled) {
    const auto plan = resolve(scenario_of(spelled));
    if (!plan) RC_FAIL(plan.error().message);
    return *plan;
}

void holds_for(const std::string& name, std::uint64_t seed) {
    const Plan plan = plan_of(name, seed);
    const OrderedJson spelled = spell_out(plan);
    const Plan once = again(spelled);
    RC_ASSERT(spell_out(once).dump() == spelled.dump());
    // Where picks gave way to other faults, one interval may have become one for each of its nodes.
    if (once.faults.size() == plan.faults.size()) RC_ASSERT(mean_the_same(once, plan));
    const OrderedJson shorter = abridged(spelled);
    RC_ASSERT(mean_the_same(again(shorter), once));
    RC_ASSERT(shorter.dump().size() <= spelled.dump().size());
}

RC_GTEST_PROP(SpellOut, and_resolve_are_inverse_and_what_is_abridged_means_the_same, (std::uint64_t seed)) {
    static std::int64_t tried = 0;
    if (tried++ < checkers::testing::effort(100)) holds_for(kTestdata + "small.json", seed);
}

RC_GTEST_PROP(SpellOut, holds_for_every_scenario_of_the_library, ()) {
    static std::size_t next = 0;
    const auto all = library();
    if (next < (checkers::testing::one_case_in > 1 ? 2 : 2 * all.size())) holds_for(all[next++ % all.size()].name, *rc::gen::arbitrary<std::uint64_t>());
}

TEST(SpellOut, of_a_scenario_with_everything_even_is_as_short_as_it_was_written) {
    const OrderedJson shorter = abridged(spell_out(plan_of("demo", 42)));
    EXPECT_EQ(shorter["fleet"]["agents"].dump(), R"([{"name":"a","count":5,"from":"cdn","poll":{"min":"1s","max":"2s"}}])");
    EXPECT_EQ(shorter["workload"].dump(), R"({"kind":"grants","publish":{"every":"2s"},"decide":{"rate":500,"sessions":20}})");
    EXPECT_EQ(shorter["faults"][0].dump(), R"({"at":"4s","for":"6s","partition":{"on":["a1","a2"],"from":["cdn1","cdn2"],"mode":"black-hole"}})");
    const OrderedJson turns = abridged(spell_out(plan_of("new-enemy", 42)))["workload"];
    EXPECT_EQ(turns["publish"].dump(), R"({"every":"8s"})");
    EXPECT_EQ(turns["documents"].dump(), R"({"bundle":"docs","after":"4s"})");
}

}  // namespace
}  // namespace mistrial::scenario
