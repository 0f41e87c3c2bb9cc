#pragma once

#include "core/history/operation.hpp"
#include "core/json.hpp"
#include "core/time.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Faults as values. A schedule is a list of closed intervals, every draw already made: it can be read, edited,
/// replayed in either world and shrunk by deleting intervals, without anything else moving.
namespace mistrial::nemesis {

/// One closed interval [start, stop] of a plan.
struct FaultInterval {
    std::string id;    ///< "f1", unique in the plan
    std::string kind;  ///< "partition", "clock", "kill", "pause"
    std::vector<std::string> target;
    TrueTime start;
    TrueTime stop;
    Json parameters = Json::object();  ///< resolved: no duration as text, no pick
    std::map<std::string, history::Excuse> excuses;
    std::map<std::string, history::Skew> skews;
    friend bool operator==(const FaultInterval&, const FaultInterval&) = default;
};

using Schedule = std::vector<FaultInterval>;

/// The four records of an interval, in order.
enum class Phase : std::uint8_t { starting, in_force, healing, healed };

/// The record's `f`: "partition" for the first two phases, "heal-partition" for the last two.
[[nodiscard]] std::string record_name(std::string_view kind, Phase phase);

/// What a kind of fault is, for `mistrial list faults`, the doctor and the schema.
struct FaultKind {
    std::string_view name;
    std::string_view about;
    std::vector<std::string_view> needs;  ///< names of doctor probes
    bool in_sim;
};
[[nodiscard]] const std::vector<FaultKind>& fault_kinds();
[[nodiscard]] const FaultKind* find_fault_kind(std::string_view name);

/// Plan form; `from_json` names the pointer of what is wrong.
[[nodiscard]] Json to_json(const FaultInterval& interval);
[[nodiscard]] Result<FaultInterval> fault_from_json(const Json& json, std::string_view pointer);

}  // namespace mistrial::nemesis
