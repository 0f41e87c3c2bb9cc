#pragma once

#include "core/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

/// Three clocks that do not mix: the run's true time, and a node's wall and monotonic clocks. All count integer
/// nanoseconds; adding a time of one clock to a time of another does not compile.
namespace mistrial {

using Duration = std::chrono::nanoseconds;

template <class Tag>
struct NodeClock {
    using rep = Duration::rep;
    using period = Duration::period;
    using duration = Duration;
    using time_point = std::chrono::time_point<NodeClock>;
    static constexpr bool is_steady = false;
};

/// Nanoseconds since the run's start: the history's time. Only the World reads it.
using TrueTime = NodeClock<struct TrueTag>::time_point;
/// Nanoseconds since the Unix epoch on some node's wall clock.
using WallTime = NodeClock<struct WallTag>::time_point;
/// Some node's monotonic clock; timers are set in it.
using MonoTime = NodeClock<struct MonoTag>::time_point;

/// The two clocks of one node at one instant; what an I/O-free core sees of time.
struct Clocks {
    WallTime wall;
    MonoTime mono;

    friend bool operator==(const Clocks&, const Clocks&) = default;
};

template <class Time>
[[nodiscard]] constexpr Time at_nanos(std::int64_t nanos) {
    return Time{Duration{nanos}};
}
template <class Time>
[[nodiscard]] constexpr std::int64_t nanos_of(Time time) {
    return time.time_since_epoch().count();
}

/// Reads `250ms`, `1.5s`, `2m`, `1h`, `10us`, `7ns`, with a leading `-` where it makes sense to the caller.
/// At most nanosecond precision: more decimals than the unit has are refused, as is what does not fit in 64 bits.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

/// The shortest text that `parse_duration` reads back as `duration`: a whole number of the largest unit that
/// divides it (`90s`, not `1.5m`), `0s` for zero.
[[nodiscard]] std::string format_duration(Duration duration);

/// The text that a person would write, and `parse_duration` reads back: whole hours and minutes as such, else seconds
/// with the decimals that it takes (`18.4s`, `90s`), less than a second in the largest unit that divides it (`250ms`).
[[nodiscard]] std::string format_short(Duration duration);

/// For people: seconds with three decimals, `12.031 s`.
[[nodiscard]] std::string format_seconds(Duration duration);

/// For people: `2026-11-23T07:35:00.123Z`.
[[nodiscard]] std::string format_wall(WallTime time);

/// RFC 3339 in UTC with as many decimals as are needed, nine at most: what OPA writes into status and decision logs.
[[nodiscard]] std::string format_rfc3339(WallTime time);

/// Reads RFC 3339 with any offset and any number of decimals (those beyond nanoseconds are dropped); years 1678-2261.
[[nodiscard]] Result<WallTime> parse_rfc3339(std::string_view text);

}  // namespace mistrial
