#pragma once

#include "harness/scenario/fleet.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mistrial::scenario {

/// What a fault of the file names: fixed nodes, or a pick among a group.
struct Target {
    enum class Pick : std::uint8_t { none, one, minority, majority, all, majorities_ring };
    Pick pick = Pick::none;
    std::vector<std::string> nodes;  ///< in the order of the fleet; of a pick: the group

    [[nodiscard]] bool is_drawn() const { return pick != Pick::none && pick != Pick::all; }
    /// How many of the group a pick takes; 0 where the group has too few.
    [[nodiscard]] std::size_t size() const;
};

/// A fault as written, read but not drawn.
struct FaultSpec {
    std::string pointer;  ///< "/faults/2"
    std::string entity;   ///< names its random streams: its text and which one of its kind with that text it is, so
                          ///< that other faults may come and go without moving its draws
    std::string kind;
    std::optional<Duration> at;
    std::optional<Duration> every;
    Duration length{};
    Target on;
    Target from;       ///< of a partition
    Json parameters = Json::object();  ///< of the kind: mode and direction, offset in ns, state
};

/// Reads "/faults"; what is wrong with one leaves it out.
[[nodiscard]] std::vector<FaultSpec> read_faults(const Reader& reader, const Fleet& fleet, const Roster& roster);

/// Edges that a partition could cut, whatever is picked.
[[nodiscard]] std::vector<Edge> possible_edges(const FaultSpec& fault, const Fleet& fleet);

/// Makes every draw: one interval for each occurrence before the run settles, clipped to `settle_start`, with what it
/// excuses. What a file cannot mean (the same agent killed twice at once) is told in `mistakes`; where a pick draws a
/// node that such another fault holds, the pick does without it.
[[nodiscard]] nemesis::Schedule draw_schedule(const std::vector<FaultSpec>& faults, const Fleet& fleet,
                                              std::uint64_t seed, TrueTime settle_start, Mistakes& mistakes);

/// What a fault of this kind can delay or silence, agent by agent, and what it may do to their wall clocks.
void fill_excuses(nemesis::FaultInterval& interval, const Fleet& fleet);

}  // namespace mistrial::scenario
