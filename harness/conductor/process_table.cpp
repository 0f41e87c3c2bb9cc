#include "harness/conductor/process_table.hpp"

#include <utility>

namespace mistrial::conductor {

ProcessTable::ProcessTable(std::int64_t deciders, std::int64_t publishers, std::int64_t probers) {
    for (const auto& [pool, size] : {std::pair(Pool::deciders, deciders), std::pair(Pool::publishers, publishers),
                                     std::pair(Pool::probers, probers)}) {
        for (std::int64_t i = 0; i < size; ++i) {
            free(pool).push(nobody());
            table_.push_back({nobody(), pool});
        }
    }
}

std::optional<std::int64_t> ProcessTable::take(Pool pool) {
    Free& free = this->free(pool);
    if (free.empty()) return std::nullopt;
    const std::int64_t thread = free.top();
    free.pop();
    return table_[static_cast<std::size_t>(thread)].process;
}

void ProcessTable::give_back(std::int64_t process, bool crashed) {
    const std::int64_t number = process % threads();
    Thread& thread = table_[static_cast<std::size_t>(number)];
    if (crashed) thread.process += threads();
    free(thread.pool).push(number);
}

}  // namespace mistrial::conductor
