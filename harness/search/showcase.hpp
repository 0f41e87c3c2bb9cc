#pragma once

#include "core/json.hpp"
#include "engine/defects/defects.hpp"
#include "harness/scenario/plan.hpp"

#include <cstdint>
#include <filesystem>

/// The small fleet in which a seeded defect shows: it has what the defect's row says it needs and nothing else, and claims all
/// that a correct fleet keeps there.
namespace mistrial::search {

/// The scenario, without the defect. Revisions of a user's own are read from files: those of such a showcase are written into
/// `folder`, which has to be there when the scenario is resolved, and are the same each time.
[[nodiscard]] Json showcase_of(const defects::Defect& defect, const std::filesystem::path& folder);

/// The showcase with the defect in one node; the others of its kind are correct.
[[nodiscard]] Json with_defect(Json showcase, const defects::Defect& defect);

/// Makes the draws of a showcase from another seed.
[[nodiscard]] Result<scenario::Plan> plan_of_showcase(Json showcase, std::uint64_t seed);

}  // namespace mistrial::search
