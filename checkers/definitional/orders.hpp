#pragma once

#include "checkers/definitional/view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Linearizability of one object, twice: as the orders that Herlihy and Wing speak of, and as the automaton of which an
/// implementation may show no other behaviour (Lynch, Distributed Algorithms, 1996, section 13.1: the canonical atomic object).
namespace mistrial::checkers::definitional {

/// An operation on one object. `f` is read, write, cas or append; values are JSON.
struct Call {
    std::uint64_t index = 0;
    TrueTime inv;
    std::optional<TrueTime> res;  ///< empty: it may take effect at any time, or never
    std::string f;
    Json argument;
    Json expected;
    Json result;
};

/// The object's value after the call; nothing where it cannot have been answered so.
[[nodiscard]] std::optional<Json> apply(const Json& value, const Call& call);

/// True when some order of all calls with an end, and of some of those without, respects time and is legal from `initial`
/// on. Tries every order: for a handful of calls.
[[nodiscard]] bool has_order(const std::vector<Call>& calls, const Json& initial = Json());

/// The smallest Δ in `candidates` (ascending) with which it has an order once every read begins that much earlier.
[[nodiscard]] std::optional<Duration> smallest_delta(const std::vector<Call>& calls, const std::vector<Duration>& candidates);

/// Runs the automaton: between its begin and its end a call takes effect once. What ends at an end that no run of the
/// automaton has, or nothing when there is a run.
struct Run {
    bool gave_up = false;  ///< more than `most_states` states at a time
    std::optional<std::uint64_t> no_further;  ///< index of the call whose end no run has
};
[[nodiscard]] Run run_automaton(const std::vector<Call>& calls, std::size_t most_states, const Json& initial = Json());

}  // namespace mistrial::checkers::definitional
