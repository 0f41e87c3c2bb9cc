#include "harness/live/event_queue.hpp"

namespace mistrial::live {

using Clock = std::chrono::steady_clock;

void EventQueue::start() {
    const std::lock_guard lock(mutex_);
    events_.clear();
    zero_ = Clock::now();
}

TrueTime EventQueue::now() const { return true_time(Clock::now()); }

TrueTime EventQueue::post(world::Event event) {
    TrueTime stamp;
    {
        const std::lock_guard lock(mutex_);
        stamp = true_time(Clock::now());
        std::visit([stamp](auto& e) { e.time = stamp; }, event);
        events_.push_back(std::move(event));
    }
    filled_.notify_one();
    return stamp;
}

world::Event EventQueue::next(TrueTime deadline) {
    std::unique_lock lock(mutex_);
    filled_.wait_until(lock, steady_time(deadline), [this] { return !events_.empty(); });
    if (events_.empty()) return world::Deadline{true_time(Clock::now())};
    world::Event event = std::move(events_.front());
    events_.pop_front();
    return event;
}

}  // namespace mistrial::live
