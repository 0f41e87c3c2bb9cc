#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

namespace mistrial::conductor {

/// Client processes: a thread's process number is used for one operation at a time, and never again once an operation
/// of it ended `info` (it becomes `p + threads`, Jepsen's rule). Pools of their own, so that a fleet that
/// answers nothing cannot keep the publisher from publishing, nor slow decisions the health queries from being asked.
class ProcessTable {
  public:
    ProcessTable(std::int64_t deciders, std::int64_t publishers, std::int64_t probers);

    enum class Pool : std::uint8_t { deciders, publishers, probers };

    /// The lowest free thread's process; nullopt when all are busy.
    [[nodiscard]] std::optional<std::int64_t> take(Pool pool);
    /// Gives a process back; `crashed` retires its number.
    void give_back(std::int64_t process, bool crashed);

    /// The process of operations that found none: it begins and ends them at once, so it is never busy.
    [[nodiscard]] std::int64_t nobody() const { return static_cast<std::int64_t>(table_.size()); }
    [[nodiscard]] std::int64_t threads() const { return nobody() + 1; }

  private:
    using Free = std::priority_queue<std::int64_t, std::vector<std::int64_t>, std::greater<>>;
    struct Thread {
        std::int64_t process = 0;  ///< the number that it has now
        Pool pool = Pool::deciders;
    };
    Free& free(Pool pool) { return free_[static_cast<std::size_t>(pool)]; }

    std::vector<Thread> table_;
    std::array<Free, 3> free_;  ///< threads, by pool
};

}  // namespace mistrial::conductor
