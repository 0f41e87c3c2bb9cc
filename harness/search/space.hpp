#pragma once

#include "core/json.hpp"
#include "core/random.hpp"
#include "core/time.hpp"

#include <string>
#include <vector>

namespace mistrial::search {

/// The faults that a search may give to a scenario that has been spelled out: kinds that mean something in the simulation,
/// nodes and edges of its fleet, times before it settles. The same for every strategy, so that they can be compared.
struct Space {
    std::vector<std::string> agents;
    std::vector<std::pair<std::string, std::string>> sources;  ///< agent or mirror, and what it downloads from
    std::vector<std::string> kinds;
    Duration begin{}, end{};
    std::size_t most_faults = 8;  ///< in one run
};
[[nodiscard]] Space space_of(const OrderedJson& spelled);

/// One fault of this kind, drawn: target, times on a grid of 1 ms, parameters.
[[nodiscard]] OrderedJson draw_fault(const Space& space, const std::string& kind, RandomSequence& dice);

/// Whether two faults would hold the same process, clock or edge at once, or too soon after each other.
[[nodiscard]] bool meet(const OrderedJson& a, const OrderedJson& b);

/// Adds the fault unless it meets one that is there; faults stay in the order of their times.
bool add_fault(OrderedJson& faults, OrderedJson fault);

/// What a run of a search changes of its base.
struct Variation {
    std::uint64_t seed = 0;
    std::uint64_t mix = 0;  ///< which of the revisions are published: see `varied`
    OrderedJson faults = OrderedJson::array();
    std::uint64_t order = 0;  ///< of simultaneous events and of messages' delays; 0: as they come
    friend bool operator==(const Variation&, const Variation&) = default;
};

/// How many mixes there are: all revisions are published (0), every third, every fourth, or those of the first half alone. What
/// heals itself with the next publish shows only where there is none for a while.
inline constexpr std::uint64_t mixes = 4;
/// The mix that goes with a seed: all revisions in half of them.
[[nodiscard]] std::uint64_t mix_of(std::uint64_t seed);

[[nodiscard]] OrderedJson varied(OrderedJson base, const Variation& variation);

}  // namespace mistrial::search
