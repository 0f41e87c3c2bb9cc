#pragma once

#include "core/json.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// The vocabulary of a history: one Record a line, Jepsen's six keys first. docs/history.md has the prose; `reader`
/// and `writer` beside this file are the only places that know the JSON.
namespace mistrial::history {

enum class Type : std::uint8_t { invoke, ok, fail, info };

/// Integers are clients; names ("nemesis", "harness", an observer's) are everything else.
using Process = std::variant<std::int64_t, std::string>;

using Revisions = std::map<std::string, std::string>;  ///< bundle -> revision
using Markers = std::map<std::string, std::string>;    ///< BUNDLE/ROOT -> revision

/// A verdict as canonical JSON text, so that equality is equality of bytes ("true", "false", "{...}").
using Verdict = std::string;

/// What an agent answered: exactly one of a verdict, undefined (200 without a result) or a refusal of its own.
struct Undefined {
    friend bool operator==(const Undefined&, const Undefined&) = default;
};
struct Refused {
    int status = 0;
    std::optional<std::string> code;
    friend bool operator==(const Refused&, const Refused&) = default;
};
using Answer = std::variant<Verdict, Undefined, Refused>;

/// First record of a run.
struct RunInfo {
    struct Agent {
        std::string driver;
        std::string version;
        std::vector<std::string> bundles;
        bool persist = false;
        friend bool operator==(const Agent&, const Agent&) = default;
    };
    int format = 1;
    std::optional<WallTime> wall_at_zero;
    std::optional<Duration> wall_error;
    std::optional<std::int64_t> concurrency;
    std::map<std::string, Agent> agents;
    std::vector<std::vector<std::string>> atomic;  ///< groups of bundles that switch together
    Json inputs = Json::object();  ///< special pool entries: ID -> {"combine", "bundles", "inactive", "canary", "ladder"}
    Json claims = Json::object();
    std::optional<Duration> settle;
    friend bool operator==(const RunInfo&, const RunInfo&) = default;
};

struct Publish {
    std::string bundle;
    std::string revision;
    std::optional<std::string> digest;
    std::optional<std::string> authority;
    /// What the revision decides: {"base", "verdicts", "markers", "bad", "depends"}.
    std::optional<Json> content;
    friend bool operator==(const Publish&, const Publish&) = default;
};

struct Decide {
    std::string agent;
    std::string path;
    std::optional<Json> input;
    std::optional<std::string> input_id;
    std::optional<std::string> nonce;
    /// The revisions that the request asks for: a revision (of the one bundle that has it), or {bundle: revision}. It is
    /// to be answered under these or newer ones, or under exactly these, or refused.
    std::optional<Json> at_least;
    std::optional<Json> exactly;
    std::optional<Duration> timeout;
    // Of a completion only:
    std::optional<Answer> answer;
    Revisions revisions;
    Markers markers;
    std::optional<WallTime> agent_time;
    std::optional<std::string> decision_id;
    std::optional<std::string> incarnation;
    friend bool operator==(const Decide&, const Decide&) = default;
};

struct Health {
    std::string agent;
    std::string query;
    std::optional<int> status;
    std::optional<std::string> incarnation;
    friend bool operator==(const Health&, const Health&) = default;
};

struct Status {
    std::string agent;
    std::optional<std::string> incarnation;
    Revisions revisions;
    std::optional<Json> errors;
    friend bool operator==(const Status&, const Status&) = default;
};

struct Log {
    std::string agent;
    std::optional<std::string> incarnation;
    std::optional<std::string> decision_id;
    std::optional<std::string> nonce;
    std::string path;
    std::optional<std::string> input_id;
    Revisions revisions;
    std::optional<Verdict> verdict;
    std::optional<WallTime> agent_time;
    std::int64_t upload = 0;
    friend bool operator==(const Log&, const Log&) = default;
};

struct LogUpload {
    std::string agent;
    std::optional<std::string> incarnation;
    std::int64_t upload = 0;
    TrueTime began;
    int status = 0;
    std::int64_t events = 0;
    std::optional<std::int64_t> dropped;
    friend bool operator==(const LogUpload&, const LogUpload&) = default;
};

/// A server finished (or broke off) answering a bundle request.
struct Serve {
    std::string server;
    std::optional<std::string> agent;
    std::string bundle;
    std::string revision;
    std::optional<std::string> digest;
    TrueTime began;
    int status = 0;
    std::int64_t bytes = 0;
    bool complete = true;
    friend bool operator==(const Serve&, const Serve&) = default;
};

struct Boot {
    std::string agent;
    std::string incarnation;
    std::optional<Revisions> persisted;
    friend bool operator==(const Boot&, const Boot&) = default;
};

struct Death {
    std::string agent;
    std::string incarnation;
    std::string how;  ///< "killed", "stopped" or "exited"
    friend bool operator==(const Death&, const Death&) = default;
};

/// An agent's wall clock minus the machine's at some instant of the sample, or the machine's minus the run's: in [low, high].
struct ClockSample {
    std::string agent;  ///< empty: the machine's own, from this record until the next such one
    Duration low{};
    Duration high{};
    friend bool operator==(const ClockSample&, const ClockSample&) = default;
};

struct Barrier {
    std::string revision;
    std::vector<std::string> agents;
    friend bool operator==(const Barrier&, const Barrier&) = default;
};

/// The harness itself did not run between `began` and the record's time.
struct Stall {
    TrueTime began;
    friend bool operator==(const Stall&, const Stall&) = default;
};

/// What one fault can delay or silence at one agent.
struct Excuse {
    std::vector<std::string> bundles;
    bool status = false;
    bool log = false;
    bool answers = false;
    friend bool operator==(const Excuse&, const Excuse&) = default;
};

/// A fault may move an agent's wall clock by anything in [low, high] until it is healed.
struct Skew {
    Duration low{};
    Duration high{};
    friend bool operator==(const Skew&, const Skew&) = default;
};

/// One of the four records of a fault interval; `f` of the record is the kind or "heal-" and the kind.
struct Fault {
    std::string fault;  ///< the interval's id
    std::string kind;
    std::vector<std::string> target;
    Json parameters = Json::object();
    std::map<std::string, Excuse> excuses;
    std::map<std::string, Skew> skews;
    std::optional<Json> evidence;
    friend bool operator==(const Fault&, const Fault&) = default;
};

/// A value of an `f` that this program does not know; kept as it is.
struct Foreign {
    Json value;
    friend bool operator==(const Foreign&, const Foreign&) = default;
};

using Value = std::variant<Foreign, RunInfo, Publish, Decide, Health, Status, Log, LogUpload, Serve, Boot, Death,
                           ClockSample, Barrier, Stall, Fault>;

struct Record {
    std::uint64_t index = 0;
    TrueTime time;
    Type type = Type::info;
    Process process;
    std::string f;
    Value value;
    std::optional<std::string> node;
    std::optional<std::string> error;
    std::optional<std::string> session;
    std::optional<TrueTime> sched;
    Json extra;        ///< keys of the line that the format does not name, kept; null when there are none
    Json value_extra;  ///< the same for the members of a known value
    friend bool operator==(const Record&, const Record&) = default;
};

[[nodiscard]] std::string_view to_text(Type type);
[[nodiscard]] std::string to_text(const Process& process);

}  // namespace mistrial::history
