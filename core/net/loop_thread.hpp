#pragma once

#include "core/net/loop.hpp"

#include <functional>
#include <future>
#include <string>
#include <thread>
#include <type_traits>

namespace mistrial::net {

/// A Loop and the thread that runs it, from construction to destruction. What was made on the loop is
/// destroyed before (through `call`).
class LoopThread {
  public:
    /// `name`: as `ps -L` shows it (15 characters). `before`: run on the thread before the loop starts, for
    /// its scheduling class, say.
    explicit LoopThread(std::string name = "loop", std::function<void()> before = {});
    ~LoopThread();
    LoopThread(const LoopThread&) = delete;
    LoopThread& operator=(const LoopThread&) = delete;

    [[nodiscard]] Loop& loop() { return loop_; }

    /// Runs `function` on the loop's thread and returns what it returns; blocks the caller. From any thread;
    /// on the loop's own thread it is called directly.
    template <class Function>
    auto call(Function&& function) -> std::invoke_result_t<Function&> {
        if (loop_.on_this_thread()) return function();
        std::promise<std::invoke_result_t<Function&>> promise;
        auto result = promise.get_future();
        loop_.post([&] {
            if constexpr (std::is_void_v<std::invoke_result_t<Function&>>) {
                function();
                promise.set_value();
            } else {
                promise.set_value(function());
            }
        });
        return result.get();
    }

  private:
    Loop loop_;
    std::thread thread_;
};

}  // namespace mistrial::net
