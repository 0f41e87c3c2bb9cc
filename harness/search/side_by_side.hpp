#pragma once

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace mistrial::search {

/// Calls work(0) to work(count - 1) on `jobs` threads, in any order; back when all are done.
template <class Work>
void side_by_side(std::size_t count, unsigned jobs, const Work& work) {
    std::atomic<std::size_t> next{0};
    const auto take = [&] {
        for (std::size_t i = next++; i < count; i = next++) work(i);
    };
    std::vector<std::jthread> threads;
    for (unsigned job = 1; job < jobs; ++job) threads.emplace_back(take);
    take();
}

}  // namespace mistrial::search
