#pragma once

#include "checkers/definitional/orders.hpp"
#include "checkers/linearizability/collection.hpp"
#include "core/random.hpp"

#include <string>
#include <vector>

/// Histories of registers and stores, for tests and benchmarks.
namespace mistrial::checkers::testing {

struct RegisterKind {
    bool distinct = false;      ///< no two writes of one value
    bool cas = false;
    bool store = false;         ///< get, put and append of text, instead of a register of numbers
    std::uint64_t most = 8;     ///< operations
    std::int64_t span = 12;     ///< their begins are in [0, span] ms: the smaller, the more ties
    std::int64_t longest = 5;   ///< ms that one takes at most
    std::uint64_t values = 3;
    std::uint64_t open_in = 6;  ///< one in so many never ends
    std::uint64_t lie_in = 4;   ///< one read in so many may return anything; 0: none
};

/// Operations on one object that take effect somewhere between begin and end, and some reads that lie.
[[nodiscard]] std::vector<linearizability::Operation> random_register(RandomSequence& random, const RegisterKind& kind,
                                                                      linearizability::Values& values);

/// The same for the definitions.
[[nodiscard]] std::vector<definitional::Call> calls_of(const std::vector<linearizability::Operation>& operations,
                                                       const linearizability::Values& values);

/// The same as a line for checkers/linearizability/testing/porcupine.
[[nodiscard]] std::string porcupine_line(const std::vector<linearizability::Object>& objects,
                                         const linearizability::Values& values, bool store, std::int64_t limit_ms);

/// The same as records of a history: f, [key, value] or value.
[[nodiscard]] std::vector<history::Record> records_of(const std::vector<linearizability::Object>& objects,
                                                      const linearizability::Values& values, bool store);

/// One operation a line, for a test that fails.
[[nodiscard]] std::string show(const std::vector<linearizability::Operation>& operations, const linearizability::Values& values);

}  // namespace mistrial::checkers::testing
