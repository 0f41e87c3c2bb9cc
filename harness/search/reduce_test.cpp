#include "harness/search/reduce.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>

namespace mistrial::search {
namespace {

using Numbers = std::vector<int>;

Numbers first(int count) {
    Numbers numbers(static_cast<std::size_t>(count));
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
}

bool holds(const Numbers& all, const Numbers& needed) { return std::ranges::includes(all, needed); }

/// `count` of the numbers below `below`, ascending.
Numbers drawn(int count, int below) {
    Numbers numbers = first(below);
    for (int i = 0; i < count; ++i) std::swap(numbers[static_cast<std::size_t>(i)], numbers[static_cast<std::size_t>(*rc::gen::inRange(i, below))]);
    numbers.resize(static_cast<std::size_t>(count));
    std::ranges::sort(numbers);
    return numbers;
}

RC_GTEST_PROP(Reduced, leaves_what_a_monotone_failure_needs_and_nothing_else, ()) {
    const int n = *rc::gen::inRange(1, 120), k = *rc::gen::inRange(0, std::min(n, 9));
    const Numbers needed = drawn(k, n);
    RC_ASSERT(reduced(first(n), [&](const Numbers& some) { return holds(some, needed); }) == needed);
}

RC_GTEST_PROP(Reduced, never_leaves_what_does_not_fail, ()) {
    // Fails when the sum is a multiple of m: anything but monotone.
    const int n = *rc::gen::inRange(1, 60), m = *rc::gen::inRange(1, 7);
    const auto fails = [&](const Numbers& some) { return std::accumulate(some.begin(), some.end(), 0) % m == 0; };
    if (!fails(first(n))) return;
    RC_ASSERT(fails(reduced(first(n), fails)));
}

RC_GTEST_PROP(Reduced, needs_about_k_log_n_calls, ()) {
    const int n = *rc::gen::inRange(2, 300), k = *rc::gen::inRange(1, std::min(n, 8));
    const Numbers needed = drawn(k, n);
    int calls = 0;
    (void)reduced(first(n), [&](const Numbers& some) { return ++calls, holds(some, needed); });
    int log = 1;
    while ((1 << log) < n) ++log;
    RC_ASSERT(calls <= (k + 1) * (log + 3));
}

TEST(Reduced, TakesFewCallsInTheMedian) {
    std::vector<int> calls_of;
    for (int first_of = 0; first_of < 60; first_of += 3) {
        const Numbers needed{first_of % 20, 20 + first_of / 3, 40 + first_of % 17};
        int calls = 0;
        EXPECT_EQ(reduced(first(60), [&](const Numbers& some) { return ++calls, holds(some, needed); }), needed);
        calls_of.push_back(calls);
    }
    std::ranges::sort(calls_of);
    EXPECT_LE(calls_of[calls_of.size() / 2], 40);
}

RC_GTEST_PROP(Least, finds_where_it_begins_to_hold, ()) {
    const std::int64_t low = *rc::gen::inRange(0, 100), high = low + *rc::gen::inRange(0, 1000);
    const std::int64_t begins = *rc::gen::inRange(low, high + 1);
    RC_ASSERT(least(low, high, [&](std::int64_t x) { return x >= begins; }) == begins);
}

}  // namespace
}  // namespace mistrial::search
