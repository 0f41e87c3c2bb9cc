#pragma once

#include "core/net/loop.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace mistrial::shell {

/// Runs jobs one after another on a thread of its own: what would keep a loop from answering. Made and
/// destroyed on the loop's thread; the destructor waits for the job at work, drops the others, and nothing of
/// them reaches the loop.
class Worker {
  public:
    /// What is left to do on the loop's thread.
    using Continuation = std::function<void()>;
    using Job = std::function<Continuation()>;

    explicit Worker(net::Loop& loop);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void submit(Job job);

  private:
    void work();

    net::Loop& loop_;
    std::shared_ptr<bool> alive_ =
        std::make_shared<bool>(true);  ///< read and written on the loop's thread only
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Job> jobs_;
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace mistrial::shell
