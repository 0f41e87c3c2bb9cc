#include "core/net/http_server.hpp"

#include "core/net/deadline.hpp"
#include "core/net/http_reader.hpp"
#include "core/net/task_group.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>

#include <array>
#include <optional>

namespace mistrial::net {

namespace {

constexpr std::size_t read_size = 16 * 1024;
/// How long an answer to a request that was refused half-read waits for the client to take it.
constexpr auto farewell = std::chrono::seconds{2};
/// How long accepting waits when the process has no descriptor left.
constexpr auto descriptor_pause = std::chrono::milliseconds{20};

bool expects_continue(const HttpRequest& request) {
    const auto expected = request.headers.find("Expect");
    return expected && boost::beast::iequals(*expected, "100-continue");
}

bool says_close(const Headers& headers) {
    const auto connection = headers.find("Connection");
    return connection && boost::beast::iequals(*connection, "close");
}

class Session;

/// What a Responder decided.
struct Answer {
    HttpResponse response;
    Responder::OnSent on_sent;
    std::optional<std::size_t> body_bytes;  ///< fewer than the body has: a deliberate stump
    Responder::Ending ending = Responder::Ending::close;
    bool silent = false;  ///< nothing is sent, only `ending`
};

}  // namespace

/// One request's duty to be answered, shared by all copies of its Responder. The session looks at it, but
/// does not own it, so that the last copy's end is noticed.
struct Responder::State {
    ~State();

    void answer(Answer answer);

    Loop::Impl* loop = nullptr;
    Session* session = nullptr;  ///< null once answered or when the connection has ended
    Endpoint peer;
    std::function<void()> on_gone;
    bool gone = false;
    bool answered = false;
};

struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
    Impl(Loop& of, TcpAcceptor listener, Handler to, HttpServerLimits bounds)
        : loop(of.impl()),
          acceptor(std::move(listener)),
          slot(loop.executor()),
          handler(std::make_shared<const Handler>(std::move(to))),
          limits(bounds),
          clock(std::make_shared<DeadlineClock>(loop)),
          tasks(loop) {}

    static Task<> accept(std::shared_ptr<Impl> self);
    void session_ended() {
        --sessions;
        slot.cancel();
    }
    void stop() {
        stopping = true;
        handler.reset();
        tasks.cancel();
    }

    Loop::Impl& loop;
    TcpAcceptor acceptor;
    SteadyTimer slot;  ///< waited for when there are enough sessions
    std::shared_ptr<const Handler> handler;
    HttpServerLimits limits;
    Endpoint where;
    std::shared_ptr<DeadlineClock> clock;
    std::size_t sessions = 0;
    bool stopping = false;
    TaskGroup tasks;
};

namespace {

class Accepting final : public TaskOwner {
  public:
    explicit Accepting(std::shared_ptr<HttpServer::Impl> server) : server_(std::move(server)) {}
    void close() override {
        ErrorCode ignored;
        server_->acceptor.close(ignored);
        server_->slot.cancel();
    }

  private:
    std::shared_ptr<HttpServer::Impl> server_;
};

/// One connection: reads a request, has it answered, writes the answer, and again.
class Session final : public TaskOwner, public std::enable_shared_from_this<Session> {
  public:
    Session(std::shared_ptr<HttpServer::Impl> server, TcpSocket socket, Endpoint peer)
        : server_(std::move(server)),
          socket_(std::move(socket)),
          peer_(std::move(peer)),
          deadline_(server_->clock, [this] { close(); }),
          answered_(server_->loop.executor()),
          in_(read_size) {
        ++server_->sessions;
    }
    ~Session() override { detach(); }

    static Task<> run(std::shared_ptr<Session> self) {
        while (!self->closed_) {
            HttpRequest request;
            MessageParser<true> parser(request);
            parser.header_limit(static_cast<std::uint32_t>(self->server_->limits.header_bytes));
            parser.body_limit(self->server_->limits.body_bytes);
            const bool whole = co_await read(self, parser, request);
            if (!whole) break;
            self->keep_alive_ = parser.keep_alive();
            self->to_head_ = request.method == "HEAD";
            self->hand_over(request);
            co_await await_answer(self);
            if (self->closed_ || !self->answer_) break;
            const bool go_on = co_await send_answer(self);
            if (!go_on) break;
        }
        self->lose_answer();
        self->close();
    }

    void close() override {
        if (std::exchange(closed_, true)) return;
        answered_.cancel();
        ErrorCode ignored;
        socket_.close(ignored);
        server_->session_ended();
    }

    void take(Answer answer) {
        detach();
        answer_ = std::move(answer);
        wake();
    }
    void abandon() {
        state_.reset();
        abandoned_ = true;
        wake();
    }

  private:
    /// Reads one request. False when the connection is to end; a request that cannot be read is answered
    /// first.
    static Task<bool> read(std::shared_ptr<Session> self, MessageParser<true>& parser,
                           const HttpRequest& request) {
        const auto& limits = self->server_->limits;
        bool begun = false;
        bool continued = false;
        for (;;) {
            ErrorCode error;
            if (!self->in_.empty()) {
                if (!std::exchange(begun, true)) {
                    self->deadline_.set(deadline_after(std::chrono::steady_clock::now(), limits.receive));
                }
                if (self->in_.parse(parser, error)) {
                    self->deadline_.clear();
                    co_return true;
                }
                if (error) {
                    co_await refuse(self, error);
                    co_return false;
                }
                if (!continued && parser.is_header_done()) {
                    continued = true;
                    if (expects_continue(request)) {
                        constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
                        co_await asio::async_write(self->socket_, asio::buffer(go_on), as_values);
                    }
                }
            } else if (!begun) {
                self->deadline_.set(deadline_after(std::chrono::steady_clock::now(), limits.idle));
            }
            const auto [failure, bytes] = co_await self->socket_.async_read_some(self->in_.room(), as_values);
            if (failure || self->closed_) co_return false;
            self->in_.filled(bytes);
        }
    }

    void hand_over(const HttpRequest& request) {
        answer_.reset();
        abandoned_ = false;
        auto state = std::make_shared<Responder::State>();
        state->loop = &server_->loop;
        state->session = this;
        state->peer = peer_;
        state_ = state;
        // Held, since the handler may destroy the server.
        const auto handler = server_->handler;
        if (handler) (*handler)(request, Responder(std::move(state)));
    }

    /// Waits for the answer, and meanwhile notices when the client goes away.
    static Task<> await_answer(std::shared_ptr<Session> self) {
        bool watching = self->in_.empty();
        while (!self->closed_ && !self->answer_ && !self->abandoned_) {
            if (!watching) {
                self->answered_.expires_at(SteadyTime::max());
                co_await self->answered_.async_wait(as_values);
                continue;
            }
            self->watching_ = true;
            const auto [error] = co_await self->socket_.async_wait(asio::socket_base::wait_read, as_values);
            self->watching_ = false;
            if (self->closed_ || self->answer_ || self->abandoned_) co_return;
            if (error == asio::error::operation_aborted) continue;
            char byte;
            const auto got = ::recv(self->socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
            if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) continue;
            watching = false;  // the next request, or the end: neither is news twice
            if (got <= 0) self->client_gone();
        }
    }

    void client_gone() {
        const auto state = state_.lock();
        if (!state) return;
        state->gone = true;
        if (const auto on_gone = std::exchange(state->on_gone, nullptr)) on_gone();
    }

    /// Writes the answer; true when the connection can take another request.
    static Task<bool> send_answer(std::shared_ptr<Session> self) {
        Answer& answer = *self->answer_;
        if (answer.silent) {
            co_await finish(self, answer.ending);
            co_return false;
        }
        const auto& body = answer.response.body;
        const bool bodiless = self->to_head_ || !may_have_body(answer.response.status);
        const std::size_t whole = bodiless ? 0 : body.size();
        const std::size_t wanted = std::min(answer.body_bytes.value_or(whole), whole);
        const bool stump = answer.body_bytes.has_value();
        const bool keep_alive = self->keep_alive_ && !stump && !says_close(answer.response.headers);
        self->head_.clear();
        write_head(self->head_, answer.response, self->keep_alive_, self->to_head_);

        const auto [sent, failed] =
            co_await write(self, answer.response.status, {body.data(), wanted}, whole);
        const auto ending = answer.ending;
        const auto on_sent = std::exchange(answer.on_sent, nullptr);
        self->answer_.reset();
        if (on_sent && !self->server_->loop.closing) on_sent(sent);
        if (failed || self->closed_) co_return false;
        if (stump) co_await finish(self, ending);
        co_return keep_alive && !self->closed_;
    }

    struct Written {
        Sent sent;
        bool failed = false;
    };

    /// Writes the head and so much of a body of `whole` bytes.
    static Task<Written> write(std::shared_ptr<Session> self, int status, std::string_view body,
                               std::size_t whole) {
        Written written;
        Sent& sent = written.sent;
        sent.status = status;
        sent.began = std::chrono::steady_clock::now();
        const WithDeadline limit(self->deadline_, deadline_after(sent.began, self->server_->limits.send));
        const std::array<asio::const_buffer, 2> buffers{asio::buffer(self->head_), asio::buffer(body)};
        const auto [error, bytes] = co_await asio::async_write(self->socket_, buffers, as_values);
        sent.ended = std::chrono::steady_clock::now();
        sent.bytes = bytes > self->head_.size() ? bytes - self->head_.size() : 0;
        written.failed = static_cast<bool>(error);
        sent.complete = !error && body.size() == whole;
        co_return written;
    }

    /// Ends the connection as a fault demands.
    static Task<> finish(std::shared_ptr<Session> self, Responder::Ending ending) {
        if (ending == Responder::Ending::reset) {
            close_with_reset(self->socket_);
        } else if (ending == Responder::Ending::stall) {
            co_await drain(self);
        }
    }

    /// Reads and forgets until the client closes.
    static Task<> drain(std::shared_ptr<Session> self) {
        std::array<char, 4096> ignored;
        while (!self->closed_) {
            const auto [error, bytes] =
                co_await self->socket_.async_read_some(asio::buffer(ignored), as_values);
            if (error) break;
        }
    }

    /// Answers a request that cannot be read, and lets the client take the answer before the connection ends.
    static Task<> refuse(std::shared_ptr<Session> self, ErrorCode error) {
        using Http = boost::beast::http::error;
        HttpResponse response;
        response.status = error == Http::header_limit ? 431 : error == Http::body_limit ? 413 : 400;
        response.body = error.message();
        std::string text;
        write_head(text, response, false);
        text += response.body;
        const WithDeadline limit(self->deadline_, deadline_after(std::chrono::steady_clock::now(), farewell));
        const auto [failure, bytes] =
            co_await asio::async_write(self->socket_, asio::buffer(text), as_values);
        if (failure || self->closed_) co_return;
        ErrorCode ignored;
        self->socket_.shutdown(asio::socket_base::shutdown_send, ignored);
        co_await drain(self);
    }

    void wake() {
        answered_.cancel();
        if (watching_) {
            ErrorCode ignored;
            socket_.cancel(ignored);
        }
    }

    void detach() {
        if (const auto state = state_.lock()) state->session = nullptr;
        state_.reset();
    }

    /// An answer that was given, and whose connection ended before it was sent.
    void lose_answer() {
        if (!answer_) return;
        const auto on_sent = std::exchange(answer_->on_sent, nullptr);
        const int status = answer_->response.status;
        answer_.reset();
        const auto now = std::chrono::steady_clock::now();
        if (on_sent && !server_->loop.closing) on_sent({now, now, status, 0, false});
    }

    const std::shared_ptr<HttpServer::Impl> server_;
    TcpSocket socket_;
    const Endpoint peer_;
    Deadline deadline_;
    SteadyTimer answered_;
    ReadBuffer in_;
    std::string head_;
    std::weak_ptr<Responder::State> state_;
    std::optional<Answer> answer_;
    bool abandoned_ = false;
    bool watching_ = false;
    bool keep_alive_ = false;
    bool to_head_ = false;
    bool closed_ = false;
};

}  // namespace

Responder::State::~State() {
    if (session != nullptr) session->abandon();
}

void Responder::State::answer(Answer answer) {
    if (std::exchange(answered, true)) return;
    if (session != nullptr) {
        std::exchange(session, nullptr)->take(std::move(answer));
    } else if (answer.on_sent) {
        asio::post(loop->executor(),
                   [loop = loop, status = answer.response.status, on_sent = std::move(answer.on_sent)] {
                       const auto now = std::chrono::steady_clock::now();
                       if (!loop->closing) on_sent({now, now, status, 0, false});
                   });
    }
}

void Responder::send(HttpResponse response, OnSent on_sent) {
    if (state_) state_->answer({std::move(response), std::move(on_sent), {}, Ending::close, false});
}

void Responder::send_part(HttpResponse response, std::size_t body_bytes, Ending ending, OnSent on_sent) {
    if (state_) state_->answer({std::move(response), std::move(on_sent), body_bytes, ending, false});
}

void Responder::drop(Ending ending) {
    if (state_) state_->answer({{}, {}, {}, ending, true});
}

void Responder::on_gone(std::function<void()> function) {
    if (!state_) return;
    if (!state_->gone) {
        state_->on_gone = std::move(function);
        return;
    }
    asio::post(state_->loop->executor(), [loop = state_->loop, function = std::move(function)] {
        if (!loop->closing) function();
    });
}

bool Responder::open() const { return state_ && state_->session != nullptr; }

Endpoint Responder::peer() const { return state_ ? state_->peer : Endpoint{"", 0}; }

Task<> HttpServer::Impl::accept(std::shared_ptr<Impl> self) {
    while (!self->stopping) {
        if (self->sessions >= self->limits.sessions) {
            self->slot.expires_at(SteadyTime::max());
            co_await self->slot.async_wait(as_values);
            continue;
        }
        TcpSocket socket(self->loop.executor());
        asio::ip::tcp::endpoint peer;
        const auto [error] = co_await self->acceptor.async_accept(socket, peer, as_values);
        if (self->stopping) break;
        if (error == asio::error::no_descriptors || error == asio::error::no_memory ||
            error == asio::error::no_buffer_space) {
            self->slot.expires_after(descriptor_pause);
            co_await self->slot.async_wait(as_values);
        }
        if (error) continue;
        ErrorCode ignored;
        socket.set_option(asio::ip::tcp::no_delay(true), ignored);
        const auto session = std::make_shared<Session>(self, std::move(socket), from_asio(peer));
        self->tasks.spawn(session, Session::run(session));
    }
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Loop& loop, const Endpoint& on, Handler handler,
                                                       HttpServerLimits limits) {
    auto acceptor = open_listener(loop.impl(), on, asio::socket_base::max_listen_connections);
    if (!acceptor) return acceptor.error();
    auto impl = std::make_shared<Impl>(loop, std::move(*acceptor), std::move(handler), limits);
    impl->where = from_asio(impl->acceptor.local_endpoint());
    impl->tasks.spawn(std::make_shared<Accepting>(impl), Impl::accept(impl));
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { impl_->stop(); }

const Endpoint& HttpServer::endpoint() const { return impl_->where; }
std::size_t HttpServer::sessions() const { return impl_->sessions; }

void HttpServer::stop(std::function<void()> on_stopped) {
    impl_->stop();
    if (on_stopped) impl_->tasks.when_empty(std::move(on_stopped));
}

}  // namespace mistrial::net
