#pragma once

#include "core/json.hpp"
#include "core/time.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Claims: which properties a system asserts, with what bounds. A property that is not claimed is measured.
namespace mistrial::checkers {

/// One asserted property. Resolving a scenario turns `within: "derived"` into a duration; until then `within` is empty
/// and `parameters` says "derived".
struct Claim {
    std::string property;
    std::optional<Duration> within;
    std::vector<std::string> terms;  ///< how a derived `within` was computed, one sentence a term
    bool excused = true;             ///< bounded-staleness: fault windows suspend the deadline
    std::vector<std::string> agents;   ///< empty: all
    std::vector<std::string> bundles;  ///< empty: all
    Json parameters = Json::object();  ///< the claim as written (with `within` resolved), for results and for properties of their own
    friend bool operator==(const Claim&, const Claim&) = default;

    /// A parameter of the claim as written, where a claim of this property has one; nullopt when it was not given.
    [[nodiscard]] std::optional<Duration> duration(const char* name) const;
    [[nodiscard]] std::optional<double> number(const char* name) const;

    /// True when the claim is about this agent: named, or a member of a named group (`a` of `a1`, or `agents`). A name
    /// that ends in a digit is one node's: `a1` is not the group of `a11`.
    [[nodiscard]] bool covers_agent(std::string_view agent) const {
        return agents.empty() || std::any_of(agents.begin(), agents.end(), [&](const std::string& name) {
                   return name == agent || name == "agents" || is_member(agent, name);
               });
    }
    [[nodiscard]] bool covers_bundle(std::string_view bundle) const {
        return bundles.empty() || std::find(bundles.begin(), bundles.end(), bundle) != bundles.end();
    }

  private:
    [[nodiscard]] static bool is_member(std::string_view name, std::string_view group) {
        constexpr std::string_view digits = "0123456789";
        return !group.empty() && digits.find(group.back()) == std::string_view::npos && name.size() > group.size() &&
               name.starts_with(group) && name[group.size()] != '0' &&
               name.find_first_not_of(digits, group.size()) == std::string_view::npos;
    }
};

using Claims = std::map<std::string, Claim>;

/// A property of the catalogue (docs/properties.md).
struct Property {
    std::string_view id;    ///< "B1"
    std::string_view name;  ///< "bounded-staleness"
    std::string_view about;
    bool judged;  ///< there is a checker for it in this version
};

/// Every property of the catalogue, in its order.
[[nodiscard]] const std::vector<Property>& catalogue();

/// The property of this name or id ("bounded-staleness", "B1" or "b1"); nullptr when there is none.
[[nodiscard]] const Property* find_property(std::string_view name_or_id);

/// The name of the catalogue that `name` was most likely meant to be.
[[nodiscard]] std::string_view nearest_property(std::string_view name);

/// Reads `claims` of a scenario, a run record or a claims file: durations as text (`"5s"`), `"within": "derived"`
/// kept for whoever resolves it. A profile is an error: whoever reads a scenario or a file of claims expands it first.
/// Every error in one go, joined by newlines, each with the JSON pointer under `pointer`.
[[nodiscard]] Result<Claims> parse_claims(const Json& json, std::string_view pointer = "/claims");

/// The inverse of `parse_claims`.
[[nodiscard]] Json to_json(const Claims& claims);

}  // namespace mistrial::checkers
