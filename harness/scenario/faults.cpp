#include "harness/scenario/faults.hpp"

#include "core/random.hpp"

#include <algorithm>

namespace mistrial::scenario {
namespace {

using namespace std::chrono_literals;

constexpr std::pair<std::string_view, Target::Pick> kPicks[] = {{"one", Target::Pick::one},
                                                                {"minority", Target::Pick::minority},
                                                                {"majority", Target::Pick::majority},
                                                                {"all", Target::Pick::all},
                                                                {"majorities-ring", Target::Pick::majorities_ring}};

/// Faults that are planned but not in this version: a better answer than "unknown key".
constexpr std::string_view kLaterKinds[] = {"disk",      "control-plane", "delay",  "bandwidth", "slow-start",
                                            "truncate",  "corrupt",       "http",   "drift",     "freeze",
                                            "namespace", "limit",         "strobe", "restart"};

constexpr Duration kFarthestOffset = 87'600h;

std::optional<Target> read_target(const Reader& reader, const Roster& roster) {
    Target target;
    if (reader.is_object()) {
        const std::string pick = reader.at("pick").text().value_or("");
        for (const auto& [name, value] : kPicks)
            if (name == pick) target.pick = value;
        target.nodes = roster.read_name(reader.at("of"));
        if (target.nodes.empty() || target.pick == Target::Pick::none) return std::nullopt;
        if (target.size() == 0)
            reader.at("pick").tell(fmt::format("expected a group that has a minority, got {} of {}", pick,
                                               fmt::join(target.nodes, ", ")));
        return target;
    }
    for (const Reader& element : reader.is_array() ? reader.elements() : std::vector<Reader>{reader})
        for (const std::string& node : roster.read_name(element))
            if (std::ranges::find(target.nodes, node) == target.nodes.end()) target.nodes.push_back(node);
    if (target.nodes.empty()) return std::nullopt;
    return target;
}

/// Kills, pauses and clocks are for agents: everything else of the fleet runs inside mistrial itself.
bool told_not_agents(const Reader& on, const Target& target, std::string_view kind, const Roster& roster) {
    for (const std::string& node : target.nodes) {
        if (roster.is_agent(node)) continue;
        on.tell(fmt::format("expected agents, got {}: authorities, mirrors and sinks run inside mistrial in this version, "
                            "so {} cannot be given to them; a partition can",
                            node, kind));
        return true;
    }
    return false;
}

bool joins(const Edge& edge, const std::string& one, const std::string& other) {
    return (edge.client == one && edge.server == other) || (edge.client == other && edge.server == one);
}

std::vector<Edge> edges_between(const Fleet& fleet, const std::vector<std::string>& on,
                                const std::vector<std::string>& from) {
    std::vector<Edge> found;
    for (const Edge& edge : edges_of(fleet)) {
        const bool joined = std::ranges::any_of(on, [&](const std::string& one) {
            return std::ranges::any_of(from, [&](const std::string& other) { return joins(edge, one, other); });
        });
        if (joined) found.push_back(edge);
    }
    return found;
}

void check_partition(const Reader& partition, const FaultSpec& fault, const Fleet& fleet) {
    const std::string mode = fault.parameters.at("mode");
    const std::string direction = fault.parameters.at("direction");
    if (direction != "both" && (mode == "refuse" || mode == "reset"))
        partition.at("direction").wrong(fmt::format("\"both\", since mode {} ends connections", mode));
    for (const std::string& node : fault.on.nodes) {
        if (!edges_between(fleet, {node}, fault.from.nodes).empty()) continue;
        std::vector<std::string> neighbours;
        for (const Edge& edge : edges_of(fleet)) {
            if (edge.client == node) neighbours.push_back(edge.server);
            if (edge.server == node) neighbours.push_back(edge.client);
        }
        return partition.at("from").tell(fmt::format("expected one of {}, which {} has an edge to, got {}",
                                                     fmt::join(neighbours, ", "), node,
                                                     fmt::join(fault.from.nodes, ", ")));
    }
}

/// A killed agent must have come back before it is killed or paused again; anything else takes a moment to heal.
Duration rest_after(std::string_view kind) { return kind == "kill" ? Duration(1s) : Duration(100ms); }

void check_time(const Reader& item, const FaultSpec& fault) {
    if (fault.length <= 0ns) item.at("for").wrong("a time longer than nothing");
    const Duration rest = rest_after(fault.kind);
    if (fault.every && fault.length + rest > *fault.every)
        item.at("for").tell(fmt::format("expected less than every {} by at least {}, got {}",
                                        format_short(*fault.every), format_short(rest),
                                        format_short(fault.length)));
}

std::optional<FaultSpec> read_fault(const Reader& item, const Fleet& fleet, const Roster& roster) {
    FaultSpec fault;
    fault.pointer = item.pointer();
    fault.at = item.at("at").duration();
    fault.every = item.at("every").duration();
    const auto length = item.at("for").duration();
    for (const nemesis::FaultKind& kind : nemesis::fault_kinds())
        if (item.at(kind.name).present()) fault.kind = kind.name;
    if (fault.kind.empty()) return std::nullopt;
    const Reader body = item.at(fault.kind);
    const auto on = read_target(body.at("on"), roster);
    if (fault.kind == "clock") {
        const Duration offset = body.at("offset").duration().value_or(1h);
        if (offset == 0ns || offset > kFarthestOffset || offset < -kFarthestOffset)
            body.at("offset").wrong("an offset other than 0s, of at most 87600h (ten years)");
        fault.parameters["offset"] = offset.count();
    }
    if (body.at("disarmed").boolean().value_or(false)) fault.parameters["disarmed"] = true;
    if (fault.kind == "kill") fault.parameters["state"] = body.at("state").text().value_or("kept");
    if (length) {
        fault.length = *length;
        check_time(item, fault);
    }
    if (!on) return std::nullopt;
    fault.on = *on;
    if (fault.kind != "partition") {
        if (told_not_agents(body.at("on"), fault.on, fault.kind, roster)) return std::nullopt;
    } else {
        fault.parameters["mode"] = body.at("mode").text().value_or("black-hole");
        fault.parameters["direction"] = body.at("direction").text().value_or("both");
        const auto from = read_target(body.at("from"), roster);
        if (!from) return std::nullopt;
        fault.from = *from;
        check_partition(body, fault, fleet);
    }
    if (!length || (!fault.at && !fault.every)) return std::nullopt;
    return fault;
}

/// `count` of the group, in the group's order; draws number `first` and on.
std::vector<std::string> draw(const Target& target, const RandomStream& stream, std::uint64_t occurrence) {
    if (!target.is_drawn()) return target.nodes;
    // A ring is shuffled once, everything else at each occurrence. 2^16: more than any group has nodes.
    const std::uint64_t first = target.pick == Target::Pick::majorities_ring ? 0 : occurrence << 16U;
    std::vector<std::size_t> order(target.nodes.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    for (std::size_t i = 0; i + 1 < order.size(); ++i)
        std::swap(order[i], order[i + stream.below(first + i, order.size() - i)]);
    if (target.pick == Target::Pick::majorities_ring)
        std::ranges::rotate(order, order.begin() + static_cast<std::ptrdiff_t>(occurrence % order.size()));
    order.resize(target.size());
    std::ranges::sort(order);
    std::vector<std::string> nodes;
    for (const std::size_t i : order) nodes.push_back(target.nodes[i]);
    return nodes;
}

/// What travels on an edge: requests from client to server, responses back.
std::string cut_of(const Edge& edge, const std::vector<std::string>& on, const std::string& direction) {
    if (direction == "both") return "both";
    const bool client_is_on = std::ranges::find(on, edge.client) != on.end();
    return client_is_on == (direction == "outbound") ? "requests" : "responses";
}

nemesis::FaultInterval occurrence_of(const FaultSpec& fault, const Fleet& fleet, std::uint64_t seed,
                                     std::uint64_t occurrence, TrueTime start, TrueTime settle_start) {
    nemesis::FaultInterval interval;
    interval.kind = fault.kind;
    interval.start = start;
    interval.stop = std::min(start + fault.length, settle_start);
    interval.target = draw(fault.on, RandomStream(seed, fault.entity, "pick"), occurrence);
    interval.parameters = fault.parameters;
    if (fault.kind != "partition") return interval;
    const auto from = draw(fault.from, RandomStream(seed, fault.entity, "pick-from"), occurrence);
    Json edges = Json::array();
    for (const Edge& edge : edges_between(fleet, interval.target, from))
        edges.push_back({{"client", edge.client},
                         {"server", edge.server},
                         {"cut", cut_of(edge, interval.target, fault.parameters.at("direction"))}});
    interval.parameters["from"] = from;
    interval.parameters["edges"] = std::move(edges);
    return interval;
}

struct Drawn {
    nemesis::FaultInterval interval;
    std::size_t spec = 0;
    bool by_pick = false;
};

/// What a fault holds while it lasts, such that no other may hold it: a process, a clock, an edge.
std::vector<std::string> holds(const nemesis::FaultInterval& interval) {
    std::vector<std::string> held;
    if (interval.kind == "partition") {
        for (const Json& edge : interval.parameters.at("edges"))
            held.push_back(fmt::format("edge {} to {}", edge.at("client").get<std::string>(),
                                       edge.at("server").get<std::string>()));
        return held;
    }
    for (const std::string& node : interval.target)
        held.push_back(fmt::format("{} {}", interval.kind == "clock" ? "clock of" : "process of", node));
    return held;
}

bool meet(const nemesis::FaultInterval& a, const nemesis::FaultInterval& b) {
    return a.start < b.stop + rest_after(b.kind) && b.start < a.stop + rest_after(a.kind);
}

void let_go(nemesis::FaultInterval& interval, const std::string& held) {
    if (interval.kind != "partition") {
        std::erase_if(interval.target, [&](const std::string& node) { return held.ends_with(" of " + node); });
        return;
    }
    Json& edges = interval.parameters["edges"];
    Json kept = Json::array();
    for (const Json& edge : edges)
        if (fmt::format("edge {} to {}", edge.at("client").get<std::string>(), edge.at("server").get<std::string>()) != held)
            kept.push_back(edge);
    edges = std::move(kept);
}

bool is_nothing(const nemesis::FaultInterval& interval) {
    return interval.target.empty() || (interval.kind == "partition" && interval.parameters.at("edges").empty());
}

/// Fixed faults that hold the same thing at once are a mistake; a drawn one gives way.
void settle_conflicts(std::vector<Drawn>& all, const std::vector<FaultSpec>& faults, Mistakes& mistakes) {
    std::ranges::stable_sort(all, {}, [](const Drawn& one) { return one.by_pick; });
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (all[i].spec == all[j].spec || is_nothing(all[j].interval)) continue;
            if (!meet(all[i].interval, all[j].interval)) continue;
            const auto taken = holds(all[j].interval);
            for (const std::string& held : holds(all[i].interval)) {
                if (std::ranges::find(taken, held) == taken.end()) continue;
                if (all[i].by_pick) {
                    let_go(all[i].interval, held);
                    continue;
                }
                mistakes.add_once(faults[all[i].spec].pointer,
                                  fmt::format("expected the {} to be left alone by other faults from {} until {} after "
                                              "it ends, got the {} of {} at {}",
                                              held, format_short(all[i].interval.start.time_since_epoch()),
                                              format_short(rest_after(all[i].interval.kind)), all[j].interval.kind,
                                              faults[all[j].spec].pointer,
                                              format_short(all[j].interval.start.time_since_epoch())));
            }
        }
    }
    std::erase_if(all, [](const Drawn& one) { return is_nothing(one.interval); });
}

}  // namespace

std::size_t Target::size() const {
    switch (pick) {
        case Pick::one: return 1;
        case Pick::minority: return (nodes.size() - 1) / 2;
        case Pick::majority:
        case Pick::majorities_ring: return nodes.size() / 2 + 1;
        case Pick::none:
        case Pick::all: return nodes.size();
    }
    return 0;
}

std::vector<FaultSpec> read_faults(const Reader& reader, const Fleet& fleet, const Roster& roster) {
    std::vector<FaultSpec> faults;
    std::map<std::string, int> seen;
    for (const Reader& item : reader.elements()) {
        for (const std::string_view kind : kLaterKinds)
            if (item.at(kind).present())
                item.at(kind).tell(fmt::format("expected one of partition, clock, kill, pause, got \"{}\", a fault that "
                                               "this version does not have", kind));
        const std::string text = canonical(item.json());
        const int number = ++seen[text];
        if (auto fault = read_fault(item, fleet, roster)) {
            fault->entity = fmt::format("fault {} {}", number, text);
            faults.push_back(std::move(*fault));
        }
    }
    return faults;
}

std::vector<Edge> possible_edges(const FaultSpec& fault, const Fleet& fleet) {
    if (fault.kind != "partition") return {};
    return edges_between(fleet, fault.on.nodes, fault.from.nodes);
}

nemesis::Schedule draw_schedule(const std::vector<FaultSpec>& faults, const Fleet& fleet, std::uint64_t seed,
                                TrueTime settle_start, Mistakes& mistakes) {
    std::vector<Drawn> all;
    for (std::size_t spec = 0; spec < faults.size(); ++spec) {
        const FaultSpec& fault = faults[spec];
        const Duration first = fault.at ? *fault.at : *fault.every;
        if (TrueTime{first} >= settle_start) {
            mistakes.add_once(fault.pointer + (fault.at ? "/at" : "/every"),
                              fmt::format("expected a time before {}, when the run settles, got {}",
                                          format_short(settle_start.time_since_epoch()), format_short(first)));
            continue;
        }
        if (fault.every && *fault.every < 100ms) continue;  // told when it was read
        std::uint64_t occurrence = 0;
        for (TrueTime start{first}; start < settle_start; ++occurrence) {
            all.push_back({occurrence_of(fault, fleet, seed, occurrence, start, settle_start), spec,
                           fault.on.is_drawn() || fault.from.is_drawn()});
            if (!fault.every) break;
            start += *fault.every;
        }
    }
    settle_conflicts(all, faults, mistakes);
    std::ranges::stable_sort(all, [](const Drawn& a, const Drawn& b) {
        return std::pair(a.interval.start, a.spec) < std::pair(b.interval.start, b.spec);
    });
    nemesis::Schedule schedule;
    for (Drawn& one : all) {
        one.interval.id = fmt::format("f{}", schedule.size() + 1);
        fill_excuses(one.interval, fleet);
        schedule.push_back(std::move(one.interval));
    }
    return schedule;
}

void fill_excuses(nemesis::FaultInterval& interval, const Fleet& fleet) {
    // Room for how exactly an offset is set and read back.
    constexpr Duration kClockMargin = 100ms;
    interval.excuses.clear();
    interval.skews.clear();
    if (interval.kind == "clock") {
        const Duration offset{interval.parameters.at("offset").get<std::int64_t>()};
        for (const std::string& agent : interval.target)
            interval.skews[agent] = {std::min(offset, Duration{0}) - kClockMargin,
                                     std::max(offset, Duration{0}) + kClockMargin};
        return;
    }
    for (const AgentNode& agent : fleet.agents) {
        history::Excuse excuse;
        const bool is_target = std::ranges::find(interval.target, agent.name) != interval.target.end();
        if (interval.kind != "partition" && is_target) excuse = {agent.bundles, true, true, true};
        if (interval.kind == "partition") {
            for (const Json& json : interval.parameters.at("edges")) {
                const Edge edge{json.at("client"), json.at("server")};
                const bool on_path = edge == Edge{agent.name, agent.from} ||
                                     (edge.client == agent.from && find_mirror(fleet, agent.from) != nullptr);
                if (on_path) excuse.bundles = agent.bundles;
                // OPA uploads no log while a status report of it hangs.
                if (edge == Edge{agent.name, std::string(status_end)}) excuse.status = excuse.log = true;
                if (edge == Edge{agent.name, std::string(logs_end)}) excuse.log = true;
                if (edge == Edge{std::string(clients_end), agent.name}) excuse.answers = true;
            }
        }
        if (excuse != history::Excuse{}) interval.excuses[agent.name] = std::move(excuse);
    }
}

}  // namespace mistrial::scenario
