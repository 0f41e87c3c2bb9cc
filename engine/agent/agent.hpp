#pragma once

#include "core/json.hpp"
#include "core/time.hpp"
#include "engine/agent/behaviour.hpp"
#include "engine/agent/config.hpp"
#include "engine/agent/loader.hpp"
#include "engine/agent/persistence.hpp"
#include "engine/http_message.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// The embedded policy agent as an I/O-free state machine: an OPA client cannot tell it from OPA for what it
/// supports.
namespace mistrial::agent {

using RequestId = std::uint64_t;   ///< a request of the agent's own; never used twice in an incarnation
using ExchangeId = std::uint64_t;  ///< a client's request; named by whoever carries it
using TimerId = std::uint64_t;     ///< setting a timer again moves it
using DiskJobId = std::uint64_t;
using LoadId = std::uint64_t;

/// First event of an incarnation: what lies in the persistence directory.
struct Started {
    std::vector<PersistedFile> persisted;
};
/// The complete reply to a Send.
struct Responded {
    RequestId request = 0;
    http::Response response;
};
/// No complete reply to a Send: refused, reset, timed out, cut short.
struct RequestFailed {
    RequestId request = 0;
    std::string reason;
};
struct TimerFired {
    TimerId timer = 0;
};
/// A client asks: a decision, health, status. Answered by exactly one Reply, in the same call.
struct RequestArrived {
    ExchangeId exchange = 0;
    http::Request request;
};
/// All steps of a Persist are done, or one failed and the rest were not tried.
struct Persisted {
    DiskJobId job = 0;
    std::optional<std::string> error;
};
/// What became of a Load.
struct LoadDone {
    LoadId job = 0;
    Result<std::shared_ptr<const Loaded>> loaded;
};
/// Stop in good order (SIGTERM): downloads end, what is buffered of the decision log is uploaded, then
/// Stopped. Whoever carries the agent limits how long that may take.
struct StopRequested {};

using Event = std::variant<Started, Responded, RequestFailed, TimerFired, RequestArrived, Persisted, LoadDone,
                           StopRequested>;

struct Send {
    RequestId request = 0;
    std::string service;  ///< a name of Config::services; the request's target is below its url
    http::Request message;
    std::optional<Duration>
        header_timeout;  ///< until the reply's headers are read; absent: wait for ever (long poll)
};
/// The answer is not wanted any more; neither Responded nor RequestFailed follows.
struct Cancel {
    RequestId request = 0;
};
struct SetTimer {
    TimerId timer = 0;
    MonoTime at;
};
struct CancelTimer {
    TimerId timer = 0;
};
struct Persist {
    DiskJobId job = 0;
    std::string bundle;
    std::vector<DiskStep> steps;
};
/// Read this archive with a Loader and say LoadDone; decisions go on meanwhile. Only with
/// `Setup::loads_outside`.
struct Load {
    LoadId job = 0;
    http::Body archive;
    bundle::ArchiveLimits limits;
};
struct Reply {
    ExchangeId exchange = 0;
    http::Response response;
};
struct LogLine {
    enum class Level : std::uint8_t { debug, info, warning, error };
    Level level = Level::info;
    std::string message;
};
/// Nothing is left to do.
struct Stopped {};

using Action = std::variant<Send, Cancel, SetTimer, CancelTimer, Persist, Load, Reply, LogLine, Stopped>;
using Actions = std::vector<Action>;

/// What an incarnation is made of.
struct Setup {
    Config config;
    Json document = Json::object();  ///< data given on the command line, outside every bundle's roots
    std::uint64_t seed = 0;          ///< of its delays and its ids
    std::string name = "agent";      ///< names the random streams
    std::string version = "mistrial-0.1.0";
    std::shared_ptr<Behaviour> behaviour;  ///< null: the correct agent
    std::shared_ptr<Loader> loader;        ///< null: one of its own
    /// Downloaded archives are loaded by whoever carries the agent, in its own time (Load, LoadDone), instead
    /// of within the call that brings them. What was persisted is loaded by `loader` in any case.
    bool loads_outside = false;
};

/// One incarnation, from Started to its death or Stopped. Used by one thread. What survives it is on the
/// disk.
class Agent {
  public:
    explicit Agent(Setup setup);
    ~Agent();
    Agent(Agent&&) noexcept;
    Agent& operator=(Agent&&) noexcept;

    /// Takes one event and tells what is to be done, in this order. `clocks` are the node's, read when the
    /// event came.
    [[nodiscard]] Actions on(Event event, const Clocks& clocks);

    /// What decisions are made from now; never null.
    [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;

    /// Whether every configured bundle has been activated once.
    [[nodiscard]] bool ready() const;

  private:
    class Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace mistrial::agent
