#pragma once

#include "core/history/operation.hpp"
#include "core/json.hpp"
#include "core/time.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace mistrial::checkers {

/// Durations in buckets that grow with them, 64 to a power of two: any quantile within 1.6 %, in fixed memory.
class Histogram {
  public:
    void add(Duration duration);
    /// Everything that `other` holds, too.
    void add(const Histogram& other);
    [[nodiscard]] std::int64_t count() const { return count_; }
    [[nodiscard]] Duration max() const { return max_; }
    /// The smallest bucket's upper edge with at least `per_mille`/1000 of all at or below it, never above `max`.
    [[nodiscard]] Duration quantile(std::int64_t per_mille) const;
    /// {"count", "p50_ns", "p99_ns", "p999_ns", "max_ns"}
    [[nodiscard]] Json to_json() const;

  private:
    static constexpr int sub_bits = 6;
    std::vector<std::int64_t> buckets_;
    std::int64_t count_ = 0;
    Duration max_{};
};

/// Latency, traffic and errors of a run, and how late the open-loop load was (properties.md 1.2, `sched`).
class GoldenSignals {
  public:
    void invoked(TrueTime at, std::optional<TrueTime> sched);
    void completed(history::Type type, TrueTime at, TrueTime inv);
    /// {"decision_latency", "schedule_error", "decisions": {"invoked", "answered", "failed", "indeterminate"},
    ///  "answered_ratio", "rate_per_second"}
    [[nodiscard]] Json to_json(TrueTime end) const;
    [[nodiscard]] std::int64_t invoked_decisions() const { return invoked_; }
    [[nodiscard]] std::int64_t answered_decisions() const { return answered_; }

  private:
    Histogram latency_;
    Histogram schedule_error_;
    std::int64_t invoked_ = 0;
    std::int64_t answered_ = 0;
    std::int64_t failed_ = 0;
    std::int64_t indeterminate_ = 0;
};

/// How many records of each `f` and type: {"decide": {"invoke": 12, "ok": 11, …}, …}
class Counts {
  public:
    void add(const history::Record& record);
    void add_decision(history::Type type) { ++decisions_[static_cast<std::size_t>(type)]; }
    void add_event() { ++events_[static_cast<std::size_t>(history::Type::info)]; }
    [[nodiscard]] Json to_json() const;

  private:
    using ByType = std::array<std::int64_t, 4>;
    std::unordered_map<std::string, ByType> counts_;
    ByType decisions_{};
    ByType events_{};  ///< of decision logs
};

}  // namespace mistrial::checkers
