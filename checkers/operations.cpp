#include "checkers/operations.hpp"

#include <algorithm>

namespace mistrial::checkers {

Operations::Slot& Operations::slot(const history::Process& process) {
    if (const auto* client = std::get_if<std::int64_t>(&process)) return clients_.at(*client);
    return named_[std::get<std::string>(process)];
}

void Operations::begin(Slot& slot, const std::string& f, std::uint64_t index, TrueTime at) {
    slot.busy = true;
    slot.inv = at;
    slot.index = index;
    slot.f = f;
    ++unfinished_;
}

Result<> Operations::invoke(const history::Record& record) {
    Slot& slot = this->slot(record.process);
    if (slot.busy) {
        return fail("record {}: process {} invokes {} before its {} of record {} is over", record.index,
                    history::to_text(record.process), record.f, slot.f, slot.index);
    }
    styles_.try_emplace(record.f, Style::with_invokes);
    begin(slot, record.f, record.index, record.time);
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

bool Operations::invoke_decision(std::int64_t client, std::uint64_t index, TrueTime at) {
    static const std::string decide = "decide";
    Slot& slot = clients_.at(client);
    if (slot.busy) return false;
    if (!decisions_begin_) decisions_begin_ = styles_.try_emplace(decide, Style::with_invokes).first->second == Style::with_invokes;
    begin(slot, decide, index, at);
    return true;
}

std::optional<Operations::Begin> Operations::complete_decision(std::int64_t client, TrueTime at, bool crashes) {
    Slot* const slot = clients_.find(client);
    if (slot == nullptr || !slot->busy || !slot->decides()) return std::nullopt;
    slot->busy = false;
    slot->done = at;
    --unfinished_;
    const Begin begin{slot->inv, slot->index};
    if (crashes) clients_.erase(client);
    return begin;
}

}  // namespace mistrial::checkers
