#include "harness/scenario/schema.hpp"

#include "harness/scenario/scenario.hpp"
#include "harness/store/embedded.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace mistrial::scenario {
namespace {

const Json& schema() {
    static const Json parsed = Json::parse(*embedded::find("schema/scenario.schema.json"));
    return parsed;
}

/// A place in the document: any member or element at any depth.
Json* drawn_place(Json& json) {
    Json* at = &json;
    while (at->is_structured() && !at->empty() && *rc::gen::weightedElement<bool>({{4, true}, {1, false}})) {
        auto member = at->begin();
        std::advance(member, *rc::gen::inRange<int>(0, static_cast<int>(at->size())));
        at = &*member;
    }
    return at;
}

RC_GTEST_PROP(ScenarioSchema, is_read_by_our_walk_as_valijson_reads_it, ()) {
    const auto entries = library();
    Json document = load(entries.at(*rc::gen::inRange<std::size_t>(0, entries.size())).name)->json;
    for (int n = *rc::gen::inRange(0, 3); n > 0; --n) {
        Json* place = drawn_place(document);
        const int change = *rc::gen::inRange(0, 3);
        const Json value = *rc::gen::element<Json>(true, 0, -3, 1.5, "", "5s", "derived", "one", Json::object(), Json::array(),
                                                   Json::array({"a1"}), Json{{"pick", "one"}, {"of", "agents"}});
        if (change == 0) *place = value;
        if (change == 1 && place->is_object())
            (*place)[*rc::gen::element<std::string>("on", "at", "every", "pause", "within", "extra", "name")] = value;
        if (change == 2 && place->is_structured() && !place->empty()) place->erase(place->begin());
    }
    Mistakes mistakes;
    explain(document, schema(), mistakes);
    const auto judged = judge(document, schema());
    if (mistakes.empty() != judged.empty())
        RC_FAIL(document.dump() + "\nwe: " + mistakes.report({}).message +
                (judged.empty() ? "" : "\nvalijson: " + judged.front().first + ": " + judged.front().second));
}

TEST(ScenarioSchema, describes_every_key_of_a_scenario) {
    for (const auto& [key, property] : schema()["properties"].items())
        EXPECT_TRUE(property.contains("description") || property.contains("$ref")) << key;
}

TEST(ScenarioSchema, knows_every_kind_of_fault) {
    const Json& faults = schema()["properties"]["faults"]["items"]["properties"];
    for (const nemesis::FaultKind& kind : nemesis::fault_kinds()) EXPECT_TRUE(faults.contains(kind.name)) << kind.name;
}

TEST(ScenarioSchema, has_a_claim_for_every_property_of_the_catalogue) {
    std::set<std::string_view> claimed, known;
    for (const auto& [name, claim] : schema()["definitions"]["claims"]["properties"].items())
        if (name != "profile") claimed.insert(name);
    for (const checkers::Property& property : checkers::catalogue()) known.insert(property.name);
    EXPECT_EQ(claimed, known);
}

TEST(ClaimProfile, claims_what_is_judged) {
    for (const embedded::File& file : embedded::files_below("claims/")) {
        const Json profile = Json::parse(file.bytes);
        for (const auto& [name, claim] : profile.at("claims").items())
            EXPECT_TRUE(checkers::find_property(name)->judged) << name;
    }
}

Json claims_of_profile(const char* name) {
    return Json::parse(*embedded::find(fmt::format("claims/{}.json", name))).at("claims");
}

TEST(ClaimProfile, of_opa_asserts_what_its_design_promises_and_leaves_the_rest_to_measurement) {
    const Json opa = claims_of_profile("opa");
    std::set<std::string> claimed;
    for (const auto& [name, claim] : opa.items()) claimed.insert(name);
    EXPECT_EQ(claimed, (std::set<std::string>{"revision-validity", "oracle-correctness", "determinism", "atomic-activation",
                                              "monotonic-revisions", "source-fidelity", "bounded-staleness", "split-brain",
                                              "convergence", "progress", "availability", "fail-closed", "log-completeness",
                                              "log-integrity", "status-truth", "health-truth", "read-your-publishes"}));
    EXPECT_EQ(opa.at("determinism"), Json({{"across_versions", false}}));
}

TEST(ClaimProfile, of_the_embedded_agent_is_that_of_opa_and_the_strict_one_has_no_excuse_for_staleness) {
    Json opa = claims_of_profile("opa");
    EXPECT_EQ(claims_of_profile("embedded"), opa);
    opa["bounded-staleness"]["excused"] = false;
    opa["bounded-staleness"]["force"] = true;
    EXPECT_EQ(claims_of_profile("strict"), opa);
}

TEST(ClaimProfile, is_a_set_of_claims_that_a_scenario_may_make) {
    ASSERT_FALSE(embedded::files_below("claims/").empty());
    for (const embedded::File& file : embedded::files_below("claims/")) {
        const Json profile = Json::parse(file.bytes);
        EXPECT_TRUE(profile.contains("about")) << file.path;
        Json document = load("demo")->json;
        document["claims"] = profile.at("claims");
        EXPECT_TRUE(judge(document, schema()).empty()) << file.path;
    }
}

}  // namespace
}  // namespace mistrial::scenario
