#include "core/history/foreign/assembly.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>

namespace mistrial::history::foreign {
namespace {

using Order = std::vector<std::size_t>;

Order as_placed(std::size_t count) {
    Order order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    return order;
}

/// Lines and columns of all offsets in one pass over the text.
std::vector<Place> places_of(const std::vector<Placed>& placed, std::string_view text) {
    Order order = as_placed(placed.size());
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return placed[a].at < placed[b].at; });
    std::vector<Place> places(placed.size());
    std::uint32_t line = 1;
    std::size_t line_start = 0;
    for (const std::size_t i : order) {
        for (std::size_t newline; (newline = text.find('\n', line_start)) < placed[i].at; line_start = newline + 1)
            ++line;
        places[i] = {line, static_cast<std::uint32_t>(placed[i].at - line_start + 1)};
    }
    return places;
}

void order_by_index(const std::vector<Placed>& placed, const std::vector<Place>& places, Order& order) {
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return placed[a].record.index < placed[b].record.index; });
    for (std::size_t i = 1; i < order.size(); ++i) {
        const Placed& one = placed[order[i]];
        if (one.record.index != placed[order[i - 1]].record.index) continue;
        const Place& other = places[order[i - 1]];
        throw Syntax{one.at,
                     fmt::format("index: expected each once, got {} again (it stands at {}:{})", one.record.index,
                                 other.line, other.column),
                     std::nullopt};
    }
}

void fill_in_times(std::vector<Placed>& placed, const Order& order) {
    const bool none = std::none_of(placed.begin(), placed.end(), [](const Placed& one) { return one.has_time; });
    TrueTime last{};
    for (std::size_t i = 0; i < order.size(); ++i) {
        Placed& one = placed[order[i]];
        if (!one.has_time) one.record.time = none ? at_nanos<TrueTime>(static_cast<std::int64_t>(i)) : last;
        last = one.record.time;
    }
}

/// Among records of one time: invokes in even phases, completions in odd ones, each process in its own order; what is
/// neither goes with the record before it.
class Phases {
  public:
    int of(const Record& record) {
        if (record.f == "run" && std::holds_alternative<RunInfo>(record.value)) return -1;
        if (record.type == Type::info && !std::holds_alternative<std::int64_t>(record.process)) return last_;
        int& phase = by_process_.try_emplace(record.process, -1).first->second;
        const bool wants_odd = record.type != Type::invoke;
        // Two completions in a row (of operations without invokes) may share their phase, as may two invokes.
        if (phase < 0 || (phase % 2 == 1) != wants_odd) phase += phase < 0 ? (wants_odd ? 2 : 1) : 1;
        last_ = phase;
        return phase;
    }

  private:
    std::map<Process, int> by_process_;
    int last_ = 0;
};

void order_ties(const std::vector<Placed>& placed, Order& order) {
    const auto time = [&](std::size_t i) { return placed[order[i]].record.time; };
    std::vector<std::pair<int, std::size_t>> tied;
    for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
        for (end = begin + 1; end < order.size() && time(end) == time(begin);) ++end;
        if (end - begin < 2) continue;
        Phases phases;
        tied.clear();
        for (std::size_t i = begin; i < end; ++i) tied.emplace_back(phases.of(placed[order[i]].record), order[i]);
        std::stable_sort(tied.begin(), tied.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        for (std::size_t i = begin; i < end; ++i) order[i] = tied[i - begin].second;
    }
}

/// Clients do one thing at a time. An operation without invoke is taken where no operation of that name has one.
void check_clients(const std::vector<Placed>& placed, const std::vector<Place>& places, const Order& order) {
    std::unordered_map<std::int64_t, std::size_t> busy;
    std::map<std::string, bool, std::less<>> has_invokes;
    for (const std::size_t i : order) {
        const Record& record = placed[i].record;
        const auto* client = std::get_if<std::int64_t>(&record.process);
        if (client == nullptr) continue;
        const auto doing = busy.find(*client);
        const auto refuse = [&](std::string_view what) {
            throw Syntax{placed[i].at, fmt::format("process {} {} {}", *client, what, record.f), std::nullopt};
        };
        if (record.type == Type::invoke) {
            has_invokes.try_emplace(record.f, true);
            if (doing != busy.end())
                refuse(fmt::format("is busy with {} (invoked at {}:{}) and cannot invoke",
                                   placed[doing->second].record.f, places[doing->second].line,
                                   places[doing->second].column));
            busy.emplace(*client, i);
        } else if (doing != busy.end()) {
            if (placed[doing->second].record.f != record.f)
                refuse(fmt::format("is busy with {} (invoked at {}:{}) and cannot complete",
                                   placed[doing->second].record.f, places[doing->second].line,
                                   places[doing->second].column));
            busy.erase(doing);
        } else if (has_invokes.try_emplace(record.f, false).first->second) {
            refuse("completes, but never invoked,");
        }
    }
}

}  // namespace

History assemble(std::vector<Placed> placed, const SourceText& source) {
    const std::vector<Place> places = places_of(placed, source.text());
    Order order = as_placed(placed.size());
    const bool indexed = std::all_of(placed.begin(), placed.end(), [](const Placed& one) { return one.has_index; });
    if (indexed) order_by_index(placed, places, order);
    fill_in_times(placed, order);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return placed[a].record.time < placed[b].record.time; });
    order_ties(placed, order);
    check_clients(placed, places, order);

    History history;
    history.records.reserve(order.size());
    history.places.reserve(order.size());
    bool ascending = indexed;
    for (const std::size_t i : order) {
        ascending = ascending && (history.records.empty() || history.records.back().index < placed[i].record.index);
        history.records.push_back(std::move(placed[i].record));
        history.places.push_back(places[i]);
    }
    if (!ascending)
        for (std::size_t i = 0; i < history.records.size(); ++i) history.records[i].index = i;
    return history;
}

}  // namespace mistrial::history::foreign
