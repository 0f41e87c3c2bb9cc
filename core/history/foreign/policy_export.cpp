#include "core/history/foreign/policy_export.hpp"

#include "core/history/foreign/shown_revisions.hpp"

#include <algorithm>
#include <queue>
#include <set>

namespace mistrial::history::foreign {
namespace {

constexpr std::size_t kNone = OperationPlaces::none;

Record record_of(TrueTime time, Type type, Process process, std::string f, Json value) {
    Record record;
    record.time = time;
    record.type = type;
    record.process = std::move(process);
    record.f = std::move(f);
    record.value = Foreign{std::move(value)};
    return record;
}

/// A number, or the name of what nobody published.
Json value_of(std::int64_t number, const std::string& revision) { return number > 0 ? Json(number) : Json(revision); }

/// In order of times, invokes first among equals; numbered.
std::vector<Record> in_order(std::vector<Record> records) {
    std::stable_sort(records.begin(), records.end(), [](const Record& a, const Record& b) { return a.time < b.time; });
    for (std::size_t i = 0; i < records.size(); ++i) records[i].index = i;
    return records;
}

Json prefix_up_to(const RevisionNumbers& numbers, const std::string& bundle, std::int64_t number) {
    Json list = Json::array();
    for (std::int64_t k = 1; k <= number; ++k)
        if (k == number || !numbers.failed(bundle, k)) list.push_back(k);
    return list;
}

}  // namespace

Result<std::vector<Record>> list_append(const std::vector<Record>& records) {
    const auto numbers = RevisionNumbers::of(records);
    if (!numbers) return numbers.error();
    std::vector<std::pair<std::size_t, Record>> made;  // by the place of the record that it stands for
    for (const OperationPlaces& places : policy_operations(records)) {
        const std::size_t begin = places.invoke != kNone ? places.invoke : places.completion;
        Json asked = Json::array(), answered = Json::array();
        if (const auto* publish = std::get_if<Publish>(&records[begin].value)) {
            asked.push_back({"append", publish->bundle, numbers->number_of_publish(begin)});
            answered = asked;
        } else if (places.completion != kNone && records[places.completion].type == Type::ok) {
            for (const auto& [bundle, revision] : shown_revisions(std::get<Decide>(records[places.completion].value))) {
                const std::int64_t number = numbers->number(bundle, revision);
                asked.push_back({"r", bundle, nullptr});
                answered.push_back(
                    {"r", bundle, number > 0 ? prefix_up_to(*numbers, bundle, number) : Json::array({revision})});
            }
        }
        if (asked.empty()) continue;
        const auto put = [&](std::size_t at, Json value) {
            if (at == kNone) return;
            Record record = record_of(records[at].time, records[at].type, records[at].process, "txn", std::move(value));
            record.error = records[at].error;
            made.emplace_back(at, std::move(record));
        };
        put(places.invoke, std::move(asked));
        put(places.completion, std::move(answered));
    }
    std::stable_sort(made.begin(), made.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<Record> history;
    history.reserve(made.size());
    for (auto& [at, record] : made) history.push_back(std::move(record));
    return in_order(std::move(history));
}

namespace {

/// One write or read of the register, still without its process.
struct Access {
    TrueTime call;
    std::optional<TrueTime> returned;  ///< never, when nobody knows whether it took effect
    bool write = false;
    Json value;
    std::string revision;
};

/// The least process that is free at a call. One whose operation never returned is never free again.
class Processes {
  public:
    std::int64_t take(TrueTime call, std::optional<TrueTime> returned) {
        while (!busy_.empty() && busy_.top().first < call) {
            free_.insert(busy_.top().second);
            busy_.pop();
        }
        const std::int64_t process = free_.empty() ? next_++ : *free_.begin();
        free_.erase(process);
        if (returned) busy_.emplace(*returned, process);
        return process;
    }

  private:
    using Busy = std::pair<TrueTime, std::int64_t>;
    std::priority_queue<Busy, std::vector<Busy>, std::greater<>> busy_;
    std::set<std::int64_t> free_;
    std::int64_t next_ = 0;
};

}  // namespace

Result<std::vector<Record>> register_history(const std::vector<Record>& records, Duration delta) {
    const auto numbers = RevisionNumbers::of(records);
    if (!numbers) return numbers.error();
    const bool keyed = numbers->bundles() > 1;
    const auto named = [&](const std::string& bundle, Json value) {
        return keyed ? Json::array({bundle, std::move(value)}) : value;
    };
    std::vector<Access> accesses;
    for (const OperationPlaces& places : policy_operations(records)) {
        const std::size_t begin = places.invoke != kNone ? places.invoke : places.completion;
        const TrueTime call = records[begin].time;
        const Record* completion = places.completion != kNone ? &records[places.completion] : nullptr;
        const bool ok = completion != nullptr && completion->type == Type::ok;
        if (const auto* publish = std::get_if<Publish>(&records[begin].value)) {
            if (completion != nullptr && completion->type == Type::fail) continue;
            accesses.push_back({call, ok ? std::optional(completion->time) : std::nullopt, true,
                                named(publish->bundle, numbers->number_of_publish(begin)), publish->revision});
        } else if (ok) {
            // Not before the run began, where there is nothing that it could have overtaken.
            const TrueTime earlier = call.time_since_epoch() > delta ? call - delta : std::min(call, TrueTime{});
            for (const auto& [bundle, revision] : shown_revisions(std::get<Decide>(completion->value)))
                accesses.push_back({earlier, completion->time, false,
                                    named(bundle, value_of(numbers->number(bundle, revision), revision)), revision});
        }
    }
    std::stable_sort(accesses.begin(), accesses.end(),
                     [](const Access& a, const Access& b) { return a.call < b.call; });
    Processes processes;
    std::vector<Record> calls, returns;
    for (Access& access : accesses) {
        const std::int64_t process = processes.take(access.call, access.returned);
        const std::string f = access.write ? "write" : "read";
        const Json asked = access.write ? access.value : keyed ? Json::array({access.value[0], nullptr}) : Json();
        calls.push_back(record_of(access.call, Type::invoke, process, f, asked));
        if (access.write) calls.back().extra["revision"] = access.revision;
        if (!access.returned) continue;
        returns.push_back(record_of(*access.returned, Type::ok, process, f, std::move(access.value)));
        returns.back().extra["revision"] = std::move(access.revision);
    }
    calls.insert(calls.end(), std::make_move_iterator(returns.begin()), std::make_move_iterator(returns.end()));
    return in_order(std::move(calls));
}

}  // namespace mistrial::history::foreign
