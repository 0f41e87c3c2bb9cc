#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace mistrial::checkers::kernels {

/// The write of one value and all reads of it (a cluster), as far as an order of the values is concerned. An operation is
/// named by whatever number the caller likes.
struct Zone {
    TrueTime written = TrueTime::min();      ///< begin of the write; the value at first was always there
    TrueTime first_end = TrueTime::min();    ///< f: the earliest end of any of them
    TrueTime last_begin = TrueTime::min();   ///< s: the latest begin of any of them
    TrueTime last_read = TrueTime::min();    ///< the latest begin of a read
    std::uint32_t first_end_by = 0;
    std::uint32_t last_begin_by = 0;

    /// The value that was there at first is `Zone{}`. The end of a write that may never take effect is TrueTime::max().
    [[nodiscard]] static Zone of_write(TrueTime inv, TrueTime res, std::uint32_t operation) {
        return {inv, res, inv, TrueTime::min(), operation, operation};
    }
    void read(TrueTime inv, TrueTime res, std::uint32_t operation) {
        if (res < first_end) {
            first_end = res;
            first_end_by = operation;
        }
        if (inv > last_begin) {
            last_begin = inv;
            last_begin_by = operation;
        }
        last_read = last_read < inv ? inv : last_read;
    }
    /// f < s: the value was there all the while between.
    [[nodiscard]] bool forward() const { return first_end < last_begin; }
};

/// Kernel K2: a register whose writes are in no known order, but all write different values. It is linearizable iff no
/// read of a value ends before its write begins, no two forward zones overlap and no backward zone lies within a forward
/// one; that is, iff there are no a, b with f(a) < s(b) and f(b) < s(a) (Gibbons and Korach, Testing shared memories,
/// SIAM J. Computing 1997). O(n log n) in the number of zones. A write that may never take effect and that nothing read
/// has no zone.
///
/// The places of two zones that contradict each other (of one zone, twice, when a read of it ended before its write
/// began); nothing when the register is linearizable.
[[nodiscard]] std::optional<std::pair<std::size_t, std::size_t>> contradiction(std::span<const Zone> zones);

/// The smallest Δ for which it is Δ-atomic (Golab, Li, Shah, PODC 2011): linearizable once every read begins Δ earlier.
/// Nothing when no Δ is enough. O(n log n) times the bits of the answer.
[[nodiscard]] std::optional<Duration> smallest_delta(std::span<const Zone> zones);

}  // namespace mistrial::checkers::kernels
