#include "core/net/loop.hpp"

#include "core/net/loop_impl.hpp"
#include "core/net/task_group.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace mistrial::net {

struct Timer::State {
    State(Loop::Impl& of, Loop::Function f) : loop(of), timer(of.executor()), function(std::move(f)) {}
    Loop::Impl& loop;
    SteadyTimer timer;
    Loop::Function function;  ///< empty once fired or cancelled
};

Timer& Timer::operator=(Timer&& other) noexcept {
    if (this != &other) {
        cancel();
        state_ = std::move(other.state_);
    }
    return *this;
}

void Timer::cancel() {
    if (const auto state = std::exchange(state_, nullptr); state && state->function) {
        state->timer.cancel();
        const auto dropped = std::exchange(state->function, nullptr);
    }
}

bool Timer::pending() const { return state_ && state_->function; }

struct Watch::State : std::enable_shared_from_this<Watch::State> {
    State(Loop::Impl& of, Loop::Function f) : loop(of), descriptor(of.executor()), function(std::move(f)) {}

    void wait() {
        descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                              [self = shared_from_this()](const ErrorCode& error) {
                                  if (error || !self->active || self->loop.closing) return;
                                  self->function();
                                  if (self->active) self->wait();
                              });
    }

    Loop::Impl& loop;
    asio::posix::basic_stream_descriptor<Executor> descriptor;
    Loop::Function function;
    bool active = true;
};

Watch& Watch::operator=(Watch&& other) noexcept {
    if (this != &other) {
        cancel();
        state_ = std::move(other.state_);
    }
    return *this;
}

void Watch::cancel() {
    if (const auto state = std::exchange(state_, nullptr)) {
        state->active = false;
        ErrorCode ignored;
        state->descriptor.close(ignored);
    }
}

Loop::Loop() : impl_(std::make_unique<Impl>()) {}

Loop::~Loop() {
    impl_->closing = true;
    for (TaskGroup* group : std::vector<TaskGroup*>(impl_->groups.begin(), impl_->groups.end())) {
        group->cancel();
    }
    while (!impl_->groups.empty()) {
        impl_->context.restart();
        impl_->context.run_one();
    }
}

void Loop::run() {
    impl_->context.restart();
    impl_->context.run();
}

bool Loop::run_until(const std::function<bool()>& done, Duration limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    impl_->context.restart();
    while (!done()) {
        if (impl_->context.run_one_until(deadline) == 0) return done();
    }
    return true;
}

void Loop::stop() {
    // Posted rather than done at once, so that a stop before `run` is not undone by its restart.
    if (impl_->stopping.exchange(true)) return;
    asio::post(impl_->context, [impl = impl_.get()] {
        impl->stopping = false;
        impl->context.stop();
    });
}

void Loop::post(Function function) {
    asio::post(impl_->context, [impl = impl_.get(), function = std::move(function)] {
        if (!impl->closing) function();
    });
}

Timer Loop::at(SteadyTime when, Function function) {
    auto state = std::make_shared<Timer::State>(*impl_, std::move(function));
    state->timer.expires_at(when);
    state->timer.async_wait([state](const ErrorCode& error) {
        const auto fire = std::exchange(state->function, nullptr);
        if (!error && fire && !state->loop.closing) fire();
    });
    return Timer(std::move(state));
}

Timer Loop::after(Duration delay, Function function) {
    return at(std::chrono::steady_clock::now() + delay, std::move(function));
}

Result<Watch> Loop::on_readable(int fd, Function function) {
    const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0) return fail("watching descriptor {}: {}", fd, std::strerror(errno));
    auto state = std::make_shared<Watch::State>(*impl_, std::move(function));
    ErrorCode error;
    state->descriptor.assign(own, error);
    if (error) {
        ::close(own);
        return fail("watching descriptor {}: {}", fd, error.message());
    }
    state->wait();
    return Watch(std::move(state));
}

bool Loop::on_this_thread() const { return impl_->context.get_executor().running_in_this_thread(); }

Result<asio::ip::tcp::endpoint> to_asio(const Endpoint& endpoint) {
    ErrorCode error;
    const auto address = asio::ip::make_address(endpoint.address, error);
    if (error) return fail("{}: not a numeric address", to_string(endpoint));
    return asio::ip::tcp::endpoint(address, endpoint.port);
}

Endpoint from_asio(const asio::ip::tcp::endpoint& endpoint) {
    return {endpoint.address().to_string(), endpoint.port()};
}

std::string words_of(const ErrorCode& error) {
    if (error == asio::error::address_in_use) return "address in use";
    if (error == asio::error::eof) return "connection closed by the other side";
    std::string text = error.message();
    if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
    return text;
}

Result<TcpAcceptor> open_listener(Loop::Impl& loop, const Endpoint& on, int backlog) {
    auto where = to_asio(on);
    if (!where) return where.error();
    TcpAcceptor acceptor(loop.executor());
    ErrorCode error;
    acceptor.open(where->protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(*where, error);
    if (!error) acceptor.listen(backlog, error);
    if (!error) acceptor.non_blocking(true, error);
    if (error) return fail("{}: {}", to_string(on), words_of(error));
    return acceptor;
}

void close_with_reset(TcpSocket& socket) {
    ErrorCode ignored;
    if (!socket.is_open()) return;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
}

}  // namespace mistrial::net
