#pragma once

#include "engine/shell/control_plane_shell.hpp"
#include "harness/live/event_queue.hpp"
#include "harness/live/ports.hpp"
#include "harness/scenario/plan.hpp"
#include "harness/workload/workload.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mistrial::live {

/// Authority, mirrors and sinks of a live run, inside mistrial, each on a port of its own; what they see goes to the
/// queue. Lives on the control loop.
class ControlPlane {
  public:
    ControlPlane(net::Loop& loop, EventQueue& queue, PortAllocator& ports) : loop_(loop), queue_(queue), ports_(ports) {}

    /// Each returns where the server listens.
    [[nodiscard]] Result<net::Endpoint> open_authority(const scenario::AuthorityNode& node);
    /// `upstream`: the edge that leads to its authority.
    [[nodiscard]] Result<net::Endpoint> open_mirror(const scenario::MirrorNode& node, const net::Endpoint& upstream);
    [[nodiscard]] Result<net::Endpoint> open_sink(const std::string& name, const scenario::SinkNode& node,
                                                  const workload::Workload& workload);

  private:
    [[nodiscard]] shell::Observer observer(const std::string& name);
    [[nodiscard]] Result<net::Endpoint> keep(Result<std::unique_ptr<shell::ControlPlaneServer>> server,
                                             const std::string& name);

    net::Loop& loop_;
    EventQueue& queue_;
    PortAllocator& ports_;
    std::vector<std::unique_ptr<shell::ControlPlaneServer>> servers_;
};

}  // namespace mistrial::live
