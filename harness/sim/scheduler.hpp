#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace mistrial::sim {

/// Virtual time: one queue keyed (time, sequence, node). The sequence is given on insertion, so that ties are broken the
/// same way on every machine; an event is taken out of the queue before it runs. With `set_order`, ties are broken by drawn
/// priorities of the nodes instead, two of which change on the way (Burckhardt et al., "A randomized scheduler with
/// probabilistic guarantees of finding bugs", ASPLOS 2010, with d = 3). Single-threaded.
class Scheduler {
  public:
    using Function = std::function<void()>;
    using EventId = std::uint64_t;

    /// Before the first event. 0: in the order of insertion.
    void set_order(std::uint64_t seed);

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
        std::uint64_t rank;
        EventId sequence;
        std::string node;
        const char* kind;
        std::uint64_t digest;
        Function function;
    };
    static bool later(const Entry& a, const Entry& b) {
        if (a.time != b.time) return a.time > b.time;
        if (a.rank != b.rank) return a.rank > b.rank;
        return a.sequence > b.sequence;
    }

    [[nodiscard]] std::uint64_t rank_of(std::string_view node);

    TrueTime now_;
    EventId next_ = 1;
    std::uint64_t fingerprint_ = 0xcbf29ce484222325U;
    std::uint64_t events_ = 0;
    std::uint64_t ties_ = 0;
    std::string last_node_;
    std::uint64_t order_ = 0;
    std::map<std::string, std::uint64_t, std::less<>> ranks_;
    std::vector<std::uint64_t> changes_;  ///< numbers of the events after whose insertion a node goes last, descending
    std::vector<Entry> heap_;
    std::unordered_set<EventId> pending_;  ///< queued and not cancelled; never iterated
};

}  // namespace mistrial::sim
