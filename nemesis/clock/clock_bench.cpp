#include "nemesis/clock/clock_block.h"
#include "nemesis/clock/clock_page.hpp"
#include "nemesis/clock/vdso.hpp"

#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <cstring>
#include <ctime>

/// What a clock that can be moved costs its program, and what moving it costs us.
namespace mistrial::nemesis {
namespace {

void read_clock_of_the_kernel(benchmark::State& state) {
    timespec now{};
    for (auto _ : state) benchmark::DoNotOptimize(::clock_gettime(CLOCK_REALTIME, &now));
}
BENCHMARK(read_clock_of_the_kernel);

void read_clock_through_the_page(benchmark::State& state) {
    const auto page = *ClockPage::create();
    if (!page->set_wall_offset(std::chrono::seconds{state.range(0)})) return;
    const auto blob = clock_blob();
    void* const memory = ::mmap(nullptr, blob.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::memcpy(memory, blob.data(), blob.size());
    auto* const header = static_cast<mistrial_clock_header*>(memory);
    header->page = &page->page();
    const auto entry = static_cast<std::byte*>(memory) + header->clock_gettime;
    ::mprotect(memory, blob.size(), PROT_READ | PROT_EXEC);
    timespec now{};
    for (auto _ : state)
        benchmark::DoNotOptimize(reinterpret_cast<int (*)(int, timespec*)>(entry)(CLOCK_REALTIME, &now));
    ::munmap(memory, blob.size());
}
BENCHMARK(read_clock_through_the_page)->Arg(0)->Arg(-3600);

void move_clock(benchmark::State& state) {
    const auto page = *ClockPage::create();
    Duration offset{};
    for (auto _ : state) benchmark::DoNotOptimize(page->set_wall_offset(offset += Duration{1}));
}
BENCHMARK(move_clock);

}  // namespace
}  // namespace mistrial::nemesis
