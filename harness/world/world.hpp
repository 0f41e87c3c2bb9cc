#pragma once

#include "core/history/operation.hpp"
#include "harness/scenario/plan.hpp"
#include "nemesis/injector.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

/// The seam between the one loop that runs a plan and the two worlds that it can run in: processes, sockets and kernel
/// faults (`live`), or discrete events in virtual time (`sim`). Commands go in, events come out with their true times.
namespace mistrial::world {

/// Names a command in the events that it causes; chosen by the Conductor, never used twice.
using OperationId = std::uint64_t;

/// Ask for a decision at `due`, not before. The world draws nothing: the operation is complete in itself.
struct Decide {
    OperationId id = 0;
    TrueTime due;
    history::Decide value;
};
/// Hand plan.workload.publishes[index] to its authority, over the publisher's edge.
struct Publish {
    OperationId id = 0;
    std::size_t index = 0;
};
/// An answer to a health query is waited for this long.
constexpr Duration probe_within = std::chrono::seconds(2);
/// Ask an agent's health endpoint.
struct Probe {
    OperationId id = 0;
    std::string agent;
    std::string query;  ///< "", "bundles"
};
/// Inject or heal plan.faults[index]. Two FaultPhase events follow each.
struct Inject {
    OperationId id = 0;
    std::size_t index = 0;
};
struct Heal {
    OperationId id = 0;
    std::size_t index = 0;
};
struct StartNode {
    OperationId id = 0;
    std::string node;
};
struct StopNode {
    OperationId id = 0;
    std::string node;
};
using Command = std::variant<Decide, Publish, Probe, Inject, Heal, StartNode, StopNode>;

/// The first byte of the operation is about to be written.
struct Invoked {
    OperationId id = 0;
    TrueTime time;
};
/// The operation ended: `ok`, `fail` (nothing was sent) or `info` (nobody knows). `value` is the invoke's value plus
/// results. A `fail` is preceded by its Invoked as every completion is.
struct Completed {
    OperationId id = 0;
    TrueTime time;
    history::Type type = history::Type::info;
    history::Value value;
    std::optional<std::string> error;
};
/// Something that an observer saw: serve, status, log, log-upload, boot, death, clock-sample, stall.
struct Observed {
    TrueTime time;
    std::string process;  ///< the observer's name
    std::string f;
    history::Value value;
};
struct FaultPhase {
    OperationId id = 0;
    std::size_t index = 0;
    TrueTime time;
    nemesis::Phase phase = nemesis::Phase::starting;
    std::optional<nemesis::Evidence> evidence;  ///< with `healed`
    std::optional<std::string> error;           ///< the injection or the heal failed; the run goes on and is unknown
};
/// `next` had nothing to tell before its deadline.
struct Deadline {
    TrueTime time;
};
using Event = std::variant<Invoked, Completed, Observed, FaultPhase, Deadline>;

[[nodiscard]] TrueTime time_of(const Event& event);

/// An observation by `process`; its `f` is the value's: "serve", "boot", "stall", ... The time is the world's to stamp.
[[nodiscard]] Observed observation(std::string process, history::Value value, TrueTime time = {});

struct Capabilities {
    std::string name;  ///< "live", "sim"
    std::optional<WallTime> wall_at_zero;
    std::optional<Duration> wall_error;
    std::map<std::string, history::RunInfo::Agent> agents;  ///< what was found of each: driver, version
};

/// Used by one thread, the Conductor's. Events come in non-decreasing order of time.
class World {
  public:
    virtual ~World() = default;

    /// Brings up control plane and edges (agents are started by commands) and starts true time at zero.
    [[nodiscard]] virtual Result<Capabilities> start(const scenario::Plan& plan) = 0;
    virtual void submit(Command command) = 0;
    /// The next event; waits (or advances virtual time) no further than `deadline`.
    [[nodiscard]] virtual Event next(TrueTime deadline) = 0;
    [[nodiscard]] virtual TrueTime now() const = 0;
    /// Stops and undoes everything that was started. Whatever went wrong comes back; all of it is tried.
    [[nodiscard]] virtual Result<> stop() = 0;
};

}  // namespace mistrial::world
