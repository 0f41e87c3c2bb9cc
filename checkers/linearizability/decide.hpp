#pragma once

#include "checkers/linearizability/model.hpp"
#include "checkers/linearizability/search.hpp"

#include <array>
#include <optional>
#include <span>
#include <vector>

namespace mistrial::checkers::linearizability {

/// Two values of a register that contradict each other: each was there before the other for the last time.
struct Contradiction {
    struct Side {
        std::optional<std::uint32_t> write;  ///< empty: what was there at first
        std::uint32_t first_end = 0;         ///< the operation on this value that ended first; the write where it is that one
        std::uint32_t last_begin = 0;        ///< the one that began last
        bool has_first_end = false;          ///< what was there at first ended before everything
    };
    std::array<Side, 2> sides;
    bool before_its_write = false;  ///< one value alone: it was read before its write began, or nobody wrote it
};

/// What there is to say of one object.
struct Verdict {
    Outcome outcome;
    bool by_zones = false;
    std::optional<Contradiction> contradiction;  ///< of zones
};

/// True where kernel K2 decides: reads and writes only, and no two writes of one value, nor one of what is there at first.
[[nodiscard]] bool has_distinct_writes(std::span<const Operation> operations, State initial = nothing);

/// Whether the operations on one object are linearizable, by zones where they are enough, by search elsewhere. A violation
/// names the first operation whose end has no order (`outcome.stuck`), and everything that ended before it has one.
/// `initial`: what the object holds at first.
[[nodiscard]] Verdict decide(const Model& model, Values& values, std::span<const Operation> operations, const Limits& limits,
                             State initial = nothing);

/// The smallest Δ of a register with distinct writes (kernel K2); nothing where none is enough.
[[nodiscard]] std::optional<Duration> smallest_delta(std::span<const Operation> operations);

}  // namespace mistrial::checkers::linearizability
