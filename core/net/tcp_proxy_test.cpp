#include "core/net/tcp_proxy.hpp"

#include "core/net/test_socket.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>

namespace mistrial::net {
namespace {

using namespace std::chrono_literals;
using testing::comes_true;
using testing::nobody;
using testing::TestSocket;

/// An edge between two plain sockets: the test plays the client and the upstream.
class TcpProxyTest : public ::testing::Test {
  protected:
    TcpProxyTest() { make(upstream_.endpoint()); }
    ~TcpProxyTest() override {
        thread_.call([&] { proxy_.reset(); });
    }

    void make(const Endpoint& upstream) {
        thread_.call([&] {
            auto proxy = TcpProxy::listen(thread_.loop(), {}, upstream);
            ASSERT_TRUE(proxy) << proxy.error().message;
            proxy_ = std::move(*proxy);
            endpoint_ = proxy_->endpoint();
        });
    }
    void set(EdgeCut cut) {
        const auto done = thread_.call([&] { return proxy_->set(cut); });
        ASSERT_TRUE(done) << done.error().message;
    }
    void heal() { set({}); }
    [[nodiscard]] ProxyCounters counters() {
        return thread_.call([&] { return proxy_->counters(); });
    }
    template <class Condition>
    [[nodiscard]] bool counted(Condition condition) {
        return comes_true(thread_, [&] { return condition(proxy_->counters()); });
    }
    [[nodiscard]] TestSocket connect() const { return TestSocket::connect(endpoint_); }

    /// Both ends of a connection through the proxy.
    struct Pair {
        TestSocket client;
        TestSocket server;
    };
    [[nodiscard]] Pair connected() {
        auto client = connect();
        return {std::move(client), upstream_.accept()};
    }
    /// Whether bytes pass in both directions; waits for them.
    static void expect_open(Pair& pair) {
        pair.client.send("ping");
        EXPECT_EQ(pair.server.receive_until("ping"), "ping");
        pair.server.send("pong");
        EXPECT_EQ(pair.client.receive_until("pong"), "pong");
    }

    LoopThread thread_{"proxy"};
    TestSocket upstream_ = TestSocket::listen();
    std::unique_ptr<TcpProxy> proxy_;
    Endpoint endpoint_;
};

TEST_F(TcpProxyTest, ForwardsAndCountsBothDirections) {
    auto pair = connected();
    pair.client.send("12345");
    EXPECT_EQ(pair.server.receive_until("12345"), "12345");
    pair.server.send("123");
    EXPECT_EQ(pair.client.receive_until("123"), "123");
    const auto seen = counters();
    EXPECT_EQ(seen.accepted, 1U);
    EXPECT_EQ(seen.forwarded, 1U);
    EXPECT_EQ(seen.to_upstream.forwarded, 5U);
    EXPECT_EQ(seen.to_client.forwarded, 3U);
    EXPECT_EQ(seen.to_upstream.held + seen.to_client.held, 0U);
    EXPECT_EQ(seen.reset, 0U);
}

TEST_F(TcpProxyTest, ForwardsAHalfClose) {
    auto pair = connected();
    pair.client.send("question");
    pair.client.finish_sending();
    EXPECT_EQ(pair.server.receive_all(), "question");
    pair.server.send("answer");
    pair.server.close();
    EXPECT_EQ(pair.client.receive_all(), "answer");
    EXPECT_TRUE(comes_true(thread_, [&] { return proxy_->connections() == 0; }));
}

TEST_F(TcpProxyTest, AResetOnOneSideBecomesOneOnTheOther) {
    auto from_client = connected();
    from_client.client.reset();
    EXPECT_TRUE(from_client.server.sees_reset());
    auto from_server = connected();
    from_server.server.reset();
    EXPECT_TRUE(from_server.client.sees_reset());
    EXPECT_EQ(counters().reset, 0U) << "no fault did it";
}

TEST_F(TcpProxyTest, AnUpstreamThatRefusesBecomesAReset) {
    make(nobody());
    // The reset may be there before the connecting side has looked.
    auto [client, error] = TestSocket::try_connect(endpoint_);
    EXPECT_TRUE(error == ECONNRESET || (error == 0 && client.sees_reset())) << error;
    EXPECT_EQ(counters().upstream_failed, 1U);
    EXPECT_EQ(counters().forwarded, 0U);
}

TEST_F(TcpProxyTest, MuchDataPassesWholeAgainstASlowReader) {
    auto pair = connected();
    const std::string data(16 * 1024 * 1024, 'd');
    std::thread sender([&] {
        ::send(pair.client.fd(), data.data(), data.size(), MSG_NOSIGNAL), pair.client.finish_sending();
    });
    EXPECT_EQ(pair.server.receive_all().size(), data.size());
    sender.join();
    EXPECT_EQ(counters().to_upstream.forwarded, data.size());
}

TEST_F(TcpProxyTest, ConnectionsGoToTheUpstreamOfTheirTime) {
    auto before = connected();
    auto other = TestSocket::listen();
    ASSERT_TRUE(thread_.call([&] { return proxy_->set_upstream(other.endpoint()); }));
    auto client = connect();
    auto server = other.accept();
    client.send("new");
    server.receive_until("new");
    expect_open(before);
}

TEST_F(TcpProxyTest, ATakenPortIsAnErrorThatNamesIt) {
    const auto proxy = thread_.call(
        [&] { return TcpProxy::listen(thread_.loop(), upstream_.endpoint(), upstream_.endpoint()); });
    ASSERT_FALSE(proxy);
    EXPECT_EQ(proxy.error().message, to_string(upstream_.endpoint()) + ": address in use");
}

// stall and black hole, what is established

class TcpProxyHoldTest : public TcpProxyTest, public ::testing::WithParamInterface<Cut> {};
INSTANTIATE_TEST_SUITE_P(Cuts, TcpProxyHoldTest, ::testing::Values(Cut::stall, Cut::black_hole),
                         [](const auto& cut) { return cut.param == Cut::stall ? "Stall" : "BlackHole"; });

TEST_P(TcpProxyHoldTest, HoldsBothDirectionsAndDeliversOnHeal) {
    auto pair = connected();
    set(EdgeCut::both(GetParam()));
    pair.client.send("to server");
    pair.server.send("to client!");
    EXPECT_TRUE(counted(
        [](const ProxyCounters& now) { return now.to_upstream.held == 9 && now.to_client.held == 10; }));
    EXPECT_FALSE(pair.server.readable());
    EXPECT_FALSE(pair.client.readable());
    heal();
    EXPECT_EQ(pair.server.receive_until("to server"), "to server");
    EXPECT_EQ(pair.client.receive_until("to client!"), "to client!");
    expect_open(pair);
    EXPECT_EQ(counters().to_upstream.held, 9U);
    EXPECT_EQ(counters().to_client.held, 10U);
}

TEST_P(TcpProxyHoldTest, CutToUpstreamAloneLetsAnswersThrough) {
    auto pair = connected();
    set({GetParam(), Cut::none});
    pair.client.send("question");
    pair.server.send("news");
    EXPECT_EQ(pair.client.receive_until("news"), "news");
    EXPECT_TRUE(counted([](const ProxyCounters& now) { return now.to_upstream.held == 8; }));
    EXPECT_FALSE(pair.server.readable());
    heal();
    pair.server.receive_until("question");
}

TEST_P(TcpProxyHoldTest, CutToClientAloneLetsRequestsArriveOnNewConnectionsToo) {
    auto old = connected();
    set({Cut::none, GetParam()});
    auto fresh = connected();
    for (auto* pair : {&old, &fresh}) {
        pair->client.send("question");
        EXPECT_EQ(pair->server.receive_until("question"), "question");
        pair->server.send("answer");
    }
    EXPECT_TRUE(counted([](const ProxyCounters& now) { return now.to_client.held == 12; }));
    EXPECT_FALSE(old.client.readable());
    EXPECT_FALSE(fresh.client.readable());
    heal();
    old.client.receive_until("answer");
    fresh.client.receive_until("answer");
}

TEST_P(TcpProxyHoldTest, CountsWhatTheKernelHolds) {
    auto pair = connected();
    set({GetParam(), Cut::none});
    pair.client.send("first");
    EXPECT_TRUE(counted([](const ProxyCounters& now) { return now.to_upstream.held == 5; }));
    pair.client.send("second");
    EXPECT_TRUE(counted([](const ProxyCounters& now) { return now.to_upstream.held == 11; }));
    heal();
    EXPECT_EQ(counters().to_upstream.held, 11U);
    pair.server.receive_until("firstsecond");
    EXPECT_EQ(counters().to_upstream.held, 11U);
}

TEST_P(TcpProxyHoldTest, HoldsTheEndOfAConnection) {
    auto pair = connected();
    set(EdgeCut::both(GetParam()));
    pair.client.send("last words");
    pair.client.close();
    EXPECT_TRUE(counted([](const ProxyCounters& now) { return now.to_upstream.held == 10; }));
    EXPECT_FALSE(pair.server.readable());
    heal();
    EXPECT_EQ(pair.server.receive_all(), "last words");
}

TEST_P(TcpProxyHoldTest, HoldsAReset) {
    auto pair = connected();
    set({Cut::none, GetParam()});
    pair.server.reset();
    pair.client.send("anybody there?");
    EXPECT_TRUE(counted([](const ProxyCounters& now) { return now.accepted == 1; }));
    EXPECT_FALSE(pair.client.readable());
    heal();
    EXPECT_TRUE(pair.client.sees_reset());
}

TEST_P(TcpProxyHoldTest, AnotherCutMayFollowWithoutAHeal) {
    auto pair = connected();
    set(EdgeCut::both(GetParam()));
    pair.client.send("held");
    EXPECT_TRUE(counted([](const ProxyCounters& now) { return now.to_upstream.held == 4; }));
    set({Cut::none, GetParam()});
    EXPECT_EQ(pair.server.receive_until("held"), "held");
    set({GetParam(), Cut::none});
    pair.client.send("again");
    EXPECT_TRUE(counted([](const ProxyCounters& now) { return now.to_upstream.held == 9; }));
    EXPECT_FALSE(pair.server.readable());
    heal();
    pair.server.receive_until("again");
}

/// One direction of an edge as it should be: what was sent, what has arrived, whether it is cut.
struct Stream {
    std::string sent;
    std::string arrived;
    bool cut = false;

    /// What can arrive arrives; what is held does not.
    void settle(TestSocket& receiver) {
        if (cut) {
            RC_ASSERT(!receiver.readable());
            return;
        }
        while (arrived.size() < sent.size()) arrived += receiver.receive().value();
    }
};

RC_GTEST_FIXTURE_PROP(TcpProxyTest, NothingPassesACutAndNothingIsLostByOne,
                      (const std::vector<std::uint8_t>& steps)) {
    auto pair = connected();
    Stream up;
    Stream down;
    for (const auto step : steps) {
        const std::string bytes = fmt::format("<{}>", step);
        const auto held = [&](int bit) {
            return (step >> bit & 1) == 0 ? Cut::none : step % 3 == 0 ? Cut::stall : Cut::black_hole;
        };
        if (step % 3 == 0) {
            pair.client.send(bytes);
            up.sent += bytes;
        } else if (step % 3 == 1) {
            pair.server.send(bytes);
            down.sent += bytes;
        } else {
            up.settle(pair.server);
            down.settle(pair.client);
            const EdgeCut cut{held(4), held(5)};
            set(cut);
            up.cut = cut.to_upstream != Cut::none;
            down.cut = cut.to_client != Cut::none;
        }
    }
    heal();
    pair.client.finish_sending();
    pair.server.finish_sending();
    RC_ASSERT(up.arrived + pair.server.receive_all() == up.sent);
    RC_ASSERT(down.arrived + pair.client.receive_all() == down.sent);
    RC_ASSERT(counters().to_upstream.forwarded == up.sent.size());
    RC_ASSERT(counters().to_client.forwarded == down.sent.size());
}

// new connections

TEST_F(TcpProxyTest, AStallAcceptsNewConnectionsAndHoldsThem) {
    set(EdgeCut::both(Cut::stall));
    auto client = connect();
    client.send("early");
    EXPECT_TRUE(counted(
        [](const ProxyCounters& now) { return now.held_connects == 1 && now.to_upstream.held == 5; }));
    EXPECT_FALSE(upstream_.readable());
    EXPECT_EQ(counters().forwarded, 0U);
    heal();
    auto server = upstream_.accept();
    EXPECT_EQ(server.receive_until("early"), "early");
    Pair pair{std::move(client), std::move(server)};
    expect_open(pair);
}

TEST_F(TcpProxyTest, AStallHoldsEvenTheRefusalOfTheUpstream) {
    make(nobody());
    set({Cut::none, Cut::stall});
    auto client = connect();
    EXPECT_TRUE(counted([](const ProxyCounters& now) { return now.upstream_failed == 1; }));
    EXPECT_FALSE(client.readable());
    heal();
    EXPECT_TRUE(client.sees_reset());
}

TEST_F(TcpProxyTest, ABlackHoleDropsConnectsAndCountsThem) {
    set(EdgeCut::both(Cut::black_hole));
    auto [first, error] = TestSocket::try_connect(endpoint_, 30ms);
    EXPECT_EQ(error, ETIMEDOUT);
    EXPECT_EQ(TestSocket::try_connect(endpoint_, 30ms).second, ETIMEDOUT);
    const auto seen = counters();
    EXPECT_EQ(seen.dropped_syns, 2U);
    EXPECT_EQ(seen.accepted, 0U);
}

TEST_F(TcpProxyTest, AHealedBlackHoleLetsAWaitingConnectIn) {
    set(EdgeCut::both(Cut::black_hole));
    auto [waiting, error] = TestSocket::try_connect(endpoint_, 30ms);
    ASSERT_EQ(error, ETIMEDOUT);
    heal();
    auto fresh = connected();
    expect_open(fresh);
    // The first one gets in with its next SYN, after about a second.
    auto server = upstream_.accept();
    Pair late{std::move(waiting), std::move(server)};
    expect_open(late);
    EXPECT_EQ(counters().accepted, 2U) << "the filler is not counted";
}

TEST_F(TcpProxyTest, ABlackHoleTowardsTheClientAloneLetsConnectsIn) {
    set({Cut::none, Cut::black_hole});
    auto pair = connected();
    EXPECT_TRUE(counted([](const ProxyCounters& now) { return now.forwarded == 1; }));
    EXPECT_EQ(counters().dropped_syns, 0U);
}

TEST_F(TcpProxyTest, ABlackHoleCanBeMadeAgainAndAgain) {
    for (std::uint64_t i = 1; i <= 10; ++i) {
        set(EdgeCut::both(Cut::black_hole));
        EXPECT_EQ(TestSocket::try_connect(endpoint_, 2ms).second, ETIMEDOUT);
        heal();
        auto pair = connected();
        expect_open(pair);
        EXPECT_EQ(counters().dropped_syns, i);
        EXPECT_EQ(counters().accepted, i);
    }
}

TEST_F(TcpProxyTest, RefusingResetsWhatIsEstablishedAndRefusesConnects) {
    auto pair = connected();
    set(EdgeCut::both(Cut::refuse));
    EXPECT_TRUE(pair.client.sees_reset());
    EXPECT_TRUE(pair.server.sees_reset());
    EXPECT_EQ(TestSocket::try_connect(endpoint_).second, ECONNREFUSED);
    EXPECT_EQ(counters().reset, 1U);
    EXPECT_EQ(counters().accepted, 1U);
    heal();
    auto fresh = connected();
    expect_open(fresh);
}

TEST_F(TcpProxyTest, ResettingTakesConnectionsAndResetsThem) {
    auto pair = connected();
    expect_open(pair);
    set(EdgeCut::both(Cut::reset));
    EXPECT_TRUE(pair.client.sees_reset());
    EXPECT_TRUE(pair.server.sees_reset());
    // The reset may come as early as the connect is seen to succeed.
    auto [client, error] = TestSocket::try_connect(endpoint_);
    EXPECT_TRUE(error == ECONNRESET || client.sees_reset());
    EXPECT_EQ(counters().reset, 2U);
    EXPECT_EQ(counters().accepted, 2U);
    EXPECT_EQ(counters().forwarded, 1U);
    heal();
    auto fresh = connected();
    expect_open(fresh);
}

TEST_F(TcpProxyTest, AnyCutMayFollowAnyOther) {
    const auto cuts = {Cut::none, Cut::stall, Cut::black_hole, Cut::refuse, Cut::reset};
    for (const auto first : cuts) {
        for (const auto second : cuts) {
            set(EdgeCut::both(first));
            set(EdgeCut::both(second));
            const auto [client, error] =
                TestSocket::try_connect(endpoint_, second == Cut::black_hole ? 5ms : 5s);
            if (second == Cut::black_hole) {
                EXPECT_EQ(error, ETIMEDOUT);
            } else if (second == Cut::refuse) {
                EXPECT_EQ(error, ECONNREFUSED);
            } else {
                EXPECT_TRUE(error == 0 || (second == Cut::reset && error == ECONNRESET)) << error;
            }
        }
    }
    // What was held on the way may still be connecting to the upstream: only that the edge works is asked.
    heal();
    ASSERT_TRUE(thread_.call([&] { return proxy_->set(EdgeCut::both(Cut::reset)); }));
    while (upstream_.readable()) upstream_.accept().close();
    heal();
    auto pair = connected();
    expect_open(pair);
}

TEST_F(TcpProxyTest, StopResetsEverythingAndSaysSo) {
    auto pair = connected();
    testing::Expected<std::size_t> left;
    thread_.call([&] { proxy_->stop([&] { left.give(proxy_->connections()); }); });
    EXPECT_EQ(left.take(), 0U);
    EXPECT_TRUE(pair.client.sees_reset());
    EXPECT_TRUE(pair.server.sees_reset());
    EXPECT_EQ(TestSocket::try_connect(endpoint_).second, ECONNREFUSED);
}

TEST_F(TcpProxyTest, MayBeDestroyedWhileItHoldsABlackHoleAndConnections) {
    auto pair = connected();
    set(EdgeCut::both(Cut::black_hole));
    pair.client.send("held");
    thread_.call([&] { proxy_.reset(); });
    EXPECT_TRUE(pair.server.sees_reset());
    EXPECT_TRUE(pair.client.sees_reset());
}

}  // namespace
}  // namespace mistrial::net
