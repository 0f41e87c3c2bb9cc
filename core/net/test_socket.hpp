#pragma once

#include "core/net/endpoint.hpp"
#include "core/net/loop_thread.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <utility>

/// For tests only: the other side of a connection, in plain blocking system calls, so that what the library
/// does is seen from outside. Every call gives up after `patience`.
namespace mistrial::net::testing {

inline constexpr auto patience = std::chrono::seconds{10};

class TestSocket {
  public:
    TestSocket() = default;
    explicit TestSocket(int fd) : fd_(fd) {
        const int on = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    TestSocket(TestSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    TestSocket& operator=(TestSocket&& other) noexcept {
        close();
        fd_ = std::exchange(other.fd_, -1);
        return *this;
    }
    ~TestSocket() { close(); }

    /// The errno of connecting; 0 when connected, ETIMEDOUT when nothing answered within `limit`.
    static std::pair<TestSocket, int> try_connect(const Endpoint& to,
                                                  std::chrono::milliseconds limit = patience) {
        TestSocket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const sockaddr_in address = address_of(to);
        if (::connect(socket.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
            if (errno != EINPROGRESS) return {TestSocket(), errno};
            if (!socket.wait(POLLOUT, limit)) return {std::move(socket), ETIMEDOUT};
        }
        int error = 0;
        socklen_t size = sizeof(error);
        ::getsockopt(socket.fd_, SOL_SOCKET, SO_ERROR, &error, &size);
        ::fcntl(socket.fd_, F_SETFL, 0);
        return {std::move(socket), error};
    }
    static TestSocket connect(const Endpoint& to) {
        auto [socket, error] = try_connect(to);
        EXPECT_EQ(error, 0) << "connecting to " << to_string(to);
        return std::move(socket);
    }
    static TestSocket listen() {
        TestSocket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const sockaddr_in address = address_of({});
        EXPECT_EQ(::bind(socket.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
        EXPECT_EQ(::listen(socket.fd_, 16), 0);
        return socket;
    }

    [[nodiscard]] Endpoint endpoint() const {
        sockaddr_in address{};
        socklen_t size = sizeof(address);
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
        return {"127.0.0.1", ntohs(address.sin_port)};
    }
    [[nodiscard]] TestSocket accept() {
        if (!wait(POLLIN)) {
            ADD_FAILURE() << "nobody connects";
            return {};
        }
        return TestSocket(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
    }
    void send(std::string_view text) {
        EXPECT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    }
    /// Reads until `text` has been seen; returns everything read.
    std::string receive_until(std::string_view text) {
        std::string all;
        while (all.find(text) == std::string::npos) {
            const auto more = receive();
            if (!more || more->empty()) {
                ADD_FAILURE() << "wanted " << text << ", got " << all;
                break;
            }
            all += *more;
        }
        return all;
    }
    /// Reads until the other side ends; returns everything read.
    std::string receive_all() {
        std::string all;
        for (;;) {
            const auto more = receive();
            if (!more || more->empty()) return all;
            all += *more;
        }
    }
    /// Some bytes; empty at the end; nothing after an error (see `error`) or when nothing came.
    std::optional<std::string> receive() {
        char buffer[65536];
        if (!wait(POLLIN)) {
            error_ = ETIMEDOUT;
            return std::nullopt;
        }
        const auto got = ::recv(fd_, buffer, sizeof(buffer), MSG_DONTWAIT);
        if (got < 0) {
            error_ = errno;
            return std::nullopt;
        }
        return std::string(buffer, static_cast<std::size_t>(got));
    }
    /// True when the other side ends the connection by RST, after whatever bytes.
    [[nodiscard]] bool sees_reset() {
        receive_all();
        return error_ == ECONNRESET;
    }
    [[nodiscard]] bool sees_end() { return receive() == std::string(); }
    /// Whether anything (bytes, end, error) can be read now.
    [[nodiscard]] bool readable() { return wait(POLLIN, std::chrono::milliseconds{0}); }

    void finish_sending() { ::shutdown(fd_, SHUT_WR); }
    void reset() {
        const linger hard{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
        close();
    }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    [[nodiscard]] int fd() const { return fd_; }

  private:
    static sockaddr_in address_of(const Endpoint& endpoint) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(endpoint.port);
        ::inet_pton(AF_INET, endpoint.address.c_str(), &address.sin_addr);
        return address;
    }
    bool wait(short event, std::chrono::milliseconds limit = patience) const {
        pollfd entry{fd_, event, 0};
        return ::poll(&entry, 1, static_cast<int>(limit.count())) > 0;
    }

    int fd_ = -1;
    int error_ = 0;
};

/// An address on which nobody listens.
inline Endpoint nobody() {
    const auto listener = TestSocket::listen();
    return listener.endpoint();
}

/// A value that a callback on another thread will give.
template <class T>
class Expected {
  public:
    void give(T value) { promise_.set_value(std::move(value)); }
    [[nodiscard]] T take() {
        if (future_.wait_for(patience) != std::future_status::ready) {
            ADD_FAILURE() << "the callback was not called";
            return T{};
        }
        return future_.get();
    }
    [[nodiscard]] bool given() const {
        return future_.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
    }

  private:
    std::promise<T> promise_;
    std::future<T> future_ = promise_.get_future();
};

/// Asks the loop again and again, until `condition` holds there; false when it never does.
template <class Condition>
[[nodiscard]] bool comes_true(LoopThread& thread, Condition condition) {
    const auto give_up = std::chrono::steady_clock::now() + patience;
    while (!thread.call(condition)) {
        if (std::chrono::steady_clock::now() > give_up) return false;
        std::this_thread::yield();
    }
    return true;
}

}  // namespace mistrial::net::testing
