#include "core/random.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mistrial {
namespace {

TEST(RandomStream, GoldenDraws) {
    const RandomStream stream(42, "a1", "poll");
    EXPECT_EQ(stream.bits(0), stream.bits(0));
    EXPECT_NE(stream.bits(0), stream.bits(1));
    EXPECT_NE(RandomStream(42, "ab", "c").key(), RandomStream(42, "a", "bc").key());
    EXPECT_NE(RandomStream(42, "a1", "poll").key(), RandomStream(43, "a1", "poll").key());
}

RC_GTEST_PROP(RandomStream, BelowStaysBelow, (std::uint64_t seed, std::uint64_t n)) {
    const auto bound = *rc::gen::positive<std::uint64_t>();
    RC_ASSERT(RandomStream(seed, "x", "y").below(n, bound) < bound);
}

RC_GTEST_PROP(RandomStream, BetweenIsInclusive, (std::uint64_t seed, std::uint64_t n, std::int64_t a, std::int64_t b)) {
    const auto [low, high] = std::minmax(a, b);
    const auto draw = RandomStream(seed, "x", "y").between(n, low, high);
    RC_ASSERT(draw >= low && draw <= high);
}

TEST(RandomStream, BelowIsNearlyUniform) {
    const RandomStream stream(7, "u", "v");
    std::array<int, 10> seen{};
    for (std::uint64_t n = 0; n < 100'000; ++n) ++seen[stream.below(n, 10)];
    for (const int count : seen) EXPECT_NEAR(count, 10'000, 500);
}

}  // namespace
}  // namespace mistrial
