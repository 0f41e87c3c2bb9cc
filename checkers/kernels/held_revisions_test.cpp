#include "checkers/kernels/held_revisions.hpp"
#include "checkers/testing/shows.hpp"
#include "core/random.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <tuple>

namespace mistrial::checkers::kernels {
namespace {

using std::chrono::milliseconds;

TrueTime at(std::int64_t ms) { return TrueTime{milliseconds{ms}}; }

using checkers::testing::Shows;
using Times = std::tuple<std::uint32_t, std::uint32_t, TrueTime, TrueTime, std::size_t, std::size_t>;

/// The operations are left in the order of their ends.
std::set<Times> holds_of(std::vector<Shows>& operations) {
    operations = checkers::testing::by_end(std::move(operations));
    HeldRevisions<std::size_t> held;
    for (std::size_t i = 0; i < operations.size(); ++i) {
        const Shows& one = operations[i];
        if (one.hearsay) held.heard(one.group, one.revision, at(one.res));
        else held.saw(one.group, one.revision, at(one.inv), at(one.res), i);
    }
    std::set<Times> times;
    for (const auto& hold : held.holds()) times.insert({hold.group, hold.revision, hold.from, hold.to, hold.shown, hold.asked});
    return times;
}

/// Straight from the definition: every pair that nothing parts, without those that are part of a longer one.
std::set<Times> defined(const std::vector<Shows>& operations) {
    std::vector<Times> all;
    for (std::size_t o = 0; o < operations.size(); ++o) {
        for (std::size_t d = 0; d < operations.size(); ++d) {
            const Shows& first = operations[o];
            const Shows& last = operations[d];
            if (first.hearsay || last.hearsay || first.group != last.group || first.revision != last.revision) continue;
            if (first.res >= last.inv) continue;
            const bool parted = std::any_of(operations.begin(), operations.end(), [&](const Shows& x) {
                return x.group == last.group && x.revision != last.revision && x.res >= first.res &&
                       (x.hearsay || x.inv < last.inv || x.res <= last.res);
            });
            if (!parted) all.push_back({first.group, first.revision, at(first.res), at(last.inv), o, d});
        }
    }
    std::set<Times> longest;
    for (const Times& one : all) {
        const bool part_of_another = std::any_of(all.begin(), all.end(), [&](const Times& other) {
            const auto& [group, revision, from, to, o, d] = other;
            if (group != std::get<0>(one) || revision != std::get<1>(one)) return false;
            if (from > std::get<2>(one) || to < std::get<3>(one)) return false;
            return from != std::get<2>(one) || to != std::get<3>(one) || std::tie(o, d) < std::tie(std::get<4>(one), std::get<5>(one));
        });
        if (!part_of_another) longest.insert(one);
    }
    return longest;
}

TEST(HeldRevisions, AreHeldFromTheFirstAnswerToTheLastQuestion) {
    std::vector<Shows> operations{{0, 1, 0, 1}, {0, 1, 4, 5}, {0, 1, 8, 9}};
    EXPECT_EQ(holds_of(operations), (std::set<Times>{{0, 1, at(1), at(8), 0, 2}}));
}

TEST(HeldRevisions, AreNotCertainWhileSomethingElseMayHaveBeenAnswered) {
    std::vector<Shows> operations{{0, 1, 0, 1}, {0, 2, 0, 4}, {0, 1, 6, 7}};
    EXPECT_EQ(holds_of(operations), std::set<Times>{}) << "2 may have been answered at 3";
    operations[1] = {0, 2, 7, 9};
    EXPECT_EQ(holds_of(operations).size(), 1U) << "2 was asked for after the last question about 1";
}

TEST(HeldRevisions, HearsayPartsWhatCameBeforeIt) {
    std::vector<Shows> operations{{0, 1, 0, 1}, {0, 1, 4, 5}, {0, 2, 0, 6, true}, {0, 1, 7, 8}, {0, 1, 10, 11}};
    EXPECT_EQ(holds_of(operations), (std::set<Times>{{0, 1, at(8), at(10), 3, 4}}));
}

TEST(HeldRevisions, AreWhatTheDefinitionSays) {
    RandomSequence random{RandomStream{20'271, "held revisions", "histories"}};
    std::size_t holds = 0;
    for (int history = 0; history < 20'000; ++history) {
        std::vector<Shows> operations;
        for (std::uint64_t i = 1 + random.below(9); i > 0; --i) {
            const std::int64_t inv = random.between(0, 16);
            operations.push_back({static_cast<std::uint32_t>(random.below(2)), static_cast<std::uint32_t>(random.below(3)), inv,
                                  inv + random.between(0, 5), random.chance(1, 8)});
        }
        const std::set<Times> found = holds_of(operations);
        ASSERT_EQ(found, defined(operations)) << history;
        holds += found.size();
    }
    EXPECT_GT(holds, 5'000U);
}

/// With more operations open than are remembered, less is certain, and never anything else.
TEST(HeldRevisions, ForgetTowardsCharity) {
    std::vector<Shows> operations{{0, 1, 0, 1}, {0, 2, 2, 200}};
    for (std::int64_t i = 0; i < 100; ++i) operations.push_back({0, 1, 3 + i, 120 + i / 2});
    for (const Times& hold : holds_of(operations)) EXPECT_TRUE(defined(operations).contains(hold));
}

}  // namespace
}  // namespace mistrial::checkers::kernels
