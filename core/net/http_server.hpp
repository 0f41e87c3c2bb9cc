#pragma once

#include "core/net/endpoint.hpp"
#include "core/net/http_message.hpp"
#include "core/net/loop.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace mistrial::net {

/// What became of an answer. `complete`: every byte was handed to the kernel (the client may still never read
/// it).
struct Sent {
    SteadyTime began;         ///< just before the first byte of the answer was written
    SteadyTime ended;         ///< just after the last one was, or the connection failed
    int status = 0;           ///< of the answer
    std::uint64_t bytes = 0;  ///< of the body, handed to the kernel
    bool complete = false;
};

/// The duty to answer one request: a handle, cheap to copy, used on the loop's thread. It may be kept and
/// answered later (long polling); the first answer counts, further ones are ignored. When the last copy is
/// gone without an answer, the connection is closed without a word. It may outlive its server.
class Responder {
  public:
    using OnSent = std::function<void(const Sent&)>;

    /// How a deliberately incomplete answer ends.
    enum class Ending {
        stall,  ///< nothing more is sent; the connection stays open until the client closes it or the server
                ///< stops
        close,  ///< FIN
        reset,  ///< RST
    };

    Responder() = default;

    /// Answers. `on_sent` is called exactly once, after the last byte was handed to the kernel or the
    /// connection failed (also when it had failed before; also when the server stops; not when the loop is
    /// destroyed).
    void send(HttpResponse response, OnSent on_sent = {});

    /// Sends the header block and only the first `body_bytes` of the body that it announces, then `ending`.
    void send_part(HttpResponse response, std::size_t body_bytes, Ending ending, OnSent on_sent = {});

    /// Ends the connection without an answer: `close` or `reset` (`stall` leaves it open, unanswered).
    void drop(Ending ending);

    /// Called once when the client closes its side or the connection fails before an answer was given; at
    /// once (from the loop) if that has happened. An answer may still be tried: a client that closed only its
    /// sending side gets it.
    void on_gone(std::function<void()> function);

    /// Not answered yet, and the connection is there.
    [[nodiscard]] bool open() const;
    /// The client's address; empty for a default-constructed Responder.
    [[nodiscard]] Endpoint peer() const;

    struct State;
    explicit Responder(std::shared_ptr<State> state) : state_(std::move(state)) {}

  private:
    std::shared_ptr<State> state_;
};

struct HttpServerLimits {
    std::size_t sessions = 1024;                 ///< further connections wait in the kernel's queue
    std::size_t header_bytes = 64 * 1024;        ///< more is answered with 431
    std::size_t body_bytes = 256 * 1024 * 1024;  ///< more is answered with 413
    Duration idle = std::chrono::minutes{10};    ///< a kept-alive connection without a request is closed
    Duration receive = std::chrono::minutes{1};  ///< from a request's first byte to its last
    Duration send = std::chrono::minutes{5};     ///< from an answer's first byte to its last
};

/// An HTTP/1.1 server: keep-alive, one request at a time on each connection, answers whenever they are ready.
/// The destructor closes every connection; no callback runs after it, except `on_sent` of answers under way.
class HttpServer {
  public:
    using Handler = std::function<void(const HttpRequest&, Responder)>;

    /// Listens. Errors: `127.0.0.1:8181: address in use`, and the like.
    [[nodiscard]] static Result<std::unique_ptr<HttpServer>> listen(Loop& loop, const Endpoint& on,
                                                                    Handler handler,
                                                                    HttpServerLimits limits = {});
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Where it listens, with the port that was given to it.
    [[nodiscard]] const Endpoint& endpoint() const;
    /// Connections that are open now.
    [[nodiscard]] std::size_t sessions() const;

    /// Stops listening, closes every connection, calls `on_stopped` (from the loop) when all of them have
    /// ended.
    void stop(std::function<void()> on_stopped = {});

    struct Impl;

  private:
    explicit HttpServer(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace mistrial::net
