#include "checkers/definitional/orders.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace mistrial::checkers::definitional {

namespace {

Json with(const Json& value, const Json& more) {
    const bool none = value.is_null() || value == "";
    if (more.is_string() && (none || value.is_string())) {
        const std::string text = (none ? std::string{} : value.get<std::string>()) + more.get<std::string>();
        return text.empty() ? Json() : Json(text);
    }
    Json list = value.is_array() ? value : none ? Json::array() : Json::array({value});
    list.push_back(more);
    return list;
}

bool extend(const std::vector<Call>& calls, std::vector<bool>& taken, const Json& value) {
    const auto left = [&](std::size_t i) { return !taken[i]; };
    bool all = true;
    for (std::size_t i = 0; i < calls.size(); ++i) all = all && (taken[i] || !calls[i].res);
    if (all) return true;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        if (!left(i)) continue;
        bool first = true;
        for (std::size_t j = 0; j < calls.size(); ++j) {
            if (left(j) && calls[j].res && *calls[j].res < calls[i].inv) first = false;
        }
        if (!first) continue;
        const auto after = apply(value, calls[i]);
        if (!after) continue;
        taken[i] = true;
        if (extend(calls, taken, *after)) return true;
        taken[i] = false;
    }
    return false;
}

}  // namespace

std::optional<Json> apply(const Json& value, const Call& call) {
    if (call.f == "write") return call.argument;
    if (call.f == "append") return with(value, call.argument);
    if (call.f == "cas") return value == call.expected ? std::optional(call.argument) : std::nullopt;
    if (!call.res) return value;  // nobody knows what it read
    return value == call.result ? std::optional(value) : std::nullopt;
}

bool has_order(const std::vector<Call>& calls, const Json& initial) {
    std::vector<bool> taken(calls.size(), false);
    return extend(calls, taken, initial);
}

std::optional<Duration> smallest_delta(const std::vector<Call>& calls, const std::vector<Duration>& candidates) {
    for (const Duration delta : candidates) {
        std::vector<Call> shifted = calls;
        for (Call& call : shifted) {
            if (call.f == "read") call.inv -= delta;
        }
        if (has_order(shifted)) return delta;
    }
    return std::nullopt;
}

Run run_automaton(const std::vector<Call>& calls, std::size_t most_states, const Json& initial) {
    struct Event {
        TrueTime time;
        bool ends;
        std::uint64_t index;
        std::size_t call;
    };
    std::vector<Event> events;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        events.push_back({calls[i].inv, false, calls[i].index, i});
        if (calls[i].res) events.push_back({*calls[i].res, true, calls[i].index, i});
    }
    std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
        return std::tie(a.time, a.ends, a.index) < std::tie(b.time, b.ends, b.index);
    });
    // What has taken effect of the calls that have begun and not ended, and the value.
    using State = std::pair<std::set<std::size_t>, std::string>;
    std::set<State> states{{{}, canonical(initial)}};
    std::set<std::size_t> pending;
    for (const Event& event : events) {
        if (!event.ends) {
            pending.insert(event.call);
            continue;
        }
        std::vector<State> open(states.begin(), states.end());
        while (!open.empty()) {
            const State state = open.back();
            open.pop_back();
            const Json value = Json::parse(state.second);
            for (const std::size_t call : pending) {
                if (state.first.contains(call)) continue;
                const auto after = apply(value, calls[call]);
                if (!after) continue;
                State next{state.first, canonical(*after)};
                next.first.insert(call);
                if (states.insert(next).second) open.push_back(next);
            }
            if (states.size() > most_states) return {true, std::nullopt};
        }
        std::set<State> left;
        for (State state : states) {
            if (state.first.erase(event.call) == 1) left.insert(std::move(state));
        }
        if (left.empty()) return {false, calls[event.call].index};
        states = std::move(left);
        pending.erase(event.call);
    }
    return {};
}

}  // namespace mistrial::checkers::definitional
