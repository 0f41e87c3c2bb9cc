#include "engine/shell/worker.hpp"

#include <utility>

namespace mistrial::shell {

Worker::Worker(net::Loop& loop) : loop_(loop), thread_([this] { work(); }) {}

Worker::~Worker() {
    *alive_ = false;
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        jobs_.clear();
    }
    wake_.notify_one();
    thread_.join();
}

void Worker::submit(Job job) {
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
}

void Worker::work() {
    while (true) {
        Job job;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
            if (ending_) return;
            job = std::move(jobs_.front());
            jobs_.pop_front();
        }
        loop_.post([alive = alive_, continuation = job()] {
            if (*alive) continuation();
        });
    }
}

}  // namespace mistrial::shell
