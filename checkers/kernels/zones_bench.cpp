#include "checkers/kernels/zones.hpp"

#include "core/random.hpp"

#include <benchmark/benchmark.h>

#include <vector>

namespace mistrial::checkers::kernels {
namespace {

/// K2 over operations that come in no order: ten reads a write, of a register that nobody accuses.
void UnknownOrder(benchmark::State& state) {
    const auto operations = static_cast<std::uint64_t>(state.range(0));
    const RandomStream random{1, "zones", "bench"};
    struct Read {
        std::uint32_t value;
        TrueTime inv;
    };
    const std::uint64_t values = operations / 11 + 1;
    std::vector<Read> reads(operations - values);
    for (std::uint64_t i = 0; i < reads.size(); ++i) {
        const auto value = static_cast<std::uint32_t>(random.below(i, values));
        reads[i] = {value, at_nanos<TrueTime>(static_cast<std::int64_t>(value) * 100 + 20 + static_cast<std::int64_t>(i % 60))};
    }
    for (auto _ : state) {
        std::vector<Zone> zones;
        zones.reserve(values);
        for (std::uint64_t i = 0; i < values; ++i) {
            const auto at = static_cast<std::int64_t>(i) * 100;
            zones.push_back(Zone::of_write(at_nanos<TrueTime>(at), at_nanos<TrueTime>(at + 15), static_cast<std::uint32_t>(i)));
        }
        for (std::uint32_t i = 0; i < reads.size(); ++i) {
            zones[reads[i].value].read(reads[i].inv, reads[i].inv + Duration{10}, i);
        }
        if (contradiction(zones)) state.SkipWithError("a valid register was accused");
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(operations));
}
BENCHMARK(UnknownOrder)->Arg(100'000)->Arg(1'000'000)->Arg(10'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mistrial::checkers::kernels
