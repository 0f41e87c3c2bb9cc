#pragma once

#include "checkers/finding.hpp"
#include "checkers/linearizability/model.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace mistrial::checkers::linearizability {

/// What a search may spend. It looks at a clock for nothing else: a limit turns an answer into none, never into another.
struct Limits {
    Duration time = std::chrono::seconds{60};
    std::uint64_t memory = std::uint64_t{4} << 30;  ///< bytes
};

/// What a search over one object found.
struct Outcome {
    enum class Ended : std::uint8_t { decided, out_of_time, out_of_memory };

    Ended ended = Ended::decided;
    bool linearizable = false;  ///< when decided
    /// The longest part of the history that has an order, in that order (places among the operations given); all of it
    /// when linearizable.
    std::vector<std::uint32_t> order;
    State state = nothing;  ///< after `order`
    /// The operation whose end no order found gets past: everything that ended before it has one.
    std::optional<std::uint32_t> stuck;
    std::uint64_t configurations = 0;  ///< distinct ones that were looked at

    /// What it means for a claim.
    [[nodiscard]] Validity validity() const {
        if (ended != Ended::decided) return Validity::unknown;
        return linearizable ? Validity::valid : Validity::invalid;
    }
};

/// Whether the operations on one object have a sequential order that respects time and that the model allows: the search
/// of Wing and Gong (Testing and verifying concurrent objects, JPDC 1993) with Lowe's cache of configurations (Testing
/// for linearizability, CCPE 2017). Exponential at worst, as it must be (Gibbons and Korach, 1997), and
/// kept off that by three things that lose no order:
///   * a read that the state allows is taken at once, since it changes nothing;
///   * of operations without an end that do the same, the earliest is taken first;
///   * a write without an end is taken only where something sees it.
/// Equal times are concurrent. `initial`: what the object holds at first.
[[nodiscard]] Outcome search(const Model& model, Values& values, std::span<const Operation> operations,
                             const Limits& limits = {}, State initial = nothing);

}  // namespace mistrial::checkers::linearizability
