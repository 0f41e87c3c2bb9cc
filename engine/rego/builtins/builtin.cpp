#include "engine/rego/builtins/builtin.hpp"

#include "engine/rego/builtins/families.hpp"

#include <algorithm>
#include <vector>

namespace mistrial::rego {
namespace {

std::vector<Builtin> all_families() {
    std::vector<Builtin> all;
    for (const auto family :
         {families::comparison(), families::arithmetic(), families::aggregates(), families::arrays(),
          families::sets(), families::strings(), families::formatting(), families::objects(),
          families::json_documents(), families::types(), families::time(), families::encoding(),
          families::graphs(), families::runtime()})
        all.insert(all.end(), family.begin(), family.end());
    std::sort(all.begin(), all.end(), [](const Builtin& a, const Builtin& b) { return a.name < b.name; });
    const auto twice = std::adjacent_find(
        all.begin(), all.end(), [](const Builtin& a, const Builtin& b) { return a.name == b.name; });
    MISTRIAL_INVARIANT(twice == all.end(), "builtin {} has two rows", twice->name);
    return all;
}

}  // namespace

std::span<const Builtin> builtins() {
    static const std::vector<Builtin> table = all_families();
    return table;
}

const Builtin* find_builtin(std::string_view name) {
    const auto table = builtins();
    const auto at =
        std::lower_bound(table.begin(), table.end(), name,
                         [](const Builtin& builtin, std::string_view n) { return builtin.name < n; });
    return at != table.end() && at->name == name ? &*at : nullptr;
}

}  // namespace mistrial::rego
