#include "harness/conductor/process_table.hpp"

namespace mistrial::conductor {

ProcessTable::ProcessTable(std::int64_t deciders, std::int64_t others) : deciders_(deciders) {
    for (std::int64_t thread = 0; thread < deciders + others; ++thread) {
        process_.push_back(thread);
        (thread < deciders ? free_deciders_ : free_others_).push(thread);
    }
}

std::optional<std::int64_t> ProcessTable::take(Pool pool) {
    Free& free = pool == Pool::deciders ? free_deciders_ : free_others_;
    if (free.empty()) return std::nullopt;
    const std::int64_t thread = free.top();
    free.pop();
    return process_[static_cast<std::size_t>(thread)];
}

void ProcessTable::give_back(std::int64_t process, bool crashed) {
    const std::int64_t thread = process % threads();
    if (crashed) process_[static_cast<std::size_t>(thread)] += threads();
    (thread < deciders_ ? free_deciders_ : free_others_).push(thread);
}

}  // namespace mistrial::conductor
