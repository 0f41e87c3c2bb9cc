#include "harness/search/edit.hpp"

#include "nemesis/fault.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace mistrial::search {
namespace {

using namespace std::chrono_literals;

void keep_elements(OrderedJson& array, const std::function<bool(OrderedJson&)>& wanted) {
    OrderedJson kept = OrderedJson::array();
    for (OrderedJson& element : array)
        if (wanted(element)) kept.push_back(std::move(element));
    array = std::move(kept);
}

void keep_names(OrderedJson& names, const std::set<std::string>& known) {
    keep_elements(names, [&](const OrderedJson& name) { return known.contains(name.get<std::string>()); });
}

/// Nothing refers to nodes that are no longer there.
void forget_unknown_nodes(OrderedJson& scenario) {
    OrderedJson& fleet = scenario["fleet"];
    std::set<std::string> agents, sources, known{"clients", "status", "logs"};
    for (const OrderedJson& agent : fleet["agents"]) {
        agents.insert(agent.at("name"));
        sources.insert(agent.at("from"));
    }
    if (fleet.contains("mirrors")) {
        keep_elements(fleet["mirrors"], [&](const OrderedJson& mirror) { return sources.contains(mirror.at("name")); });
        for (const OrderedJson& mirror : fleet["mirrors"]) {
            known.insert(mirror.at("name"));
            sources.insert(mirror.at("of"));
        }
        if (fleet["mirrors"].empty()) fleet.erase("mirrors");
    }
    keep_elements(fleet["authorities"], [&](const OrderedJson& one) { return sources.contains(one.at("name")); });
    for (const OrderedJson& authority : fleet["authorities"]) known.insert(authority.at("name"));
    known.insert(agents.begin(), agents.end());

    keep_elements(scenario["workload"]["decide"]["streams"], [&](OrderedJson& stream) {
        if (!stream.contains("roams")) return agents.contains(stream.at("agent"));
        keep_names(stream["roams"], agents);
        return !stream["roams"].empty();
    });
    keep_elements(scenario["faults"], [&](OrderedJson& fault) {
        OrderedJson& body = body_of(fault);
        for (const char* key : {"on", "from"})
            if (body.contains(key)) keep_names(body[key], known);
        return !body["on"].empty() && (!body.contains("from") || !body["from"].empty());
    });
    for (auto& [property, claim] : scenario["claims"].items())
        if (claim.contains("agents")) keep_names(claim["agents"], agents);
    for (auto claim = scenario["claims"].begin(); claim != scenario["claims"].end();)
        claim = claim->contains("agents") && (*claim)["agents"].empty() ? scenario["claims"].erase(claim) : std::next(claim);
}

}  // namespace

Duration duration_at(const OrderedJson& object, const char* key) {
    const auto duration = parse_duration(object.at(key).get<std::string>());
    return duration ? *duration : Duration{};
}

std::vector<std::string> names_of(const OrderedJson& nodes) {
    std::vector<std::string> names;
    for (const OrderedJson& node : nodes) names.push_back(node.at("name"));
    return names;
}

std::string kind_of(const OrderedJson& fault) {
    for (const auto& [key, value] : fault.items())
        if (nemesis::find_fault_kind(key) != nullptr) return key;
    return "";
}

OrderedJson& body_of(OrderedJson& fault) { return fault[kind_of(fault)]; }

OrderedJson with_agents(OrderedJson scenario, const std::vector<std::string>& agents) {
    keep_elements(scenario["fleet"]["agents"], [&](const OrderedJson& agent) {
        return std::ranges::find(agents, agent.at("name").get<std::string>()) != agents.end();
    });
    forget_unknown_nodes(scenario);
    return scenario;
}

OrderedJson without_mirrors(OrderedJson scenario) {
    OrderedJson& fleet = scenario["fleet"];
    std::map<std::string, std::string> authority_of;
    for (const OrderedJson& mirror : fleet.value("mirrors", OrderedJson::array())) authority_of[mirror.at("name")] = mirror.at("of");
    for (OrderedJson& agent : fleet["agents"])
        if (const auto found = authority_of.find(agent.at("from")); found != authority_of.end()) agent["from"] = found->second;
    for (OrderedJson& fault : scenario["faults"]) {
        OrderedJson& body = body_of(fault);
        if (!body.contains("from")) continue;
        OrderedJson from = OrderedJson::array();
        for (const OrderedJson& name : body["from"]) {
            const auto found = authority_of.find(name);
            const OrderedJson other = found == authority_of.end() ? name : OrderedJson(found->second);
            if (std::find(from.begin(), from.end(), other) == from.end()) from.push_back(other);
        }
        body["from"] = std::move(from);
    }
    forget_unknown_nodes(scenario);
    return scenario;
}

OrderedJson with_elements(OrderedJson scenario, const std::string& pointer, const std::vector<std::size_t>& places) {
    OrderedJson& array = scenario[OrderedJson::json_pointer(pointer)];
    OrderedJson kept = OrderedJson::array();
    for (const std::size_t place : places) kept.push_back(std::move(array[place]));
    array = std::move(kept);
    return scenario;
}

OrderedJson settling_from(OrderedJson scenario, Duration start, Duration settle) {
    const Duration end = start + settle;
    scenario["duration"] = format_short(end);
    scenario["settle"] = format_short(settle);
    keep_elements(scenario["workload"]["publish"]["revisions"], [&](const OrderedJson& one) { return duration_at(one, "at") < start; });
    keep_elements(scenario["faults"], [&](OrderedJson& fault) {
        const Duration at = duration_at(fault, "at");
        if (at >= start) return false;
        fault["for"] = format_short(std::min(duration_at(fault, "for"), start - at));
        return true;
    });
    keep_elements(scenario["workload"]["decide"]["streams"], [&](OrderedJson& stream) {
        if (stream.contains("until") && duration_at(stream, "until") >= end) stream.erase("until");
        return duration_at(stream, "from") < end;
    });
    return scenario;
}

std::vector<std::uint64_t> numbers_of(const OrderedJson& stream, Duration end) {
    const Duration from = duration_at(stream, "from"), every = std::max(duration_at(stream, "every"), Duration{1});
    const Duration until = stream.contains("until") ? duration_at(stream, "until") : end;
    const auto omit = stream.value("omit", std::vector<std::uint64_t>{});
    const auto only = stream.value("only", std::vector<std::pair<std::uint64_t, std::uint64_t>>{});
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t number = 0; from + every * static_cast<std::int64_t>(number) < until; ++number) {
        if (std::ranges::binary_search(omit, number)) continue;
        const bool asked = only.empty() || std::ranges::any_of(only, [&](const auto& range) {
                               return number >= range.first && number <= range.second;
                           });
        if (asked) numbers.push_back(number);
    }
    return numbers;
}

OrderedJson with_numbers(OrderedJson stream, const std::vector<std::uint64_t>& numbers, Duration end) {
    stream.erase("only");
    stream.erase("omit");
    if (numbers_of(stream, end) == numbers) return stream;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    for (const std::uint64_t number : numbers) {
        if (!ranges.empty() && ranges.back().second + 1 == number) ranges.back().second = number;
        else ranges.emplace_back(number, number);
    }
    stream["only"] = ranges;
    return stream;
}

}  // namespace mistrial::search
