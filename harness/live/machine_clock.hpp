#pragma once

#include "harness/live/event_queue.hpp"
#include "harness/live/inheriting_mutex.hpp"

#include <functional>
#include <optional>

namespace mistrial::live {

/// What the machine's own wall clock shows.
[[nodiscard]] WallTime wall_now();

/// Keeps the history informed of how far the machine's own wall clock, which agents read, is off the run's: a clock-sample
/// without agent says so until the next one. Whoever sets or slews the machine's clock while a run goes on does to every
/// agent what no agent did. Thread-safe; of what happens between two looks nothing is known, so whoever is about to post
/// what an agent read of its clock looks first.
class MachineClock {
  public:
    /// The machine's wall clock minus the run's, at some instant of the reading: somewhere in [low, high].
    struct Offset {
        Duration low{};
        Duration high{};
    };
    using Read = std::function<Offset()>;

    /// Reads CLOCK_REALTIME against the queue's true time; `wall_at_zero` is what it showed when that began.
    MachineClock(EventQueue& queue, WallTime wall_at_zero);
    MachineClock(EventQueue& queue, Read read) : queue_(queue), read_(std::move(read)) {}

    /// Posts a sample, if the clock is not where the last one says, or if the last one could only say so roughly.
    void look();

  private:
    EventQueue& queue_;
    Read read_;
    InheritingMutex mutex_;
    std::optional<Offset> said_;
};

}  // namespace mistrial::live
