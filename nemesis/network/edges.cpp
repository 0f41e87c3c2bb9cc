#include "nemesis/network/edges.hpp"

namespace mistrial::nemesis {

Result<net::Endpoint> Edges::add(net::Loop& loop, std::string client, std::string server, const net::Endpoint& on,
                                 const net::Endpoint& upstream) {
    auto proxy = net::TcpProxy::listen(loop, on, upstream);
    if (!proxy) return with_context(fmt::format("edge {} to {}", client, server), proxy.error());
    const net::Endpoint endpoint = (*proxy)->endpoint();
    edges_.push_back({std::move(client), std::move(server), std::move(*proxy)});
    return endpoint;
}

Edge* Edges::find(const std::string& client, const std::string& server) {
    for (Edge& edge : edges_)
        if (edge.client == client && edge.server == server) return &edge;
    return nullptr;
}

}  // namespace mistrial::nemesis
