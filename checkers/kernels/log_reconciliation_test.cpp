#include "checkers/kernels/log_reconciliation.hpp"

#include "core/random.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <string>

namespace mistrial::checkers::kernels {
namespace {

Key key(std::uint64_t n) { return key_of("decision-" + std::to_string(n)); }

// --- the invertible table --------------------------------------------------------------------------------------------

TEST(InvertibleTable, ForgetsWhatWasTakenAsOftenAsItWasAdded) {
    InvertibleTable table{64};
    for (std::uint64_t n = 0; n < 100'000; ++n) table.add(key(n));
    EXPECT_FALSE(table.empty());
    for (std::uint64_t n = 0; n < 100'000; ++n) table.take(key(n));
    EXPECT_TRUE(table.empty());
    EXPECT_EQ(table.decode(), std::vector<InvertibleTable::Difference>{});
}

TEST(InvertibleTable, TellsWhatIsMissingAndWhatIsTooMuchAmongMany) {
    InvertibleTable table{160};
    for (std::uint64_t n = 0; n < 50'000; ++n) table.add(key(n));
    for (std::uint64_t n = 0; n < 50'000; ++n) {
        if (n == 7) continue;
        table.take(key(n));
    }
    for (int again = 0; again < 3; ++again) table.take(key(11));
    const std::vector<InvertibleTable::Difference> expected =
        decodable(key(7)) < decodable(key(11))
            ? std::vector<InvertibleTable::Difference>{{decodable(key(7)), 1}, {decodable(key(11)), -3}}
            : std::vector<InvertibleTable::Difference>{{decodable(key(11)), -3}, {decodable(key(7)), 1}};
    EXPECT_EQ(table.decode(), expected);
}

TEST(InvertibleTable, SaysSoWhenThereIsTooMuchToTell) {
    InvertibleTable table{160};
    for (std::uint64_t n = 0; n < 1000; ++n) table.add(key(n));
    EXPECT_EQ(table.decode(), std::nullopt);
    EXPECT_FALSE(table.empty());
}

RC_GTEST_PROP(InvertibleTable, DecodesTheExactDifferenceOfTwoMultisets, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    RandomSequence random{RandomStream{seed, "table", "test"}};
    InvertibleTable table{160};
    std::map<Key, std::int64_t> exact;
    const std::uint64_t common = random.below(2000);
    for (std::uint64_t n = 0; n < common; ++n) {
        table.add(key(n));
        table.take(key(n));
    }
    for (std::uint64_t differences = random.below(61); differences > 0; --differences) {
        const Key one = key(random.below(common + 100));
        const std::int64_t times = random.between(-3, 3);
        for (std::int64_t i = 0; i < times; ++i) table.add(one);
        for (std::int64_t i = 0; i > times; --i) table.take(one);
        exact[decodable(one)] += times;
    }
    std::erase_if(exact, [](const auto& one) { return one.second == 0; });
    const auto decoded = table.decode();
    RC_ASSERT(decoded.has_value());
    std::map<Key, std::int64_t> found;
    for (const auto& one : *decoded) found[one.key] = one.times;
    RC_ASSERT(found == exact);
}

// --- the filter ------------------------------------------------------------------------------------------------------

TEST(KeyFilter, HoldsEveryKeyThatWasAddedAndFewOthers) {
    KeyFilter filter{1 << 16};
    EXPECT_FALSE(filter.may_hold(key(0)));
    for (std::uint64_t n = 0; n < 4000; ++n) filter.add(key(n));
    int others = 0;
    for (std::uint64_t n = 0; n < 4000; ++n) {
        EXPECT_TRUE(filter.may_hold(key(n)));
        others += filter.may_hold(key(n + 1'000'000)) ? 1 : 0;
    }
    EXPECT_LT(others, 80);
}

// --- reconciliation --------------------------------------------------------------------------------------------------

struct Nothing {};
using Reconciliation = LogReconciliation<Nothing>;

Reconciliation::Entry entry(std::uint64_t n, std::int64_t at) {
    return {key(n), at_nanos<TrueTime>(at), TrueTime::max(), 0, at / 100, {}};
}

TEST(LogReconciliation, FindsWhatWaitsAndNothingElse) {
    Reconciliation log;
    EXPECT_TRUE(log.expect(entry(1, 10)));
    EXPECT_FALSE(log.expect(entry(1, 11))) << "waited for already";
    EXPECT_NE(log.find(key(1)), nullptr);
    EXPECT_EQ(log.find(key(2)), nullptr);
    log.release([](const auto&) { return true; }, [](const auto&) {});
    EXPECT_EQ(log.find(key(1)), nullptr);
    EXPECT_TRUE(log.may_have_waited(key(1)));
    EXPECT_FALSE(log.may_have_waited(key(2)));
}

RC_GTEST_PROP(LogReconciliation, IsAMapOfTheKeysThatWait, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    RandomSequence random{RandomStream{seed, "log", "test"}};
    Reconciliation log;
    std::map<std::uint64_t, std::int64_t> exact;
    std::int64_t now = 0;
    for (int i = 0; i < 2000; ++i) {
        const std::uint64_t n = random.below(300);
        if (random.chance(2, 3)) {
            const bool fresh = exact.try_emplace(n, now).second;
            RC_ASSERT(log.expect(entry(n, now)) == fresh);
            ++now;
        } else {
            const std::int64_t horizon = now - random.between(0, 200);
            log.release([&](const auto& one) { return nanos_of(one.since) < horizon; }, [](const auto&) {});
            std::erase_if(exact, [&](const auto& one) { return one.second < horizon; });
        }
        const std::uint64_t asked = random.below(300);
        const auto* found = log.find(key(asked));
        RC_ASSERT((found != nullptr) == exact.contains(asked));
        if (found != nullptr) RC_ASSERT(nanos_of(found->since) == exact[asked]);
    }
}

/// Decisions 0 .. n-1, one a nanosecond; each event arrives up to 400 later, in any order; `lost` never, some twice.
std::set<Key> missing(std::size_t exact, std::uint64_t seed, bool& decodable_all) {
    RandomSequence random{RandomStream{seed, "events", "test"}};
    Reconciliation log{{exact, 160, 64}};
    constexpr std::int64_t decisions = 3000;
    std::set<std::int64_t> lost;
    for (std::int64_t i = random.between(0, 20); i > 0; --i) lost.insert(random.between(0, decisions - 1));
    std::multimap<std::int64_t, std::int64_t> events;  // arrival -> decision
    for (std::int64_t n = 0; n < decisions; ++n) {
        if (lost.contains(n)) continue;
        events.emplace(n + random.between(1, 400), n);
        if (random.chance(1, 300)) events.emplace(n + random.between(1, 400), n);
    }
    const auto arrive = [&](std::int64_t n) {
        if (auto* found = log.find(key(static_cast<std::uint64_t>(n)))) {
            found->arrived = at_nanos<TrueTime>(n);
        } else {
            // Now and then the two ends name neighbouring epochs.
            (void)log.arrived_unknown(key(static_cast<std::uint64_t>(n)), 0, n / 100 + (n % 50 == 0 ? 1 : 0));
        }
    };
    for (std::int64_t n = 0; n < decisions; ++n) {
        log.expect(entry(static_cast<std::uint64_t>(n), n));
        while (!events.empty() && events.begin()->first <= n) {
            arrive(events.begin()->second);
            events.erase(events.begin());
        }
    }
    for (const auto& [at, n] : events) arrive(n);
    std::set<Key> found;
    for (const auto& one : log.waiting()) {
        if (one.arrived == TrueTime::max()) found.insert(decodable(one.key));
    }
    decodable_all = true;
    for (const auto& one : log.leftover()) {
        decodable_all = decodable_all && one.key;
        if (one.key) found.insert(*one.key);
    }
    return found;
}

RC_GTEST_PROP(LogReconciliation, FindsTheSameMissingKeysWithinAnyMemory, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    bool told = false;
    const std::set<Key> exact = missing(1 << 20, seed, told);
    RC_ASSERT(told);
    for (const std::size_t limit : {1500, 100, 10}) {
        const std::set<Key> bounded = missing(limit, seed, told);
        RC_ASSERT(told);
        RC_ASSERT(bounded == exact);
    }
}

}  // namespace
}  // namespace mistrial::checkers::kernels
