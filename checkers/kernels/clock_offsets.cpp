#include "checkers/kernels/clock_offsets.hpp"

#include <algorithm>
#include <cmath>

namespace mistrial::checkers::kernels {

namespace {

constexpr std::size_t most_intervals = 8;
constexpr std::size_t most_cutters = 5;
constexpr std::size_t most_named = 8;

using Interval = ClockConstraint::Interval;

Duration clamped(Duration offset) {
    return std::clamp(offset, -ClockConstraint::unbounded, ClockConstraint::unbounded);
}

/// The offsets at the begin of the operation under which the clock read `reading` at some instant t of it. It was
/// reading - t then. Until the begin it moved by at most drift x (t - inv) < t - inv, so that the earliest instant gives the
/// highest offset there, and the last one the lowest.
Interval offsets_at_begin(const ClockConstraint& constraint, Interval reading, Duration drifted) {
    Interval offsets = reading;
    if (offsets.low > -ClockConstraint::unbounded) offsets.low -= constraint.res.time_since_epoch() + drifted;
    if (offsets.high < ClockConstraint::unbounded) offsets.high -= constraint.inv.time_since_epoch();
    return {clamped(offsets.low), clamped(offsets.high)};
}

void widen(Interval& interval, Duration low, Duration high) {
    if (interval.low > -ClockConstraint::unbounded) interval.low = clamped(interval.low - low);
    if (interval.high < ClockConstraint::unbounded) interval.high = clamped(interval.high + high);
}

/// How far a clock drifts in that time: one nanosecond more than exact, since rounding must not accuse.
Duration drift_in(Duration time, double parts_per_million) {
    const double moved = std::ceil(static_cast<double>(time.count()) * parts_per_million / 1e6);
    return Duration{static_cast<std::int64_t>(moved) + (parts_per_million > 0 ? 1 : 0)};
}

void add(std::vector<ClockConstraint>& to, const ClockConstraint& one) {
    const bool there = std::any_of(to.begin(), to.end(), [&](const ClockConstraint& other) { return other.name == one.name; });
    if (!there) to.push_back(one);
}

}  // namespace

Duration ClockOffsets::drifted(Duration time) const { return drift_in(time, drift_); }

std::optional<Interval> ClockOffsets::hull() const {
    if (allowed_.empty()) return std::nullopt;
    return Interval{allowed_.front().offsets.low, allowed_.back().offsets.high};
}

std::vector<ClockOffsets::Allowed> ClockOffsets::of(const ClockConstraint& constraint) const {
    std::vector<Allowed> all;
    for (const Interval& reading : constraint.readings) {
        const Interval offsets = offsets_at_begin(constraint, reading, drifted(constraint.res - constraint.inv));
        if (!all.empty() && offsets.low <= all.back().offsets.high) {
            all.back().offsets.high = std::max(all.back().offsets.high, offsets.high);
        } else {
            all.push_back({offsets, constraint, constraint});
        }
    }
    return all;
}

void ClockOffsets::stand_alone(const ClockConstraint& constraint) {
    allowed_ = of(constraint);
    cutters_.clear();
    too_many_cutters_ = false;
    at_ = constraint.inv;
    begun_ = true;
}

void ClockOffsets::step(TrueTime at, Duration low, Duration high) {
    stepped_at_ = at;
    stepped_.low += low;
    stepped_.high += high;
    for (Allowed& allowed : allowed_) widen(allowed.offsets, -low, high);
}

/// The usual case, without a copy of anything: one interval, one reading. False when it is another case.
bool ClockOffsets::narrow_one(const ClockConstraint& constraint, Duration late) {
    if (allowed_.size() != 1 || constraint.readings.size() != 1) return false;
    Interval offsets = offsets_at_begin(constraint, constraint.readings[0], drifted(constraint.res - constraint.inv));
    if (late > Duration::zero()) widen(offsets, drifted(late), drifted(late));
    Allowed& allowed = allowed_[0];
    if (offsets.low > allowed.offsets.high || offsets.high < allowed.offsets.low) return false;
    if (offsets.low > allowed.offsets.low) {
        allowed.offsets.low = offsets.low;
        allowed.because_low = constraint;
    }
    if (offsets.high < allowed.offsets.high) {
        allowed.offsets.high = offsets.high;
        allowed.because_high = constraint;
    }
    return true;
}

ClockOffsets::Outcome ClockOffsets::constrain(ClockConstraint constraint) {
    if (constraint.readings.empty() || constraint.inv < stepped_at_) return Outcome::explained;
    constraint.stepped = stepped_;
    if (!begun_) {
        stand_alone(constraint);
        return Outcome::explained;
    }
    if (constraint.inv > at_) {
        const Duration moved = drifted(constraint.inv - at_);
        for (Allowed& allowed : allowed_) widen(allowed.offsets, moved, moved);
        at_ = constraint.inv;
    }
    const Duration late = at_ - constraint.inv;
    if (narrow_one(constraint, late)) return Outcome::explained;

    std::vector<Allowed> by = of(constraint);
    for (Allowed& one : by) widen(one.offsets, drifted(late), drifted(late));
    std::vector<Allowed> both;
    std::size_t survivors = 0;
    for (const Allowed& allowed : allowed_) {
        const std::size_t before = both.size();
        for (const Allowed& one : by) {
            const Interval common{std::max(allowed.offsets.low, one.offsets.low), std::min(allowed.offsets.high, one.offsets.high)};
            if (common.low > common.high) continue;
            both.push_back({common, one.offsets.low > allowed.offsets.low ? constraint : allowed.because_low,
                            one.offsets.high < allowed.offsets.high ? constraint : allowed.because_high});
        }
        if (both.size() > before) ++survivors;
    }
    if (both.empty()) {
        contradiction_ = opponents(by);
        add(contradiction_, constraint);
        const bool told = !too_many_cutters_ && contradiction_.size() <= most_named && contradict(contradiction_, drift_);
        stand_alone(constraint);
        return told ? Outcome::contradicted : Outcome::untold;
    }
    if (survivors < allowed_.size() || both.size() < allowed_.size()) {
        if (cutters_.size() < most_cutters) {
            add(cutters_, constraint);
        } else {
            too_many_cutters_ = true;
        }
    }
    // Too many intervals: forgetting the smallest gap only allows more.
    while (both.size() > most_intervals) {
        std::size_t smallest = 0;
        for (std::size_t i = 1; i + 1 < both.size(); ++i) {
            const auto gap = [&](std::size_t at) { return both[at + 1].offsets.low - both[at].offsets.high; };
            if (gap(i) < gap(smallest)) smallest = i;
        }
        both[smallest].offsets.high = both[smallest + 1].offsets.high;
        both[smallest].because_high = both[smallest + 1].because_high;
        both.erase(both.begin() + static_cast<std::ptrdiff_t>(smallest) + 1);
    }
    allowed_ = std::move(both);
    return Outcome::explained;
}

std::vector<ClockConstraint> ClockOffsets::opponents(const std::vector<Allowed>& by) const {
    std::vector<ClockConstraint> named = cutters_;
    for (const Allowed& allowed : allowed_) {
        const auto above = [&](const Allowed& one) { return one.offsets.low > allowed.offsets.high; };
        const auto below = [&](const Allowed& one) { return one.offsets.high < allowed.offsets.low; };
        if (std::any_of(by.begin(), by.end(), above)) add(named, allowed.because_high);
        if (std::any_of(by.begin(), by.end(), below)) add(named, allowed.because_low);
    }
    return named;
}

bool contradict(const std::vector<ClockConstraint>& constraints, double drift) {
    // Pairwise: functions that move by at most a given rate can be extended from any points that keep it (McShane), so what
    // contradicts does so in pairs once every operation has chosen its interval. Few operations with few intervals.
    std::vector<std::size_t> choice(constraints.size(), 0);
    const auto clash = [&](std::size_t i, std::size_t j) {
        ClockConstraint a = constraints[i];
        ClockConstraint b = constraints[j];
        a.readings = {constraints[i].readings[choice[i]]};
        b.readings = {constraints[j].readings[choice[j]]};
        if (b.inv < a.inv) std::swap(a, b);
        Interval of_a = offsets_at_begin(a, a.readings[0], drift_in(a.res - a.inv, drift));
        const Interval of_b = offsets_at_begin(b, b.readings[0], drift_in(b.res - b.inv, drift));
        const Duration moved = drift_in(b.inv - a.inv, drift);
        widen(of_a, moved + a.stepped.low - b.stepped.low, moved + b.stepped.high - a.stepped.high);
        return of_b.low > of_a.high || of_b.high < of_a.low;
    };
    while (true) {
        bool clashes = false;
        for (std::size_t i = 0; i < constraints.size() && !clashes; ++i) {
            for (std::size_t j = 0; j < i && !clashes; ++j) clashes = clash(i, j);
        }
        if (!clashes) return false;
        std::size_t turn = 0;
        while (turn < choice.size() && ++choice[turn] == constraints[turn].readings.size()) choice[turn++] = 0;
        if (turn == choice.size()) return true;
    }
}

}  // namespace mistrial::checkers::kernels
