#include "core/json.hpp"
#include "harness/store/embedded.hpp"

#include <gtest/gtest.h>

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <regex>

namespace mistrial {
namespace {

/// What is wrong with `document` by a schema of scenarios/schema, a line each; empty when nothing is.
std::string complaints(std::string_view schema_file, const Json& document) {
    const Json text = Json::parse(*embedded::find(schema_file));
    valijson::Schema schema;
    valijson::SchemaParser parser;
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(text), schema);
    valijson::Validator validator;
    valijson::ValidationResults results;
    validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(document), &results);
    std::string all;
    for (valijson::ValidationResults::Error error; results.popError(error);) {
        for (const auto& part : error.context) all += part;
        all += ": " + error.description + "\n";
    }
    return all;
}

TEST(DriverSchema, HoldsForEveryDriverThatIsShipped) {
    const auto drivers = embedded::files_below("agents/");
    EXPECT_EQ(drivers.size(), 2U);
    for (const auto& file : drivers) {
        const Json driver = Json::parse(file.bytes);
        EXPECT_EQ(complaints("schema/driver.schema.json", driver), "") << file.path;
        EXPECT_EQ(file.path, fmt::format("agents/{}.json", driver.at("name").get<std::string>()));
        const auto profile = fmt::format("claims/{}.json", driver.at("claims").get<std::string>());
        EXPECT_TRUE(embedded::find(profile).has_value()) << profile;
    }
}

TEST(DriverSchema, ExplainsEveryPlaceholderThatADriverUses) {
    const Json schema = Json::parse(*embedded::find("schema/driver.schema.json"));
    const auto explanation = schema.at("description").get<std::string>();
    const std::regex placeholder(R"(\{[a-z_]+\})");
    for (const auto& file : embedded::files_below("agents/")) {
        const std::string text(file.bytes);
        for (std::sregex_iterator found(text.begin(), text.end(), placeholder), end; found != end; ++found) {
            EXPECT_NE(explanation.find(found->str()), std::string::npos) << file.path << ": " << found->str();
        }
    }
}

TEST(DriverSchema, RefusesWhatNoReaderWouldLookAt) {
    Json driver = Json::parse(*embedded::find("agents/opa.json"));
    driver["answer"]["verdict"] = "/result/allow";
    EXPECT_NE(complaints("schema/driver.schema.json", driver), "");
    driver = Json::parse(*embedded::find("agents/opa.json"));
    driver.erase("start");
    EXPECT_NE(complaints("schema/driver.schema.json", driver), "");
}

}  // namespace
}  // namespace mistrial
