#include "checkers/operations.hpp"

#include <algorithm>

namespace mistrial::checkers {

Operations::Slot& Operations::slot(const history::Process& process) {
    if (const auto* client = std::get_if<std::int64_t>(&process)) return clients_[*client];
    return named_[std::get<std::string>(process)];
}

Result<> Operations::invoke(const history::Record& record) {
    Slot& slot = this->slot(record.process);
    if (slot.busy) {
        return fail("record {}: process {} invokes {} before its {} of record {} is over", record.index,
                    history::to_text(record.process), record.f, slot.f, slot.index);
    }
    styles_.try_emplace(record.f, Style::with_invokes);
    slot.busy = true;
    slot.inv = record.time;
    slot.index = record.index;
    slot.f = record.f;
    ++unfinished_;
    return {};
}

Result<Operations::Begin> Operations::complete(const history::Record& record) {
    Slot& slot = this->slot(record.process);
    if (slot.busy) {
        if (slot.f != record.f) {
            return fail("record {}: process {} completes {}, but is busy with {} of record {}", record.index,
                        history::to_text(record.process), record.f, slot.f, slot.index);
        }
        slot.busy = false;
        slot.done = record.time;
        --unfinished_;
        const Begin begin{slot.inv, slot.index};
        // A crashed client's number is never used again.
        if (record.type == history::Type::info && std::holds_alternative<std::int64_t>(record.process)) {
            clients_.erase(std::get<std::int64_t>(record.process));
        }
        return begin;
    }
    const auto style = styles_.try_emplace(record.f, Style::completions_only).first->second;
    if (style == Style::with_invokes) {
        return fail("record {}: process {} completes {} that it never invoked", record.index,
                    history::to_text(record.process), record.f);
    }
    ++without_invoke_;
    TrueTime earliest = slot.done.value_or(TrueTime::min());
    if (record.sched) earliest = std::max(earliest, *record.sched);
    if (const auto* decide = std::get_if<history::Decide>(&record.value); decide != nullptr && decide->timeout) {
        earliest = std::max(earliest, record.time - *decide->timeout);
    }
    slot.done = record.time;
    return Begin{std::min(earliest, record.time), std::nullopt};
}

}  // namespace mistrial::checkers
