#include "checkers/definitional/definitions.hpp"
#include "checkers/definitional/orders.hpp"
#include "checkers/definitional/questions.hpp"

#include <algorithm>

namespace mistrial::checkers::definitional {

namespace {

using history::Record;
using history::Type;

constexpr std::size_t most_calls_ordered = 6;
constexpr std::size_t most_states = 2'000;

// B4, of a register whose writes come in the order of their publishes: w(r) < w(r'), and something that shows r' (a read, or
// the acknowledgement of w(r')) ended before a read of r began.
void add_stale_decisions(const View& view, const Claim& claim, Indexes& indexes) {
    for (const Operation& d : view.operations) {
        if (d.is_status || !covered(claim, d)) continue;
        for (const auto& [bundle, shown] : d.shown) {
            const Publish* older = nullptr;
            if (!claim.covers_bundle(bundle) || !revision_of(view, d, bundle, older)) continue;
            if (!in_total_order(view, bundle, d)) continue;
            for (const Publish& newer : view.publishes) {
                if (newer.bundle != bundle || newer.bad || !certainly_before(view, older, newer)) continue;
                bool known = newer.outcome == Type::ok && *newer.res < d.inv;
                for (const Operation& o : view.operations) {
                    const Publish* seen = nullptr;
                    if (o.is_status || !covered(claim, o) || !(o.res < d.inv)) continue;
                    known = known || (revision_of(view, o, bundle, seen) && seen == &newer);
                }
                if (known) indexes.insert(d.index);
            }
        }
    }
}

bool is_pair(const Json& value) { return value.is_array() && value.size() == 2; }
bool is_keyed(const Json& value) { return value.is_object() && value.contains("key"); }

const Json& value_of(const Record& record) { return std::get<history::Foreign>(record.value).value; }

std::string function_of(const std::string& f) { return f == "get" ? "read" : f == "put" ? "write" : f; }

/// A call as the history has it: what was asked, and what came back.
struct Told {
    Call call;
    Json asked;
    Json answered;
    Json key;
    bool answers = false;
};

std::vector<Told> told_in(const View& view) {
    std::vector<Told> all;
    std::map<history::Process, std::size_t> busy;  // process -> its operation in `all`
    std::map<history::Process, TrueTime> done;
    for (const Record& record : view.foreign) {
        const Json key = record.extra.is_object() ? record.extra.value("key", Json()) : Json();
        if (record.type == Type::invoke) {
            busy[record.process] = all.size();
            all.push_back({{record.index, record.time, std::nullopt, function_of(record.f), {}, {}, {}}, value_of(record), {}, key, false});
            continue;
        }
        if (!busy.contains(record.process)) {
            TrueTime inv = done.contains(record.process) ? done[record.process] : TrueTime::min();
            if (record.sched) inv = std::max(inv, *record.sched);
            busy[record.process] = all.size();
            all.push_back({{record.index, std::min(inv, record.time), std::nullopt, function_of(record.f), {}, {}, {}},
                           value_of(record), {}, key, false});
        }
        Told& told = all[busy[record.process]];
        busy.erase(record.process);
        done[record.process] = record.time;
        told.call.index = record.index;
        told.answered = value_of(record);
        if (told.key.is_null()) told.key = key;
        told.answers = record.type == Type::ok;
        if (told.answers) told.call.res = record.time;
        if (record.type == Type::fail) told.call.f = "none";
    }
    std::erase_if(all, [](const Told& told) { return told.call.f == "none"; });
    return all;
}

bool is_store(const View& view) {
    return std::any_of(view.foreign.begin(), view.foreign.end(), [](const Record& record) {
        return record.f == "get" || record.f == "put" || record.f == "append";
    });
}

/// The calls of each object: of a store, or of independent keys, those of each key.
std::map<std::string, std::vector<Call>> objects_in(const View& view) {
    std::vector<Told> all = told_in(view);
    const bool store = is_store(view);
    const bool tuples = std::all_of(all.begin(), all.end(), [](const Told& told) {
        const Json& value = told.call.f == "read" && told.answers ? told.answered : told.asked;
        return is_pair(value) && !value[0].is_array() && (told.call.f != "cas" || is_pair(value[1])) &&
               (told.call.f != "read" || is_pair(told.asked));
    });
    const bool members = std::all_of(all.begin(), all.end(), [](const Told& told) {
        return is_keyed(told.call.f == "read" && told.answers ? told.answered : told.asked);
    });
    std::map<std::string, std::vector<Call>> objects;
    for (Told& told : all) {
        std::string key;
        if (!told.key.is_null()) {
            key = canonical(told.key);
        } else if (members || tuples || store) {
            const Json from = is_pair(told.asked) || is_keyed(told.asked) ? told.asked : told.answered;
            key = is_keyed(from) ? canonical(from["key"]) : is_pair(from) ? canonical(from[0]) : std::string{};
            for (Json* value : {&told.asked, &told.answered}) {
                if (is_keyed(*value)) *value = Json(value->value("value", Json()));
                else if (is_pair(*value)) *value = Json((*value)[1]);
            }
        }
        told.call.result = store && told.answered == "" ? Json() : told.answered;
        told.call.argument = told.call.f == "cas" && is_pair(told.asked) ? told.asked[1] : told.asked;
        if (told.call.f == "cas" && is_pair(told.asked)) told.call.expected = told.asked[0];
        if (store && told.call.f == "write" && told.call.argument == "") told.call.argument = Json();
        objects[key].push_back(told.call);
    }
    return objects;
}

void add_calls_without_place(const View& view, const Claim& claim, Indexes& indexes) {
    Json initial = claim.parameters.is_object() ? claim.parameters.value("initial", Json()) : Json();
    if (is_store(view) && initial == "") initial = Json();
    for (const auto& [key, calls] : objects_in(view)) {
        if (calls.size() <= most_calls_ordered && has_order(calls, initial)) continue;
        const Run run = run_automaton(calls, most_states, initial);
        if (run.no_further) indexes.insert(*run.no_further);
        // Too many for a definition to decide: it has nothing against any finding.
        if (run.gave_up) std::for_each(calls.begin(), calls.end(), [&](const Call& call) { indexes.insert(call.index); });
    }
}

}  // namespace

Indexes linearizability(const View& view, const Claim& claim) {
    Indexes indexes;
    add_stale_decisions(view, claim, indexes);
    add_calls_without_place(view, claim, indexes);
    return indexes;
}

}  // namespace mistrial::checkers::definitional
