#include "harness/workload/workload.hpp"

#include "harness/workload/grants.hpp"
#include "harness/workload/own.hpp"

#include <array>

namespace mistrial::workload {

std::span<const Kind> kinds() {
    static constexpr std::array<Kind, 2> all = {
        {{"grants", "users, roles, direct grants and revocations, made from the seed, every verdict known"},
         {"own", "your own bundles, published in order, and your own inputs"}}};
    return all;
}

Result<std::unique_ptr<Workload>> make(std::string_view kind, const Json& parameters, std::uint64_t seed) {
    constexpr std::string_view where = "/workload/parameters";
    if (kind == "grants") {
        const auto read = grants_parameters(parameters, where);
        if (!read) return read.error();
        auto grants = Grants::make(seed, *read);
        if (!grants) return grants.error();
        return std::unique_ptr<Workload>(std::move(*grants));
    }
    if (kind == "own") {
        const auto read = own_parameters(parameters, where, std::filesystem::current_path());
        if (!read) return read.error();
        auto own = Own::load(seed, *read);
        if (!own) return own.error();
        return std::unique_ptr<Workload>(std::move(*own));
    }
    return fail("/workload/kind: no workload \"{}\"; there are grants and own", kind);
}

}  // namespace mistrial::workload
