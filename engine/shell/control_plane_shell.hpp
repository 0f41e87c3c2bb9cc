#pragma once

#include "core/history/operation.hpp"
#include "core/net/endpoint.hpp"
#include "core/net/loop.hpp"
#include "engine/control_plane/authority.hpp"
#include "engine/control_plane/mirror.hpp"
#include "engine/control_plane/sinks.hpp"

#include <functional>
#include <memory>

/// Puts a control-plane core on a port. Lives on one Loop, as everything of core/net does: made, used and
/// destroyed on its thread.
namespace mistrial::shell {

struct Observer {
    /// Turns instants of the steady clock into the run's time.
    std::function<TrueTime(net::SteadyTime)> true_time;
    /// Told of every Serve, Status, Log and LogUpload, on the loop's thread, with the record's time: a Serve
    /// and a LogUpload when the reply was handed to the kernel or broke off, the others when the request had
    /// arrived.
    std::function<void(TrueTime, history::Value)> observed;
};

class ControlPlaneServer {
  public:
    [[nodiscard]] static Result<std::unique_ptr<ControlPlaneServer>> authority(
        net::Loop& loop, const net::Endpoint& on, control_plane::AuthorityConfig config, Observer observer);
    /// `upstream` is the authority, or the edge that leads to it.
    [[nodiscard]] static Result<std::unique_ptr<ControlPlaneServer>> mirror(
        net::Loop& loop, const net::Endpoint& on, control_plane::MirrorConfig config,
        const net::Endpoint& upstream, Observer observer,
        Duration upstream_timeout = std::chrono::seconds(10));
    [[nodiscard]] static Result<std::unique_ptr<ControlPlaneServer>> sink(net::Loop& loop,
                                                                          const net::Endpoint& on,
                                                                          control_plane::SinkConfig config,
                                                                          Observer observer);

    virtual ~ControlPlaneServer() = default;

    /// Where it listens.
    [[nodiscard]] virtual const net::Endpoint& endpoint() const = 0;
    /// Stops listening and closes every connection; nothing is observed any more.
    virtual void stop() = 0;
};

}  // namespace mistrial::shell
