#pragma once

#include "core/net/loop_impl.hpp"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace mistrial::net {

class Deadline;

/// One timer for the deadlines of many connections. Setting a deadline that is later than the one waited for
/// (the usual case: equal timeouts, ever later starts) costs a comparison and no system call; the timer looks
/// again when it wakes. Boost 1.81 has no `cancel_after`, and a timer for each operation was measured to cost
/// 0.9 us a request.
class DeadlineClock : public std::enable_shared_from_this<DeadlineClock> {
  public:
    explicit DeadlineClock(Loop::Impl& loop) : timer_(loop.executor()) {}

  private:
    friend class Deadline;
    void wake_at(SteadyTime when);
    void on_wake();

    SteadyTimer timer_;
    SteadyTime wake_ = SteadyTime::max();
    std::vector<Deadline*> deadlines_;
};

/// The deadline of what one connection is doing now. `expired` is called once for each deadline that passes;
/// it closes or cancels what the operation waits on, and may destroy anything.
class Deadline {
  public:
    Deadline(std::shared_ptr<DeadlineClock> clock, std::function<void()> expired);
    ~Deadline();
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    void set(SteadyTime when);
    void clear() { when_ = SteadyTime::max(); }

  private:
    friend class DeadlineClock;
    std::shared_ptr<DeadlineClock> clock_;
    std::function<void()> expired_;
    SteadyTime when_ = SteadyTime::max();
    std::size_t index_;
};

/// A deadline for one scope, for the operations awaited in it.
class WithDeadline {
  public:
    WithDeadline(Deadline& deadline, SteadyTime when) : deadline_(deadline) { deadline_.set(when); }
    ~WithDeadline() { deadline_.clear(); }
    WithDeadline(const WithDeadline&) = delete;
    WithDeadline& operator=(const WithDeadline&) = delete;

  private:
    Deadline& deadline_;
};

/// `start + limit`, without overflow for limits that mean "never".
[[nodiscard]] SteadyTime deadline_after(SteadyTime start, Duration limit);

}  // namespace mistrial::net
