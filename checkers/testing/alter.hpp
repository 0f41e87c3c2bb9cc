#pragma once

#include "checkers/claims.hpp"
#include "core/history/operation.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

/// Histories made from histories, where it is known what that does to the report (properties.md 5.4).
namespace mistrial::checkers::testing {

using Records = std::vector<history::Record>;

/// Every time of a record through `f`, those inside values too; agents' own clocks stay what they were.
void map_times(Records& records, const std::function<TrueTime(TrueTime)>& f);

/// Every duration that a claim sets as a bound through `f`.
void map_bounds(Claims& claims, const std::function<Duration(Duration)>& f);

/// Names of agents, servers, bundles and revisions through `f` (marker roots, input ids and authorities stay).
void map_names(Records& records, const std::function<std::string(const std::string&)>& f);
/// Those that claims are about; a group is renamed like its members, and `agents` is no name.
void map_names(Claims& claims, const std::function<std::string(const std::string&)>& f);

/// Puts records in history order again (by time, invokes first, else as they were) and numbers them. Returns the new index
/// of each old one.
std::map<std::uint64_t, std::uint64_t> reorder(Records& records);

/// The places of the completed decisions, and of the record that invoked each.
struct Completed {
    std::size_t invoke;
    std::size_t completion;
};
[[nodiscard]] std::vector<Completed> completed(const Records& records, const std::string& f);

}  // namespace mistrial::checkers::testing
