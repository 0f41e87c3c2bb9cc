#pragma once

#include "engine/agent/behaviour.hpp"

#include <memory>
#include <string_view>
#include <vector>

/// Seeded defects: each is one small class that bends one seam of a correct core. They prove that the harness
/// finds what it claims to find.
namespace mistrial::defects {

struct Defect {
    std::string_view name;   ///< "reports-ahead"
    std::string_view about;  ///< one sentence
    std::shared_ptr<agent::Behaviour> (*make)();
};

/// All of them, by name.
[[nodiscard]] const std::vector<Defect>& all();
[[nodiscard]] const Defect* find(std::string_view name);

}  // namespace mistrial::defects
