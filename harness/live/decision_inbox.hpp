#pragma once

#include "core/net/loop.hpp"
#include "harness/live/event_queue.hpp"
#include "harness/live/inheriting_mutex.hpp"
#include "harness/world/world.hpp"

#include <functional>
#include <mutex>
#include <vector>

namespace mistrial::live {

/// Hands decisions to the load loop ahead of their time without waking it for each: the loop looks in on a tick of its own,
/// and only a decision that is due before the next tick knocks. Waking a real-time thread from inside its event loop's own
/// lock makes it wait for the thread that woke it.
class DecisionInbox {
  public:
    /// Made, started and destroyed on the loop's thread; `take` is called there for each decision.
    DecisionInbox(net::Loop& loop, EventQueue& queue, std::function<void(world::Decide)> take)
        : loop_(loop), queue_(queue), take_(std::move(take)) {
        tick();
    }

    /// From any thread.
    void put(world::Decide decide) {
        const bool soon = decide.due <= queue_.now() + 2 * every;
        {
            const std::lock_guard lock(mutex_);
            waiting_.push_back(std::move(decide));
        }
        if (soon) loop_.post([this] { empty(); });
    }

  private:
    static constexpr Duration every = std::chrono::milliseconds(2);

    void tick() {
        empty();
        tick_ = loop_.after(every, [this] { tick(); });
    }

    void empty() {
        {
            const std::lock_guard lock(mutex_);
            taken_.swap(waiting_);
        }
        for (world::Decide& decide : taken_) take_(std::move(decide));
        taken_.clear();
    }

    net::Loop& loop_;
    EventQueue& queue_;
    std::function<void(world::Decide)> take_;
    InheritingMutex mutex_;
    std::vector<world::Decide> waiting_;
    std::vector<world::Decide> taken_;
    net::Timer tick_;
};

}  // namespace mistrial::live
