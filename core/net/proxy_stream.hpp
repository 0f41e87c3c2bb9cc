#pragma once

#include "core/net/task_group.hpp"
#include "core/net/tcp_proxy.hpp"

#include <array>
#include <cstddef>
#include <memory>

namespace mistrial::net {

enum class Direction { to_upstream, to_client };

/// What the streams of one edge share: the cut in force, the counters, and where to connect.
struct ProxyEdge {
    explicit ProxyEdge(Loop::Impl& of) : loop(of), tasks(of) {}

    [[nodiscard]] bool is_cut(Direction direction) const {
        return (direction == Direction::to_upstream ? cut.to_upstream : cut.to_client) != Cut::none;
    }
    [[nodiscard]] DirectionCounters& count(Direction direction) {
        return direction == Direction::to_upstream ? counters.to_upstream : counters.to_client;
    }

    Loop::Impl& loop;
    Endpoint upstream;
    asio::ip::tcp::endpoint upstream_address;
    EdgeCut cut;
    ProxyCounters counters;
    std::unordered_set<class ProxyStream*> streams;
    TaskGroup tasks;
};

/// One forwarded connection: two sockets and a pump for each direction. While its direction is cut a pump
/// passes nothing on, neither bytes nor their end nor a reset, and soon stops reading, so that the kernel's
/// buffers fill and the sender is slowed as TCP would slow it.
class ProxyStream final : public TaskOwner, public std::enable_shared_from_this<ProxyStream> {
  public:
    ProxyStream(std::shared_ptr<ProxyEdge> edge, TcpSocket client);

    /// Connects to the upstream and pumps until both directions have ended.
    void start();
    /// To be called after each change of the edge's cut.
    void cut_changed();
    /// Resets both sides.
    void close() override;

    /// Bytes in the kernel's receive queue of a sender whose direction is cut: held, and not yet counted.
    [[nodiscard]] std::uint64_t waiting_bytes(Direction direction);

  private:
    struct Pump {
        Pump(TcpSocket& source, TcpSocket& sink, Loop::Impl& loop)
            : from(source), to(sink), wake(loop.executor(), SteadyTime::max()) {}
        TcpSocket& from;
        TcpSocket& to;
        SteadyTimer wake;      ///< never expires; cancelled when the cut changes
        bool waiting = false;  ///< for the direction to be healed
        bool ended = false;
    };

    static Task<> connect(std::shared_ptr<ProxyStream> self);
    static Task<> pump(std::shared_ptr<ProxyStream> self, Direction direction);
    static Task<> until_open(std::shared_ptr<ProxyStream> self, Direction direction, std::size_t pending);
    void end();
    void forget();
    void count_held(Direction direction);
    [[nodiscard]] Pump& of(Direction direction) { return direction == Direction::to_upstream ? up_ : down_; }

    const std::shared_ptr<ProxyEdge> edge_;
    TcpSocket client_;
    TcpSocket server_;
    Pump up_;
    Pump down_;
    bool closed_ = false;
};

}  // namespace mistrial::net
