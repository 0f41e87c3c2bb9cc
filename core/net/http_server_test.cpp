#include "core/net/http_server.hpp"

#include "core/net/test_socket.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

namespace mistrial::net {
namespace {

using namespace std::chrono_literals;
using testing::comes_true;
using testing::Expected;
using testing::TestSocket;

/// A server on a thread of its own, talked to through plain sockets.
class HttpServerTest : public ::testing::Test {
  protected:
    ~HttpServerTest() override {
        thread_.call([&] {
            held_ = Responder();
            server_.reset();
        });
    }

    void serve(HttpServer::Handler handler, HttpServerLimits limits = {}) {
        thread_.call([&] {
            auto server = HttpServer::listen(thread_.loop(), {}, std::move(handler), limits);
            ASSERT_TRUE(server) << server.error().message;
            server_ = std::move(*server);
            endpoint_ = server_->endpoint();
        });
    }
    [[nodiscard]] TestSocket connect() const { return TestSocket::connect(endpoint_); }

    LoopThread thread_{"server"};
    std::unique_ptr<HttpServer> server_;
    Endpoint endpoint_;
    Responder held_;
};

TEST_F(HttpServerTest, HandsOverTheRequestAndSendsTheAnswer) {
    Expected<HttpRequest> seen;
    serve([&](const HttpRequest& request, Responder responder) {
        seen.give(request);
        responder.send({201, "", {{"X-Answer", "yes"}}, "done"});
    });
    auto client = connect();
    client.send("POST /v1/data?pretty HTTP/1.1\r\nHost: h\r\nX-Question: 1\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_EQ(client.receive_until("done"),
              "HTTP/1.1 201 Created\r\nX-Answer: yes\r\nContent-Length: 4\r\n\r\ndone");
    const auto request = seen.take();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/v1/data?pretty");
    EXPECT_EQ(request.headers.find("x-question"), "1");
    EXPECT_EQ(request.body, "abc");
}

TEST_F(HttpServerTest, KeepsTheConnectionAlive) {
    int number = 0;
    serve([&](const HttpRequest&, Responder responder) {
        responder.send({200, "", {}, fmt::format("#{}", ++number)});
    });
    auto client = connect();
    for (int i = 1; i <= 3; ++i) {
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        client.receive_until(fmt::format("#{}", i));
    }
    EXPECT_EQ(thread_.call([&] { return server_->sessions(); }), 1U);
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
    serve([&](const HttpRequest& request, Responder responder) {
        const std::string target = request.target;
        thread_.loop().post([responder, target]() mutable {
            responder.send({200, "", {}, "<" + target + ">"});
        });
    });
    auto client = connect();
    client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto text = client.receive_until("</b>");
    EXPECT_LT(text.find("</a>"), text.find("</b>"));
}

TEST_F(HttpServerTest, ClosesAfterTheAnswerWhenTheClientAsksForIt) {
    serve([](const HttpRequest&, Responder responder) { responder.send({200, "", {}, "x"}); });
    auto client = connect();
    client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(client.receive_all(), "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx");
}

TEST_F(HttpServerTest, ReadsAChunkedBodySentInPieces) {
    Expected<std::string> body;
    serve([&](const HttpRequest& request, Responder responder) {
        body.give(request.body);
        responder.send({});
    });
    auto client = connect();
    for (const auto* piece : {"POST / HTTP/1.1\r\nHo", "st: h\r\nTransfer-Encoding: chun",
                              "ked\r\n\r\n4\r\nab", "cd\r\n3", "\r\nefg\r\n0\r\n", "\r\n"}) {
        client.send(piece);
    }
    EXPECT_EQ(body.take(), "abcdefg");
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
    serve([](const HttpRequest&, Responder responder) { responder.send({200, "", {}, "four"}); });
    auto client = connect();
    client.send("HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(client.receive_all(), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n");
}

TEST_F(HttpServerTest, TellsAClientThatWaitsToContinue) {
    serve([](const HttpRequest& request, Responder responder) {
        responder.send({200, "", {}, request.body});
    });
    auto client = connect();
    client.send("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    client.receive_until("100 Continue\r\n\r\n");
    client.send("hello");
    client.receive_until("hello");
}

TEST_F(HttpServerTest, AnswersWhenItIsReadyToLater) {
    Expected<bool> asked;
    serve([&](const HttpRequest&, Responder responder) {
        held_ = std::move(responder);
        asked.give(true);
    });
    auto client = connect();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(asked.take());
    EXPECT_FALSE(client.readable());
    thread_.call([&] { held_.send({200, "", {}, "at last"}); });
    client.receive_until("at last");
}

TEST_F(HttpServerTest, ReportsAnAnswerThatWasHandedToTheKernel) {
    Expected<Sent> sent;
    const auto before = std::chrono::steady_clock::now();
    serve([&](const HttpRequest&, Responder responder) {
        responder.send({200, "", {}, "12345"}, [&](const Sent& what) { sent.give(what); });
    });
    auto client = connect();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client.receive_until("12345");
    const auto what = sent.take();
    EXPECT_TRUE(what.complete);
    EXPECT_EQ(what.bytes, 5U);
    EXPECT_EQ(what.status, 200);
    EXPECT_LT(before, what.began);
    EXPECT_LE(what.began, what.ended);
}

TEST_F(HttpServerTest, ReportsAnAnswerThatTheClientDidNotTakeWhole) {
    Expected<Sent> sent;
    const std::size_t size = 64 * 1024 * 1024;
    serve([&](const HttpRequest&, Responder responder) {
        responder.send({200, "", {}, std::string(size, 'x')}, [&](const Sent& what) { sent.give(what); });
    });
    auto client = connect();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(client.receive().has_value());
    client.reset();
    const auto what = sent.take();
    EXPECT_FALSE(what.complete);
    EXPECT_GT(what.bytes, 0U);
    EXPECT_LT(what.bytes, size);
}

TEST_F(HttpServerTest, ReportsThatTheClientWentAwayWhileWaiting) {
    for (const bool by_reset : {false, true}) {
        Expected<bool> asked;
        Expected<bool> gone;
        serve([&](const HttpRequest&, Responder responder) {
            responder.on_gone([&] { gone.give(true); });
            held_ = std::move(responder);
            asked.give(true);
        });
        auto client = connect();
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        ASSERT_TRUE(asked.take());
        EXPECT_TRUE(thread_.call([&] { return held_.open(); }));
        by_reset ? client.reset() : client.close();
        EXPECT_TRUE(gone.take());
    }
}

TEST_F(HttpServerTest, AClientThatOnlyStoppedSendingGetsItsAnswer) {
    Expected<bool> gone;
    serve([&](const HttpRequest&, Responder responder) {
        responder.on_gone([&] { gone.give(true); });
        held_ = std::move(responder);
    });
    auto client = connect();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client.finish_sending();
    ASSERT_TRUE(gone.take());
    thread_.call([&] { held_.send({200, "", {}, "still"}); });
    client.receive_until("still");
}

TEST_F(HttpServerTest, OnlyTheFirstAnswerCounts) {
    Expected<Sent> sent;
    serve([&](const HttpRequest&, Responder responder) {
        auto copy = responder;
        responder.send({200, "", {}, "first"}, [&](const Sent& what) { sent.give(what); });
        copy.send({200, "", {}, "second"},
                  [](const Sent&) { ADD_FAILURE() << "the second answer was sent"; });
    });
    auto client = connect();
    client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_NE(client.receive_all().find("first"), std::string::npos);
    EXPECT_TRUE(sent.take().complete);
}

TEST_F(HttpServerTest, ARequestWithoutAnAnswerClosesTheConnection) {
    serve([](const HttpRequest&, const Responder&) {});
    auto client = connect();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(client.sees_end());
}

TEST_F(HttpServerTest, AStumpEndsAsAsked) {
    serve([](const HttpRequest& request, Responder responder) {
        responder.send_part({200, "", {}, "abcdef"}, 2,
                            request.target == "/reset" ? Responder::Ending::reset : Responder::Ending::close);
    });
    auto closed = connect();
    closed.send("GET /close HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(closed.receive_all(), "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab");
    auto reset = connect();
    reset.send("GET /reset HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(reset.sees_reset());
}

TEST_F(HttpServerTest, AStalledStumpStaysOpenUntilTheClientLeaves) {
    Expected<Sent> sent;
    serve([&](const HttpRequest&, Responder responder) {
        responder.send_part({200, "", {}, "abcdef"}, 2, Responder::Ending::stall,
                            [&](const Sent& what) { sent.give(what); });
    });
    auto client = connect();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client.receive_until("ab");
    const auto what = sent.take();
    EXPECT_FALSE(what.complete);
    EXPECT_EQ(what.bytes, 2U);
    EXPECT_FALSE(client.readable());
    client.close();
    EXPECT_TRUE(comes_true(thread_, [&] { return server_->sessions() == 0; }));
}

TEST_F(HttpServerTest, DroppingWithAResetIsSeenAsOne) {
    serve([](const HttpRequest&, Responder responder) { responder.drop(Responder::Ending::reset); });
    auto client = connect();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(client.sees_reset());
}

TEST_F(HttpServerTest, RefusesWhatIsNotHttp) {
    serve([](const HttpRequest&, const Responder&) { ADD_FAILURE() << "handed over"; });
    auto client = connect();
    client.send("what is this\r\n\r\n");
    EXPECT_EQ(client.receive_all().substr(0, 24), "HTTP/1.1 400 Bad Request");
}

TEST_F(HttpServerTest, RefusesABodyAboveItsLimitBeforeReadingIt) {
    serve([](const HttpRequest&, const Responder&) { ADD_FAILURE() << "handed over"; }, {.body_bytes = 10});
    auto client = connect();
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nabc");
    EXPECT_EQ(client.receive_all().substr(0, 30), "HTTP/1.1 413 Payload Too Large");
}

TEST_F(HttpServerTest, RefusesAHeaderAboveItsLimit) {
    serve([](const HttpRequest&, const Responder&) { ADD_FAILURE() << "handed over"; },
          {.header_bytes = 200});
    auto client = connect();
    client.send("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(300, 'x'));
    EXPECT_EQ(client.receive_all().substr(0, 12), "HTTP/1.1 431");
}

TEST_F(HttpServerTest, ClosesAConnectionThatStaysIdleTooLong) {
    serve([](const HttpRequest&, Responder responder) { responder.send({}); }, {.idle = 20ms});
    auto client = connect();
    EXPECT_TRUE(client.sees_end());
}

TEST_F(HttpServerTest, ClosesAConnectionWhoseRequestTakesTooLong) {
    serve([](const HttpRequest&, Responder responder) { responder.send({}); }, {.receive = 20ms});
    auto client = connect();
    client.send("GET / HT");
    EXPECT_FALSE(client.receive().value_or("").starts_with("HTTP"));
}

TEST_F(HttpServerTest, GivesUpAnAnswerThatNobodyTakesInTime) {
    Expected<Sent> sent;
    serve(
        [&](const HttpRequest&, Responder responder) {
            responder.send({200, "", {}, std::string(64 * 1024 * 1024, 'x')},
                           [&](const Sent& what) { sent.give(what); });
        },
        {.send = 30ms});
    auto client = connect();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_FALSE(sent.take().complete);
}

TEST_F(HttpServerTest, FurtherConnectionsWaitForAFreeSession) {
    serve(
        [](const HttpRequest&, Responder responder) {
            responder.send({200, "", {}, "x"});
        },
        {.sessions = 1});
    auto first = connect();
    first.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    first.receive_until("\r\n\r\nx");
    auto second = connect();
    second.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(thread_.call([&] { return server_->sessions(); }), 1U);
    EXPECT_FALSE(second.readable());
    first.close();
    second.receive_until("\r\n\r\nx");
}

TEST_F(HttpServerTest, ATakenPortIsAnErrorThatNamesIt) {
    const auto taken = TestSocket::listen();
    const auto server = thread_.call([&] {
        return HttpServer::listen(thread_.loop(), taken.endpoint(),
                                  [](const HttpRequest&, const Responder&) {});
    });
    ASSERT_FALSE(server);
    EXPECT_EQ(server.error().message, to_string(taken.endpoint()) + ": address in use");
}

TEST_F(HttpServerTest, StopEndsEverySessionAndSaysSo) {
    Expected<bool> asked;
    Expected<std::size_t> left;
    serve([&](const HttpRequest&, Responder responder) {
        held_ = std::move(responder);
        asked.give(true);
    });
    auto idle = connect();
    auto waiting = connect();
    waiting.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(asked.take());
    thread_.call([&] { server_->stop([&] { left.give(server_->sessions()); }); });
    EXPECT_EQ(left.take(), 0U);
    EXPECT_TRUE(idle.sees_end() || !idle.readable());
    EXPECT_TRUE(waiting.sees_end());
    EXPECT_EQ(TestSocket::try_connect(endpoint_).second, ECONNREFUSED);
}

TEST_F(HttpServerTest, AResponderMayOutliveItsServer) {
    Expected<bool> asked;
    Expected<Sent> sent;
    serve([&](const HttpRequest&, Responder responder) {
        held_ = std::move(responder);
        asked.give(true);
    });
    auto client = connect();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(asked.take());
    thread_.call([&] { server_.reset(); });
    EXPECT_TRUE(client.sees_end());
    thread_.call([&] { held_.send({}, [&](const Sent& what) { sent.give(what); }); });
    EXPECT_FALSE(sent.take().complete);
}

TEST_F(HttpServerTest, AHandlerMayDestroyItsServer) {
    serve([&](const HttpRequest&, const Responder&) { server_.reset(); });
    auto client = connect();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(client.sees_end());
}

}  // namespace
}  // namespace mistrial::net
