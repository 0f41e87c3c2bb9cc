#include "nemesis/network/edges.hpp"

#include <algorithm>

namespace mistrial::nemesis {

Result<net::Endpoint> Edges::add(net::Loop& loop, std::string client, std::string server, const net::Endpoint& on,
                                 const net::Endpoint& upstream) {
    auto proxy = net::TcpProxy::listen(loop, on, upstream);
    if (!proxy) return with_context(fmt::format("edge {} to {}", client, server), proxy.error());
    const net::Endpoint endpoint = (*proxy)->endpoint();
    edges_.push_back({std::move(client), std::move(server), std::move(*proxy)});
    return endpoint;
}

std::vector<Edge*> Edges::between(const std::vector<std::string>& these, const std::vector<std::string>& those) {
    const auto in = [](const std::vector<std::string>& names, const std::string& name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    std::vector<Edge*> found;
    for (Edge& edge : edges_)
        if ((in(these, edge.client) && in(those, edge.server)) || (in(those, edge.client) && in(these, edge.server)))
            found.push_back(&edge);
    return found;
}

}  // namespace mistrial::nemesis
