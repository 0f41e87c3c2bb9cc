#include "engine/defects/families.hpp"

#include <optional>

namespace mistrial::defects {
namespace {

using namespace agent;
using namespace std::chrono_literals;

/// The time is read once, when the process begins.
class ReadsItsClockOnce : public Behaviour {
  public:
    Clocks clocks(const Clocks& clocks) override {
        if (!start_) start_ = clocks.wall;
        return {*start_, clocks.mono};
    }

  private:
    std::optional<WallTime> start_;
};

/// Takes the local time of a place two hours east for UTC.
class TakesLocalTimeForUtc : public Behaviour {
  public:
    Clocks clocks(const Clocks& clocks) override { return {clocks.wall + 2h, clocks.mono}; }
};

/// Every other decision reads another clock, which is 300 ms ahead.
class ReadsTwoClocks : public Behaviour {
  public:
    Clocks clocks(const Clocks& clocks) override {
        return {clocks.wall + (++count_ % 2 == 0 ? 300ms : 0ms), clocks.mono};
    }

  private:
    int count_ = 0;
};

/// Its clock gains two seconds in a hundred.
class GainsTime : public Behaviour {
  public:
    Clocks clocks(const Clocks& clocks) override {
        if (!start_) start_ = clocks.mono;
        return {clocks.wall + (clocks.mono - *start_) / 50, clocks.mono};
    }

  private:
    std::optional<MonoTime> start_;
};

/// Follows a clock that is moved forwards, and no clock that is set right again.
class KeepsAMovedClock : public Behaviour {
  public:
    Clocks clocks(const Clocks& clocks) override {
        const Duration ahead = clocks.wall.time_since_epoch() - clocks.mono.time_since_epoch();
        if (!ahead_ || ahead > *ahead_ + 1s) ahead_ = ahead;
        return {WallTime{clocks.mono.time_since_epoch() + *ahead_}, clocks.mono};
    }

  private:
    std::optional<Duration> ahead_;
};

}  // namespace

std::vector<Defect> families::clocks() {
    return {
        {.name = "reads-its-clock-once",
         .about = "Reads the time when it starts, and decides by that.",
         .finds = "clock-justified",
         .make = agent_with<ReadsItsClockOnce>},
        {.name = "takes-local-time-for-utc",
         .about = "Decides by a time two hours ahead, as if local time were UTC.",
         .finds = "clock-justified",
         .make = agent_with<TakesLocalTimeForUtc>},
        {.name = "reads-two-clocks",
         .about = "Reads one of two clocks that are 300 ms apart.",
         .finds = "clock-coherence",
         .make = agent_with<ReadsTwoClocks>},
        {.name = "gains-time",
         .about = "Has a clock that gains two seconds in a hundred.",
         .finds = "clock-coherence",
         .make = agent_with<GainsTime>},
        {.name = "keeps-a-moved-clock",
         .about = "Follows a clock that is moved forwards, and no clock that is set right again.",
         .finds = "clock-justified",
         .needs = {Need::clock},
         .make = agent_with<KeepsAMovedClock>},
    };
}

}  // namespace mistrial::defects
