#include "checkers/kernels/clock_offsets.hpp"

#include "core/random.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

/// Times in these tests are whole milliseconds.
namespace mistrial::checkers::kernels {
namespace {

using std::chrono::milliseconds;
using Outcome = ClockOffsets::Outcome;

TrueTime at(int ms) { return TrueTime{milliseconds{ms}}; }

/// During [inv, res] the clock read something in [low, high].
ClockConstraint reads(int inv, int res, int low, int high, std::uint64_t name = 0) {
    return {at(inv), at(res), {{milliseconds{low}, milliseconds{high}}}, name, std::nullopt, {}};
}
ClockConstraint reads(int inv, int res, int value) { return reads(inv, res, value, value, static_cast<std::uint64_t>(inv)); }

TEST(ClockOffsets, ExplainReadingsOfOneClockThatIsWrongByAnyConstant) {
    ClockOffsets clock{0};
    for (int t = 0; t < 100; t += 10) EXPECT_EQ(clock.constrain(reads(t, t + 2, t + 1 - 5000)), Outcome::explained) << t;
}

TEST(ClockOffsets, ContradictWhenTheClockGainsMoreThanTheTimeThatMayHavePassed) {
    // Between the readings at most 12 ms passed.
    ClockOffsets exact{0};
    EXPECT_EQ(exact.constrain(reads(0, 2, 0)), Outcome::explained);
    EXPECT_EQ(exact.constrain(reads(10, 12, 12)), Outcome::explained);
    ClockOffsets late{0};
    EXPECT_EQ(late.constrain(reads(0, 2, 0)), Outcome::explained);
    EXPECT_EQ(late.constrain(reads(10, 12, 13)), Outcome::contradicted);
    ASSERT_EQ(late.contradiction().size(), 2U);
    EXPECT_EQ(late.contradiction()[0].name, 0U);
    EXPECT_EQ(late.contradiction()[1].name, 10U);
}

TEST(ClockOffsets, ContradictWhenTheClockLosesMoreThanTheTimeThatPassed) {
    // Between the readings at least 8 ms passed.
    ClockOffsets exact{0};
    EXPECT_EQ(exact.constrain(reads(0, 2, 0)), Outcome::explained);
    EXPECT_EQ(exact.constrain(reads(10, 12, 8)), Outcome::explained);
    ClockOffsets back{0};
    EXPECT_EQ(back.constrain(reads(0, 2, 0)), Outcome::explained);
    EXPECT_EQ(back.constrain(reads(10, 12, 7)), Outcome::contradicted);
}

TEST(ClockOffsets, DriftAllowsItsShareOfTheTimeThatPassed) {
    ClockOffsets within{1000};  // 1 ms in a second
    EXPECT_EQ(within.constrain(reads(0, 0, 0)), Outcome::explained);
    EXPECT_EQ(within.constrain(reads(1000, 1000, 1001)), Outcome::explained);
    ClockOffsets beyond{1000};
    EXPECT_EQ(beyond.constrain(reads(0, 0, 0)), Outcome::explained);
    EXPECT_EQ(beyond.constrain(reads(1000, 1000, 1002)), Outcome::contradicted);
}

TEST(ClockOffsets, AStepAllowsItselfAndMakesOlderOperationsSilent) {
    ClockOffsets clock{0};
    EXPECT_EQ(clock.constrain(reads(0, 0, 0)), Outcome::explained);
    clock.step(at(5), milliseconds{-3}, milliseconds{3});
    EXPECT_EQ(clock.constrain(reads(4, 8, 4000)), Outcome::explained) << "began before the step";
    EXPECT_EQ(clock.constrain(reads(10, 10, 13)), Outcome::explained);
    EXPECT_EQ(clock.constrain(reads(11, 11, 13)), Outcome::contradicted);
}

TEST(ClockOffsets, OneJumpIsFoundOnce) {
    ClockOffsets clock{500};
    int contradictions = 0;
    for (int t = 0; t < 200; t += 10) {
        const int jump = t < 100 ? 0 : -40;
        if (clock.constrain(reads(t, t + 1, t + jump)) == Outcome::contradicted) ++contradictions;
    }
    EXPECT_EQ(contradictions, 1);
}

TEST(ClockOffsets, AVerdictWithoutReadingRulesOutWhatItDoesNotAllow) {
    const Duration far = ClockConstraint::unbounded;
    ClockOffsets clock{0};
    // Before 50 or after 100 on its clock; then between 60 and 90, ten milliseconds later: neither was 50 .. 80 before.
    ClockConstraint either{at(10), at(10), {{-far, milliseconds{49}}, {milliseconds{101}, far}}, 1, std::nullopt, {}};
    EXPECT_EQ(clock.constrain(either), Outcome::explained);
    EXPECT_EQ(clock.constrain(reads(20, 20, 60, 110, 2)), Outcome::contradicted);
    EXPECT_EQ(clock.contradiction().size(), 2U);
    ClockOffsets other{0};
    EXPECT_EQ(other.constrain(either), Outcome::explained);
    EXPECT_EQ(other.constrain(reads(20, 20, 59, 110, 2)), Outcome::explained) << "49 + 10 may be 59";
}

/// Every integer offset function of ten instants, by what of the constraints it satisfies so far.
class AllFunctions {
  public:
    AllFunctions(const std::vector<ClockConstraint>& constraints, int drift, std::optional<int> step)
        : constraints_(constraints), drift_(drift), step_(step) {}

    [[nodiscard]] bool any_explains() const {
        std::set<std::pair<int, unsigned>> states;
        for (int offset = -lowest; offset <= lowest; ++offset) states.insert({offset, satisfied(0, offset)});
        for (int t = 1; t < instants; ++t) {
            const int reach = drift_ + (step_ == t ? 2 : 0);
            std::set<std::pair<int, unsigned>> after;
            for (const auto& [offset, done] : states) {
                for (int next = offset - reach; next <= offset + reach; ++next) after.insert({next, done | satisfied(t, next)});
            }
            states = std::move(after);
        }
        return std::any_of(states.begin(), states.end(),
                           [&](const auto& state) { return state.second == (1U << constraints_.size()) - 1; });
    }

    static constexpr int instants = 10;

  private:
    static constexpr int lowest = 25;

    [[nodiscard]] unsigned satisfied(int t, int offset) const {
        unsigned done = 0;
        for (std::size_t i = 0; i < constraints_.size(); ++i) {
            const ClockConstraint& one = constraints_[i];
            if (at(t) < one.inv || at(t) > one.res) continue;
            for (const auto& reading : one.readings) {
                if (reading.low <= milliseconds{t + offset} && milliseconds{t + offset} <= reading.high) done |= 1U << i;
            }
        }
        return done;
    }

    const std::vector<ClockConstraint>& constraints_;
    int drift_;
    std::optional<int> step_;
};

struct Case {
    std::vector<ClockConstraint> constraints;
    int drift = 0;
    std::optional<int> step;
};

Case random_case(RandomSequence random) {
    Case made;
    made.drift = random.chance(1, 3) ? 1 : 0;
    if (random.chance(1, 4)) made.step = static_cast<int>(random.between(1, 8));
    for (std::int64_t n = random.between(2, 5); n > 0; --n) {
        const int inv = static_cast<int>(random.between(0, 9));
        const int res = std::min(9, inv + static_cast<int>(random.between(0, 3)));
        ClockConstraint one{at(inv), at(res), {}, static_cast<std::uint64_t>(n), std::nullopt, {}};
        int low = inv + static_cast<int>(random.between(-4, 4));
        for (std::int64_t pieces = random.between(1, 2); pieces > 0; --pieces) {
            const int high = low + static_cast<int>(random.between(0, 3));
            one.readings.push_back({milliseconds{low}, milliseconds{high}});
            low = high + static_cast<int>(random.between(2, 6));
        }
        made.constraints.push_back(one);
    }
    std::stable_sort(made.constraints.begin(), made.constraints.end(), [](const auto& a, const auto& b) { return a.res < b.res; });
    return made;
}

bool is_contradicted(const Case& one) {
    ClockOffsets clock{one.drift * 1e6};
    bool stepped = false;
    for (const ClockConstraint& constraint : one.constraints) {
        if (one.step && !stepped && constraint.res >= at(*one.step)) {
            clock.step(at(*one.step), milliseconds{-2}, milliseconds{2});
            stepped = true;
        }
        if (clock.constrain(constraint) != Outcome::explained) return true;
    }
    return false;
}

RC_GTEST_PROP(ClockOffsets, NeverContradictWhatSomeOffsetFunctionExplains, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    for (int i = 0; i < 40; ++i) {
        const Case one = random_case(RandomSequence{RandomStream{seed, std::to_string(i), "offsets"}});
        if (!is_contradicted(one)) continue;
        RC_ASSERT(!AllFunctions(one.constraints, one.drift, one.step).any_explains());
    }
}

TEST(ClockOffsets, FindMostOfWhatNoOffsetFunctionExplains) {
    int impossible = 0;
    int found = 0;
    for (int i = 0; i < 3000; ++i) {
        const Case one = random_case(RandomSequence{RandomStream{1, std::to_string(i), "offsets"}});
        if (AllFunctions(one.constraints, one.drift, one.step).any_explains()) continue;
        ++impossible;
        if (is_contradicted(one)) ++found;
    }
    RecordProperty("impossible", impossible);
    RecordProperty("found", found);
    EXPECT_GT(impossible, 500);
    EXPECT_GT(found * 100, impossible * 85) << found << " of " << impossible;
}

}  // namespace
}  // namespace mistrial::checkers::kernels
