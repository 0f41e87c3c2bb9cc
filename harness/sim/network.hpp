#pragma once

#include "core/net/tcp_proxy.hpp"
#include "engine/http_message.hpp"
#include "harness/sim/scheduler.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mistrial::sim {

/// HTTP over TCP between named nodes, with fixed delays and cuts that mean what the live proxy's mean: what a stalled or
/// black-holed edge holds is delivered on heal; a connect into a black hole waits for the next retransmission of its SYN;
/// refuse and reset end what is under way.
class Network {
  public:
    using CallId = std::uint64_t;
    using ExchangeId = std::uint64_t;

    struct Caller {
        std::function<void()> on_first_write;
        std::function<void(http::Response)> on_response;
        /// `sent`: whether a byte of the request was written.
        std::function<void(std::string reason, bool sent)> on_failed;
    };
    struct Server {
        std::function<void(ExchangeId, const std::string& client, const http::Request&)> on_request;
        std::function<void(ExchangeId)> on_closed;
    };
    struct Counters {
        std::uint64_t carried = 0;   ///< requests and responses delivered
        std::uint64_t held = 0;      ///< ... held by a cut, delivered later or not
        std::uint64_t refused = 0;   ///< connects refused, reset or dropped by a cut, and calls that one broke
    };

    explicit Network(Scheduler& scheduler) : scheduler_(scheduler) {}
    /// How long a message takes one way, uniform in [min, max]: message n of an edge has draw n of the edge's own stream.
    void set_delays(Duration min, Duration max, std::uint64_t seed);

    /// A server that is not up refuses connections.
    void listen(const std::string& server, Server callbacks) { servers_[server] = std::move(callbacks); }
    void close(const std::string& server);

    CallId call(const std::string& client, const std::string& server, http::Request request,
                std::optional<Duration> response_within, Caller caller);
    /// Neither callback of the call is called any more.
    void cancel(CallId id);
    /// Every call that `client` has under way is gone without a callback.
    void client_died(const std::string& client);
    void reply(ExchangeId exchange, http::Response response);

    void cut(const std::string& client, const std::string& server, const net::EdgeCut& cut);
    /// Whether a request on this edge has been sent and not been answered.
    [[nodiscard]] bool is_under_way(const std::string& client, const std::string& server) const;
    [[nodiscard]] Counters counters(const std::string& client, const std::string& server) const;
    [[nodiscard]] const std::map<std::pair<std::string, std::string>, Counters>& all_counters() const { return counters_; }

  private:
    using EdgeName = std::pair<std::string, std::string>;
    struct Call {
        EdgeName edge;
        http::Request request;
        std::optional<Duration> response_within;
        Caller caller;
        bool sent = false;
        bool arrived = false;
        std::optional<Scheduler::EventId> timeout;
        int tries = 0;
    };
    struct Edge {
        net::EdgeCut cut;
        bool established = false;
        std::vector<std::function<void()>> held_up, held_down;
        std::uint64_t messages = 0;  ///< whose delay has been drawn
    };

    void connect(CallId id);
    [[nodiscard]] Duration delay_on(const std::pair<std::string, std::string>& edge);
    void send(CallId id);
    void arrive(CallId id);
    void deliver(CallId id, http::Response response);
    void fail_call(CallId id, std::string reason);
    /// Holds `delivery` on a cut direction; false when the direction is open.
    bool hold(Edge& edge, bool up, std::function<void()> delivery, const EdgeName& name);

    Scheduler& scheduler_;
    Duration delay_min_{}, delay_max_{};
    std::uint64_t delay_seed_ = 0;
    std::map<std::string, Server> servers_;
    std::map<CallId, Call> calls_;
    std::map<EdgeName, Edge> edges_;
    std::map<EdgeName, Counters> counters_;
    CallId next_ = 1;
};

}  // namespace mistrial::sim
