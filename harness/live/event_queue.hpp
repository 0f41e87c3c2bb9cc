#pragma once

#include "core/net/loop.hpp"
#include "harness/live/inheriting_mutex.hpp"
#include "harness/world/world.hpp"

#include <deque>
#include <semaphore>

namespace mistrial::live {

/// The run's true time, and the one queue that every thread of a live run fills. An event is stamped and appended in
/// one critical section, so that the order of the queue is the order of the stamps: an Invoked is posted just before
/// its first byte is written and a Completed just after its last byte was read, and no watermark is needed.
/// Thread-safe; `next` is for one thread, which takes all that is there at once, so that those who post seldom wait for it.
class EventQueue {
  public:
    /// True time starts at zero now, and what was posted before is gone.
    void start();

    [[nodiscard]] TrueTime now() const;
    /// A reading of the same clock elsewhere, as true time.
    [[nodiscard]] TrueTime true_time(net::SteadyTime time) const { return TrueTime{time - zero_}; }
    [[nodiscard]] net::SteadyTime steady_time(TrueTime time) const { return zero_ + time.time_since_epoch(); }

    /// Stamps `event` and appends it; returns the stamp.
    TrueTime post(world::Event event);

    /// The next event, waited for until `deadline`, then a Deadline.
    [[nodiscard]] world::Event next(TrueTime deadline);

  private:
    net::SteadyTime zero_{};
    InheritingMutex mutex_;
    std::counting_semaphore<> filled_{0};  ///< released when the queue stops being empty
    std::deque<world::Event> events_;
    std::deque<world::Event> taken_;  ///< by `next`, in order, before what is in `events_`
};

}  // namespace mistrial::live
