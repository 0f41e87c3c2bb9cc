#pragma once

#include "core/net/tcp_proxy.hpp"

#include <deque>
#include <memory>
#include <string>

namespace mistrial::nemesis {

/// One proxied edge: `client` connects to `server`. Ends are node names ("a1", "cdn2", "primary"), or "clients",
/// "status", "logs".
struct Edge {
    std::string client;
    std::string server;
    std::unique_ptr<net::TcpProxy> proxy;
};

/// The edges of a fleet. Lives on the loop of its proxies.
class Edges {
  public:
    /// Returns where `client` has to connect to reach `server`.
    [[nodiscard]] Result<net::Endpoint> add(net::Loop& loop, std::string client, std::string server,
                                            const net::Endpoint& on, const net::Endpoint& upstream);

    [[nodiscard]] std::deque<Edge>& all() { return edges_; }
    [[nodiscard]] Edge* find(const std::string& client, const std::string& server);
    void clear() { edges_.clear(); }

  private:
    std::deque<Edge> edges_;  ///< a deque: edges stay where they are
};

}  // namespace mistrial::nemesis
