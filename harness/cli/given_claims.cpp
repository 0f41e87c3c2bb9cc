#include "harness/cli/given_claims.hpp"

#include "harness/store/embedded.hpp"

#include <algorithm>

namespace mistrial::cli {
namespace {

/// The claims of the profile that `json` names, with those of `json` over them.
Result<Json> expanded(Json json, const std::string& pointer) {
    if (!json.is_object() || !json.contains("profile")) return json;
    const Json name = json["profile"];
    json.erase("profile");
    std::vector<std::string> known;
    for (const embedded::File& file : embedded::files_below("claims/")) {
        known.push_back(std::filesystem::path(file.path).stem().string());
        if (name != known.back()) continue;
        Json claims = Json::parse(file.bytes, nullptr, true, true).at("claims");
        for (const auto& [own, parameters] : json.items()) {
            // A claim by its id stands over the profile's by its name.
            if (const checkers::Property* property = checkers::find_property(own)) claims.erase(std::string(property->name));
            claims[own] = parameters;
        }
        return claims;
    }
    return fail("{}/profile: expected a profile ({}), got {}", pointer, fmt::join(known, ", "), name.dump());
}

}  // namespace

Result<checkers::Claims> claims_in(const std::filesystem::path& file) {
    auto json = read_json(file, true);
    if (!json) return json.error();
    std::string pointer;
    if (json->is_object() && json->size() == 1 && json->contains("claims")) {
        *json = Json(json->at("claims"));
        pointer = "/claims";
    }
    auto all = expanded(std::move(*json), pointer);
    if (!all) return with_context(file.string(), all.error());
    auto claims = checkers::parse_claims(*all, pointer);
    if (!claims) return with_context(file.string(), claims.error());
    std::vector<std::string> errors;
    for (const auto& [name, claim] : *claims) {
        if (claim.parameters.is_object() && claim.parameters.value("within", Json()) == "derived") {
            errors.push_back(fmt::format("{}/{}/within: \"derived\" follows from a scenario's fleet; beside a history, give a "
                                         "duration such as \"5s\"",
                                         pointer, name));
        }
    }
    if (!errors.empty()) return with_context(file.string(), Error::saying(fmt::format("{}", fmt::join(errors, "\n"))));
    return claims;
}

Result<checkers::Claim> claim_of_model(const std::string& model) {
    const std::size_t equals = model.find('=');
    Json parameters{{"model", model.substr(0, equals)}};
    if (equals != std::string::npos) {
        const std::string initial = model.substr(equals + 1);
        parameters["initial"] = Json::parse(initial, nullptr, false);
        if (parameters["initial"].is_discarded()) parameters["initial"] = initial;  // as --set takes it
    }
    auto claims = checkers::parse_claims(Json{{"linearizability", parameters}}, "--model");
    if (!claims) return claims.error();
    return claims->at("linearizability");
}

}  // namespace mistrial::cli
