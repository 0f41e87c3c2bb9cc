#pragma once

#include "core/net/endpoint.hpp"
#include "core/net/http_message.hpp"
#include "core/net/loop.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace mistrial::net {

/// What is known about a request when it is over. The three are exact: nothing is guessed and nothing
/// retried.
struct HttpOutcome {
    enum class Kind {
        complete,  ///< the whole response was read
        not_sent,  ///< certainly without effect: no byte of the request was written
        unknown,   ///< a byte was written, and no whole response was read (timeout, reset, truncated,
                   ///< malformed)
    };

    Kind kind = Kind::not_sent;
    HttpResponse response;  ///< meaningful when complete
    std::string error;      ///< why not, otherwise

    [[nodiscard]] bool complete() const { return kind == Kind::complete; }
};

[[nodiscard]] std::string_view to_string(HttpOutcome::Kind kind);

/// A request under way; a cheap handle that may be dropped (the request goes on) and may outlive its client.
class HttpCall {
  public:
    HttpCall() = default;

    /// Ends the request and closes its connection; none of its callbacks is called from now on. Returns what
    /// was known: `not_sent` or `unknown`; `complete` if the request was over before (and nothing was done).
    HttpOutcome::Kind cancel();
    [[nodiscard]] bool pending() const;

    struct State;
    explicit HttpCall(std::weak_ptr<State> state) : state_(std::move(state)) {}

  private:
    std::weak_ptr<State> state_;
};

struct HttpClientLimits {
    std::size_t connections = 16;
    std::size_t header_bytes = 64 * 1024;
    std::size_t body_bytes = 256 * 1024 * 1024;
};

struct HttpCallbacks {
    /// Immediately before the first byte of the request is written, on a connected socket: the place to stamp
    /// the invocation. Not called when nothing is written. It must not destroy the client nor cancel this
    /// request.
    std::function<void()> on_first_write;
    /// Once, immediately after the last byte of the response was read, or when the request has failed. Never
    /// inside `request`. May start the next request and may destroy the client.
    std::function<void(HttpOutcome)> on_done;
};

/// A pool of kept-alive HTTP/1.1 connections to one endpoint: one pool an agent, so that a slow one starves
/// no other. Connections are made when needed and used last in, first out. A pooled connection that is found
/// closed before anything was written is replaced by a fresh one; everything after a written byte is reported
/// as it is. The destructor closes every connection; no callback is called after it.
class HttpClient {
  public:
    HttpClient(Loop& loop, Endpoint to, HttpClientLimits limits = {});
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// Sends `request` on an idle or a new connection; `not_sent` when `limits.connections` are busy.
    /// `timeout` covers connecting, writing and reading; a request that it ends closes its connection.
    HttpCall request(const HttpRequest& request, Duration timeout, HttpCallbacks callbacks);

    [[nodiscard]] const Endpoint& endpoint() const;
    /// Connections that carry a request, the ones that are being made included.
    [[nodiscard]] std::size_t busy() const;
    [[nodiscard]] std::size_t idle() const;
    /// Connections that were made since construction: shows whether keep-alive works.
    [[nodiscard]] std::uint64_t connects() const;

    void close_idle();
    /// Closes every connection; requests under way end as `not_sent` or `unknown`, "closed by the caller".
    void close_all();

    struct Impl;

  private:
    std::shared_ptr<Impl> impl_;
};

}  // namespace mistrial::net
