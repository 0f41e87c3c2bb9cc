#include "core/net/http_client.hpp"

#include "core/net/http_server.hpp"
#include "core/net/test_socket.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace mistrial::net {
namespace {

using namespace std::chrono_literals;
using testing::comes_true;
using testing::Expected;
using testing::nobody;
using testing::TestSocket;
using Kind = HttpOutcome::Kind;

constexpr std::string_view ok_empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// What one request came to, as its callbacks told.
struct Exchange {
    std::atomic<int> first_writes = 0;
    Expected<HttpOutcome> outcome;
    HttpCall call;
};

/// A client on a thread of its own, and a listening socket on which the test plays the server.
class HttpClientTest : public ::testing::Test {
  protected:
    HttpClientTest() { make(HttpClientLimits{}); }
    ~HttpClientTest() override { destroy(); }

    void make(HttpClientLimits limits) { make(listener_.endpoint(), limits); }
    void make(const Endpoint& to, HttpClientLimits limits = {}) {
        thread_.call([&] { client_ = std::make_unique<HttpClient>(thread_.loop(), to, limits); });
    }
    void destroy() {
        thread_.call([&] { client_.reset(); });
    }
    std::shared_ptr<Exchange> request(HttpRequest request = {}, Duration timeout = testing::patience) {
        auto exchange = std::make_shared<Exchange>();
        thread_.call([&] {
            exchange->call = client_->request(
                request, timeout,
                {[exchange] { ++exchange->first_writes; },
                 [exchange](HttpOutcome outcome) { exchange->outcome.give(std::move(outcome)); }});
        });
        return exchange;
    }
    [[nodiscard]] std::size_t idle() {
        return thread_.call([&] { return client_->idle(); });
    }
    [[nodiscard]] std::uint64_t connects() {
        return thread_.call([&] { return client_->connects(); });
    }

    LoopThread thread_{"client"};
    TestSocket listener_ = TestSocket::listen();
    std::unique_ptr<HttpClient> client_;
};

TEST_F(HttpClientTest, SendsTheRequestAndReturnsTheResponse) {
    const auto exchange =
        request({"POST", "/v1/data", {{"Content-Type", "application/json"}}, "{\"input\":1}"});
    auto server = listener_.accept();
    EXPECT_EQ(server.receive_until("{\"input\":1}"),
              "POST /v1/data HTTP/1.1\r\nHost: " + to_string(listener_.endpoint()) +
                  "\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"input\":1}");
    server.send("HTTP/1.1 200 OK\r\nETag: \"r1\"\r\nContent-Length: 4\r\n\r\ntrue");
    const auto outcome = exchange->outcome.take();
    EXPECT_TRUE(outcome.complete());
    EXPECT_EQ(outcome.response,
              (HttpResponse{200, "OK", {{"ETag", "\"r1\""}, {"Content-Length", "4"}}, "true"}));
    EXPECT_EQ(exchange->first_writes, 1);
}

TEST_F(HttpClientTest, ReadsAResponseThatComesByteByByte) {
    const auto exchange = request();
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    for (const char c : std::string_view(
             "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")) {
        server.send({&c, 1});
    }
    const auto outcome = exchange->outcome.take();
    EXPECT_TRUE(outcome.complete());
    EXPECT_EQ(outcome.response.status, 404);
    EXPECT_EQ(outcome.response.body, "abc");
}

TEST_F(HttpClientTest, SkipsInterimResponses) {
    const auto exchange = request();
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.send("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    EXPECT_EQ(exchange->outcome.take().response.body, "x");
}

TEST_F(HttpClientTest, AResponseMayBeEndedByTheEndOfTheConnection) {
    const auto exchange = request();
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.send("HTTP/1.1 200 OK\r\n\r\nuntil the end");
    server.close();
    const auto outcome = exchange->outcome.take();
    EXPECT_TRUE(outcome.complete());
    EXPECT_EQ(outcome.response.body, "until the end");
    EXPECT_EQ(idle(), 0U);
}

TEST_F(HttpClientTest, TheAnswerToHeadHasNoBody) {
    const auto exchange = request({"HEAD", "/", {}, ""});
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    EXPECT_TRUE(exchange->outcome.take().complete());
    EXPECT_EQ(idle(), 1U);
}

TEST_F(HttpClientTest, ALargeBodyArrivesWhole) {
    const std::string body(8 * 1024 * 1024, 'b');
    const auto exchange = request({"PUT", "/", {}, body});
    auto server = listener_.accept();
    std::string seen = server.receive_until("\r\n\r\n");
    const auto head = seen.find("\r\n\r\n") + 4;
    while (seen.size() < head + body.size()) seen += server.receive().value();
    EXPECT_EQ(seen.substr(head), body);
    server.send(ok_empty);
    EXPECT_TRUE(exchange->outcome.take().complete());
}

TEST_F(HttpClientTest, AResponseGivenBeforeTheRequestWasTakenIsAResponse) {
    const auto exchange = request({"PUT", "/", {}, std::string(32 * 1024 * 1024, 'b')});
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.send("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(exchange->outcome.take().response.status, 413);
    EXPECT_EQ(idle(), 0U) << "half a request is still under way on that connection";
}

// not_sent: certainly without effect

TEST_F(HttpClientTest, ARefusedConnectIsNotSent) {
    make(nobody());
    const auto exchange = request();
    const auto outcome = exchange->outcome.take();
    EXPECT_EQ(outcome.kind, Kind::not_sent);
    EXPECT_NE(outcome.error.find("connection refused"), std::string::npos) << outcome.error;
    EXPECT_EQ(exchange->first_writes, 0);
}

TEST_F(HttpClientTest, AConnectThatIsNotAnsweredInTimeIsNotSent) {
    // A queue of one, filled, never accepted: the kernel drops further SYNs.
    ASSERT_EQ(::listen(listener_.fd(), 0), 0);
    const auto filler = TestSocket::connect(listener_.endpoint());
    const auto exchange = request({}, 50ms);
    const auto outcome = exchange->outcome.take();
    EXPECT_EQ(outcome.kind, Kind::not_sent);
    EXPECT_NE(outcome.error.find("no answer within 50ms"), std::string::npos) << outcome.error;
    EXPECT_EQ(exchange->first_writes, 0);
}

TEST_F(HttpClientTest, ARequestWithoutAFreeConnectionIsNotSent) {
    make(HttpClientLimits{.connections = 1});
    const auto first = request();
    const auto second = request();
    const auto outcome = second->outcome.take();
    EXPECT_EQ(outcome.kind, Kind::not_sent);
    EXPECT_NE(outcome.error.find("busy"), std::string::npos) << outcome.error;
    EXPECT_FALSE(first->outcome.given());
}

TEST_F(HttpClientTest, AnAddressThatIsNoneIsNotSent) {
    make(Endpoint{"nowhere.example", 80});
    EXPECT_EQ(request()->outcome.take().kind, Kind::not_sent);
}

// unknown: a byte was written

TEST_F(HttpClientTest, NoResponseInTimeIsUnknownAndClosesTheConnection) {
    const auto exchange = request({}, 50ms);
    auto server = listener_.accept();
    const auto outcome = exchange->outcome.take();
    EXPECT_EQ(outcome.kind, Kind::unknown);
    EXPECT_NE(outcome.error.find("50ms"), std::string::npos) << outcome.error;
    EXPECT_EQ(exchange->first_writes, 1);
    server.receive_all();
    EXPECT_FALSE(server.readable() && !server.sees_end());
}

TEST_F(HttpClientTest, AResponseThatComesTooSlowlyIsUnknown) {
    const auto exchange = request({}, 50ms);
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    EXPECT_EQ(exchange->outcome.take().kind, Kind::unknown);
}

TEST_F(HttpClientTest, AResetAfterTheRequestIsUnknown) {
    const auto exchange = request();
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.reset();
    const auto outcome = exchange->outcome.take();
    EXPECT_EQ(outcome.kind, Kind::unknown);
    EXPECT_NE(outcome.error.find("reset"), std::string::npos) << outcome.error;
}

TEST_F(HttpClientTest, AnEndBeforeTheResponseIsUnknown) {
    const auto exchange = request();
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.close();
    EXPECT_EQ(exchange->outcome.take().kind, Kind::unknown);
}

TEST_F(HttpClientTest, ATruncatedBodyIsUnknown) {
    const auto exchange = request();
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    server.close();
    const auto outcome = exchange->outcome.take();
    EXPECT_EQ(outcome.kind, Kind::unknown);
    EXPECT_NE(outcome.error.find("cut short"), std::string::npos) << outcome.error;
}

TEST_F(HttpClientTest, ATruncatedChunkedBodyIsUnknown) {
    const auto exchange = request();
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    server.close();
    EXPECT_EQ(exchange->outcome.take().kind, Kind::unknown);
}

TEST_F(HttpClientTest, WhatIsNotHttpIsUnknown) {
    const auto exchange = request();
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.send("SSH-2.0-OpenSSH_9.2\r\n");
    const auto outcome = exchange->outcome.take();
    EXPECT_EQ(outcome.kind, Kind::unknown);
    EXPECT_NE(outcome.error.find("malformed"), std::string::npos) << outcome.error;
}

TEST_F(HttpClientTest, AResponseAboveTheLimitIsUnknown) {
    make(HttpClientLimits{.body_bytes = 5});
    const auto exchange = request();
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef");
    EXPECT_EQ(exchange->outcome.take().kind, Kind::unknown);
}

TEST_F(HttpClientTest, AResetWhileABodyIsBeingWrittenIsUnknown) {
    const auto exchange = request({"PUT", "/", {}, std::string(32 * 1024 * 1024, 'b')});
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.reset();
    EXPECT_EQ(exchange->outcome.take().kind, Kind::unknown);
}

// the pool

TEST_F(HttpClientTest, ReusesAConnection) {
    const auto first = request();
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.send(ok_empty);
    ASSERT_TRUE(first->outcome.take().complete());
    EXPECT_EQ(idle(), 1U);
    const auto second = request();
    server.receive_until("\r\n\r\n");
    server.send(ok_empty);
    EXPECT_TRUE(second->outcome.take().complete());
    EXPECT_EQ(connects(), 1U);
}

TEST_F(HttpClientTest, DoesNotReuseAConnectionThatTheServerWillClose) {
    const auto first = request();
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(first->outcome.take().complete());
    EXPECT_EQ(idle(), 0U);
}

TEST_F(HttpClientTest, AnIdleConnectionThatTheServerClosedIsReplacedBeforeAnythingIsWritten) {
    const auto first = request();
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.send(ok_empty);
    ASSERT_TRUE(first->outcome.take().complete());
    server.close();
    const auto second = request();
    auto fresh = listener_.accept();
    fresh.receive_until("\r\n\r\n");
    fresh.send(ok_empty);
    EXPECT_TRUE(second->outcome.take().complete());
    EXPECT_EQ(second->first_writes, 1);
    EXPECT_EQ(connects(), 2U);
}

TEST_F(HttpClientTest, TheKeepAliveRaceIsReportedAndNotRetried) {
    const auto first = request();
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.send(ok_empty);
    ASSERT_TRUE(first->outcome.take().complete());
    const auto second = request();
    ASSERT_TRUE(comes_true(thread_, [&] { return second->first_writes == 1; }));
    server.reset();  // the request is in the server's queue, unread
    EXPECT_EQ(second->outcome.take().kind, Kind::unknown);
    EXPECT_EQ(connects(), 1U);
}

TEST_F(HttpClientTest, StrayBytesOnAnIdleConnectionEndIt) {
    const auto first = request();
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.send(ok_empty);
    ASSERT_TRUE(first->outcome.take().complete());
    server.send("HTTP/1.1 408 Request Timeout\r\n\r\n");
    EXPECT_TRUE(comes_true(thread_, [&] { return client_->idle() == 0; }));
}

TEST_F(HttpClientTest, CloseIdleClosesWhatCarriesNoRequest) {
    const auto first = request();
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.send(ok_empty);
    ASSERT_TRUE(first->outcome.take().complete());
    thread_.call([&] { client_->close_idle(); });
    EXPECT_TRUE(server.sees_end());
}

TEST_F(HttpClientTest, CloseAllEndsRequestsUnderWay) {
    const auto exchange = request();
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    thread_.call([&] { client_->close_all(); });
    EXPECT_EQ(exchange->outcome.take().kind, Kind::unknown);
    EXPECT_TRUE(server.sees_end());
    EXPECT_EQ(thread_.call([&] { return client_->busy(); }), 0U);
}

// cancelling

TEST_F(HttpClientTest, CancellingBeforeTheConnectionSaysNotSent) {
    ASSERT_EQ(::listen(listener_.fd(), 0), 0);
    const auto filler = TestSocket::connect(listener_.endpoint());
    const auto exchange = request();
    EXPECT_EQ(thread_.call([&] { return exchange->call.cancel(); }), Kind::not_sent);
    thread_.call([] {});
    EXPECT_FALSE(exchange->outcome.given());
    EXPECT_EQ(exchange->first_writes, 0);
}

TEST_F(HttpClientTest, CancellingAfterTheWriteSaysUnknownAndClosesTheConnection) {
    const auto exchange = request();
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    EXPECT_EQ(thread_.call([&] { return exchange->call.cancel(); }), Kind::unknown);
    EXPECT_TRUE(server.sees_end());
    EXPECT_FALSE(exchange->outcome.given());
    EXPECT_FALSE(thread_.call([&] { return exchange->call.pending(); }));
}

TEST_F(HttpClientTest, CancellingWhatIsOverDoesNothing) {
    const auto exchange = request();
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.send(ok_empty);
    ASSERT_TRUE(exchange->outcome.take().complete());
    EXPECT_EQ(thread_.call([&] { return exchange->call.cancel(); }), Kind::complete);
    EXPECT_EQ(idle(), 1U);
}

TEST_F(HttpClientTest, DestroyingTheClientEndsRequestsWithoutACall) {
    std::vector<std::shared_ptr<Exchange>> exchanges;
    for (int i = 0; i < 4; ++i) exchanges.push_back(request());
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    destroy();
    EXPECT_TRUE(server.sees_end());
    for (const auto& exchange : exchanges) {
        EXPECT_FALSE(exchange->outcome.given());
        EXPECT_FALSE(thread_.call([&] { return exchange->call.pending(); }));
    }
}

TEST_F(HttpClientTest, DestroyedWithItsLoopStoppedItLeavesNothingBehind) {
    auto thread = std::make_unique<LoopThread>();
    auto* client = thread->call([&] { return new HttpClient(thread->loop(), listener_.endpoint()); });
    thread->call([&] {
        client->request({}, testing::patience, {{}, [](const HttpOutcome&) { ADD_FAILURE() << "called"; }});
    });
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    thread->call([&] { delete client; });
    thread.reset();
    EXPECT_TRUE(server.sees_end());
}

TEST_F(HttpClientTest, TheLastCallbackMayDestroyTheClient) {
    Expected<bool> done;
    thread_.call([&] {
        client_->request({}, testing::patience, {{}, [&](const HttpOutcome& outcome) {
                                                     client_.reset();
                                                     done.give(outcome.complete());
                                                 }});
    });
    auto server = listener_.accept();
    server.receive_until("\r\n\r\n");
    server.send(ok_empty);
    EXPECT_TRUE(done.take());
    EXPECT_TRUE(server.sees_end());
}

TEST_F(HttpClientTest, AClosedLoopGoesOnFromCallbackToCallback) {
    std::unique_ptr<HttpServer> server;
    Expected<int> done;
    std::function<void(int)> next;
    int completed = 0;
    thread_.call([&] {
        server = HttpServer::listen(thread_.loop(), {}, [](const HttpRequest& request, Responder responder) {
                     responder.send({200, "", {}, request.body});
                 }).value();
        client_ = std::make_unique<HttpClient>(thread_.loop(), server->endpoint(),
                                               HttpClientLimits{.connections = 4});
        next = [&](int number) {
            const auto body = fmt::format("{}", number);
            client_->request({"POST", "/", {}, body}, testing::patience,
                             {{}, [&, body, number](const HttpOutcome& outcome) {
                                  EXPECT_EQ(outcome.response.body, body);
                                  if (++completed == 2000) done.give(completed);
                                  if (number + 4 < 2000) next(number + 4);
                              }});
        };
        for (int i = 0; i < 4; ++i) next(i);
    });
    EXPECT_EQ(done.take(), 2000);
    EXPECT_EQ(connects(), 4U);
    thread_.call([&] {
        client_.reset();
        server.reset();
    });
}

}  // namespace
}  // namespace mistrial::net
