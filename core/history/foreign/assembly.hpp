#pragma once

#include "core/history/foreign/source_text.hpp"
#include "core/history/operation.hpp"

#include <vector>

namespace mistrial::history::foreign {

/// A whole history in the order in which checkers want it, and where each record stands in its file.
struct History {
    std::vector<Record> records;
    std::vector<Place> places;  ///< one a record
};

/// A record as it was read, not yet in its place.
struct Placed {
    Record record;
    bool has_index = false;
    bool has_time = false;
    std::size_t at = 0;  ///< in the text
};

/// Puts the records of another harness in history order. With indexes (all or none) they come in the order of those,
/// else as they stand. Without any times that order is the time, one nanosecond a record; a single record without one
/// is as late as the record before it. Then they are sorted by time; of equal times invokes come first, as far as each
/// process lets them (it invokes again only after it completed). Records that are in order already stay as they are,
/// and keep ascending indexes; otherwise indexes are given anew. Throws Syntax where a client invokes while it is busy,
/// completes what it did not invoke, or an index stands twice.
[[nodiscard]] History assemble(std::vector<Placed> placed, const SourceText& source);

}  // namespace mistrial::history::foreign
