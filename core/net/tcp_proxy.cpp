#include "core/net/tcp_proxy.hpp"

#include "core/net/proxy_stream.hpp"

#include <boost/asio/error.hpp>

#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstring>

namespace mistrial::net {

namespace {

/// As many as the kernel allows: a burst of clients must not lose SYNs, and with them a second each, unless a fault says so.
constexpr int backlog = asio::socket_base::max_listen_connections;
/// How long accepting waits when the process has no descriptor left.
constexpr auto descriptor_pause = std::chrono::milliseconds{20};
/// The handshake of the filler goes over loopback; it takes microseconds, unless the machine is very busy.
constexpr auto filler_limit = std::chrono::milliseconds{250};

/// Listeners that refuse keep their port only if it was named to bind().
Result<TcpAcceptor> listen_by_name(Loop::Impl& loop, const Endpoint& on) {
    if (on.port != 0) return open_listener(loop, on, backlog);
    constexpr int attempts = 20;
    for (int i = 1;; ++i) {
        Endpoint named = on;
        {
            auto probe = open_listener(loop, on, backlog);
            if (!probe) return probe;
            named.port = probe->local_endpoint().port();
        }
        auto acceptor = open_listener(loop, named, backlog);
        if (acceptor || i == attempts) return acceptor;
    }
}

/// SYNs and connections that this listener has dropped since it was made.
std::uint32_t drops_of(int listener) {
    std::uint32_t memory[SK_MEMINFO_VARS] = {};
    socklen_t size = sizeof(memory);
    if (::getsockopt(listener, SOL_SOCKET, SO_MEMINFO, memory, &size) != 0) return 0;
    return size > SK_MEMINFO_DROPS * sizeof(std::uint32_t) ? memory[SK_MEMINFO_DROPS] : 0;
}

/// The kernel's own word on whether a listener drops SYNs now: more connections wait than its backlog allows.
bool queue_is_full(int listener) {
    tcp_info info{};
    socklen_t size = sizeof(info);
    // For a listening socket these two fields are the length of the accept queue and its bound.
    return ::getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_state == TCP_LISTEN && info.tcpi_unacked > info.tcpi_sacked;
}

enum class Listening { normally, black_hole, refusing };

Listening wanted_for(EdgeCut cut) {
    if (cut.to_upstream == Cut::refuse || cut.to_client == Cut::refuse) return Listening::refusing;
    if (cut.to_upstream == Cut::reset || cut.to_client == Cut::reset) return Listening::normally;
    return cut.to_upstream == Cut::black_hole ? Listening::black_hole : Listening::normally;
}

bool resets(EdgeCut cut) {
    return cut.to_upstream == Cut::reset || cut.to_client == Cut::reset || cut.to_upstream == Cut::refuse ||
           cut.to_client == Cut::refuse;
}

}  // namespace

struct TcpProxy::Impl : std::enable_shared_from_this<TcpProxy::Impl> {
    Impl(Loop::Impl& of, TcpAcceptor listener)
        : loop(of),
          acceptor(std::move(listener)),
          filler(of.executor()),
          changed(of.executor(), SteadyTime::max()),
          edge(std::make_shared<ProxyEdge>(of)) {}

    static Task<> accept(std::shared_ptr<Impl> self);
    bool accept_waiting();
    void take(TcpSocket client, bool held_in_queue);
    Result<> set(EdgeCut cut);
    Result<> change_listening(Listening to);
    Result<> make_black_hole();
    Result<> listen_normally();
    void count_drops();
    void stop();

    Loop::Impl& loop;
    TcpAcceptor acceptor;
    TcpSocket filler;  ///< our own connection that fills a black hole's queue
    asio::ip::tcp::endpoint filler_address;
    Listening listening = Listening::normally;
    std::uint32_t drops_seen = 0;
    SteadyTimer changed;  ///< cancelled when listening starts again or stops
    Endpoint where;
    std::shared_ptr<ProxyEdge> edge;
    bool stopped = false;
};

namespace {

class Accepting final : public TaskOwner {
  public:
    explicit Accepting(std::shared_ptr<TcpProxy::Impl> proxy) : proxy_(std::move(proxy)) {}
    void close() override { proxy_->stop(); }

  private:
    std::shared_ptr<TcpProxy::Impl> proxy_;
};

}  // namespace

Task<> TcpProxy::Impl::accept(std::shared_ptr<Impl> self) {
    while (!self->stopped) {
        if (self->listening != Listening::normally) {
            co_await self->changed.async_wait(as_values);
            continue;
        }
        co_await self->acceptor.async_wait(asio::socket_base::wait_read, as_values);
        if (self->stopped || self->listening != Listening::normally) continue;
        if (!self->accept_waiting()) {
            SteadyTimer pause(self->loop.executor(), descriptor_pause);
            co_await pause.async_wait(as_values);
        }
    }
}

/// Takes every connection that waits, except the filler. False when the process has no descriptor left.
bool TcpProxy::Impl::accept_waiting() {
    const bool was_black_hole = listening == Listening::black_hole;
    for (;;) {
        TcpSocket client(loop.executor());
        asio::ip::tcp::endpoint peer;
        ErrorCode error;
        acceptor.accept(client, peer, error);
        if (error == asio::error::connection_aborted || error == asio::error::interrupted) continue;
        if (error) return error == asio::error::would_block;
        if (filler.is_open() && peer == filler_address) continue;
        take(std::move(client), was_black_hole);
    }
}

void TcpProxy::Impl::take(TcpSocket client, bool held_in_queue) {
    ++edge->counters.accepted;
    if (resets(edge->cut)) {
        ++edge->counters.reset;
        close_with_reset(client);
        return;
    }
    if (held_in_queue && !edge->is_cut(Direction::to_upstream)) ++edge->counters.held_connects;
    std::make_shared<ProxyStream>(edge, std::move(client))->start();
}

Result<> TcpProxy::Impl::set(EdgeCut cut) {
    if (stopped) return fail("{}: the proxy has been stopped", to_string(where));
    const EdgeCut before = edge->cut;
    if (cut == before) return {};
    // First, so that what is accepted on the way is treated as the new cut demands.
    edge->cut = cut;
    if (auto changed_to = change_listening(wanted_for(cut)); !changed_to) {
        edge->cut = before;
        return with_context(to_string(where), changed_to.error());
    }
    for (ProxyStream* stream : std::vector(edge->streams.begin(), edge->streams.end())) {
        if (resets(cut)) {
            ++edge->counters.reset;
            stream->close();
        } else {
            stream->cut_changed();
        }
    }
    return {};
}

Result<> TcpProxy::Impl::change_listening(Listening to) {
    if (to == listening) return {};
    if (listening != Listening::normally) {
        if (auto normal = listen_normally(); !normal) return normal;
    }
    if (to == Listening::normally) return {};

    ErrorCode error;
    acceptor.cancel(error);
    accept_waiting();
    if (to == Listening::black_hole) return make_black_hole();
    // The kernel answers SYNs to a bound port that does not listen with RST.
    if (::shutdown(acceptor.native_handle(), SHUT_RD) != 0) return fail("shutdown: {}", std::strerror(errno));
    listening = Listening::refusing;
    return {};
}

Result<> TcpProxy::Impl::make_black_hole() {
    const int listener = acceptor.native_handle();
    ErrorCode error;
    acceptor.listen(0, error);
    if (error) return fail("listen: {}", words_of(error));
    listening = Listening::black_hole;

    const auto here = acceptor.local_endpoint();
    if (!queue_is_full(listener)) {
        filler.open(here.protocol(), error);
        if (!error) filler.non_blocking(true, error);
        if (!error) filler.bind({here.address(), 0}, error);
        if (!error) filler.connect(here, error);
        if (error == asio::error::in_progress || error == asio::error::would_block) error = {};
        if (!error) filler_address = filler.local_endpoint(error);
    }
    const auto give_up = std::chrono::steady_clock::now() + filler_limit;
    while (!error && !queue_is_full(listener) && std::chrono::steady_clock::now() < give_up) {
        pollfd ready{filler.native_handle(), POLLOUT, 0};
        ::poll(&ready, 1, 1);
    }
    if (!queue_is_full(listener)) {
        const auto why = error ? words_of(error) : std::string("the accept queue did not fill");
        if (auto normal = listen_normally(); !normal) return normal;
        return fail("black hole: {}", why);
    }
    drops_seen = drops_of(listener);
    return {};
}

Result<> TcpProxy::Impl::listen_normally() {
    count_drops();
    ErrorCode error;
    acceptor.listen(backlog, error);
    if (error) return fail("listen: {}", words_of(error));
    accept_waiting();
    filler.close(error);
    listening = Listening::normally;
    changed.cancel();
    return {};
}

void TcpProxy::Impl::count_drops() {
    if (listening != Listening::black_hole) return;
    const auto now = drops_of(acceptor.native_handle());
    edge->counters.dropped_syns += now - drops_seen;
    drops_seen = now;
}

void TcpProxy::Impl::stop() {
    if (std::exchange(stopped, true)) return;
    count_drops();
    ErrorCode ignored;
    acceptor.close(ignored);
    filler.close(ignored);
    changed.cancel();
    edge->tasks.cancel();
}

Result<std::unique_ptr<TcpProxy>> TcpProxy::listen(Loop& loop, const Endpoint& on, const Endpoint& upstream) {
    const auto upstream_address = to_asio(upstream);
    if (!upstream_address) return upstream_address.error();
    auto acceptor = listen_by_name(loop.impl(), on);
    if (!acceptor) return acceptor.error();
    auto impl = std::make_shared<Impl>(loop.impl(), std::move(*acceptor));
    impl->where = from_asio(impl->acceptor.local_endpoint());
    impl->edge->upstream = upstream;
    impl->edge->upstream_address = *upstream_address;
    impl->edge->tasks.spawn(std::make_shared<Accepting>(impl), Impl::accept(impl));
    return std::unique_ptr<TcpProxy>(new TcpProxy(std::move(impl)));
}

TcpProxy::TcpProxy(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

TcpProxy::~TcpProxy() { impl_->stop(); }

Result<> TcpProxy::set(EdgeCut cut) { return impl_->set(cut); }
EdgeCut TcpProxy::cut() const { return impl_->edge->cut; }
const Endpoint& TcpProxy::endpoint() const { return impl_->where; }
const Endpoint& TcpProxy::upstream() const { return impl_->edge->upstream; }

Result<> TcpProxy::set_upstream(const Endpoint& upstream) {
    const auto address = to_asio(upstream);
    if (!address) return address.error();
    impl_->edge->upstream = upstream;
    impl_->edge->upstream_address = *address;
    return {};
}

ProxyCounters TcpProxy::counters() const {
    impl_->count_drops();
    ProxyCounters counters = impl_->edge->counters;
    for (ProxyStream* stream : impl_->edge->streams) {
        counters.to_upstream.held += stream->waiting_bytes(Direction::to_upstream);
        counters.to_client.held += stream->waiting_bytes(Direction::to_client);
    }
    return counters;
}

std::size_t TcpProxy::connections() const { return impl_->edge->streams.size(); }

void TcpProxy::stop(std::function<void()> on_stopped) {
    impl_->stop();
    if (on_stopped) impl_->edge->tasks.when_empty(std::move(on_stopped));
}

}  // namespace mistrial::net
