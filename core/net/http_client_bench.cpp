#include "core/net/http_client.hpp"
#include "core/net/http_server.hpp"
#include "core/net/loop_thread.hpp"
#include "core/net/tcp_proxy.hpp"

#include <benchmark/benchmark.h>

#include <sys/resource.h>

#include <memory>

/// A closed loop over the client against a server in the same process, on a thread of its own: an upper bound
/// of what the client can ask, and how much processor time a request costs it. `proxied`: with an edge in
/// between.
namespace mistrial::net {
namespace {

double thread_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void closed_loop(benchmark::State& state, bool proxied) {
    const auto connections = static_cast<std::size_t>(state.range(0));
    LoopThread server_thread("server");
    std::unique_ptr<HttpServer> server;
    std::unique_ptr<TcpProxy> proxy;
    const auto to = server_thread.call([&] {
        server = HttpServer::listen(server_thread.loop(), {}, [](const HttpRequest&, Responder responder) {
                     responder.send({200,
                                     "",
                                     {{"Content-Type", "application/json"}},
                                     R"({"result":{"allow":true,"policy":"r1","data":"r1"}})"});
                 }).value();
        if (proxied) proxy = TcpProxy::listen(server_thread.loop(), {}, server->endpoint()).value();
        return proxied ? proxy->endpoint() : server->endpoint();
    });

    Loop loop;
    auto client = std::make_unique<HttpClient>(loop, to, HttpClientLimits{.connections = connections});
    const HttpRequest request{
        "POST",
        "/v1/data/mistrial/decision?provenance=true",
        {{"Content-Type", "application/json"}},
        R"({"input":{"user":"u17","action":"read","resource":"doc42","nonce":"0123456789abcdef"}})"};
    std::int64_t completed = 0;
    std::int64_t wanted = 0;
    std::size_t running = 0;
    SteadyTime first_write;
    std::function<void()> ask = [&] {
        ++running;
        client->request(request, std::chrono::seconds{2},
                        {[&] { first_write = std::chrono::steady_clock::now(); },
                         [&](const HttpOutcome& outcome) {
                             if (!outcome.complete()) state.SkipWithError(outcome.error.c_str());
                             --running;
                             if (++completed < wanted) ask();
                         }});
    };
    constexpr std::int64_t batch = 20'000;
    double spent = 0;
    for (auto _ : state) {
        wanted += batch;
        const double before = thread_seconds();
        while (running < connections) ask();
        loop.run_until([&] { return completed >= wanted; }, std::chrono::seconds{60});
        spent += thread_seconds() - before;
    }
    loop.run_until([&] { return running == 0; }, std::chrono::seconds{5});
    state.SetItemsProcessed(completed);
    state.counters["client_us"] = 1e6 * spent / static_cast<double>(completed);
    client.reset();
    server_thread.call([&] {
        proxy.reset();
        server.reset();
    });
}

void direct(benchmark::State& state) { closed_loop(state, false); }
void through_proxy(benchmark::State& state) { closed_loop(state, true); }
BENCHMARK(direct)->Arg(1)->Arg(16)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(through_proxy)->Arg(1)->Arg(16)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mistrial::net
