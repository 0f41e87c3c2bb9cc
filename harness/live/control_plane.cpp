#include "harness/live/control_plane.hpp"

#include "engine/defects/defects.hpp"
#include "harness/driver/log_reading.hpp"

namespace mistrial::live {

shell::Observer ControlPlane::observer(const std::string& name) {
    return {[this](net::SteadyTime time) { return queue_.true_time(time); },
            [this, name](TrueTime, history::Value value) { queue_.post(world::observation(name, std::move(value))); }};
}

Result<net::Endpoint> ControlPlane::keep(Result<std::unique_ptr<shell::ControlPlaneServer>> server, const std::string& name) {
    if (!server) return with_context(name, server.error());
    servers_.push_back(std::move(*server));
    return servers_.back()->endpoint();
}

Result<net::Endpoint> ControlPlane::open_authority(const scenario::AuthorityNode& node) {
    const auto port = ports_.take();
    if (!port) return port.error();
    control_plane::AuthorityConfig config;
    config.name = node.name;
    config.behaviour = defects::authority_behaviour(node.defect.value_or(""));
    return keep(shell::ControlPlaneServer::authority(loop_, {"127.0.0.1", *port}, config, observer(node.name)),
                node.name);
}

Result<net::Endpoint> ControlPlane::open_mirror(const scenario::MirrorNode& node, const net::Endpoint& upstream) {
    const auto port = ports_.take();
    if (!port) return port.error();
    return keep(shell::ControlPlaneServer::mirror(
                    loop_, {"127.0.0.1", *port},
                    {node.name, node.ttl, defects::mirror_behaviour(node.defect.value_or(""))}, upstream, observer(node.name)),
                node.name);
}

Result<net::Endpoint> ControlPlane::open_sink(const std::string& name, const scenario::SinkNode& node,
                                              const workload::Workload& workload) {
    const auto port = ports_.take();
    if (!port) return port.error();
    control_plane::SinkConfig config;
    config.name = name;
    config.behaviour = defects::sink_behaviour(node.defect.value_or(""));
    config.reading = driver::log_reading(workload);
    return keep(shell::ControlPlaneServer::sink(loop_, {"127.0.0.1", *port}, config, observer(name)), name);
}

}  // namespace mistrial::live
