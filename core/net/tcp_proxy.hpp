#pragma once

#include "core/net/endpoint.hpp"
#include "core/net/loop.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace mistrial::net {

/// What is done to one direction of an edge.
enum class Cut {
    none,
    stall,       ///< bytes are held and delivered on heal; new connections are accepted and held
    black_hole,  ///< the same for what is established; new SYNs are dropped, so that connecting times out
    refuse,      ///< established connections are reset once; new ones are refused
    reset,       ///< established connections are reset, and each new one as soon as it is accepted
};

/// One mode a direction. `refuse` and `reset` concern connections, hence both directions, whichever has them;
/// `refuse` wins over `reset`. SYNs are dropped, and connections held before they reach the upstream, only
/// when `to_upstream` is cut. With only `to_client` cut, connections are made, requests arrive, answers are
/// held.
struct EdgeCut {
    Cut to_upstream = Cut::none;
    Cut to_client = Cut::none;

    [[nodiscard]] static EdgeCut both(Cut cut) { return {cut, cut}; }
    friend bool operator==(const EdgeCut&, const EdgeCut&) = default;
};

struct DirectionCounters {
    std::uint64_t forwarded = 0;  ///< bytes handed to the kernel of the receiving side
    std::uint64_t held =
        0;  ///< bytes that reached the proxy and were kept back by a cut, released later or not
};

/// Every number only grows; a fault's effect is the difference between two readings. They are what the edge
/// itself can see: a refused connect leaves no trace here (the kernel answers it alone, and counts it nowhere
/// by port), so that `refuse` is proved by the other side, or by `accepted` standing still.
struct ProxyCounters {
    std::uint64_t accepted = 0;         ///< connections taken from the listener
    std::uint64_t forwarded = 0;        ///< ... that were then connected to the upstream
    std::uint64_t upstream_failed = 0;  ///< ... that the upstream refused, or that could not reach it
    std::uint64_t held_connects = 0;    ///< ... that were held before the upstream was asked
    std::uint64_t reset = 0;            ///< ... that a fault has reset
    std::uint64_t dropped_syns = 0;  ///< SYNs dropped by the kernel at a black-holed listener; a connecting
                                     ///< client sends one about each second
    DirectionCounters to_upstream;
    DirectionCounters to_client;
};

/// One edge: listens, and forwards every connection to the upstream, with faults that can be switched at any
/// time. Half-close is forwarded; a reset on one side becomes a reset on the other; an upstream that refuses
/// becomes a reset of the client. What a cut direction would have carried (bytes, end, reset) waits until it
/// is healed.
/// Limits: bytes that the kernel took before a cut still reach their receiver. A connect that a black hole
/// has kept waiting gets in with its next SYN after the heal: within about a second, later (the kernel backs
/// off) when it has waited for more than five.
class TcpProxy {
  public:
    /// Listens on `on`. Port 0 takes a free port. Errors: `127.0.0.1:9001: address in use`, and the like.
    [[nodiscard]] static Result<std::unique_ptr<TcpProxy>> listen(Loop& loop, const Endpoint& on,
                                                                  const Endpoint& upstream);
    /// Resets every connection.
    ~TcpProxy();
    TcpProxy(const TcpProxy&) = delete;
    TcpProxy& operator=(const TcpProxy&) = delete;

    /// Changes the edge; in force when it returns (and, for a black hole, read back from the kernel). An
    /// error leaves the edge as it was.
    [[nodiscard]] Result<> set(EdgeCut cut);
    [[nodiscard]] Result<> heal() { return set({}); }
    [[nodiscard]] EdgeCut cut() const;

    [[nodiscard]] const Endpoint& endpoint() const;
    [[nodiscard]] const Endpoint& upstream() const;
    /// Where connections go from now on; those that exist stay where they are. Error: not a numeric address.
    [[nodiscard]] Result<> set_upstream(const Endpoint& upstream);

    [[nodiscard]] ProxyCounters counters() const;
    /// Connections that exist now, held ones included.
    [[nodiscard]] std::size_t connections() const;

    /// Stops listening, resets every connection, calls `on_stopped` (from the loop) when all of them have
    /// ended.
    void stop(std::function<void()> on_stopped = {});

    struct Impl;

  private:
    explicit TcpProxy(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace mistrial::net
