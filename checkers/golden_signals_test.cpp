#include "checkers/golden_signals.hpp"

#include "core/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace mistrial::checkers {
namespace {

using history::Type;

TEST(Histogram, IsExactBelow128) {
    Histogram histogram;
    for (std::int64_t ns = 1; ns <= 100; ++ns) histogram.add(Duration{ns});
    EXPECT_EQ(histogram.quantile(500), Duration{50});
    EXPECT_EQ(histogram.quantile(990), Duration{99});
    EXPECT_EQ(histogram.quantile(1000), Duration{100});
    EXPECT_EQ(histogram.max(), Duration{100});
}

TEST(Histogram, OfNothingSaysSo) {
    EXPECT_EQ(Histogram{}.to_json(), Json({{"count", 0}}));
    EXPECT_EQ(Histogram{}.quantile(500), Duration::zero());
}

TEST(Histogram, CountsNegativeDurationsAsNone) {
    Histogram histogram;
    histogram.add(Duration{-5});
    EXPECT_EQ(histogram.quantile(1000), Duration::zero());
    EXPECT_EQ(histogram.count(), 1);
}

TEST(Histogram, IsNeverBelowTheTrueQuantileNorMoreThanASixtyFourthAboveIt) {
    RandomSequence random{RandomStream{20'264, "histogram", "durations"}};
    for (int round = 0; round < 50; ++round) {
        Histogram histogram;
        std::vector<std::int64_t> all;
        for (auto n = 1 + random.below(300); n > 0; --n) {
            all.push_back(static_cast<std::int64_t>(random.below(std::uint64_t{1} << random.below(45))));
            histogram.add(Duration{all.back()});
        }
        std::sort(all.begin(), all.end());
        for (const std::int64_t per_mille : {1, 250, 500, 990, 999, 1000}) {
            const auto rank = (static_cast<std::int64_t>(all.size()) * per_mille + 999) / 1000;
            const std::int64_t exact = all[static_cast<std::size_t>(rank - 1)];
            const std::int64_t found = histogram.quantile(per_mille).count();
            ASSERT_GE(found, exact);
            ASSERT_LE(found, exact + exact / 64 + 1);
        }
    }
}

history::Record decide(Type type, std::int64_t time) {
    history::Record record;
    record.type = type;
    record.time = at_nanos<TrueTime>(time);
    record.f = "decide";
    record.value = history::Decide{};
    return record;
}

TEST(GoldenSignals, CountAnswersFailuresAndWhatNobodyKnows) {
    GoldenSignals signals;
    for (const Type type : {Type::ok, Type::ok, Type::fail, Type::info}) {
        signals.invoked(at_nanos<TrueTime>(100), at_nanos<TrueTime>(90));
        signals.completed(type, at_nanos<TrueTime>(150), at_nanos<TrueTime>(100));
    }
    const Json json = signals.to_json(at_nanos<TrueTime>(2'000'000'000));
    EXPECT_EQ(json["decisions"], Json({{"invoked", 4}, {"answered", 2}, {"failed", 1}, {"indeterminate", 1}}));
    EXPECT_EQ(json["answered_ratio"], 0.5);
    EXPECT_EQ(json["rate_per_second"], 1.0);
    EXPECT_EQ(json["decision_latency"]["count"], 2) << "only answers have a latency";
    EXPECT_EQ(json["decision_latency"]["max_ns"], 50);
    EXPECT_EQ(json["schedule_error"]["max_ns"], 10);
}

TEST(Counts, AreByKindAndType) {
    Counts counts;
    counts.add(decide(Type::invoke, 1));
    counts.add(decide(Type::ok, 2));
    counts.add(decide(Type::invoke, 3));
    EXPECT_EQ(counts.to_json(), Json({{"decide", {{"invoke", 2}, {"ok", 1}}}}));
}

}  // namespace
}  // namespace mistrial::checkers
