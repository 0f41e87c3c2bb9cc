#pragma once

#include "core/net/endpoint.hpp"
#include "core/net/loop.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <unordered_set>

/// Inside this folder only: Asio with concrete executor types (the type-erased ones cost an indirect call
/// each).
namespace mistrial::net {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

using Executor = asio::io_context::executor_type;
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using TcpAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using SteadyTimer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                               asio::wait_traits<std::chrono::steady_clock>, Executor>;

template <class T = void>
using Task = asio::awaitable<T, Executor>;

/// Errors come back as values: `auto [error, bytes] = co_await socket.async_read_some(buffer, as_values);`
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> as_values{};

class TaskGroup;

struct Loop::Impl {
    asio::io_context context{1};
    asio::executor_work_guard<Executor> work{context.get_executor()};
    std::unordered_set<TaskGroup*> groups;  ///< that have tasks
    std::atomic<bool> stopping{false};
    bool closing = false;  ///< in the destructor: users' functions are no longer called

    [[nodiscard]] Executor executor() { return context.get_executor(); }
};

[[nodiscard]] Result<asio::ip::tcp::endpoint> to_asio(const Endpoint& endpoint);
[[nodiscard]] Endpoint from_asio(const asio::ip::tcp::endpoint& endpoint);

/// `error` in the words of the system, in lower case: "address in use", "connection refused".
[[nodiscard]] std::string words_of(const ErrorCode& error);

/// Opens, binds and listens. Errors name the endpoint.
[[nodiscard]] Result<TcpAcceptor> open_listener(Loop::Impl& loop, const Endpoint& on, int backlog);

/// Closes a socket so that the other side sees RST.
void close_with_reset(TcpSocket& socket);

}  // namespace mistrial::net
