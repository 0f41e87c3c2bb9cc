#include "core/net/proxy_stream.hpp"

#include <boost/asio/error.hpp>

namespace mistrial::net {

namespace {

constexpr std::size_t chunk = 64 * 1024;

Direction opposite(Direction direction) {
    return direction == Direction::to_upstream ? Direction::to_client : Direction::to_upstream;
}

}  // namespace

ProxyStream::ProxyStream(std::shared_ptr<ProxyEdge> edge, TcpSocket client)
    : edge_(std::move(edge)),
      client_(std::move(client)),
      server_(edge_->loop.executor()),
      up_(client_, server_, edge_->loop),
      down_(server_, client_, edge_->loop) {
    ErrorCode ignored;
    client_.non_blocking(true, ignored);
    client_.set_option(asio::ip::tcp::no_delay(true), ignored);
    edge_->streams.insert(this);
}

void ProxyStream::start() { edge_->tasks.spawn(shared_from_this(), connect(shared_from_this())); }

void ProxyStream::cut_changed() {
    up_.wake.cancel();
    down_.wake.cancel();
}

void ProxyStream::close() {
    if (closed_) return;
    for (const auto direction : {Direction::to_upstream, Direction::to_client}) {
        if (of(direction).waiting) count_held(direction);
    }
    close_with_reset(client_);
    close_with_reset(server_);
    forget();
}

void ProxyStream::end() {
    // Not a reset: what the kernel still has to send is sent.
    ErrorCode ignored;
    client_.close(ignored);
    server_.close(ignored);
    forget();
}

void ProxyStream::forget() {
    closed_ = true;
    up_.wake.cancel();
    down_.wake.cancel();
    edge_->streams.erase(this);
}

std::uint64_t ProxyStream::waiting_bytes(Direction direction) {
    const Pump& pump = of(direction);
    if (!pump.waiting || !pump.from.is_open()) return 0;
    ErrorCode error;
    const auto bytes = pump.from.available(error);
    return error ? 0 : bytes;
}

void ProxyStream::count_held(Direction direction) {
    edge_->count(direction).held += waiting_bytes(direction);
    of(direction).waiting = false;
}

Task<> ProxyStream::until_open(std::shared_ptr<ProxyStream> self, Direction direction, std::size_t pending) {
    Pump& pump = self->of(direction);
    self->edge_->count(direction).held += pending;
    pump.waiting = true;
    while (!self->closed_ && self->edge_->is_cut(direction)) {
        co_await pump.wake.async_wait(as_values);
    }
    if (pump.waiting) self->count_held(direction);
}

Task<> ProxyStream::connect(std::shared_ptr<ProxyStream> self) {
    ProxyEdge& edge = *self->edge_;
    if (edge.is_cut(Direction::to_upstream)) {
        ++edge.counters.held_connects;
        co_await until_open(self, Direction::to_upstream, 0);
        if (self->closed_) co_return;
    }
    const auto [error] = co_await self->server_.async_connect(edge.upstream_address, as_values);
    if (self->closed_) co_return;
    if (error) {
        ++edge.counters.upstream_failed;
        if (edge.is_cut(Direction::to_client)) co_await until_open(self, Direction::to_client, 0);
        self->close();
        co_return;
    }
    ++edge.counters.forwarded;
    ErrorCode ignored;
    self->server_.non_blocking(true, ignored);
    self->server_.set_option(asio::ip::tcp::no_delay(true), ignored);
    edge.tasks.spawn(self, pump(self, Direction::to_client));
    co_await pump(self, Direction::to_upstream);
}

Task<> ProxyStream::pump(std::shared_ptr<ProxyStream> self, Direction direction) {
    ProxyEdge& edge = *self->edge_;
    Pump& pump = self->of(direction);
    const auto buffer = std::make_unique_for_overwrite<char[]>(chunk);
    while (!self->closed_) {
        const auto [error, bytes] =
            co_await pump.from.async_read_some(asio::buffer(buffer.get(), chunk), as_values);
        if (self->closed_) co_return;
        std::size_t done = 0;
        while (done < bytes) {
            // Asked anew before every write, and every write is done at once: nothing passes after a cut.
            if (edge.is_cut(direction)) co_await until_open(self, direction, bytes - done);
            if (self->closed_) co_return;
            ErrorCode failure;
            const auto written = pump.to.write_some(asio::buffer(buffer.get() + done, bytes - done), failure);
            edge.count(direction).forwarded += written;
            done += written;
            if (failure == asio::error::would_block) {
                co_await pump.to.async_wait(asio::socket_base::wait_write, as_values);
                if (self->closed_) co_return;
            } else if (failure) {
                // The receiver has gone; the sender learns of it by a reset, on the way back.
                if (edge.is_cut(opposite(direction))) co_await until_open(self, opposite(direction), 0);
                self->close();
                co_return;
            }
        }
        if (!error) continue;
        if (edge.is_cut(direction)) co_await until_open(self, direction, 0);
        if (self->closed_) co_return;
        if (error != asio::error::eof) {
            self->close();
            co_return;
        }
        ErrorCode ignored;
        pump.to.shutdown(asio::socket_base::shutdown_send, ignored);
        pump.ended = true;
        if (self->up_.ended && self->down_.ended) self->end();
        co_return;
    }
}

}  // namespace mistrial::net
