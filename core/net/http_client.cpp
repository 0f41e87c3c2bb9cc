#include "core/net/http_client.hpp"

#include "core/net/deadline.hpp"
#include "core/net/http_reader.hpp"
#include "core/net/task_group.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <unordered_set>

namespace mistrial::net {

namespace {

constexpr std::size_t read_size = 32 * 1024;
/// Bodies up to this size are copied behind the head, so that a request is one buffer and one system call.
constexpr std::size_t small_body = 4 * 1024;

class Connection;

}  // namespace

struct HttpCall::State {
    HttpCallbacks callbacks;
    std::weak_ptr<Connection> connection;
    Duration timeout{};
    bool head = false;
    bool wrote = false;
    bool over = false;

    [[nodiscard]] HttpOutcome::Kind known() const {
        return wrote ? HttpOutcome::Kind::unknown : HttpOutcome::Kind::not_sent;
    }
    void finish(HttpOutcome outcome) {
        if (over) return;
        over = true;
        const auto on_done = std::exchange(callbacks, {}).on_done;
        if (on_done) on_done(std::move(outcome));
    }
    void fail(std::string why) { finish({known(), {}, std::move(why)}); }
};

struct HttpClient::Impl : std::enable_shared_from_this<HttpClient::Impl> {
    Impl(Loop& of, Endpoint endpoint, HttpClientLimits bounds)
        : loop(of.impl()),
          to(std::move(endpoint)),
          limits(bounds),
          host(to_string(to)),
          address(to_asio(to)),
          clock(std::make_shared<DeadlineClock>(loop)),
          tasks(loop) {}

    /// The youngest idle connection that is still there, or null.
    std::shared_ptr<Connection> take_idle();
    void forget(Connection& connection);
    void close_all();
    void post_failure(std::shared_ptr<HttpCall::State> call, std::string why);

    Loop::Impl& loop;
    Endpoint to;
    HttpClientLimits limits;
    std::string host;
    Result<asio::ip::tcp::endpoint> address;
    std::shared_ptr<DeadlineClock> clock;
    std::vector<std::shared_ptr<Connection>> idle;
    std::unordered_set<Connection*> open;
    std::uint64_t connects = 0;
    bool destroyed = false;
    TaskGroup tasks;
};

namespace {

/// One connection of a pool: made for a request, kept alive between requests, with one read always pending,
/// which takes the response and notices that the server closes. Requests are written at once, without a task
/// switch.
class Connection final : public TaskOwner, public std::enable_shared_from_this<Connection> {
  public:
    explicit Connection(std::shared_ptr<HttpClient::Impl> pool)
        : pool_(std::move(pool)),
          socket_(pool_->loop.executor()),
          deadline_(pool_->clock, [this] { on_deadline(); }),
          in_(read_size) {}

    /// Takes the call and renders the request; it is written when the connection is there.
    void assign(const HttpRequest& request, std::shared_ptr<HttpCall::State> call) {
        const auto now = std::chrono::steady_clock::now();
        call->connection = weak_from_this();
        head_.clear();
        body_.clear();
        write_head(head_, request, pool_->host);
        if (request.body.size() <= small_body) {
            head_.append(request.body);
        } else {
            body_ = request.body;
        }
        response_ = {};
        parser_.emplace(response_);
        limit_parser();
        if (call->head) parser_->skip(true);
        deadline_.set(deadline_after(now, call->timeout));
        call_ = std::move(call);
    }

    /// Connects, writes the request assigned, then reads until the end.
    static Task<> run(std::shared_ptr<Connection> self) {
        const auto [error] = co_await self->socket_.async_connect(*self->pool_->address, as_values);
        if (self->closed_) co_return;
        if (error) {
            self->end(fmt::format("connecting to {}: {}", self->pool_->host, words_of(error)));
            co_return;
        }
        ErrorCode ignored;
        self->socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
        self->socket_.non_blocking(true, ignored);
        self->connected_ = true;
        self->write();
        while (!self->closed_) {
            const auto [failure, bytes] = co_await self->socket_.async_read_some(self->in_.room(), as_values);
            if (self->closed_) break;
            self->in_.filled(bytes);
            if (failure) {
                self->on_end_of_input(failure);
            } else {
                self->on_input();
            }
        }
    }

    /// Writes the request assigned, as much as the kernel takes now; the rest is left to a task.
    void write() {
        const auto call = call_;
        if (call->callbacks.on_first_write) call->callbacks.on_first_write();
        if (closed_ || call_ != call) return;
        const std::array<asio::const_buffer, 2> buffers{asio::buffer(head_), asio::buffer(body_)};
        ErrorCode error;
        written_ = body_.empty() ? socket_.write_some(buffers[0], error) : socket_.write_some(buffers, error);
        if (written_ > 0) call->wrote = true;
        if (error == asio::error::would_block) error = {};
        if (error) {
            asio::post(pool_->loop.executor(), [self = shared_from_this(), call, error = error] {
                if (self->call_ == call && !self->closed_)
                    self->end("writing the request: " + words_of(error));
            });
        } else if (written_ < head_.size() + body_.size()) {
            writing_ = true;
            pool_->tasks.spawn(shared_from_this(), write_rest(shared_from_this()));
        }
    }

    /// Whether an idle connection is still usable: nothing to read, neither an end nor stray bytes.
    [[nodiscard]] bool alive() {
        if (closed_) return false;
        if (just_used_) return true;
        char byte;
        const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    }

    /// Ends the connection and, with it, the request that it carries.
    void end(std::string why) {
        const auto call = std::exchange(call_, nullptr);
        close();
        if (call) call->fail(std::move(why));
    }

    [[nodiscard]] std::shared_ptr<HttpCall::State> release_call() { return std::exchange(call_, nullptr); }

    /// Without a word to whoever waits for the response.
    void close() override {
        if (std::exchange(closed_, true)) return;
        if (const auto call = std::exchange(call_, nullptr)) {
            call->over = true;
            call->callbacks = {};
        }
        deadline_.clear();
        ErrorCode ignored;
        socket_.close(ignored);
        pool_->forget(*this);
    }

  private:
    static Task<> write_rest(std::shared_ptr<Connection> self) {
        const auto call = self->call_;
        while (!self->closed_ && self->written_ < self->head_.size() + self->body_.size()) {
            const std::size_t in_body =
                self->written_ < self->head_.size() ? 0 : self->written_ - self->head_.size();
            const std::array<asio::const_buffer, 2> buffers{asio::buffer(self->head_) + self->written_,
                                                            asio::buffer(self->body_) + in_body};
            const auto [error, bytes] = co_await self->socket_.async_write_some(buffers, as_values);
            if (self->closed_) break;
            self->written_ += bytes;
            if (bytes > 0) call->wrote = true;
            if (error) {
                // The response may have come before the server stopped reading; the reader decides.
                self->write_error_ = "writing the request: " + words_of(error);
                break;
            }
        }
        self->writing_ = false;
    }

    void limit_parser() {
        parser_->header_limit(static_cast<std::uint32_t>(pool_->limits.header_bytes));
        parser_->body_limit(pool_->limits.body_bytes);
    }

    void on_input() {
        if (!call_) {  // bytes that nobody asked for
            close();
            return;
        }
        ErrorCode error;
        while (in_.parse(*parser_, error)) {
            const bool interim = response_.status >= 100 && response_.status < 200 && response_.status != 101;
            if (!interim) {
                complete(parser_->keep_alive());
                return;
            }
            response_ = {};
            parser_.emplace(response_);
            limit_parser();
        }
        if (error) end("malformed response: " + error.message());
    }

    void on_end_of_input(const ErrorCode& failure) {
        if (!call_) {
            close();
            return;
        }
        ErrorCode error;
        if (failure == asio::error::eof && parser_->got_some()) {
            parser_->put_eof(error);
            if (!error && parser_->is_done()) {
                complete(false);
                return;
            }
            end("the response was cut short: connection closed by the other side");
        } else if (!write_error_.empty()) {
            end(write_error_);
        } else {
            end("reading the response: " + words_of(failure));
        }
    }

    void complete(bool keep_alive) {
        const auto call = std::exchange(call_, nullptr);
        deadline_.clear();
        if (keep_alive && !writing_ && in_.empty()) {
            pool_->idle.push_back(shared_from_this());
        } else {
            close();
        }
        // A request made inside on_done follows the response at once: that the server is there needs no
        // asking.
        just_used_ = true;
        call->finish({HttpOutcome::Kind::complete, std::move(response_), {}});
        just_used_ = false;
    }

    void on_deadline() {
        const auto self = shared_from_this();
        if (!call_) return;
        const auto after = format_duration(call_->timeout);
        end(connected_ ? fmt::format("no complete response within {}", after)
                       : fmt::format("connecting to {}: no answer within {}", pool_->host, after));
    }

    const std::shared_ptr<HttpClient::Impl> pool_;
    TcpSocket socket_;
    Deadline deadline_;
    ReadBuffer in_;
    std::string head_;
    std::string body_;
    std::size_t written_ = 0;
    std::string write_error_;
    HttpResponse response_;
    std::optional<MessageParser<false>> parser_;
    std::shared_ptr<HttpCall::State> call_;
    bool just_used_ = false;
    bool connected_ = false;
    bool writing_ = false;
    bool closed_ = false;
};

}  // namespace

std::string_view to_string(HttpOutcome::Kind kind) {
    switch (kind) {
        case HttpOutcome::Kind::complete:
            return "complete";
        case HttpOutcome::Kind::not_sent:
            return "not sent";
        case HttpOutcome::Kind::unknown:
            return "unknown";
    }
    return "?";
}

HttpOutcome::Kind HttpCall::cancel() {
    const auto call = state_.lock();
    if (!call || call->over) return HttpOutcome::Kind::complete;
    const auto known = call->known();
    call->over = true;
    if (const auto connection = call->connection.lock()) connection->end("cancelled");
    return known;
}

bool HttpCall::pending() const {
    const auto call = state_.lock();
    return call && !call->over;
}

std::shared_ptr<Connection> HttpClient::Impl::take_idle() {
    while (!idle.empty()) {
        const auto connection = std::move(idle.back());
        idle.pop_back();
        if (connection->alive()) return connection;
        connection->close();
    }
    return nullptr;
}

void HttpClient::Impl::forget(Connection& connection) {
    open.erase(&connection);
    std::erase_if(idle, [&](const auto& other) { return other.get() == &connection; });
}

void HttpClient::Impl::close_all() {
    for (Connection* connection : std::vector(open.begin(), open.end())) {
        auto call = connection->release_call();
        connection->close();
        if (call) post_failure(std::move(call), "closed by the caller");
    }
}

void HttpClient::Impl::post_failure(std::shared_ptr<HttpCall::State> call, std::string why) {
    asio::post(loop.executor(), [self = shared_from_this(), call = std::move(call), why = std::move(why)] {
        if (!self->destroyed && !self->loop.closing) call->fail(why);
    });
}

HttpClient::HttpClient(Loop& loop, Endpoint to, HttpClientLimits limits)
    : impl_(std::make_shared<Impl>(loop, std::move(to), limits)) {}

HttpClient::~HttpClient() {
    impl_->destroyed = true;
    impl_->tasks.cancel();
}

HttpCall HttpClient::request(const HttpRequest& request, Duration timeout, HttpCallbacks callbacks) {
    auto call = std::make_shared<HttpCall::State>();
    call->callbacks = std::move(callbacks);
    call->timeout = timeout;
    call->head = request.method == "HEAD";
    HttpCall handle{call};

    if (const auto connection = impl_->take_idle()) {
        connection->assign(request, std::move(call));
        connection->write();
    } else if (!impl_->address) {
        impl_->post_failure(std::move(call), impl_->address.error().message);
    } else if (impl_->open.size() >= impl_->limits.connections) {
        impl_->post_failure(std::move(call), fmt::format("all {} connections to {} are busy",
                                                         impl_->open.size(), impl_->host));
    } else {
        ++impl_->connects;
        const auto fresh = std::make_shared<Connection>(impl_);
        impl_->open.insert(fresh.get());
        fresh->assign(request, std::move(call));
        impl_->tasks.spawn(fresh, Connection::run(fresh));
    }
    return handle;
}

const Endpoint& HttpClient::endpoint() const { return impl_->to; }
std::size_t HttpClient::busy() const { return impl_->open.size() - impl_->idle.size(); }
std::size_t HttpClient::idle() const { return impl_->idle.size(); }
std::uint64_t HttpClient::connects() const { return impl_->connects; }

void HttpClient::close_idle() {
    for (const auto& connection : std::vector(impl_->idle)) connection->close();
}

void HttpClient::close_all() { impl_->close_all(); }

}  // namespace mistrial::net
