#pragma once

#include "core/history/operation.hpp"
#include "core/time.hpp"

#include <cstddef>
#include <vector>

namespace mistrial::checkers::definitional {

/// The invoke of the completion at `place`: the last one of its process before it; nullptr when none is recorded.
[[nodiscard]] const history::Record* invoke_of(const std::vector<history::Record>& records, std::size_t place);

/// When the operation that the completion at `place` ends was begun. Without an invoke, the earliest time that it may have
/// been: not before its process was last done, nor before it was due, nor longer ago than its timeout.
[[nodiscard]] TrueTime began(const std::vector<history::Record>& records, std::size_t place);

}  // namespace mistrial::checkers::definitional
