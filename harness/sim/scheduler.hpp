#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace mistrial::sim {

/// Virtual time: one queue keyed (time, sequence, node). The sequence is given on insertion, so that ties are broken the
/// same way on every machine; an event is taken out of the queue before it runs. Single-threaded.
class Scheduler {
  public:
    using Function = std::function<void()>;
    using EventId = std::uint64_t;

    /// `kind` and `digest` (of the payload) go into the fingerprint. `kind` must be a literal.
    EventId at(TrueTime time, std::string_view node, const char* kind, std::uint64_t digest, Function function);
    EventId after(Duration delay, std::string_view node, const char* kind, std::uint64_t digest, Function function) {
        return at(now_ + delay, node, kind, digest, std::move(function));
    }
    /// The event will not run; harmless when it has.
    void cancel(EventId id);

    [[nodiscard]] TrueTime now() const { return now_; }
    /// Runs the next event that is due by `limit` and returns true, or moves the time to `limit` and returns false.
    bool step(TrueTime limit);

    /// FNV-1a over (sequence, true time, node, event kind, payload digest) of every event taken from the queue.
    [[nodiscard]] std::uint64_t fingerprint() const { return fingerprint_; }
    [[nodiscard]] std::uint64_t events() const { return events_; }
    /// Events of another node than the one before, at the same instant.
    [[nodiscard]] std::uint64_t ties() const { return ties_; }

  private:
    struct Entry {
        TrueTime time;
        EventId sequence;
        std::string node;
        const char* kind;
        std::uint64_t digest;
        Function function;
    };
    static bool later(const Entry& a, const Entry& b) {
        if (a.time != b.time) return a.time > b.time;
        return a.sequence > b.sequence;
    }

    TrueTime now_;
    EventId next_ = 1;
    std::uint64_t fingerprint_ = 0xcbf29ce484222325U;
    std::uint64_t events_ = 0;
    std::uint64_t ties_ = 0;
    std::string last_node_;
    std::vector<Entry> heap_;
    std::unordered_set<EventId> pending_;  ///< queued and not cancelled; never iterated
};

}  // namespace mistrial::sim
