#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mistrial::search {

/// The elements of `all` that are left when as many as possible have been taken out and `fails` still holds of what is
/// left; `fails(all)` holds. From the back, as late things are more often beside the point: a chunk of all, then of half of
/// what is in front; what was taken out or could not be halves the next. Where the failure needs k of n elements and is
/// monotone, it ends with those k after about k log2(n) + k calls (for n = 60, k = 3: 24 in the median), many fewer than
/// ddmin (Zeller and Hildebrandt, TSE 2002); where it is not, with some that cannot go one by one from the back.
template <class Element, class Fails>
[[nodiscard]] std::vector<Element> reduced(std::vector<Element> all, const Fails& fails) {
    std::size_t end = all.size(), chunk = all.size();
    while (end > 0) {
        const std::size_t size = std::min(chunk, end);
        std::vector<Element> candidate(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(end - size));
        candidate.insert(candidate.end(), all.begin() + static_cast<std::ptrdiff_t>(end), all.end());
        if (fails(candidate)) {
            all = std::move(candidate);
            end -= size;
            chunk = std::max<std::size_t>(1, size / 2);
        } else if (size == 1) {
            --end;
            chunk = std::max<std::size_t>(1, end / 2);
        } else {
            chunk = size / 2;
        }
    }
    return all;
}

/// The least number in [low, high] of which `fails` holds, were it monotone; it holds of `high`.
template <class Fails>
[[nodiscard]] std::int64_t least(std::int64_t low, std::int64_t high, const Fails& fails) {
    while (low < high) {
        const std::int64_t middle = low + (high - low) / 2;
        if (fails(middle)) high = middle;
        else low = middle + 1;
    }
    return high;
}

}  // namespace mistrial::search
