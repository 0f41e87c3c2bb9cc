#pragma once

#include "core/json.hpp"
#include "core/time.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Claims: which properties a system asserts, with what bounds. A property that is not claimed is measured.
namespace mistrial::checkers {

/// One asserted property, resolved: durations are durations, `within: "derived"` has become a number.
struct Claim {
    std::string property;
    std::optional<Duration> within;
    std::vector<std::string> terms;  ///< how a derived `within` was computed, one sentence a term
    bool excused = true;             ///< bounded-staleness: fault windows suspend the deadline
    std::vector<std::string> agents;   ///< empty: all
    std::vector<std::string> bundles;  ///< empty: all
    Json parameters = Json::object();  ///< the claim as written (with `within` resolved), for results and for properties of their own
    friend bool operator==(const Claim&, const Claim&) = default;
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

/// Reads `claims` of a run record or a claims file: durations as text (`"5s"`) or integer nanoseconds. Every error in
/// one go, joined by newlines, each with the JSON pointer under `pointer`.
[[nodiscard]] Result<Claims> parse_claims(const Json& json, std::string_view pointer = "/claims");

/// The inverse of `parse_claims`.
[[nodiscard]] Json to_json(const Claims& claims);

}  // namespace mistrial::checkers
