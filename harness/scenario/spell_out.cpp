#include "harness/scenario/spell_out.hpp"

#include "harness/scenario/faults.hpp"
#include "harness/workload/grants.hpp"

#include <algorithm>
#include <set>

namespace mistrial::scenario {
namespace {

using namespace std::chrono_literals;

std::string text_of(Duration duration) { return format_short(duration); }
std::string text_of(TrueTime time) { return format_short(time.time_since_epoch()); }

/// The bundles that are published, as they come.
std::vector<std::string> bundles_of(const Plan& plan) {
    std::vector<std::string> bundles;
    for (const std::vector<std::string>& group : plan.atomic) bundles.insert(bundles.end(), group.begin(), group.end());
    return bundles;
}

OrderedJson spelled(const AgentNode& agent, const std::vector<std::string>& bundles) {
    OrderedJson json{{"name", agent.name}};
    if (agent.driver != "embedded") json["driver"] = agent.driver;
    json["from"] = agent.from;
    json["poll"] = {{"min", text_of(agent.poll_min)}, {"max", text_of(agent.poll_max)}};
    if (agent.long_poll) json["long_poll"] = text_of(*agent.long_poll);
    if (!agent.persist) json["persist"] = false;
    if (agent.bundles != bundles) json["bundles"] = agent.bundles;
    if (agent.version) json["version"] = *agent.version;
    if (agent.binary) json["binary"] = *agent.binary;
    if (agent.defect) json["defect"] = *agent.defect;
    if (!agent.config.empty()) json["config"] = agent.config;
    if (!agent.env.empty()) json["env"] = agent.env;
    return json;
}

OrderedJson spelled(const Fleet& fleet, const std::vector<std::string>& bundles) {
    OrderedJson json{{"authorities", OrderedJson::array()}};
    const auto with_defect = [](OrderedJson node, const std::optional<std::string>& defect) {
        if (defect) node["defect"] = *defect;
        return node;
    };
    for (const AuthorityNode& authority : fleet.authorities)
        json["authorities"].push_back(with_defect({{"name", authority.name}}, authority.defect));
    for (const MirrorNode& mirror : fleet.mirrors)
        json["mirrors"].push_back(with_defect({{"name", mirror.name}, {"of", mirror.of}, {"ttl", text_of(mirror.ttl)}}, mirror.defect));
    if (fleet.status.defect) json["status"]["defect"] = *fleet.status.defect;
    if (fleet.logs.defect) json["logs"]["defect"] = *fleet.logs.defect;
    json["agents"] = OrderedJson::array();
    for (const AgentNode& agent : fleet.agents) json["agents"].push_back(spelled(agent, bundles));
    return json;
}

OrderedJson spelled(const DecisionStream& stream, TrueTime end) {
    OrderedJson json{{"name", stream.name}};
    if (stream.roams.empty()) json["agent"] = stream.agent;
    else json["roams"] = stream.roams;
    json["from"] = text_of(stream.from);
    if (stream.until != end) json["until"] = text_of(stream.until);
    json["every"] = text_of(stream.period);
    if (!stream.omit.empty()) json["omit"] = stream.omit;
    if (!stream.only.empty()) json["only"] = stream.only;
    return json;
}

OrderedJson spelled(const Workload& workload, const std::string& bundle, TrueTime end) {
    OrderedJson json{{"kind", workload.kind}};
    if (bundle != "main") json["bundle"] = bundle;
    OrderedJson& publish = json["publish"] = {{"revisions", OrderedJson::array()}};
    for (const PlannedPublish& one : workload.publishes)
        publish["revisions"].push_back({{"number", one.number}, {"at", text_of(one.at)}});
    Json parameters = workload.parameters;
    if (workload.kind == "grants" && parameters.contains("revisions")) {
        const bool in_turns = parameters.contains("documents");
        publish["of"] = (in_turns ? 2 : 1) * parameters["revisions"].get<std::size_t>();
        parameters.erase("revisions");
        if (in_turns) parameters["documents"].erase("grants");
    }
    OrderedJson& decide = json["decide"] = {{"timeout", text_of(workload.timeout)}};
    if (workload.tokens) decide["tokens"] = true;
    decide["streams"] = OrderedJson::array();
    for (const DecisionStream& stream : workload.decisions) decide["streams"].push_back(spelled(stream, end));
    json["health"] = workload.health.empty() ? "never" : text_of(workload.health.front().period);
    for (const auto& [key, value] : parameters.items()) json[key] = value;
    return json;
}

/// A partition names nodes; where a pick gave way to another fault on some of their edges, what is left is named node by node.
std::vector<OrderedJson> spelled_partition(const nemesis::FaultInterval& fault, const Fleet& fleet) {
    std::set<Edge> edges;
    for (const Json& edge : fault.parameters.at("edges")) edges.insert({edge.at("client"), edge.at("server")});
    const auto from = fault.parameters.at("from").get<std::vector<std::string>>();
    const auto cut_by = [&](const std::vector<std::string>& on, const std::vector<std::string>& off) {
        FaultSpec spec;
        spec.kind = fault.kind;
        spec.on.nodes = on;
        spec.from.nodes = off;
        const auto cut = possible_edges(spec, fleet);
        return std::set<Edge>(cut.begin(), cut.end());
    };
    const auto partition = [&](const std::vector<std::string>& on, const std::vector<std::string>& off) {
        OrderedJson json{{"on", on}, {"from", off}, {"mode", fault.parameters.at("mode")}, {"direction", fault.parameters.at("direction")}};
        if (fault.parameters.contains("disarmed")) json["disarmed"] = fault.parameters.at("disarmed");
        return json;
    };
    if (cut_by(fault.target, from) == edges) return {partition(fault.target, from)};
    std::vector<OrderedJson> parts;
    for (const std::string& node : fault.target) {
        std::vector<std::string> off;
        for (const std::string& other : from)
            if (edges.contains({node, other}) || edges.contains({other, node})) off.push_back(other);
        if (!off.empty()) parts.push_back(partition({node}, off));
    }
    return parts;
}

std::vector<OrderedJson> spelled(const nemesis::FaultInterval& fault, const Fleet& fleet) {
    std::vector<OrderedJson> bodies;
    if (fault.kind == "partition") {
        bodies = spelled_partition(fault, fleet);
    } else {
        OrderedJson body{{"on", fault.target}};
        for (const auto& [key, value] : fault.parameters.items())
            body[key] = key == "offset" ? Json(text_of(Duration{value.get<std::int64_t>()})) : value;
        bodies.push_back(std::move(body));
    }
    std::vector<OrderedJson> faults;
    for (OrderedJson& body : bodies)
        faults.push_back({{"at", text_of(fault.start)}, {"for", text_of(fault.stop - fault.start)}, {fault.kind, std::move(body)}});
    return faults;
}

OrderedJson spelled(const checkers::Claim& claim) {
    OrderedJson json = OrderedJson::object();
    if (claim.within) json["within"] = text_of(*claim.within);
    for (const auto& [key, value] : claim.parameters.items())
        if (key != "within" && key != "terms") json[key] = value;
    return json;
}

/// `every` instead of each publish; right when the rhythm is even.
OrderedJson with_rhythm_of_publishes(OrderedJson json) {
    OrderedJson& publish = json["workload"]["publish"];
    const OrderedJson& revisions = publish["revisions"];
    const bool in_turns = json["workload"].contains("documents");
    const std::size_t second = in_turns ? 2 : 1;
    if (revisions.size() < 2 * second) return json;
    const auto every = revisions[second]["at"];
    if (in_turns) {
        const auto listed = parse_duration(revisions[3]["at"].get<std::string>()), made = parse_duration(every.get<std::string>());
        if (listed && made) json["workload"]["documents"]["after"] = text_of(*listed - *made);
    }
    publish = {{"every", every}};
    return json;
}

/// `rate` and `sessions` instead of each session; right when they take even turns.
OrderedJson with_rate(OrderedJson json) {
    OrderedJson& decide = json["workload"]["decide"];
    const OrderedJson streams = decide["streams"];
    if (streams.empty()) return json;
    const auto period = parse_duration(streams[0]["every"].get<std::string>());
    if (!period || *period <= 0ns) return json;
    const auto sessions = static_cast<std::int64_t>(streams.size());
    const auto roaming = std::ranges::count_if(streams, [](const OrderedJson& stream) { return stream.contains("roams"); });
    decide.erase("streams");
    OrderedJson shorter = OrderedJson::object();
    shorter["rate"] = std::max<std::int64_t>(1, Duration{1s} * sessions / *period);
    shorter["sessions"] = sessions;
    if (roaming > 0) shorter["roaming"] = roaming;
    shorter.update(decide);
    decide = std::move(shorter);
    return json;
}

/// Nodes NAME1 to NAMEn that differ in nothing but their names as one group, agents also in their source.
OrderedJson with_groups(OrderedJson json, const char* kind) {
    OrderedJson& fleet = json["fleet"];
    if (!fleet.contains(kind)) return json;
    OrderedJson groups = OrderedJson::array();
    for (const OrderedJson& node : fleet[kind]) {
        const auto name = node.at("name").get<std::string>();
        const auto stem = name.substr(0, name.find_last_not_of("0123456789") + 1);
        OrderedJson group{{"name", stem}, {"count", 1}};
        for (const auto& [key, value] : node.items())
            if (key != "name") group[key] = value;
        if (node.contains("from")) {
            // Mirrors have been grouped before: a group's nodes share its mirrors out in turn.
            const auto from = node.at("from").get<std::string>();
            const auto source = from.substr(0, from.find_last_not_of("0123456789") + 1);
            for (const OrderedJson& mirror : fleet.value("mirrors", OrderedJson::array()))
                if (mirror.at("name") == source && mirror.contains("count")) group["from"] = source;
        }
        OrderedJson* last = groups.empty() ? nullptr : &groups.back();
        if (last != nullptr) {
            OrderedJson same = group;
            same["count"] = (*last)["count"];
            if (same == *last) {
                (*last)["count"] = last->at("count").get<int>() + 1;
                continue;
            }
        }
        groups.push_back(std::move(group));
    }
    fleet[kind] = std::move(groups);
    return json;
}

/// Without what is so anyway.
OrderedJson without_defaults(OrderedJson json) {
    OrderedJson& workload = json["workload"];
    if (workload.value("health", "") == "500ms") workload.erase("health");
    if (OrderedJson& decide = workload["decide"]; decide.value("timeout", "") == "2s") decide.erase("timeout");
    for (OrderedJson& fault : json["faults"])
        if (fault.contains("partition"))
            if (OrderedJson& body = fault["partition"]; body.value("direction", "") == "both") body.erase("direction");
    const Json usual = workload::to_json(workload::GrantsParameters{});
    if (workload.value("kind", "") == "grants")
        for (const auto& [key, value] : usual.items())
            if (workload.contains(key) && workload[key] == OrderedJson(value)) workload.erase(key);
    return json;
}

}  // namespace

OrderedJson spell_out(const Plan& plan) {
    const std::string bundle = plan.workload.publishes.empty() ? "main" : plan.workload.publishes.front().bundle;
    OrderedJson json{{"name", plan.scenario}};
    if (!plan.about.empty()) json["about"] = plan.about;
    json["seed"] = plan.seed;
    json["duration"] = text_of(plan.duration);
    json["settle"] = text_of(plan.settle);
    if (plan.simulation != Simulation{})
        json["simulation"] = {{"order", plan.simulation.order},
                              {"delay", {{"min", text_of(plan.simulation.delay_min)}, {"max", text_of(plan.simulation.delay_max)}}}};
    json["fleet"] = spelled(plan.fleet, bundles_of(plan));
    json["workload"] = spelled(plan.workload, bundle, plan.end());
    json["faults"] = OrderedJson::array();
    for (const nemesis::FaultInterval& fault : plan.faults)
        for (OrderedJson& one : spelled(fault, plan.fleet)) json["faults"].push_back(std::move(one));
    json["claims"] = OrderedJson::object();
    for (const auto& [property, claim] : plan.claims) json["claims"][property] = spelled(claim);
    return json;
}

OrderedJson abridged(const OrderedJson& spelled) {
    OrderedJson best = spelled;
    const auto plan_of = [](const OrderedJson& json) { return resolve(scenario_of(json)); };
    const auto plan = plan_of(spelled);
    if (!plan) return best;
    const auto attempt = [&](OrderedJson candidate) {
        const auto shorter = plan_of(candidate);
        if (shorter && mean_the_same(*shorter, *plan)) best = std::move(candidate);
    };
    attempt(with_rhythm_of_publishes(best));
    attempt(with_rate(best));
    for (const char* group : {"mirrors", "agents"}) attempt(with_groups(best, group));
    attempt(without_defaults(best));
    return best;
}

Scenario scenario_of(const OrderedJson& json, const std::filesystem::path& directory) {
    return {Json(json), json.value("name", std::string()), directory, Origins{}};
}

bool mean_the_same(Plan a, Plan b) {
    for (Plan* plan : {&a, &b}) {
        plan->workload.concurrency = 0;
        for (AgentNode& agent : plan->fleet.agents) agent.group.clear();
        for (MirrorNode& mirror : plan->fleet.mirrors) mirror.group.clear();
        for (auto& [name, claim] : plan->claims) {
            claim.terms.clear();
            claim.parameters.erase("terms");
        }
    }
    return a == b;
}

}  // namespace mistrial::scenario
