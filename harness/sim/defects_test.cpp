#include "engine/defects/defects.hpp"

#include "checkers/checker.hpp"
#include "core/history/test_folder.hpp"
#include "harness/conductor/conductor.hpp"
#include "harness/scenario/scenario.hpp"
#include "harness/sim/sim_world.hpp"
#include "harness/workload/planned.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

/// Every seeded defect is found by the property that its entry names, where there is what its entry says it needs and
/// nothing else; and the same run without it violates nothing.
namespace mistrial::sim {
namespace {

using defects::Defect;
using defects::Need;
using defects::Of;

bool needs(const Defect& defect, Need need) { return std::ranges::find(defect.needs, need) != defect.needs.end(); }

Json partition(const char* on, const char* from, const char* mode, const char* at = "4s", const char* length = "4s") {
    return {{"at", at}, {"for", length}, {"partition", {{"on", on}, {"from", from}, {"mode", mode}}}};
}

/// Bundles of data alone, of which the third, "bad", has some outside its roots: a correct agent refuses that one.
Json bundles_with_a_bad_one() {
    static const history::TestFolder folder;
    Json revisions = Json::array();
    for (const char* revision : {"one", "two", "bad", "four"}) {
        const auto directory = folder / revision;
        std::filesystem::create_directories(directory);
        Json data = {{"app", {{"allow", true}}}};
        if (std::string_view(revision) == "bad") data["elsewhere"] = 1;
        std::ofstream(directory / ".manifest") << Json{{"revision", revision}, {"roots", {"app"}}};
        std::ofstream(directory / "data.json") << data;
        revisions.push_back(directory.string());
    }
    std::ofstream(folder / "inputs.json") << R"({"i1": {}})";
    return {{"kind", "own"}, {"revisions", revisions}, {"inputs", (folder / "inputs.json").string()}, {"path", "app/allow"}};
}

/// A small fleet with what the defect needs, without the defect.
Json scenario_for(const Defect& defect) {
    // Agents that poll in step are never ahead of each other.
    const char* poll_max = needs(defect, Need::two_agents) ? "2s" : "1s";
    Json fleet = {{"authorities", {{{"name", "primary"}}}},
                  {"mirrors", {{{"name", "cdn"}, {"ttl", "500ms"}}}},
                  {"agents", {{{"name", "a"}, {"count", 3}, {"poll", {{"min", "1s"}, {"max", poll_max}}}}}}};
    Json workload = {{"kind", "grants"}, {"publish", {{"every", "2s"}}}, {"decide", {{"rate", 60}, {"sessions", 3}}}};
    const char* source = "cdn";
    if (needs(defect, Need::long_polls) || defect.of == Of::authority) {
        fleet.erase("mirrors");
        source = "primary";
    }
    if (needs(defect, Need::long_polls)) {
        fleet["agents"][0]["long_poll"] = "2s";
        workload["publish"]["every"] = "4700ms";
    }
    if (needs(defect, Need::bad_revision)) workload.update(bundles_with_a_bad_one());
    if (needs(defect, Need::tokens)) {
        fleet["agents"][0] = {{"name", "a1"}, {"poll", {{"min", "1s"}, {"max", "1s"}}}};
        workload["decide"] = {{"rate", 20}, {"sessions", 2}, {"roaming", 1}, {"tokens", true}};
    }
    if (!needs(defect, Need::persistence)) fleet["agents"][0]["persist"] = false;

    Json faults = Json::array();
    if (needs(defect, Need::source_partition)) faults.push_back(partition("a1", source, "refuse"));
    if (needs(defect, Need::authority_partition)) faults.push_back(partition("cdn", "primary", "refuse"));
    if (needs(defect, Need::status_partition)) faults.push_back(partition("a1", "status", "stall"));
    if (needs(defect, Need::logs_partition)) faults.push_back(partition("a1", "logs", "refuse"));
    if (needs(defect, Need::kill))
        faults.push_back({{"at", "5100ms"},
                          {"for", "1s"},
                          {"kill", {{"on", "a1"}, {"state", needs(defect, Need::loss_of_state) ? "lost" : "kept"}}}});
    if (needs(defect, Need::pause)) faults.push_back({{"at", "5s"}, {"for", "3s"}, {"pause", {{"on", "a1"}}}});
    if (needs(defect, Need::clock))
        faults.push_back({{"at", "5s"}, {"for", "2s"}, {"clock", {{"on", "a1"}, {"offset", "1h"}}}});

    // Beside the profile, what the correct fleet keeps under any of these faults.
    Json claims = {{"profile", "embedded"},
                   {"log-integrity", {{"duplicates", false}}},
                   {"publish-order", Json::object()},
                   {"no-lost-publish", Json::object()},
                   {"status-freshness", {{"within", "derived"}}},
                   {"visibility", {{"quantile", 0.99}, {"within", "derived"}}},
                   {"clock-justified", {{"error", "1s"}}},
                   {"clock-coherence", Json::object()}};
    // Who comes up with nothing shows nothing, which is older than anything.
    if (needs(defect, Need::persistence) || !needs(defect, Need::kill)) claims["monotonic-reads"] = Json::object();
    if (needs(defect, Need::persistence)) claims["durable-monotonicity"] = {{"within", "500ms"}};
    if (needs(defect, Need::bad_revision)) claims["authentic-activation"] = Json::object();
    if (needs(defect, Need::tokens)) claims["token-freshness"] = Json::object();
    if (needs(defect, Need::long_polls)) claims["linearizability"] = Json::object();
    if (defect.finds == "delta-atomicity" || defect.finds == "k-atomicity") {
        claims["delta-atomicity"] = {{"at_most", "4s"}};
        claims["k-atomicity"] = {{"at_most", 3}};
    }
    return {{"name", "trial"}, {"duration", "22s"}, {"settle", "8s"}, {"fleet", fleet}, {"workload", workload},
            {"faults", faults}, {"claims", claims}};
}

void give(Json& scenario, const Defect& defect) {
    static const std::map<Of, const char*> where = {{Of::agent, "/fleet/agents/0/defect"},
                                                    {Of::authority, "/fleet/authorities/0/defect"},
                                                    {Of::mirror, "/fleet/mirrors/0/defect"},
                                                    {Of::status_sink, "/fleet/status/defect"},
                                                    {Of::log_sink, "/fleet/logs/defect"}};
    if (defect.of == Of::agent) {
        // One of the agents; the others are correct.
        Json& agents = scenario["fleet"]["agents"];
        if (agents[0].contains("count")) {
            Json others = agents[0];
            agents[0].erase("count");
            agents[0]["name"] = "a1";
            others["count"] = others["count"].get<int>() - 1;
            others["name"] = "b";
            agents.push_back(std::move(others));
        }
    }
    scenario[Json::json_pointer(where.at(defect.of))] = defect.name;
}

checkers::Judgement judgement_of(const Json& json) {
    auto plan = scenario::resolve({json, "trial", "/", {}});
    if (!plan) {
        ADD_FAILURE() << plan.error().message;
        return {};
    }
    for (auto& publish : plan->workload.publishes)
        if (publish.revision == "bad") publish.content = Json{{"bad", "data outside its roots"}};
    SimWorld world;
    checkers::Suite suite;
    const auto workload = workload::of_plan(*plan).value();
    conductor::Hooks hooks;
    std::uint64_t index = 0;
    hooks.record = [&](history::Record record) {
        record.index = index++;
        return suite.on(record);
    };
    hooks.input_of = [&](const std::string& stream, std::uint64_t number, TrueTime due) {
        return workload->input_for(stream, number, workload::newest_at(*plan, due));
    };
    const auto outcome = conductor::conduct(*plan, world, hooks);
    EXPECT_TRUE(outcome) << outcome.error().message;
    if (outcome)
        for (const auto& trouble : outcome->troubles) ADD_FAILURE() << trouble;
    return suite.finish();
}

std::set<std::string> violated(const checkers::Judgement& judgement) {
    std::set<std::string> properties;
    for (const auto& claim : judgement.claims)
        if (claim.validity == checkers::Validity::invalid) properties.insert(claim.property);
    return properties;
}

std::string told(const checkers::Judgement& judgement) {
    std::string text;
    for (const auto& claim : judgement.claims)
        for (const auto& violation : claim.violations) text += fmt::format("{}: {}\n", claim.property, violation.summary);
    for (const auto& fault : judgement.faults)
        if (!fault.bit) text += fmt::format("{} ({}) did not bite: {}\n", fault.fault, fault.kind, fault.evidence.dump());
    return text;
}

/// The run of a fleet without defects; many defects need the same one.
const checkers::Judgement& without_defect(const Json& scenario) {
    static std::map<std::string, checkers::Judgement> judged;
    const auto [at, fresh] = judged.try_emplace(scenario.dump());
    if (fresh) at->second = judgement_of(scenario);
    return at->second;
}

/// What may be violated when the defect is there, by its row.
std::set<std::string> foreseen(const Defect& defect) {
    std::set<std::string> properties;
    const auto add = [&](std::string_view property) {
        properties.emplace(property);
        for (const defects::Beside& one : defects::entailed(property)) properties.emplace(one.property);
    };
    add(defect.finds);
    for (const defects::Beside& one : defect.beside) add(one.property);
    return properties;
}

class SeededDefect : public testing::TestWithParam<std::string> {};

TEST_P(SeededDefect, IsFoundByItsPropertyAndTheSameRunWithoutItIsInnocent) {
    const Defect& defect = *defects::find(GetParam());
    Json guilty = scenario_for(defect);
    const checkers::Judgement& innocent = without_defect(guilty);
    EXPECT_EQ(violated(innocent), std::set<std::string>{}) << told(innocent);
    EXPECT_TRUE(innocent.internal_errors.empty());
    for (const auto& fault : innocent.faults) EXPECT_TRUE(fault.bit) << told(innocent);

    give(guilty, defect);
    const checkers::Judgement found = judgement_of(guilty);
    const auto properties = violated(found);
    std::vector<std::string> unforeseen;
    std::ranges::set_difference(properties, foreseen(defect), std::back_inserter(unforeseen));
    EXPECT_EQ(unforeseen, std::vector<std::string>{}) << told(found);
    // The table of what found what: --gtest_output=json.
    RecordProperty("violated", fmt::format("{}", fmt::join(properties, " ")));
    EXPECT_TRUE(properties.contains(std::string(defect.finds))) << told(found);
    EXPECT_TRUE(found.internal_errors.empty());
}

/// Every property that is judged has a defect that it must find, apart from those whose evidence no scenario can make yet.
TEST(SeededDefects, CoverEveryPropertyThatCanBePutToTheTest) {
    const std::map<std::string_view, std::string_view> without = {
        {"fork-freedom", "a bundle has one authority"},
        {"no-new-enemy", "a run publishes one bundle"},
        {"pinned-snapshot", "no request asks for exactly a revision"},
        {"divergence", "measured"},
        {"log-order", "measured"},
        {"clock-exposure", "measured"}};
    for (const checkers::Property& property : checkers::catalogue()) {
        const bool found = std::ranges::any_of(
            defects::all(), [&](const Defect& defect) { return defect.finds == property.name; });
        EXPECT_NE(found, without.contains(property.name)) << property.name;
    }
    for (const Defect& defect : defects::all()) {
        EXPECT_NE(checkers::find_property(defect.finds), nullptr) << defect.name;
        for (const defects::Beside& one : defect.beside)
            EXPECT_NE(checkers::find_property(one.property), nullptr) << defect.name << ": " << one.property;
    }
}

std::vector<std::string> all_names() {
    std::vector<std::string> names;
    for (const Defect& defect : defects::all()) names.emplace_back(defect.name);
    return names;
}

INSTANTIATE_TEST_SUITE_P(Sim, SeededDefect, testing::ValuesIn(all_names()), [](const auto& param_info) {
    std::string name = param_info.param;
    std::ranges::replace(name, '-', '_');
    return name;
});

}  // namespace
}  // namespace mistrial::sim
