#include "harness/scenario/plan.hpp"

#include "core/random.hpp"
#include "harness/scenario/reader.hpp"

#include <algorithm>

namespace mistrial::scenario {
namespace {

std::string written(Duration duration) { return format_short(duration); }
std::string written(TrueTime time) { return format_short(time.time_since_epoch()); }

template <class T>
void put(OrderedJson& json, const char* key, const std::optional<T>& value) {
    if (value) json[key] = *value;
}

OrderedJson to_json(const AuthorityNode& authority) {
    OrderedJson json = {{"name", authority.name}};
    put(json, "defect", authority.defect);
    return json;
}

OrderedJson to_json(const MirrorNode& mirror) {
    OrderedJson json = {{"name", mirror.name}, {"group", mirror.group}, {"of", mirror.of}, {"ttl", written(mirror.ttl)}};
    put(json, "defect", mirror.defect);
    return json;
}

OrderedJson to_json(const AgentNode& agent) {
    OrderedJson json = {{"name", agent.name},
                        {"group", agent.group},
                        {"driver", agent.driver},
                        {"from", agent.from},
                        {"poll", {{"min", written(agent.poll_min)}, {"max", written(agent.poll_max)}}},
                        {"persist", agent.persist},
                        {"bundles", agent.bundles}};
    if (agent.long_poll) json["long_poll"] = written(*agent.long_poll);
    put(json, "version", agent.version);
    put(json, "binary", agent.binary);
    put(json, "defect", agent.defect);
    if (!agent.config.empty()) json["config"] = agent.config;
    if (!agent.env.empty()) json["env"] = agent.env;
    return json;
}

OrderedJson to_json(const Fleet& fleet) {
    OrderedJson json = {{"authorities", OrderedJson::array()},
                        {"mirrors", OrderedJson::array()},
                        {"agents", OrderedJson::array()}};
    for (const AuthorityNode& authority : fleet.authorities)
        json["authorities"].push_back(to_json(authority));
    for (const MirrorNode& mirror : fleet.mirrors) json["mirrors"].push_back(to_json(mirror));
    for (const AgentNode& agent : fleet.agents) json["agents"].push_back(to_json(agent));
    for (const auto& [key, sink] : {std::pair("status", &fleet.status), std::pair("logs", &fleet.logs)})
        if (sink->defect) json[key] = OrderedJson{{"defect", *sink->defect}};
    return json;
}

/// `place` is that of the publish in the plan, from 1: a revision has that number unless some are left out.
OrderedJson to_json(const PlannedPublish& publish, std::size_t place) {
    OrderedJson json = {{"at", written(publish.at)},
                        {"bundle", publish.bundle},
                        {"revision", publish.revision},
                        {"authority", publish.authority},
                        {"digest", publish.digest}};
    if (publish.number != place) json["number"] = publish.number;
    put(json, "content", publish.content);
    return json;
}

OrderedJson to_json(const DecisionStream& stream) {
    OrderedJson json = {{"name", stream.name}};
    if (stream.roams.empty()) json["agent"] = stream.agent;
    else json["roams"] = stream.roams;
    json["from"] = written(stream.from);
    json["until"] = written(stream.until);
    json["period"] = written(stream.period);
    if (!stream.omit.empty()) json["omit"] = stream.omit;
    if (!stream.only.empty()) json["only"] = stream.only;
    return json;
}

OrderedJson to_json(const HealthStream& stream) {
    OrderedJson json = {{"name", stream.name},
                        {"agent", stream.agent},
                        {"query", stream.query},
                        {"from", written(stream.from)},
                        {"until", written(stream.until)},
                        {"period", written(stream.period)}};
    if (!stream.omit.empty()) json["omit"] = stream.omit;
    return json;
}

OrderedJson to_json(const Workload& workload) {
    OrderedJson json = {{"kind", workload.kind},
                        {"parameters", workload.parameters},
                        {"path", workload.path},
                        {"timeout", written(workload.timeout)},
                        {"concurrency", workload.concurrency},
                        {"tokens", workload.tokens},
                        {"decisions", OrderedJson::array()},
                        {"health", OrderedJson::array()},
                        {"publishes", OrderedJson::array()},
                        {"special", workload.special},
                        {"pool", OrderedJson::object()}};
    for (const DecisionStream& stream : workload.decisions) json["decisions"].push_back(to_json(stream));
    for (const HealthStream& stream : workload.health) json["health"].push_back(to_json(stream));
    for (std::size_t i = 0; i < workload.publishes.size(); ++i)
        json["publishes"].push_back(to_json(workload.publishes[i], i + 1));
    for (const auto& [id, input] : workload.pool) json["pool"][id] = input;
    return json;
}

OrderedJson ordered(const nemesis::FaultInterval& fault) {
    const Json json = nemesis::to_json(fault);
    OrderedJson result;
    for (const char* key : {"id", "kind", "target", "start", "stop", "parameters", "excuses", "skews"})
        result[key] = json.at(key);
    return result;
}

OrderedJson to_json(const checkers::Claim& claim) {
    OrderedJson json = OrderedJson::object();
    if (claim.within) json["within"] = written(*claim.within);
    if (!claim.terms.empty()) json["terms"] = claim.terms;
    json["excused"] = claim.excused;
    if (!claim.agents.empty()) json["agents"] = claim.agents;
    if (!claim.bundles.empty()) json["bundles"] = claim.bundles;
    json["parameters"] = claim.parameters;
    return json;
}

TrueTime read_time(const Reader& reader) { return TrueTime{reader.need_duration()}; }

Fleet read_fleet(const Reader& reader) {
    reader.only({"authorities", "mirrors", "agents", "status", "logs"});
    Fleet fleet;
    for (const Reader& node : reader.at("authorities").elements()) {
        node.only({"name", "defect"});
        fleet.authorities.push_back({node.at("name").need_text(), node.at("defect").text()});
    }
    for (const Reader& node : reader.at("mirrors").elements()) {
        node.only({"name", "group", "of", "ttl", "defect"});
        fleet.mirrors.push_back({node.at("name").need_text(), node.at("group").need_text(), node.at("of").need_text(),
                                 node.at("ttl").need_duration(), node.at("defect").text()});
    }
    for (const auto& [key, sink] : {std::pair("status", &fleet.status), std::pair("logs", &fleet.logs)}) {
        reader.at(key).only({"defect"});
        sink->defect = reader.at(key).at("defect").text();
    }
    for (const Reader& node : reader.at("agents").elements()) {
        node.only({"name", "group", "driver", "from", "poll", "persist", "bundles", "long_poll", "version", "binary",
                   "defect", "config", "env"});
        node.at("poll").only({"min", "max"});
        AgentNode agent;
        agent.name = node.at("name").need_text();
        agent.group = node.at("group").need_text();
        agent.driver = node.at("driver").need_text();
        agent.from = node.at("from").need_text();
        agent.poll_min = node.at("poll").at("min").need_duration();
        agent.poll_max = node.at("poll").at("max").need_duration();
        agent.persist = node.at("persist").need_boolean();
        agent.bundles = node.at("bundles").need_names();
        agent.long_poll = node.at("long_poll").duration();
        agent.version = node.at("version").text();
        agent.binary = node.at("binary").text();
        agent.defect = node.at("defect").text();
        if (node.at("config").present()) agent.config = node.at("config").need_object();
        for (const auto& [name, value] : node.at("env").members()) agent.env[name] = value.need_text();
        fleet.agents.push_back(std::move(agent));
    }
    return fleet;
}

Workload read_workload(const Reader& reader) {
    reader.only({"kind", "parameters", "path", "timeout", "concurrency", "tokens", "decisions", "health", "publishes", "special",
                 "pool"});
    Workload workload;
    workload.kind = reader.at("kind").need_text();
    workload.parameters = reader.at("parameters").need_object();
    workload.path = reader.at("path").need_text();
    workload.timeout = reader.at("timeout").need_duration();
    workload.concurrency = reader.at("concurrency").need_integer();
    workload.tokens = reader.at("tokens").boolean().value_or(false);
    workload.special = reader.at("special").need_object();
    for (const auto& [id, input] : reader.at("pool").members()) workload.pool[id] = input.json();
    for (const Reader& item : reader.at("publishes").elements()) {
        item.only({"number", "at", "bundle", "revision", "authority", "digest", "content"});
        PlannedPublish publish;
        publish.number = item.at("number").natural().value_or(workload.publishes.size() + 1);
        publish.at = read_time(item.at("at"));
        publish.bundle = item.at("bundle").need_text();
        publish.revision = item.at("revision").need_text();
        publish.authority = item.at("authority").need_text();
        publish.digest = item.at("digest").need_text();
        if (item.at("content").present()) publish.content = item.at("content").json();
        workload.publishes.push_back(std::move(publish));
    }
    for (const Reader& item : reader.at("decisions").elements()) {
        item.only({"name", "agent", "roams", "from", "until", "period", "omit", "only"});
        const bool roams = item.at("roams").present();
        DecisionStream stream{item.at("name").need_text(),
                              roams ? std::string() : item.at("agent").need_text(),
                              roams ? item.at("roams").need_names() : std::vector<std::string>{},
                              read_time(item.at("from")),
                              read_time(item.at("until")),
                              item.at("period").need_duration(),
                              {},
                              item.at("only").ranges()};
        if (roams && stream.roams.empty()) item.at("roams").wrong("an array of at least one agent");
        for (const Reader& number : item.at("omit").elements()) stream.omit.push_back(number.need_natural());
        workload.decisions.push_back(std::move(stream));
    }
    for (const Reader& item : reader.at("health").elements()) {
        item.only({"name", "agent", "query", "from", "until", "period", "omit"});
        HealthStream stream{item.at("name").need_text(),    item.at("agent").need_text(), item.at("query").need_text(),
                            read_time(item.at("from")),     read_time(item.at("until")),  item.at("period").need_duration(),
                            {}};
        for (const Reader& number : item.at("omit").elements()) stream.omit.push_back(number.need_natural());
        workload.health.push_back(std::move(stream));
    }
    return workload;
}

checkers::Claims read_claims(const Reader& reader) {
    checkers::Claims claims;
    for (const auto& [property, item] : reader.members()) {
        item.only({"within", "terms", "excused", "agents", "bundles", "parameters"});
        checkers::Claim claim;
        claim.property = property;
        claim.within = item.at("within").duration();
        claim.terms = item.at("terms").names();
        claim.excused = item.at("excused").need_boolean();
        claim.agents = item.at("agents").names();
        claim.bundles = item.at("bundles").names();
        claim.parameters = item.at("parameters").need_object();
        claims[property] = std::move(claim);
    }
    return claims;
}

}  // namespace

const std::string& DecisionStream::agent_of(std::uint64_t seed, std::uint64_t number) const {
    if (roams.empty()) return agent;
    return roams[RandomStream(seed, name, "agent").below(number, roams.size())];
}

const AgentNode* Plan::find_agent(std::string_view name) const {
    const auto found = std::ranges::find(fleet.agents, name, &AgentNode::name);
    return found == fleet.agents.end() ? nullptr : &*found;
}

OrderedJson to_json(const Plan& plan) {
    OrderedJson json = {{"format", plan.format},
                        {"scenario", plan.scenario},
                        {"about", plan.about},
                        {"seed", plan.seed},
                        {"duration", written(plan.duration)},
                        {"settle", written(plan.settle)},
                        {"fleet", to_json(plan.fleet)},
                        {"faults", OrderedJson::array()},
                        {"claims", OrderedJson::object()},
                        {"atomic", plan.atomic},
                        {"workload", to_json(plan.workload)}};
    for (const nemesis::FaultInterval& fault : plan.faults) json["faults"].push_back(ordered(fault));
    for (const auto& [property, claim] : plan.claims) json["claims"][property] = to_json(claim);
    if (plan.simulation != Simulation{})
        json["simulation"] = {{"order", plan.simulation.order},
                              {"delay", {{"min", written(plan.simulation.delay_min)}, {"max", written(plan.simulation.delay_max)}}}};
    return json;
}

Result<Plan> plan_from_json(const Json& json, std::string_view where) {
    Mistakes mistakes;
    const Reader reader(json, mistakes);
    Plan plan;
    if (!reader.is_object()) reader.wrong("a plan, an object");
    reader.only({"format", "scenario", "about", "seed", "duration", "settle", "fleet", "faults", "claims", "atomic",
                 "workload", "simulation"});
    if (const std::int64_t format = reader.at("format").need_integer(); format != plan.format)
        reader.at("format").wrong(fmt::format("{}, the only format that this version reads", plan.format));
    plan.scenario = reader.at("scenario").need_text();
    plan.about = reader.at("about").need_text();
    plan.seed = reader.at("seed").need_natural();
    plan.duration = reader.at("duration").need_duration();
    plan.settle = reader.at("settle").need_duration();
    plan.fleet = read_fleet(reader.at("fleet"));
    plan.workload = read_workload(reader.at("workload"));
    for (const Reader& item : reader.at("faults").elements()) {
        auto fault = nemesis::fault_from_json(item.json(), "");
        if (fault) {
            plan.faults.push_back(std::move(*fault));
            continue;
        }
        const std::string& message = fault.error().message;  // "/pointer: what is wrong"
        const std::size_t colon = message.find(": ");
        mistakes.add(item.pointer() + message.substr(0, colon), message.substr(colon + 2));
    }
    plan.claims = read_claims(reader.at("claims"));
    if (const Reader simulation = reader.at("simulation"); simulation.present()) {
        simulation.only({"order", "delay"});
        simulation.at("delay").only({"min", "max"});
        plan.simulation = {simulation.at("order").need_natural(), simulation.at("delay").at("min").need_duration(),
                           simulation.at("delay").at("max").need_duration()};
    }
    for (const Reader& group : reader.at("atomic").elements()) plan.atomic.push_back(group.need_names());
    if (!mistakes.empty()) {
        Origins origins;
        origins.override_with("", std::string(where));
        return mistakes.report(origins);
    }
    return plan;
}

}  // namespace mistrial::scenario
