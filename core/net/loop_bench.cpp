#include "core/net/loop.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <functional>
#include <vector>

/// How late timers fire: 5,000 a second, as an open-loop load has them. Run it under `chrt -f 10` for the
/// bound that the load needs (99 % within 0.2 ms).
namespace mistrial::net {
namespace {

void timer_lateness(benchmark::State& state) {
    using Clock = std::chrono::steady_clock;
    constexpr auto period = std::chrono::microseconds{200};
    Loop loop;
    std::vector<double> late;
    for (auto _ : state) {
        const std::size_t wanted = late.size() + 5'000;
        auto due = Clock::now() + period;
        Timer timer;
        std::function<void()> fire = [&] {
            const auto now = Clock::now();
            late.push_back(std::chrono::duration<double, std::micro>(now - due).count());
            due += period;
            if (late.size() < wanted) timer = loop.at(due, fire);
        };
        timer = loop.at(due, fire);
        loop.run_until([&] { return late.size() >= wanted; }, std::chrono::seconds{30});
    }
    std::sort(late.begin(), late.end());
    const auto quantile = [&](double q) {
        return late[static_cast<std::size_t>(q * static_cast<double>(late.size() - 1))];
    };
    state.counters["p50_us"] = quantile(0.5);
    state.counters["p99_us"] = quantile(0.99);
    state.counters["p999_us"] = quantile(0.999);
    state.counters["max_us"] = late.back();
}
BENCHMARK(timer_lateness)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mistrial::net
