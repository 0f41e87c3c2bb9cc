#include "checkers/definitional/begins.hpp"

#include <algorithm>

namespace mistrial::checkers::definitional {

using history::Record;
using history::Type;

const Record* invoke_of(const std::vector<Record>& records, std::size_t place) {
    for (std::size_t i = place; i-- > 0;) {
        if (records[i].process != records[place].process || records[i].f != records[place].f) continue;
        return records[i].type == Type::invoke ? &records[i] : nullptr;
    }
    return nullptr;
}

TrueTime began(const std::vector<Record>& records, std::size_t place) {
    if (const Record* invoke = invoke_of(records, place)) return invoke->time;
    const Record& record = records[place];
    TrueTime begin = TrueTime::min();
    for (std::size_t i = 0; i < place; ++i) {
        if (records[i].process == record.process && records[i].type != Type::invoke) begin = records[i].time;
    }
    if (record.sched) begin = std::max(begin, *record.sched);
    if (const auto* decide = std::get_if<history::Decide>(&record.value); decide != nullptr && decide->timeout) {
        begin = std::max(begin, record.time - *decide->timeout);
    }
    return std::min(begin, record.time);
}

}  // namespace mistrial::checkers::definitional
