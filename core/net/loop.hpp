#pragma once

#include "core/result.hpp"
#include "core/time.hpp"

#include <chrono>
#include <functional>
#include <memory>

/// One thread's event loop, and what hangs on it. Everything in this folder lives on one Loop and is made,
/// used and destroyed on that loop's thread, or while the loop is not running; the exceptions say so.
namespace mistrial::net {

using SteadyTime = std::chrono::steady_clock::time_point;

/// A timer that fires once. Destroying or cancelling it makes sure that its function is never called again;
/// both are allowed inside that function.
class Timer {
  public:
    Timer() = default;
    Timer(Timer&&) noexcept = default;
    Timer& operator=(Timer&& other) noexcept;
    ~Timer() { cancel(); }

    void cancel();
    /// Neither fired nor cancelled yet.
    [[nodiscard]] bool pending() const;

  private:
    friend class Loop;
    struct State;
    explicit Timer(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};

/// Watches a foreign file descriptor (pidfd, pipe, eventfd) until destroyed or cancelled; both are allowed
/// inside its own function. It works on a duplicate: the caller keeps its descriptor and may close it at any
/// time.
class Watch {
  public:
    Watch() = default;
    Watch(Watch&&) noexcept = default;
    Watch& operator=(Watch&& other) noexcept;
    ~Watch() { cancel(); }

    void cancel();

  private:
    friend class Loop;
    struct State;
    explicit Watch(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};

/// Runs callbacks one at a time. Callbacks must not throw. Destroyed after everything that was made on it;
/// tasks that were cancelled by then are run to their end by the destructor.
class Loop {
  public:
    using Function = std::function<void()>;

    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Runs until `stop`. May be called again after it returned.
    void run();
    /// Runs until `done()` holds (asked after every callback) or `limit` has passed; returns `done()`.
    bool run_until(const std::function<bool()>& done, Duration limit);
    /// Makes `run` return after the callback at work. From any thread, and from a signal handler's thread
    /// (not from the handler itself).
    void stop();

    /// Calls `function` on the loop's thread, never inside `post`. From any thread.
    void post(Function function);

    /// Calls `function` at `when` (at once if that has passed) respectively after `delay`, never inside the
    /// call. Resolution: nanoseconds in, a timerfd below; a few microseconds late on an idle processor.
    [[nodiscard]] Timer at(SteadyTime when, Function function);
    [[nodiscard]] Timer after(Duration delay, Function function);

    /// Calls `function` whenever `fd` is readable (end of file and errors count as readable), again and again
    /// until the Watch ends: drain what is there. Errors: not a pollable descriptor; too many open files.
    [[nodiscard]] Result<Watch> on_readable(int fd, Function function);

    /// True on the thread that is inside `run` or `run_until`.
    [[nodiscard]] bool on_this_thread() const;

    /// For this folder only: the Asio context behind the loop.
    struct Impl;
    [[nodiscard]] Impl& impl() { return *impl_; }

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace mistrial::net
