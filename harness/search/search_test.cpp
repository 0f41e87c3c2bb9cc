#include "harness/search/campaign.hpp"
#include "harness/search/edit.hpp"
#include "harness/search/results.hpp"
#include "harness/scenario/spell_out.hpp"

#include "checkers/testing/effort.hpp"
#include "core/history/test_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>

namespace mistrial::search {
namespace {

using namespace std::chrono_literals;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

/// A simulated run takes a sanitized program ten times as long, and the hundredth shows it nothing new.
constexpr bool kThorough = checkers::testing::one_case_in == 1;

/// Three agents behind one mirror and half a minute, with few decisions.
OrderedJson small_base(std::vector<std::string> set = {}) {
    set.insert(set.begin(), {"/fleet/agents/0/count=3", "/fleet/mirrors/0/count=1", "/duration=22s", "/faults=[]", "/workload/decide/rate=15",
                             "/workload/decide/sessions=3", "/workload/health=never"});
    const auto scenario = scenario::load("demo", {.set = std::move(set)});
    EXPECT_TRUE(scenario) << scenario.error().message;
    const auto base = base_of(*scenario);
    EXPECT_TRUE(base) << base.error().message;
    return *base;
}

std::vector<RunSeen> searched(const std::string& strategy, const OrderedJson& base, CampaignOptions options) {
    std::vector<RunSeen> runs = options.done;
    options.on_run = [&](const RunSeen& run) -> Result<> {
        runs.push_back(run);
        return {};
    };
    auto made = make_strategy(strategy, base, 7);
    EXPECT_TRUE(made) << made.error().message;
    const auto done = search(**made, base, options);
    EXPECT_TRUE(done) << done.error().message;
    return runs;
}

std::string text_of(const std::vector<RunSeen>& runs) {
    std::string text;
    for (const RunSeen& run : runs) text += to_json(run).dump() + "\n";
    return text;
}

class EachStrategy : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Search, EachStrategy, testing::Values("swarm", "lineage", "guided", "pct", "exhaustive"),
                         [](const auto& which) { return std::string(which.param); });

TEST_P(EachStrategy, ComesOutTheSameOnAnyNumberOfThreads) {
    const OrderedJson base = small_base();
    CampaignOptions options;
    options.runs = kThorough ? 18 : 3;
    const std::string one = text_of(searched(GetParam(), base, options));
    options.jobs = 3;
    EXPECT_EQ(text_of(searched(GetParam(), base, options)), one);
}

TEST_P(EachStrategy, GoesOnWhereItWasCutOff) {
    const OrderedJson base = small_base();
    CampaignOptions options;
    options.runs = kThorough ? 18 : 3;
    const auto whole = searched(GetParam(), base, options);
    options.done = {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() / 2)};
    EXPECT_EQ(text_of(searched(GetParam(), base, options)), text_of(whole));
}

TEST_P(EachStrategy, FindsADefectAndNothingInACorrectFleet) {
    CampaignOptions options;
    options.runs = kThorough ? 24 : 2;
    options.until_found = true;
    const Tally sound = tally_of(searched(GetParam(), small_base(), options));
    EXPECT_THAT(sound.found, IsEmpty()) << to_text(sound.found.front().signature);
    EXPECT_EQ(sound.failed, 0U);
    if (!kThorough) return;
    const Tally found = tally_of(searched(GetParam(), small_base({"/fleet/agents/0/defect=ignores-newer-after-failed-download"}), options));
    EXPECT_THAT(found.found, Not(IsEmpty()));
}

/// Equal on every machine, compiler and optimisation level; another number here means that the simulation does something else
/// than it did, and that no recorded run replays as it was.
TEST(Search, RunsAsItAlwaysRan) {
    CampaignOptions options;
    options.runs = 3;
    std::vector<std::string> fingerprints;
    for (const RunSeen& run : searched("pct", small_base(), options)) fingerprints.push_back(run.fingerprint);
    EXPECT_THAT(fingerprints, testing::ElementsAre("c4d0ebcb24c37b51", "26961047491350b9", "d77d5398b2493694"));
}

TEST(Search, ShardsAreTheWholeTogether) {
    const OrderedJson base = small_base();
    CampaignOptions options;
    options.runs = kThorough ? 10 : 4;
    const auto whole = searched("swarm", base, options);
    const history::TestFolder folder;
    std::vector<std::filesystem::path> folders;
    options.shards = 3;
    for (options.shard = 0; options.shard < options.shards; ++options.shard) {
        folders.push_back(folder / fmt::format("shard-{}", options.shard));
        std::filesystem::create_directories(folders.back());
        ASSERT_TRUE(write_header({"small", "swarm", 7, options.shard, options.shards, base}, folders.back()));
        std::ofstream(folders.back() / "runs.jsonl") << text_of(searched("swarm", base, options)) << "{\"run\": 99, torn";
    }
    const auto all = merged(folders);
    ASSERT_TRUE(all) << all.error().message;
    EXPECT_EQ(text_of(all->second), text_of(whole));
    EXPECT_EQ(to_json(all->first, tally_of(all->second)).dump(), to_json(all->first, tally_of(whole)).dump());

    ASSERT_TRUE(write_header({"small", "swarm", 8, 2, 3, base}, folders.back()));
    EXPECT_THAT(merged(folders).error().message, HasSubstr("of another search"));
}

RC_GTEST_PROP(Search, draws_schedules_that_a_scenario_can_have, (std::uint64_t seed)) {
    static const OrderedJson base = small_base();
    const Variation run = swarm(space_of(base), seed, *rc::gen::inRange<std::uint64_t>(0, 1000));
    for (std::size_t i = 0; i < run.faults.size(); ++i)
        for (std::size_t j = 0; j < i; ++j) RC_ASSERT(!meet(run.faults[i], run.faults[j]));
    const auto plan = scenario::resolve(scenario::scenario_of(varied(base, run)));
    if (!plan) RC_FAIL(plan.error().message);
    RC_ASSERT(plan->faults.size() == run.faults.size());
    const RunSeen seen{4, run, "00ff", checkers::Validity::unknown, {{"split-brain", checkers::Attribution::system, true}}, {{"p", 3}}, {1, 2}, 5, {}};
    RC_ASSERT(to_json(run_from_json(OrderedJson::parse(to_json(seen).dump())).value()).dump() == to_json(seen).dump());
}

TEST(Search, LineageStartsFromTheGoodRunAndUsesNoMoreFaultsThanTheSwarm) {
    const OrderedJson base = small_base();
    auto strategy = make_strategy("lineage", base, 7).value();
    const Space space = space_of(base);
    EXPECT_THAT(strategy->candidate(0)->faults, IsEmpty());
    std::set<std::string> kinds;
    for (std::uint64_t number = 1; number < 2000; ++number) {
        const auto run = strategy->candidate(number).value();
        EXPECT_LE(run.faults.size(), space.most_faults);
        // Before long each kind has had its turn.
        for (const OrderedJson& fault : run.faults)
            if (number < 8) kinds.insert(kind_of(fault));
    }
    EXPECT_EQ(kinds, std::set<std::string>(space.kinds.begin(), space.kinds.end()));
}

TEST(Search, ExhaustsSmallScopes) {
    auto strategy = make_strategy("exhaustive", small_base(), 7).value();
    std::set<std::string> tried;
    std::uint64_t number = 0;
    for (; number < 3000; ++number) {
        const auto run = strategy->candidate(number);
        ASSERT_TRUE(run);
        if (run->faults.size() > 1) continue;
        EXPECT_TRUE(tried.insert(fmt::format("{} {}", run->mix, run->faults.dump())).second) << run->faults.dump();
    }
    EXPECT_FALSE(strategy->candidate(UINT64_MAX / 2));
}

TEST(Search, MissesAProbeOnlyWithinItsReach) {
    RunSeen run;
    run.variation.faults = OrderedJson::array();
    std::vector<RunSeen> runs(30, run);
    for (std::size_t i = 0; i < runs.size(); ++i) runs[i].number = i;
    EXPECT_THAT(tally_of(runs).missed, testing::UnorderedElementsAre("revisions-apart", "tied-events"));
    for (RunSeen& one : runs) one.variation.faults.push_back({{"at", "1s"}, {"for", "1s"}, {"clock", {{"on", {"a1"}}}}});
    EXPECT_THAT(tally_of(runs).missed, testing::Contains("clock-off-while-deciding"));
}

}  // namespace
}  // namespace mistrial::search
