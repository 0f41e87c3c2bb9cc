#pragma once

#include "checkers/linearizability/model.hpp"
#include "core/history/operation.hpp"

#include <cstdint>
#include <vector>

namespace mistrial::checkers::testing {

/// A fleet behind one publisher: agents that take up each revision up to 200 ms late, and clients that ask them.
struct PolicyShape {
    int operations = 1'000;
    int agents = 3;
    int clients = 8;
    int shift_ms = 150;  ///< every decision begins that much earlier than it did: Δ-atomicity as linearizability (Golab, Li, Shah)
};

struct PolicyRegister {
    std::vector<history::Record> records;

    /// The same as a register: a publish writes its number, a decision reads it.
    [[nodiscard]] std::vector<linearizability::Operation> operations(linearizability::Values& values) const;
};

[[nodiscard]] PolicyRegister policy_register(const PolicyShape& shape, std::uint64_t seed);

}  // namespace mistrial::checkers::testing
