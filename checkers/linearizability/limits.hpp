#pragma once

#include "checkers/linearizability/search.hpp"

#include <cstdint>
#include <string_view>

namespace mistrial::checkers::linearizability {

/// Reads `4GiB`, `512MiB`, `64KiB`, `1000000B` or a plain number of bytes; not zero.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);

/// `time` and `memory` of a claim (interface: 60s and 4GiB where they are not given), as `parse_claims` has checked them.
[[nodiscard]] Limits limits_of(const Json& parameters);

}  // namespace mistrial::checkers::linearizability
