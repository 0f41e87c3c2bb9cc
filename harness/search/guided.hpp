#pragma once

#include "harness/search/strategy.hpp"

namespace mistrial::search {

/// Coverage-guided: keeps each schedule that reached a state of the fleet which no run before had reached, and tries changes of
/// those (greybox fuzzing's loop, with states of the fleet in the place of branches).
[[nodiscard]] std::unique_ptr<Strategy> make_guided(const OrderedJson& base, std::uint64_t seed);

}  // namespace mistrial::search
