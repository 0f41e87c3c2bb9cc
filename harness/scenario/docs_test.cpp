#include "harness/scenario/mistakes.hpp"
#include "harness/scenario/scenario.hpp"
#include "harness/store/embedded.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace mistrial::scenario {
namespace {

const Json& schema() {
    static const Json parsed = Json::parse(*embedded::find("schema/scenario.schema.json"));
    return parsed;
}

/// The definition with what is written beside the reference over it.
Json resolved(Json property) {
    if (!property.contains("$ref")) return property;
    Json target = schema().at(Json::json_pointer(property.at("$ref").get<std::string>().substr(1)));
    property.erase("$ref");
    target.update(property);
    return target;
}

bool is_required(const Json& object, const std::string& key) {
    const Json required = object.value("required", Json::array());
    return std::find(required.begin(), required.end(), key) != required.end();
}

std::string keys_table(const std::string& pointer) {
    const Json& object = pointer.empty() ? schema() : schema().at(Json::json_pointer(pointer));
    std::string table = "| key | value | meaning |\n| --- | --- | --- |\n";
    for (const auto& [key, written] : object.at("properties").items()) {
        const Json property = resolved(written);
        table += fmt::format("| `{}` | {}{} | {} |\n", key, property.value("title", property.value("type", "")),
                             is_required(object, key) ? " (required)" : "", property.value("description", ""));
    }
    return table;
}

std::string claims_table() {
    std::string table = "| claim | parameters |\n| --- | --- |\n";
    for (const auto& [name, written] : schema()["definitions"]["claims"]["properties"].items()) {
        if (name == "profile") continue;
        const Json claim = resolved(written);
        std::string parameters;
        for (const auto& [key, parameter] : claim.at("properties").items()) {
            if (key == "agents" || key == "bundles") continue;
            const Json value = resolved(parameter);
            const Json standard = value.value("default", Json());
            parameters += fmt::format("{}`{}`: {}{}", parameters.empty() ? "" : "; ", key, value.value("title", ""),
                                      is_required(claim, key) ? " (required)"
                                      : standard.is_null()    ? ""
                                                              : fmt::format(" ({})", standard.dump()));
        }
        table += fmt::format("| `{}` | {} |\n", name, parameters.empty() ? "-" : parameters);
    }
    return table;
}

/// What each profile claims, a column a profile.
std::string profiles_table() {
    std::string table;
    std::vector<std::string> names;
    std::vector<Json> profiles;
    for (const embedded::File& file : embedded::files_below("claims/")) {
        names.push_back(std::filesystem::path(file.path).stem().string());
        profiles.push_back(Json::parse(file.bytes));
        table += fmt::format("- `{}`: {}\n", names.back(), profiles.back().at("about").get<std::string>());
    }
    const std::vector<std::string> rules(names.size() + 1, "---");
    table += fmt::format("\n| claim | `{}` |\n| {} |\n", fmt::join(names, "` | `"), fmt::join(rules, " | "));
    for (const checkers::Property& property : checkers::catalogue()) {
        std::string row;
        bool claimed = false;
        for (const Json& profile : profiles) {
            const auto claim = profile.at("claims").find(property.name);
            const bool made = claim != profile.at("claims").end();
            claimed = claimed || made;
            std::string parameters;
            if (made)
                for (const auto& [key, value] : claim->items())
                    parameters += fmt::format("{}`{}`: {}", parameters.empty() ? "" : ", ", key, value.dump());
            row += fmt::format(" {} |", !made ? "-" : parameters.empty() ? "yes" : parameters);
        }
        if (claimed) table += fmt::format("| `{}` |{}\n", property.name, row);
    }
    return table;
}

std::string library_table() {
    std::string table = "| scenario | about |\n| --- | --- |\n";
    for (const LibraryEntry& entry : library()) table += fmt::format("| `{}` | {} |\n", entry.name, entry.about);
    return table;
}

/// The document with each table between its marks written anew.
std::string renewed(const std::string& text) {
    std::string result;
    std::size_t at = 0;
    while (true) {
        const std::size_t begin = text.find("<!-- ", at);
        if (begin == std::string::npos) return result + text.substr(at);
        const std::size_t end_of_mark = text.find("-->\n", begin) + 4;
        const std::string mark = text.substr(begin + 5, end_of_mark - 5 - begin - 5);
        const std::size_t end = text.find("<!-- end -->", end_of_mark);
        result += text.substr(at, end_of_mark - at);
        if (mark.starts_with("keys:")) {
            const std::size_t pointer = mark.find('/');
            result += keys_table(pointer == std::string::npos ? "" : mark.substr(pointer));
        } else {
            result += mark == "claims" ? claims_table() : mark == "profiles" ? profiles_table() : library_table();
        }
        result += "<!-- end -->";
        at = end + 12;
    }
}

TEST(ScenarioDocs, show_every_key_as_the_schema_has_it) {
    const std::string path = std::string(MISTRIAL_SOURCE_DIR) + "/docs/scenario.md";
    const std::string text = *read_file(path);
    const std::string fresh = std::string(MISTRIAL_BINARY_DIR) + "/scenario.md";
    ASSERT_TRUE(replace_file(fresh, renewed(text)).has_value());
    EXPECT_EQ(renewed(text), text) << "If the change is meant: cp " << fresh << " " << path;
}

}  // namespace
}  // namespace mistrial::scenario
