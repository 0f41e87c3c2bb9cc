#include "checkers/kernels/version_order.hpp"
#include "checkers/testing/shows.hpp"
#include "core/random.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>

namespace mistrial::checkers::kernels {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using std::chrono::milliseconds;

TrueTime at(std::int64_t ms) { return TrueTime{milliseconds{ms}}; }

using checkers::testing::Shows;
using Zones = VersionZones<std::size_t>;

Zones zones_of(std::vector<Shows> operations) {
    operations = checkers::testing::by_end(std::move(operations));
    Zones zones;
    for (std::size_t i = 0; i < operations.size(); ++i) {
        zones.saw(operations[i].group, operations[i].revision, at(operations[i].inv), at(operations[i].res), i);
    }
    return zones;
}

/// Must x come at or before y: some group showed x, and that was over before something that shows y began?
bool precedes(const std::vector<Shows>& operations, std::uint32_t x, std::uint32_t y) {
    for (const Shows& o : operations) {
        for (const Shows& d : operations) {
            if (o.group == d.group && o.revision == x && d.revision == y && o.res < d.inv) return true;
        }
    }
    return false;
}

/// Straight from the definition: every permutation of the revisions.
bool some_permutation_fits(const std::vector<Shows>& operations, std::uint32_t revisions) {
    std::vector<std::uint32_t> place(revisions);
    std::iota(place.begin(), place.end(), 0U);
    do {
        const bool fits = std::all_of(operations.begin(), operations.end(), [&](const Shows& o) {
            return std::all_of(operations.begin(), operations.end(), [&](const Shows& d) {
                return o.group != d.group || o.res >= d.inv || place[o.revision] <= place[d.revision];
            });
        });
        if (fits) return true;
    } while (std::next_permutation(place.begin(), place.end()));
    return false;
}

/// The length of a shortest cycle through two revisions or more, by relaxation over all triples; 0 when there is none.
std::size_t shortest_cycle(const std::vector<Shows>& operations, std::uint32_t revisions) {
    constexpr std::size_t far = 1000;
    std::vector<std::vector<std::size_t>> steps(revisions, std::vector<std::size_t>(revisions, far));
    for (std::uint32_t x = 0; x < revisions; ++x) {
        for (std::uint32_t y = 0; y < revisions; ++y) {
            if (x != y && precedes(operations, x, y)) steps[x][y] = 1;
        }
    }
    for (std::uint32_t k = 0; k < revisions; ++k) {
        for (std::uint32_t x = 0; x < revisions; ++x) {
            for (std::uint32_t y = 0; y < revisions; ++y) steps[x][y] = std::min(steps[x][y], steps[x][k] + steps[k][y]);
        }
    }
    std::size_t shortest = far;
    for (std::uint32_t x = 0; x < revisions; ++x) shortest = std::min(shortest, steps[x][x]);
    return shortest == far ? 0 : shortest;
}

/// What the kernel and the definition say differently; empty when they agree.
std::string disagreement(const std::vector<Shows>& operations, std::uint32_t revisions) {
    const Zones zones = zones_of(operations);
    const auto cycles = contradictions(zones.zones());
    const auto order = version_order(zones.zones());
    const bool exists = some_permutation_fits(operations, revisions);
    if (exists != cycles.empty()) return "contradiction";
    if (exists != order.has_value()) return "order";
    for (std::size_t i = 0; order && i < order->size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (precedes(operations, (*order)[i], (*order)[j])) return "the order does not fit";
        }
    }
    std::size_t shortest = 1000;
    for (const auto& cycle : cycles) {
        shortest = std::min(shortest, cycle.size());
        for (std::size_t i = 0; i < cycle.size(); ++i) {
            const VersionZone& before = zones.zones()[cycle[i].before];
            const VersionZone& after = zones.zones()[cycle[i].after];
            if (before.group != after.group || before.revision == after.revision) return "no step";
            if (!(before.shown_by < after.asked_at)) return "a step that nobody took";
            if (after.revision != zones.zones()[cycle[(i + 1) % cycle.size()].before].revision) return "no cycle";
        }
    }
    if (!exists && shortest != shortest_cycle(operations, revisions)) return "not the shortest";
    return {};
}

std::string show(const std::vector<Shows>& operations) {
    std::string text;
    for (const Shows& o : operations) text += fmt::format("group {} shows {} in [{}, {}]\n", o.group, o.revision, o.inv, o.res);
    return text;
}

RC_GTEST_PROP(VersionOrder, ExistsWhenSomePermutationOfTheRevisionsFits, ()) {
    RandomSequence random{RandomStream{*rc::gen::arbitrary<std::uint64_t>(), "order", "version"}};
    for (int round = 0; round < 200; ++round) {
        const auto revisions = static_cast<std::uint32_t>(2 + random.below(4));
        std::vector<Shows> operations;
        for (std::uint64_t i = 2 + random.below(10); i > 0; --i) {
            const std::int64_t inv = random.between(0, 12);
            operations.push_back({static_cast<std::uint32_t>(random.below(4)), static_cast<std::uint32_t>(random.below(revisions)),
                                  inv, inv + random.between(0, 4)});
        }
        const std::string what = disagreement(operations, revisions);
        if (!what.empty()) RC_FAIL(what + "\n" + show(operations));
    }
}

TEST(VersionOrder, AgreesWithAllPermutationsOnEveryHistoryOfFourOperations) {
    // Two groups, two revisions, and every pattern of intervals over three instants.
    std::vector<Shows> kinds;
    for (std::uint32_t group : {0U, 1U}) {
        for (std::uint32_t revision : {0U, 1U}) {
            for (std::int64_t inv = 0; inv < 3; ++inv) {
                for (std::int64_t res = inv; res < 3; ++res) kinds.push_back({group, revision, inv, res});
            }
        }
    }
    std::size_t contradictory = 0;
    std::size_t histories = 0;
    for (std::size_t a = 0; a < kinds.size(); ++a) {
        for (std::size_t b = a; b < kinds.size(); ++b) {
            for (std::size_t c = b; c < kinds.size(); ++c) {
                for (std::size_t d = c; d < kinds.size(); ++d) {
                    const std::vector<Shows> operations{kinds[a], kinds[b], kinds[c], kinds[d]};
                    ASSERT_EQ(disagreement(operations, 2), "") << show(operations);
                    contradictory += contradictions(zones_of(operations).zones()).empty() ? 0 : 1;
                    ++histories;
                }
            }
        }
    }
    EXPECT_EQ(histories, 17'550U);
    EXPECT_GT(contradictory, 100U);
}

TEST(VersionOrder, IsThatOfTheOnlyGroup) {
    const Zones zones = zones_of({{0, 7, 0, 1}, {0, 3, 2, 3}, {0, 5, 4, 5}});
    EXPECT_THAT(contradictions(zones.zones()), IsEmpty());
    EXPECT_THAT(*version_order(zones.zones()), ElementsAre(7, 3, 5));
}

TEST(VersionOrder, DoesNotExistWhenTwoGroupsGoOppositeWays) {
    const Zones zones = zones_of({{0, 5, 0, 1}, {0, 6, 2, 3}, {1, 6, 0, 1}, {1, 5, 2, 3}});
    const auto found = contradictions(zones.zones());
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_THAT(found[0], SizeIs(2));
    EXPECT_FALSE(version_order(zones.zones()).has_value());
}

TEST(VersionOrder, ExistsWhenTheSecondBeganAtTheInstantAtWhichTheFirstEnded) {
    EXPECT_THAT(contradictions(zones_of({{0, 5, 0, 1}, {0, 6, 2, 3}, {1, 6, 0, 2}, {1, 5, 2, 3}}).zones()), IsEmpty());
    EXPECT_THAT(contradictions(zones_of({{0, 5, 0, 1}, {0, 6, 2, 3}, {1, 6, 0, 1}, {1, 5, 2, 3}}).zones()), SizeIs(1));
}

TEST(VersionOrder, NamesTheShortestOfSeveralCycles) {
    // 1 < 2 < 3 < 1 through three groups, and 2 < 3 < 2 through two.
    const Zones zones = zones_of({{0, 1, 0, 1}, {0, 2, 2, 3}, {1, 2, 0, 1}, {1, 3, 2, 3}, {2, 3, 0, 1}, {2, 1, 2, 3},
                                  {3, 3, 0, 1}, {3, 2, 2, 3}});
    const auto found = contradictions(zones.zones());
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_THAT(found[0], SizeIs(2));
}

TEST(VersionOrder, FindsEachTangleOfItsOwn) {
    const Zones zones = zones_of({{0, 1, 0, 1}, {0, 2, 2, 3}, {1, 2, 0, 1}, {1, 1, 2, 3},
                                  {0, 8, 10, 11}, {0, 9, 12, 13}, {1, 9, 10, 11}, {1, 8, 12, 13}});
    EXPECT_THAT(contradictions(zones.zones()), SizeIs(2));
}

TEST(VersionOrder, TakesLongHistoriesWithoutRecursionAndPressesOperationsIntoZones) {
    Zones zones;
    for (std::uint32_t revision = 0; revision < 20'000; ++revision) {
        for (std::uint32_t repeat = 0; repeat < 5; ++repeat) {
            const std::int64_t inv = 10 * revision + 2 * repeat;
            for (std::uint32_t group = 0; group < 3; ++group) zones.saw(group, revision, at(inv), at(inv + 1), 0);
        }
    }
    EXPECT_THAT(zones.zones(), SizeIs(60'000));
    EXPECT_TRUE(version_order(zones.zones()).has_value());
}

}  // namespace
}  // namespace mistrial::checkers::kernels
