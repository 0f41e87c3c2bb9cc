#include "reports/results_json.hpp"

#include "reports/testing/synthetic_run.hpp"

#include <gtest/gtest.h>

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace mistrial::reports {
namespace {

/// What the published schema has against `results`; empty when nothing.
std::string against_schema(const OrderedJson& results) {
    const auto schema_json =
        read_json(std::string(MISTRIAL_SOURCE_DIR) + "/scenarios/schema/results.schema.json");
    if (!schema_json) return schema_json.error().message;
    using Adapter = valijson::adapters::NlohmannJsonAdapter;
    valijson::Schema schema;
    valijson::SchemaParser parser;
    parser.populateSchema(Adapter(*schema_json), schema);
    valijson::Validator validator;
    valijson::ValidationResults found;
    const Json plain = Json::parse(results.dump());
    if (validator.validate(schema, Adapter(plain), &found)) return {};
    std::string all;
    for (const auto& error : found)
        all += fmt::format("{}: {}\n", fmt::join(error.context, ""), error.description);
    return all;
}

TEST(Results, OfAViolatedRunFollowTheSchema) {
    const auto made = testing::synthetic_run(20, true);
    const OrderedJson results = results_json(made.run, made.judgement);
    EXPECT_EQ(against_schema(results), "");
    EXPECT_EQ(results["valid"], false);
    const auto& claims = results["claims"];
    const auto stale = std::find_if(claims.begin(), claims.end(), [](const auto& claim) {
        return claim["property"] == "bounded-staleness";
    });
    ASSERT_NE(stale, claims.end());
    EXPECT_EQ((*stale)["valid"], false);
    ASSERT_EQ((*stale)["violations"].size(), 1U);
    EXPECT_EQ((*stale)["violations"][0]["agent"], "a2");
    EXPECT_FALSE((*stale)["violations"][0]["proof"].empty());
    EXPECT_EQ(results["faults"].size(), 4U);
    EXPECT_EQ(results["faults"][0]["interval"]["started"], 10'000'000'000);
}

TEST(Results, OfABareHistoryFollowTheSchema) {
    const OrderedJson results = results_json({}, {});
    EXPECT_EQ(against_schema(results), "");
    EXPECT_EQ(results["valid"], "unknown");
    EXPECT_TRUE(results["seed"].is_null());
    EXPECT_FALSE(results.contains("fingerprint"));
}

TEST(Results, AnUnhealedFaultHasNoEnd) {
    checkers::Judgement judgement;
    checkers::FaultSeen fault;
    fault.fault = "f1";
    fault.kind = "pause";
    judgement.faults.push_back(fault);
    const OrderedJson results = results_json({}, judgement);
    EXPECT_EQ(against_schema(results), "");
    EXPECT_TRUE(results["faults"][0]["interval"]["healed"].is_null());
}

TEST(Results, ARunThatBrokeIsNotValid) {
    checkers::Judgement judgement;
    judgement.validity = checkers::Validity::valid;
    reports::Run run;
    run.internal_errors = {"the conductor lost an event"};
    EXPECT_EQ(results_json(run, judgement)["valid"], "unknown");
    judgement.validity = checkers::Validity::invalid;
    EXPECT_EQ(results_json(run, judgement)["valid"], false);
}

TEST(Results, TheSchemaRefusesWhatIsNone) {
    OrderedJson results = results_json({}, {});
    results["valid"] = "maybe";
    EXPECT_NE(against_schema(results), "");
}

}  // namespace
}  // namespace mistrial::reports
