#pragma once

#include "engine/control_plane/authority.hpp"
#include "engine/control_plane/mirror.hpp"
#include "engine/control_plane/sinks.hpp"
#include "harness/sim/network.hpp"
#include "harness/sim/scheduler.hpp"

#include <functional>
#include <map>
#include <string>
#include <variant>

namespace mistrial::sim {

/// One server of the control plane on a machine of its own: carries the core's actions.
class ServerNode {
  public:
    using Core = std::variant<control_plane::Authority, control_plane::Mirror, control_plane::Sink>;
    using Observe = std::function<void(history::Value)>;

    ServerNode(std::string name, Core core, std::string upstream, Scheduler& scheduler, Network& network,
               WallTime wall_at_zero, Observe observe);
    ServerNode(const ServerNode&) = delete;
    ServerNode& operator=(const ServerNode&) = delete;

  private:
    void take(const control_plane::Event& event);
    void perform(control_plane::Action& action);

    std::string name_;
    Core core_;
    std::string upstream_;  ///< of a mirror
    Scheduler& scheduler_;
    Network& network_;
    WallTime wall_at_zero_;
    Observe observe_;
    std::map<control_plane::ExchangeId, TrueTime> began_;
    std::map<control_plane::TimerId, Scheduler::EventId> timers_;
};

}  // namespace mistrial::sim
