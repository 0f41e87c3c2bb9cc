#include "checkers/kernels/step_function.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <optional>

namespace mistrial::checkers::kernels {
namespace {

TrueTime at(std::int64_t t) { return at_nanos<TrueTime>(t); }

TEST(StepFunction, KnowsNothingBeforeTheFirstOperation) {
    StepFunction<int> maximum;
    EXPECT_TRUE(maximum.empty());
    EXPECT_EQ(maximum.before(TrueTime::max()), nullptr);
    maximum.raise(at(5), 1, 0);
    EXPECT_EQ(maximum.before(at(5)), nullptr) << "equal times are concurrent";
    EXPECT_NE(maximum.before(at(6)), nullptr);
}

TEST(StepFunction, LowerAndEqualValuesLeaveNoTraceSoThatTheFirstCauseStays) {
    StepFunction<int> maximum;
    maximum.raise(at(1), 3, 10);
    maximum.raise(at(2), 2, 11);
    maximum.raise(at(3), 3, 12);
    EXPECT_EQ(maximum.newest().at, at(1));
    EXPECT_EQ(maximum.before(at(9))->cause, 10);
}

struct Seen {
    std::int64_t at;
    std::uint32_t value;
};

/// Lemma 2: the maximum over exactly the operations that ended strictly before t.
std::optional<std::uint32_t> defined(const std::vector<Seen>& all, std::int64_t t) {
    std::optional<std::uint32_t> maximum;
    for (const Seen& one : all) {
        if (one.at < t) maximum = std::max(maximum.value_or(0), one.value);
    }
    return maximum;
}

void expect_lemma_2(std::vector<Seen> all, std::int64_t end) {
    std::stable_sort(all.begin(), all.end(), [](const Seen& a, const Seen& b) { return a.at < b.at; });
    StepFunction<std::size_t> maximum;
    for (std::size_t i = 0; i < all.size(); ++i) maximum.raise(at(all[i].at), all[i].value, i);
    for (std::int64_t t = 0; t <= end; ++t) {
        const auto* step = maximum.before(at(t));
        const auto wanted = defined(all, t);
        ASSERT_EQ(step != nullptr, wanted.has_value()) << "at " << t;
        if (step == nullptr) continue;
        ASSERT_EQ(step->value, *wanted) << "at " << t;
        ASSERT_EQ(all[step->cause].value, *wanted) << "the cause is an operation that had the maximum";
    }
}

TEST(StepFunction, IsTheMaximumOverWhatPrecedesInEveryHistoryOfFourOperations) {
    constexpr std::int64_t times = 4;
    constexpr std::uint32_t values = 3;
    std::int64_t cases = 0;
    for (int code = 0; code < 12 * 12 * 12 * 12; ++code) {
        std::vector<Seen> all;
        for (int rest = code, i = 0; i < 4; ++i, rest /= 12) {
            all.push_back({rest % 12 / values, static_cast<std::uint32_t>(rest % 12 % values)});
        }
        expect_lemma_2(all, times + 1);
        if (HasFatalFailure()) return;
        ++cases;
    }
    EXPECT_EQ(cases, 20'736);
}

RC_GTEST_PROP(StepFunction, IsTheMaximumOverWhatPrecedes, ()) {
    std::vector<Seen> all;
    const int count = *rc::gen::inRange(0, 40);
    for (int i = 0; i < count; ++i) {
        all.push_back({*rc::gen::inRange<std::int64_t>(0, 30), *rc::gen::inRange<std::uint32_t>(0, 12)});
    }
    expect_lemma_2(all, 32);
    RC_ASSERT(!::testing::Test::HasFatalFailure());
}

}  // namespace
}  // namespace mistrial::checkers::kernels
