#pragma once

#include "core/time.hpp"

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace mistrial::checkers::kernels {

/// What one operation says of a clock: at some instant of [inv, res] the clock read one of `readings`, told as durations
/// since the wall time of the run's zero, so that a clock without offset reads t at t. Closed intervals, ascending.
struct ClockConstraint {
    struct Interval {
        Duration low{};
        Duration high{};
        friend bool operator==(const Interval&, const Interval&) = default;
    };
    using Intervals = boost::container::small_vector<Interval, 2>;

    /// No end in this direction. Far enough from the ends of Duration to be widened and shifted.
    static constexpr Duration unbounded{std::int64_t{1} << 61};

    TrueTime inv;
    TrueTime res;
    Intervals readings;
    std::uint64_t name = 0;  ///< whatever names the operation to the caller: its record,
    std::optional<std::uint64_t> invoke = std::nullopt;  ///< and that of its invoke
    Interval stepped{};      ///< by what known steps may have moved the clock before it; ClockOffsets fills it in
};

/// Kernel of C2: whether one clock explains all the readings of one process. The clock's offset is a function of time that
/// moves by at most `drift` between known steps; kept is the set of offsets that it may have at the newest instant, which
/// each constraint narrows and time widens. Operations may overlap and come in any order; what comes late is carried
/// forward. Sound: a contradiction holds for every offset function. Not complete where several operations overlap, since
/// each may choose its instant anew. O(1) a constraint. Not thread-safe.
class ClockOffsets {
  public:
    /// `drift` in parts per million, at most 10^6.
    explicit ClockOffsets(double drift = 500) : drift_(drift) {}

    enum class Outcome : std::uint8_t {
        explained,
        contradicted,
        untold,  ///< contradicted, but by more operations than a proof can name
    };

    /// Takes a constraint in. After a contradiction the constraint stands alone, so that one step is found once.
    Outcome constrain(ClockConstraint constraint);
    /// At `at` the offset may have changed by anything in [low, high]. Constraints that began before it and come after it
    /// say nothing any more.
    void step(TrueTime at, Duration low, Duration high);

    /// The operations that contradict each other, after `contradicted`: at most eight, the newest last.
    [[nodiscard]] const std::vector<ClockConstraint>& contradiction() const { return contradiction_; }
    /// The offsets that the clock may have at the newest instant that a constraint told of; empty before the first.
    [[nodiscard]] std::optional<ClockConstraint::Interval> hull() const;

  private:
    struct Allowed {
        ClockConstraint::Interval offsets;
        ClockConstraint because_low;   ///< who says that it is not lower
        ClockConstraint because_high;
    };

    [[nodiscard]] Duration drifted(Duration time) const;
    [[nodiscard]] std::vector<Allowed> of(const ClockConstraint& constraint) const;
    [[nodiscard]] std::vector<ClockConstraint> opponents(const std::vector<Allowed>& by) const;
    void stand_alone(const ClockConstraint& constraint);
    bool narrow_one(const ClockConstraint& constraint, Duration late);

    double drift_;
    bool begun_ = false;
    TrueTime at_;       ///< the instant that `allowed_` is about
    TrueTime stepped_at_ = TrueTime::min();
    ClockConstraint::Interval stepped_{};  ///< by all steps so far
    std::vector<Allowed> allowed_;
    std::vector<ClockConstraint> cutters_;  ///< who ruled a whole interval out
    bool too_many_cutters_ = false;
    std::vector<ClockConstraint> contradiction_;
};

/// Whether the constraints contradict each other. For few constraints with few readings.
[[nodiscard]] bool contradict(const std::vector<ClockConstraint>& constraints, double drift);

}  // namespace mistrial::checkers::kernels
