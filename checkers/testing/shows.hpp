#pragma once

#include "core/time.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace mistrial::checkers::testing {

/// An operation as kernels that compare revisions see it; times in milliseconds.
struct Shows {
    std::uint32_t group = 0;
    std::uint32_t revision = 0;
    std::int64_t inv = 0;
    std::int64_t res = 0;
    bool hearsay = false;  ///< begun at any time: somebody tells of it at `res`
};

/// In the order of their ends, as checkers are given them.
inline std::vector<Shows> by_end(std::vector<Shows> operations) {
    std::stable_sort(operations.begin(), operations.end(), [](const Shows& a, const Shows& b) { return a.res < b.res; });
    return operations;
}

}  // namespace mistrial::checkers::testing
