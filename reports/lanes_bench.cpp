#include "reports/html.hpp"
#include "reports/testing/synthetic_run.hpp"

#include <benchmark/benchmark.h>

namespace mistrial::reports {
namespace {

const testing::SyntheticRun& made() {
    static const testing::SyntheticRun kMade = testing::synthetic_run(1'000, true);
    return kMade;
}

void Lanes(benchmark::State& state) {
    (void)made();
    for (auto _ : state) {
        LaneBuilder builder;
        for (const auto& record : made().records) builder.on(record);
        benchmark::DoNotOptimize(builder.finish());
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(made().records.size()));
}
BENCHMARK(Lanes)->Unit(benchmark::kMillisecond);

void Html(benchmark::State& state) {
    (void)made();
    for (auto _ : state) benchmark::DoNotOptimize(html(made().run, made().judgement, made().lanes));
}
BENCHMARK(Html)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mistrial::reports
