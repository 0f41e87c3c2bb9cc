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

}  // namespace mistrial::nemesis
