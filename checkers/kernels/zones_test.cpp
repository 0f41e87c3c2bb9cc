#include "checkers/kernels/zones.hpp"

#include "checkers/linearizability/decide.hpp"
#include "checkers/testing/history_builder.hpp"
#include "checkers/testing/register_history.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace mistrial::checkers {
namespace {

using kernels::contradiction;
using kernels::smallest_delta;
using kernels::Zone;
using testing::at_ms;

/// Two values, each written and read once: [write], [read], in milliseconds.
std::array<Zone, 2> two(std::array<std::int64_t, 4> a, std::array<std::int64_t, 4> b) {
    std::array zones{Zone::of_write(at_ms(a[0]), at_ms(a[1]), 0), Zone::of_write(at_ms(b[0]), at_ms(b[1]), 1)};
    zones[0].read(at_ms(a[2]), at_ms(a[3]), 2);
    zones[1].read(at_ms(b[2]), at_ms(b[3]), 3);
    return zones;
}

TEST(Zones, FollowOneAnother) { EXPECT_FALSE(contradiction(two({0, 1, 2, 3}, {4, 5, 6, 7}))); }

TEST(Zones, OfTwoValuesThatWereBothThereAtOnceContradictEachOther) {
    // a until 6, b from 5 on, and back.
    EXPECT_TRUE(contradiction(two({0, 1, 6, 7}, {2, 3, 8, 9})));
}

TEST(Zones, ThatTouchDoNotContradict) {
    // The read of a begins just when the write of b ends: equal times are concurrent.
    EXPECT_FALSE(contradiction(two({0, 1, 3, 9}, {2, 3, 8, 9})));
    EXPECT_TRUE(contradiction(two({0, 1, 4, 9}, {2, 3, 8, 9})));
}

TEST(Zones, WithinAForwardOneContradict) {
    const std::array zones{[] {
                               Zone zone = Zone::of_write(at_ms(0), at_ms(1), 0);
                               zone.read(at_ms(9), at_ms(10), 2);
                               return zone;
                           }(),
                           Zone::of_write(at_ms(4), at_ms(5), 1)};
    EXPECT_TRUE(contradiction(zones));
}

TEST(Zones, OfAReadThatEndedBeforeItsWriteBeganContradictThemselves) {
    Zone zone = Zone::of_write(at_ms(5), at_ms(6), 0);
    zone.read(at_ms(2), at_ms(4), 1);
    EXPECT_EQ(contradiction(std::array{zone}), (std::pair<std::size_t, std::size_t>{0, 0}));
    EXPECT_FALSE(smallest_delta(std::array{zone})) << "no Δ lets it read the future";
}

TEST(Zones, OfWhatWasThereAtFirstComeBeforeAll) {
    Zone first;
    first.read(at_ms(3), at_ms(4), 1);
    EXPECT_TRUE(contradiction(std::array{first, Zone::of_write(at_ms(1), at_ms(2), 0)}));
    EXPECT_FALSE(contradiction(std::array{first, Zone::of_write(at_ms(1), at_ms(3), 0)}));
}

TEST(Zones, TellTheSmallestDelta) {
    // a is read 7 ms after b had been written.
    EXPECT_EQ(smallest_delta(two({0, 1, 10, 11}, {2, 3, 12, 13})), Duration{std::chrono::milliseconds{7}});
    EXPECT_EQ(smallest_delta(two({0, 1, 2, 3}, {4, 5, 6, 7})), Duration::zero());
}

RC_GTEST_PROP(Zones, SayWhatAllOrdersSay, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    for (int i = 0; i < 20; ++i) {
        RandomSequence random{RandomStream{seed, std::to_string(i), "zones"}};
        linearizability::Values values;
        testing::RegisterKind kind;
        kind.distinct = true;
        kind.most = 7;
        kind.span = i % 2 == 0 ? 12 : 5;
        kind.lie_in = i % 3 == 0 ? 0 : 3;
        const auto operations = testing::random_register(random, kind, values);
        const auto calls = testing::calls_of(operations, values);
        RC_ASSERT(linearizability::has_distinct_writes(operations));
        const auto verdict =
            linearizability::decide(*linearizability::find_model("register"), values, operations, linearizability::Limits{});
        RC_ASSERT(verdict.by_zones);
        if (verdict.outcome.linearizable != definitional::has_order(calls)) RC_FAIL(testing::show(operations, values));
        const auto run = definitional::run_automaton(calls, 10'000);
        const auto stuck = verdict.outcome.stuck ? std::optional(operations[*verdict.outcome.stuck].index) : std::nullopt;
        if (run.no_further != stuck) RC_FAIL(testing::show(operations, values));

        std::vector<Duration> candidates;
        for (int delta = 0; delta <= 20; ++delta) candidates.push_back(std::chrono::milliseconds{delta});
        if (linearizability::smallest_delta(operations) != definitional::smallest_delta(calls, candidates)) {
            RC_FAIL(testing::show(operations, values));
        }
    }
}

}  // namespace
}  // namespace mistrial::checkers
