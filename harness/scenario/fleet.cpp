#include "harness/scenario/fleet.hpp"

#include "engine/defects/defects.hpp"
#include "harness/store/embedded.hpp"

#include <algorithm>
#include <filesystem>

namespace mistrial::scenario {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kGroups[] = {"agents", "mirrors", "authorities"};
/// Words that have a meaning of their own where nodes are named, or in a history.
const std::vector<std::string> kReserved = {"agents", "mirrors", "authorities", "clients", "status",
                                            "logs",   "nemesis", "harness",     "all"};

std::string quoted(const std::vector<std::string>& names) {
    return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

/// NAME1 to NAMEn with a count, NAME itself without one.
std::vector<std::string> node_names(const Reader& group) {
    const std::string name = group.at("name").text().value_or("");
    if (name.empty()) return {};
    const auto count = group.at("count").integer();
    if (!count) return {name};
    std::vector<std::string> names;
    for (std::int64_t i = 1; i <= std::min<std::int64_t>(*count, 1000); ++i) names.push_back(fmt::format("{}{}", name, i));
    return names;
}

/// Tells names that stand for two things at once.
class Namespace {
  public:
    void take(const Reader& group, const std::vector<std::string>& nodes) {
        const std::string name = group.at("name").text().value_or("");
        if (std::ranges::find(kReserved, name) != kReserved.end())
            return group.at("name").tell(fmt::format("expected another name, got \"{}\", which stands for {}", name,
                                                     name == "nemesis" || name == "harness"
                                                         ? "what a history calls mistrial's own parts"
                                                         : "nodes of every fleet"));
        std::vector<std::string> all = nodes;
        if (std::ranges::find(all, name) == all.end()) all.push_back(name);
        for (const std::string& one : all) {
            const auto [at, fresh] = taken_.emplace(one, group.pointer());
            if (!fresh)
                return group.at("name").tell(
                    fmt::format("expected names that nothing else has, got \"{}\", a name of {} too", one, at->second));
        }
    }

  private:
    std::map<std::string, std::string> taken_;
};

Duration read_whole_seconds(const Reader& reader, Duration otherwise) {
    const auto duration = reader.duration();
    if (duration && (*duration < 1s || *duration % 1s != 0s))
        reader.wrong("whole seconds, at least 1s (agents count their polling so)");
    return duration.value_or(otherwise);
}

std::string with_article(defects::Of of) {
    const std::string_view text = to_text(of);
    return fmt::format("{} {}", text.starts_with('a') ? "an" : "a", text);
}

/// The seeded defect of a node of this kind; told when there is none of that name, or it is another kind's.
std::optional<std::string> read_defect(const Reader& reader, defects::Of of) {
    auto name = reader.text();
    if (!name) return name;
    const defects::Defect* defect = defects::find(*name);
    if (defect != nullptr && defect->of == of) return name;
    reader.tell(fmt::format("expected a seeded defect of {} (mistrial list defects), got \"{}\"{}", with_article(of), *name,
                            defect != nullptr ? fmt::format(", a defect of {}", with_article(defect->of))
                                              : did_you_mean(*name, defects::names_of(of))));
    return name;
}

void read_authorities(const Reader& reader, Fleet& fleet, Namespace& names) {
    for (const Reader& item : reader.elements()) {
        const auto nodes = node_names(item);
        names.take(item, nodes);
        const auto defect = read_defect(item.at("defect"), defects::Of::authority);
        if (!nodes.empty()) fleet.authorities.push_back({nodes.front(), defect});
    }
}

void read_mirrors(const Reader& reader, Fleet& fleet, Namespace& names) {
    std::vector<std::string> authorities;
    for (const AuthorityNode& authority : fleet.authorities) authorities.push_back(authority.name);
    for (const Reader& item : reader.elements()) {
        const auto nodes = node_names(item);
        names.take(item, nodes);
        const auto written = item.at("of").text();
        const std::string of = written.value_or(authorities.empty() ? "" : authorities.front());
        if (written && std::ranges::find(authorities, of) == authorities.end())
            item.at("of").tell(fmt::format("expected an authority ({}), got \"{}\"{}", quoted(authorities), of,
                                           did_you_mean(of, authorities)));
        if (!written && authorities.size() > 1)
            item.at("of").tell(fmt::format("expected one of the authorities {}, got nothing", quoted(authorities)));
        const auto defect = read_defect(item.at("defect"), defects::Of::mirror);
        for (const std::string& node : nodes)
            fleet.mirrors.push_back(
                {node, item.at("name").text().value_or(""), of, item.at("ttl").duration().value_or(1s), defect});
    }
}

/// The sources that the agents of a group share out among themselves.
std::vector<std::string> read_sources(const Reader& item, const Fleet& fleet) {
    std::map<std::string, std::vector<std::string>> sources;
    std::vector<std::string> groups;
    for (const MirrorNode& mirror : fleet.mirrors) {
        if (!sources.contains(mirror.group)) groups.push_back(mirror.group);
        sources[mirror.group].push_back(mirror.name);
        if (mirror.name != mirror.group) sources[mirror.name] = {mirror.name};
    }
    for (const AuthorityNode& authority : fleet.authorities) sources[authority.name] = {authority.name};
    const auto written = item.at("from").text();
    if (!written) {
        if (groups.size() == 1) return sources[groups.front()];
        if (groups.empty() && fleet.authorities.size() == 1) return {fleet.authorities.front().name};
        for (const AuthorityNode& authority : fleet.authorities) groups.push_back(authority.name);
        item.at("from").tell(fmt::format("expected where bundles come from (one of {}), got nothing", quoted(groups)));
        return {};
    }
    if (const auto found = sources.find(*written); found != sources.end()) return found->second;
    std::vector<std::string> known;
    for (const auto& [name, nodes] : sources) known.push_back(name);
    item.at("from").tell(fmt::format("expected a group of mirrors, a mirror or an authority ({}), got \"{}\"{}",
                                     quoted(known), *written, did_you_mean(*written, known)));
    return {};
}

std::string read_path(const Reader& reader, const std::string& directory) {
    const std::string text = reader.text().value_or("");
    const std::filesystem::path path(text);
    return path.is_absolute() ? text : (std::filesystem::path(directory) / path).lexically_normal().string();
}

std::string read_driver(const Reader& reader, const std::string& directory) {
    const std::string driver = reader.text().value_or("embedded");
    if (driver.find('/') != std::string::npos || driver.ends_with(".json")) {
        const std::string path = read_path(reader, directory);
        if (!std::filesystem::exists(path)) reader.wrong("the path of a driver file");
        return path;
    }
    std::vector<std::string> known;
    for (const embedded::File& file : embedded::files_below("agents/"))
        known.push_back(std::filesystem::path(file.path).stem().string());
    if (!known.empty() && std::ranges::find(known, driver) == known.end())
        reader.tell(fmt::format("expected an agent driver ({}, or the path of a driver file), got \"{}\"{}",
                                quoted(known), driver, did_you_mean(driver, known)));
    return driver;
}

std::vector<std::string> read_bundles(const Reader& reader, const std::vector<std::string>& published) {
    if (!reader.present()) return published;
    const std::string& policy = published.front();
    if (const auto elements = reader.elements(); published.size() > 1 && !elements.empty() && elements.front().text() != policy)
        elements.front().wrong(fmt::format("\"{}\", the bundle with the policy, first", policy));
    for (const Reader& element : reader.elements()) {
        const std::string name = element.text().value_or(policy);
        if (std::ranges::find(published, name) != published.end()) continue;
        element.wrong(published.size() == 1 ? fmt::format("\"{}\", the bundle that the workload publishes", policy)
                                            : fmt::format("a bundle that the workload publishes ({})", quoted(published)));
    }
    return reader.names();
}

AgentNode read_agent_group(const Reader& item, const std::vector<std::string>& bundles, const std::string& directory) {
    AgentNode agent;
    agent.group = item.at("name").text().value_or("");
    agent.driver = read_driver(item.at("driver"), directory);
    const Reader poll = item.at("poll");
    agent.poll_min = read_whole_seconds(poll.at("min"), 1s);
    agent.poll_max = read_whole_seconds(poll.at("max"), 2s);
    if (agent.poll_max < agent.poll_min)
        poll.at("max").wrong(fmt::format("a delay of at least the min of {}", format_short(agent.poll_min)));
    if (item.at("long_poll").present()) agent.long_poll = read_whole_seconds(item.at("long_poll"), 30s);
    agent.persist = item.at("persist").boolean().value_or(true);
    agent.bundles = read_bundles(item.at("bundles"), bundles);
    agent.version = item.at("version").text();
    if (item.at("binary").present()) agent.binary = read_path(item.at("binary"), directory);
    agent.defect = read_defect(item.at("defect"), defects::Of::agent);
    for (const char* key : {"version", "defect"}) {
        const bool embedded_only = std::string_view(key) == "defect";
        if (item.at(key).present() && (agent.driver == "embedded") != embedded_only)
            item.at(key).tell(embedded_only
                                  ? fmt::format("expected no defect with the driver {}: only the embedded agent has them",
                                                agent.driver)
                                  : "expected no version with the driver embedded: there is only the one built with mistrial");
    }
    if (item.at("config").is_object()) agent.config = item.at("config").json();
    for (const auto& [name, value] : item.at("env").members()) agent.env[name] = value.text().value_or("");
    return agent;
}

}  // namespace

Roster::Roster(const Fleet& fleet) {
    std::vector<std::string> groups;
    const auto put = [&](const std::string& group, const std::string& node) {
        if (!nodes_.contains(group)) groups.push_back(group);
        nodes_[group].push_back(node);
    };
    for (const std::string_view group : kGroups) nodes_[std::string(group)];
    for (const AgentNode& agent : fleet.agents) {
        agents_.push_back(agent.name);
        put("agents", agent.name);
        if (agent.group != agent.name) put(agent.group, agent.name);
    }
    for (const MirrorNode& mirror : fleet.mirrors) {
        put("mirrors", mirror.name);
        if (mirror.group != mirror.name) put(mirror.group, mirror.name);
    }
    for (const AuthorityNode& authority : fleet.authorities) put("authorities", authority.name);
    for (const std::string_view group : kGroups)
        if (!nodes_[std::string(group)].empty()) names_.emplace_back(group);
    for (const std::string& group : groups) names_.push_back(group);
    for (const auto& node : {clients_end, status_end, logs_end}) nodes_[std::string(node)] = {std::string(node)};
    for (const std::string_view group : kGroups)
        for (const std::string& node : nodes_[std::string(group)]) {
            names_.push_back(node);
            nodes_[node] = {node};
        }
    for (const auto& node : {clients_end, status_end, logs_end}) names_.emplace_back(node);
}

const std::vector<std::string>* Roster::find(std::string_view name) const {
    const auto found = nodes_.find(name);
    return found == nodes_.end() || found->second.empty() ? nullptr : &found->second;
}

bool Roster::is_agent(std::string_view node) const { return std::ranges::find(agents_, node) != agents_.end(); }

std::vector<std::string> Roster::read_name(const Reader& reader) const {
    const auto name = reader.text();
    if (!name) return {};
    if (const auto* nodes = find(*name)) return *nodes;
    reader.tell(fmt::format("expected a node or a group ({}), got \"{}\"{}", quoted(names_), *name,
                            did_you_mean(*name, names_)));
    return {};
}

std::vector<std::string> Roster::read_agents(const Reader& reader) const {
    std::vector<std::string> agents;
    for (const Reader& element : reader.is_array() ? reader.elements() : std::vector<Reader>{reader})
        for (const std::string& node : read_name(element)) {
            if (!is_agent(node)) element.wrong(fmt::format("agents ({})", quoted(agents_)));
            else if (std::ranges::find(agents, node) == agents.end()) agents.push_back(node);
        }
    return agents;
}

std::vector<Edge> edges_of(const Fleet& fleet) {
    std::vector<Edge> edges;
    for (const AgentNode& agent : fleet.agents) {
        edges.push_back({std::string(clients_end), agent.name});
        edges.push_back({agent.name, agent.from});
        edges.push_back({agent.name, std::string(status_end)});
        edges.push_back({agent.name, std::string(logs_end)});
    }
    for (const MirrorNode& mirror : fleet.mirrors) edges.push_back({mirror.name, mirror.of});
    for (const AuthorityNode& authority : fleet.authorities) edges.push_back({std::string(clients_end), authority.name});
    return edges;
}

Result<> check_defects(const Fleet& fleet) {
    std::vector<std::tuple<std::string_view, const std::optional<std::string>*, defects::Of>> nodes;
    for (const AuthorityNode& node : fleet.authorities) nodes.emplace_back(node.name, &node.defect, defects::Of::authority);
    for (const MirrorNode& node : fleet.mirrors) nodes.emplace_back(node.name, &node.defect, defects::Of::mirror);
    for (const AgentNode& node : fleet.agents) nodes.emplace_back(node.name, &node.defect, defects::Of::agent);
    nodes.emplace_back(status_end, &fleet.status.defect, defects::Of::status_sink);
    nodes.emplace_back(logs_end, &fleet.logs.defect, defects::Of::log_sink);
    for (const auto& [node, name, of] : nodes) {
        if (!*name) continue;
        const defects::Defect* defect = defects::find(**name);
        if (defect == nullptr || defect->of != of)
            return fail("{}: {}: no such defect of {} (mistrial list defects)", node, **name, with_article(of));
    }
    return {};
}

const MirrorNode* find_mirror(const Fleet& fleet, std::string_view name) {
    const auto found = std::ranges::find(fleet.mirrors, name, &MirrorNode::name);
    return found == fleet.mirrors.end() ? nullptr : &*found;
}

std::string authority_of(const Fleet& fleet, const AgentNode& agent) {
    const MirrorNode* mirror = find_mirror(fleet, agent.from);
    return mirror == nullptr ? agent.from : mirror->of;
}

Fleet read_fleet(const Reader& reader, const std::vector<std::string>& bundles, const std::string& directory) {
    Fleet fleet;
    Namespace names;
    read_authorities(reader.at("authorities"), fleet, names);
    read_mirrors(reader.at("mirrors"), fleet, names);
    fleet.status.defect = read_defect(reader.at("status").at("defect"), defects::Of::status_sink);
    fleet.logs.defect = read_defect(reader.at("logs").at("defect"), defects::Of::log_sink);
    std::optional<std::string> authority;
    for (const Reader& item : reader.at("agents").elements()) {
        const auto nodes = node_names(item);
        names.take(item, nodes);
        AgentNode agent = read_agent_group(item, bundles, directory);
        const auto sources = read_sources(item, fleet);
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            agent.name = nodes[i];
            agent.from = sources.empty() ? "" : sources[i % sources.size()];
            fleet.agents.push_back(agent);
        }
        if (sources.empty() || nodes.empty()) continue;
        const std::string here = authority_of(fleet, fleet.agents.back());
        if (authority && *authority != here)
            item.at("from").tell(fmt::format("expected a source behind the authority {}, as for the agents above: bundle "
                                             "{} has one authority, got one behind {}", *authority, bundles.front(), here));
        authority = authority.value_or(here);
    }
    return fleet;
}

}  // namespace mistrial::scenario
