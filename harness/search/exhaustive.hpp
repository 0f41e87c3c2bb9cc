#pragma once

#include "harness/search/strategy.hpp"

namespace mistrial::search {

/// Every schedule of no fault, of one, then of two, with single targets, on a coarse grid of times: for small fleets and short
/// runs, where "none was found" then means something.
[[nodiscard]] std::unique_ptr<Strategy> make_exhaustive(const OrderedJson& base, std::uint64_t seed);

}  // namespace mistrial::search
