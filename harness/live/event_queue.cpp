#include "harness/live/event_queue.hpp"

#include <mutex>

namespace mistrial::live {

using Clock = std::chrono::steady_clock;

void EventQueue::start() {
    const std::lock_guard lock(mutex_);
    events_.clear();
    taken_.clear();
    zero_ = Clock::now();
}

TrueTime EventQueue::now() const { return true_time(Clock::now()); }

TrueTime EventQueue::post(world::Event event) {
    TrueTime stamp;
    bool was_empty = false;
    {
        const std::lock_guard lock(mutex_);
        stamp = true_time(Clock::now());
        std::visit([stamp](auto& e) { e.time = stamp; }, event);
        was_empty = events_.empty();
        events_.push_back(std::move(event));
    }
    if (was_empty) filled_.release();
    return stamp;
}

world::Event EventQueue::next(TrueTime deadline) {
    while (taken_.empty()) {
        {
            const std::lock_guard lock(mutex_);
            taken_.swap(events_);
        }
        if (!taken_.empty()) {
            static_cast<void>(filled_.try_acquire());  // the release of this batch; where it comes later, one more round
            break;
        }
        if (!filled_.try_acquire_until(steady_time(deadline))) {
            const std::lock_guard lock(mutex_);
            // Stamped while nothing can be appended: no later event has an earlier time.
            if (events_.empty()) return world::Deadline{true_time(Clock::now())};
        }
    }
    world::Event event = std::move(taken_.front());
    taken_.pop_front();
    return event;
}

}  // namespace mistrial::live
