#pragma once

#include "checkers/claims.hpp"
#include "core/json.hpp"
#include "core/time.hpp"
#include "nemesis/fault.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// A scenario with every random draw made: what a run does, as a value. `plan.json` is its only serialisation;
/// a run is a pure function of it and of the world.
namespace mistrial::scenario {

struct AuthorityNode {
    std::string name;
    std::optional<std::string> defect{};  ///< seeded
    friend bool operator==(const AuthorityNode&, const AuthorityNode&) = default;
};

struct MirrorNode {
    std::string name;
    std::string group;
    std::string of;  ///< the authority it caches
    Duration ttl{};
    std::optional<std::string> defect{};  ///< seeded
    friend bool operator==(const MirrorNode&, const MirrorNode&) = default;
};

struct AgentNode {
    std::string name;
    std::string group;
    std::string driver;  ///< "embedded", "opa", or the path of a driver file
    std::string from;    ///< the mirror or authority that it polls, for its life
    Duration poll_min{};
    Duration poll_max{};
    std::optional<Duration> long_poll;
    bool persist = false;
    std::vector<std::string> bundles;
    std::optional<std::string> version;
    std::optional<std::string> binary;
    std::optional<std::string> defect;
    Json config = Json::object();  ///< the user's own agent configuration, merged over the driver's template
    std::map<std::string, std::string> env;
    friend bool operator==(const AgentNode&, const AgentNode&) = default;
};

/// The one sink of status reports, or of decision logs, of a fleet.
struct SinkNode {
    std::optional<std::string> defect{};  ///< seeded
    friend bool operator==(const SinkNode&, const SinkNode&) = default;
};

struct Fleet {
    std::vector<AuthorityNode> authorities;
    std::vector<MirrorNode> mirrors;
    std::vector<AgentNode> agents;
    SinkNode status, logs;
    friend bool operator==(const Fleet&, const Fleet&) = default;
};

/// One publish: the archive itself is made again by the workload and must have this digest.
struct PlannedPublish {
    std::size_t number = 0;  ///< of the revision, as the workload counts them from 1
    TrueTime at;
    std::string bundle;
    std::string revision;
    std::string authority;
    std::string digest;
    std::optional<Json> content;  ///< the oracle: interface.md, `publish.value.content`
    friend bool operator==(const PlannedPublish&, const PlannedPublish&) = default;
};

/// Ranges of numbers, both ends included, ascending and apart.
using NumberRanges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

/// Decisions of one session: number n is due at `from + n * period`, until `until`, and asks about the input that the
/// workload draws from the stream (seed, `name`, "input") at counter n. Taking a number out moves no other. A session
/// that roams asks one of several agents each time, drawn from (seed, `name`, "agent") at counter n, as behind a load balancer.
struct DecisionStream {
    std::string name;     ///< "session-3"
    std::string agent;               ///< that a pinned session asks; empty when it roams
    std::vector<std::string> roams;  ///< the agents that a roaming session asks
    TrueTime from;
    TrueTime until;
    Duration period{};
    std::vector<std::uint64_t> omit;  ///< ascending
    NumberRanges only{};              ///< when there are any, no number outside of them is asked
    friend bool operator==(const DecisionStream&, const DecisionStream&) = default;

    /// The agent that decision `number` is asked of.
    [[nodiscard]] const std::string& agent_of(std::uint64_t seed, std::uint64_t number) const;
};

/// Health queries to one agent: number n is due at `from + n * period`, until `until`. Taking a number out moves no other.
struct HealthStream {
    std::string name;   ///< "health-a1", "health-bundles-a1"
    std::string agent;
    std::string query;  ///< "" (does it serve?) or "bundles" (has it activated them all?)
    TrueTime from;
    TrueTime until;
    Duration period{};
    std::vector<std::uint64_t> omit;  ///< ascending
    friend bool operator==(const HealthStream&, const HealthStream&) = default;
};

struct Workload {
    std::string kind;                       ///< "grants", "own"
    Json parameters = Json::object();       ///< resolved; what the workload needs to make its archives and inputs again
    std::string path;                       ///< decision asked for: "mistrial/decision"
    std::map<std::string, Json> pool;       ///< input id -> input
    Json special = Json::object();          ///< special pool entries, as in the `run` record's "inputs"
    std::vector<PlannedPublish> publishes;  ///< ascending in time; the first ones are published before agents start
    std::vector<DecisionStream> decisions;
    std::vector<HealthStream> health;
    Duration timeout{};            ///< of one decision
    std::int64_t concurrency = 0;  ///< client processes for decisions
    bool tokens = false;           ///< roaming sessions ask for at least what they have seen
    friend bool operator==(const Workload&, const Workload&) = default;
};

/// What the simulation leaves to chance: how long messages take and which of simultaneous events goes first. The live world
/// has its own of both.
struct Simulation {
    std::uint64_t order = 0;  ///< 0: simultaneous events go in the order in which they were caused; else the priorities of nodes are drawn from it
    Duration delay_min = std::chrono::microseconds(200);  ///< of a message, one way
    Duration delay_max = std::chrono::microseconds(200);
    friend bool operator==(const Simulation&, const Simulation&) = default;
};

struct Plan {
    int format = 1;
    std::string scenario;
    std::string about;
    std::uint64_t seed = 0;
    Duration duration{};
    Duration settle{};  ///< last part of `duration`: no publish, no fault
    Fleet fleet;
    Workload workload;
    nemesis::Schedule faults;
    checkers::Claims claims;
    std::vector<std::vector<std::string>> atomic;  ///< groups of bundles that switch together
    Simulation simulation;
    friend bool operator==(const Plan&, const Plan&) = default;

    [[nodiscard]] const AgentNode* find_agent(std::string_view name) const;
    [[nodiscard]] TrueTime end() const { return TrueTime{duration}; }
    [[nodiscard]] TrueTime settle_start() const { return TrueTime{duration - settle}; }
};

[[nodiscard]] OrderedJson to_json(const Plan& plan);
[[nodiscard]] Result<Plan> plan_from_json(const Json& json, std::string_view where);

/// The plan as a table for people: fleet, publishes, faults with who they excuse, claims with the terms of derived bounds.
[[nodiscard]] std::string to_table(const Plan& plan);

}  // namespace mistrial::scenario
