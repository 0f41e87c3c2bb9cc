#include "core/history/read_ahead.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace mistrial::history {
namespace {

/// Enough that neither thread waits for the other's pauses.
constexpr std::size_t most_ready = 16;

}  // namespace

struct ReadAhead::State {
    explicit State(std::unique_ptr<BatchSource> given) : source(std::move(given)), thread([this] { read(); }) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        {
            const std::lock_guard lock(mutex);
            stopping = true;
        }
        room.notify_all();
        thread.join();
    }

    void read() {
        for (;;) {
            Batch batch;
            {
                const std::lock_guard lock(mutex);
                if (!used.empty()) {
                    batch = std::move(used.back());
                    used.pop_back();
                }
            }
            Result<bool> more = source->next(batch);
            std::unique_lock lock(mutex);
            if (more && *more) {
                room.wait(lock, [&] { return stopping || ready.size() < most_ready; });
                ready.push_back(std::move(batch));
            } else {
                end = std::move(more);
            }
            const bool over = stopping || end.has_value();
            lock.unlock();
            news.notify_one();
            if (over) return;
        }
    }

    std::unique_ptr<BatchSource> source;
    std::mutex mutex;
    std::condition_variable news;
    std::condition_variable room;
    std::deque<Batch> ready;
    std::vector<Batch> used;  ///< given back, for their memory
    std::optional<Result<bool>> end;
    bool stopping = false;
    std::thread thread;  ///< last: it begins when all else is there
};

ReadAhead::ReadAhead(std::unique_ptr<BatchSource> source) : state_(std::make_unique<State>(std::move(source))) {}
ReadAhead::ReadAhead(ReadAhead&&) noexcept = default;
ReadAhead& ReadAhead::operator=(ReadAhead&&) noexcept = default;
ReadAhead::~ReadAhead() = default;

Result<bool> ReadAhead::next(Batch& batch) {
    State& state = *state_;
    std::unique_lock lock(state.mutex);
    state.used.push_back(std::move(batch));
    state.news.wait(lock, [&] { return !state.ready.empty() || state.end.has_value(); });
    if (state.ready.empty()) {
        batch = Batch{};
        return *state.end;
    }
    batch = std::move(state.ready.front());
    state.ready.pop_front();
    lock.unlock();
    state.room.notify_one();
    return true;
}

bool ReadAhead::torn() const { return state_->source->torn(); }

}  // namespace mistrial::history
