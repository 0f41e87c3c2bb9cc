#pragma once

#include "core/net/endpoint.hpp"
#include "core/net/loop.hpp"
#include "engine/agent/agent.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace mistrial::shell {

/// A service's url in its parts. Hosts are numeric addresses or `localhost`.
struct ServiceUrl {
    net::Endpoint endpoint;
    std::string prefix;  ///< "" or "/path", before a request's target
    friend bool operator==(const ServiceUrl&, const ServiceUrl&) = default;
};
[[nodiscard]] Result<ServiceUrl> parse_service_url(std::string_view url);

struct AgentOptions {
    net::Endpoint listen{"127.0.0.1", 8181};
    agent::Setup setup;
    Duration grace = std::chrono::seconds(10);  ///< for a stop in good order
    std::function<void(agent::LogLine::Level, std::string_view)> log;
};

/// The embedded agent as a process has it: the core on a port, with connections to its services and files on
/// a disk. Lives on one Loop: made, used and destroyed on its thread. Destroying it is a crash; `stop` is
/// SIGTERM.
class AgentShell {
  public:
    /// Loads what was persisted, listens and starts the core. Errors: the port, a service's url.
    [[nodiscard]] static Result<std::unique_ptr<AgentShell>> start(net::Loop& loop, AgentOptions options);
    virtual ~AgentShell() = default;

    [[nodiscard]] virtual const net::Endpoint& endpoint() const = 0;

    /// Stops listening, flushes the decision log for at most the grace period, then calls `stopped` with
    /// whether all was flushed.
    virtual void stop(std::function<void(bool)> stopped) = 0;
};

}  // namespace mistrial::shell
