#include "harness/scenario/plan.hpp"

#include <algorithm>
#include <sstream>

namespace mistrial::scenario {
namespace {

constexpr std::size_t kWidth = 110;
constexpr std::size_t kBar = 40;

std::string text_of(TrueTime time) { return format_short(time.time_since_epoch()); }

/// `text` in lines of at most the table's width, `indent` spaces before each.
std::string wrapped(const std::string& text, std::size_t indent) {
    std::string result, line;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        if (!line.empty() && indent + line.size() + 1 + word.size() > kWidth) {
            result += std::string(indent, ' ') + line + "\n";
            line.clear();
        }
        line += (line.empty() ? "" : " ") + word;
    }
    return line.empty() ? result : result + std::string(indent, ' ') + line + "\n";
}

/// A first word in its column, then the rest, wrapped beside it.
std::string entry(std::string_view name, std::size_t column, const std::string& rest) {
    std::string text = wrapped(rest, column);
    const std::string head = fmt::format("  {} ", name);
    text.replace(0, std::min(head.size(), column), head.substr(0, column));
    return text;
}

std::string joined(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ", ")); }

std::string defect_of(const std::optional<std::string>& defect) {
    return defect ? fmt::format(", DEFECT {}", *defect) : std::string();
}

std::string text_of(const AgentNode& agent) {
    std::string text = agent.driver;
    if (agent.version) text += " " + *agent.version;
    if (agent.binary) text += " at " + *agent.binary;
    text += fmt::format(" from {}, polls every {} to {}", agent.from, format_short(agent.poll_min),
                        format_short(agent.poll_max));
    if (agent.long_poll) text += fmt::format(", long polls of {}", format_short(*agent.long_poll));
    text += agent.persist ? ", persists" : ", does not persist";
    text += fmt::format(", bundle{} {}", agent.bundles.size() == 1 ? "" : "s", joined(agent.bundles));
    text += defect_of(agent.defect);
    if (!agent.config.empty()) text += ", own config";
    if (!agent.env.empty()) text += ", own env";
    return text;
}

/// Nodes that are described alike stand in one row.
class Rows {
  public:
    void add(const std::string& node, const std::string& description) {
        for (auto& [nodes, text] : rows_)
            if (text == description) return nodes.push_back(node);
        rows_.push_back({{node}, description});
    }
    [[nodiscard]] std::string print(std::size_t column) const {
        std::string text;
        for (const auto& [nodes, description] : rows_) {
            const std::string names = joined(nodes);
            text += names.size() + 3 <= column ? entry(names, column, description)
                                               : wrapped(names, 2) + wrapped(description, column);
        }
        return text;
    }

  private:
    std::vector<std::pair<std::vector<std::string>, std::string>> rows_;
};

std::string fleet_rows(const Plan& plan) {
    Rows rows;
    for (const AuthorityNode& node : plan.fleet.authorities) rows.add(node.name, "authority" + defect_of(node.defect));
    for (const MirrorNode& node : plan.fleet.mirrors)
        rows.add(node.name, fmt::format("mirror of {}, ttl {}", node.of, format_short(node.ttl)) + defect_of(node.defect));
    for (const AgentNode& node : plan.fleet.agents) rows.add(node.name, text_of(node));
    if (plan.fleet.status.defect) rows.add("status", "sink of status reports" + defect_of(plan.fleet.status.defect));
    if (plan.fleet.logs.defect) rows.add("logs", "sink of decision logs" + defect_of(plan.fleet.logs.defect));
    return rows.print(20);
}

std::string workload_rows(const Plan& plan) {
    const Workload& workload = plan.workload;
    std::string text;
    std::vector<std::string> bundles;
    for (const PlannedPublish& publish : workload.publishes)
        if (std::ranges::find(bundles, publish.bundle) == bundles.end()) bundles.push_back(publish.bundle);
    for (const std::string& bundle : bundles) {
        std::vector<const PlannedPublish*> publishes;
        for (const PlannedPublish& publish : workload.publishes)
            if (publish.bundle == bundle) publishes.push_back(&publish);
        const PlannedPublish& first = *publishes.front();
        const PlannedPublish& last = *publishes.back();
        std::string said = fmt::format("{} of {} at {}: {}", publishes.size(), bundle, first.authority, first.revision);
        if (publishes.size() > 1) {
            const TrueTime second = publishes[1]->at;
            const Duration every = publishes.size() > 2 ? publishes[2]->at - second : second - first.at;
            said += fmt::format(" at {}, ", text_of(first.at));
            // Of a bundle beside another one, only the first is there from the start.
            if (first.at + every != second) said += fmt::format("{} at {}, ", publishes[1]->revision, text_of(second));
            said += fmt::format("then every {} until {} at {}", format_short(every), last.revision, text_of(last.at));
        }
        text += entry("revisions", 20, said + fmt::format(" (workload {})", workload.kind));
    }
    if (!workload.decisions.empty()) {
        const DecisionStream& stream = workload.decisions.front();
        const auto roaming = std::count_if(workload.decisions.begin(), workload.decisions.end(),
                                           [](const DecisionStream& one) { return !one.roams.empty(); });
        const double rate = 1e9 * static_cast<double>(workload.decisions.size()) / static_cast<double>(stream.period.count());
        text += entry("decisions", 20,
                      fmt::format("{:.0f} a second from {} on by {} sessions{}, timeout {}, at most {} unanswered; {} inputs, "
                                  "{}",
                                  rate, text_of(stream.from), workload.decisions.size(),
                                  roaming > 0 ? fmt::format(" ({} of them roaming)", roaming) : std::string(),
                                  format_short(workload.timeout),
                                  workload.concurrency, workload.pool.size(), workload.path));
    }
    if (!workload.health.empty()) {
        const HealthStream& stream = workload.health.front();
        const bool activation = std::ranges::any_of(workload.health, [](const HealthStream& one) { return !one.query.empty(); });
        text += entry("health", 20,
                      fmt::format("of each agent every {} from {} on{}", format_short(stream.period), text_of(stream.from),
                                  activation ? ", and whether its bundles are active" : ""));
    }
    return text;
}

/// One character for each 1/kBar of the run: in force, settling, or neither.
std::string bar(const Plan& plan, TrueTime start, TrueTime stop) {
    std::string text;
    for (std::size_t i = 0; i < kBar; ++i) {
        const auto part = [&](std::size_t n) {
            return TrueTime{plan.duration / static_cast<std::int64_t>(kBar) * static_cast<std::int64_t>(n)};
        };
        const bool in_force = start < part(i + 1) && part(i) < std::max(stop, start + Duration{1});
        text += in_force ? '#' : part(i) >= plan.settle_start() ? '~' : '.';
    }
    return text;
}

std::string description_of(const nemesis::FaultInterval& fault) {
    if (fault.kind == "partition") {
        const std::string direction = fault.parameters.value("direction", "both");
        return fmt::format("partition, {}{}", fault.parameters.value("mode", "black-hole"),
                           direction == "both" ? "" : ", " + direction);
    }
    if (fault.kind == "clock")
        return fmt::format("clock {}", format_short(Duration{fault.parameters.value("offset", std::int64_t{0})}));
    if (fault.kind == "kill") return fmt::format("kill, state {}", fault.parameters.value("state", "kept"));
    return fault.kind;
}

/// What is cut, who is excused from what.
std::string consequences_of(const nemesis::FaultInterval& fault) {
    std::vector<std::string> parts;
    if (fault.kind == "partition") {
        std::vector<std::string> edges;
        for (const Json& edge : fault.parameters.value("edges", Json::array()))
            edges.push_back(fmt::format("{}-{}", edge.value("client", ""), edge.value("server", "")));
        parts.push_back("cuts " + joined(edges));
    }
    std::map<std::string, std::vector<std::string>> agents;
    for (const auto& [agent, excuse] : fault.excuses) {
        std::vector<std::string> what;
        if (!excuse.bundles.empty()) what.push_back("bundles");
        if (excuse.status) what.emplace_back("status");
        if (excuse.log) what.emplace_back("log");
        if (excuse.answers) what.emplace_back("answers");
        agents[what.size() == 4 ? "everything" : joined(what)].push_back(agent);
    }
    for (const auto& [what, who] : agents) parts.push_back(fmt::format("excuses {} of {}", what, joined(who)));
    for (const auto& [agent, skew] : fault.skews)
        parts.push_back(fmt::format("moves the wall clock of {}", agent));
    return fmt::format("{}", fmt::join(parts, "; "));
}

std::string cropped(std::string text, std::size_t width) {
    if (text.size() <= width) return text;
    text.resize(width - 2);
    return text + "..";
}

std::string fault_rows(const Plan& plan) {
    if (plan.faults.empty()) return "  none\n";
    const std::string end = text_of(plan.end());
    std::string text = fmt::format("  {:<4}{:<26}{:<18}{:>7} {:>7}  {}{:>{}}\n", "", "", "on", "from", "to", "0s", end,
                                   kBar - 2);
    for (const nemesis::FaultInterval& fault : plan.faults) {
        text += fmt::format("  {:<4}{:<26}{:<18}{:>7} {:>7}  {}\n", fault.id, cropped(description_of(fault), 25),
                            cropped(joined(fault.target), 17), text_of(fault.start), text_of(fault.stop),
                            bar(plan, fault.start, fault.stop));
        text += wrapped(consequences_of(fault), 6);
    }
    return text;
}

std::string claim_rows(const Plan& plan) {
    if (plan.claims.empty()) return "  none: every property is measured and reported\n";
    std::string text;
    std::map<std::vector<std::string>, std::string> told;
    for (const auto& [property, claim] : plan.claims) {
        std::vector<std::string> said;
        if (claim.within) said.push_back("within " + format_short(*claim.within));
        if (!claim.excused) said.emplace_back("no fault excuses");
        if (!claim.agents.empty()) said.push_back("of " + joined(claim.agents));
        if (!claim.bundles.empty()) said.push_back("of bundle " + joined(claim.bundles));
        const checkers::Property* known = checkers::find_property(property);
        if (known == nullptr || !known->judged) said.emplace_back("NOT JUDGED by this version: the run will be unknown");
        const auto [first, fresh] = told.emplace(claim.terms, property);
        if (!claim.terms.empty()) said.push_back(fresh ? "derived:" : "derived as for " + first->second);
        text += said.empty() ? fmt::format("  {}\n", property) : entry(property, 26, joined(said));
        if (claim.terms.empty() || !fresh) continue;
        for (const std::string& term : claim.terms) {
            const std::size_t colon = term.find(": ");
            if (colon == std::string::npos) text += wrapped(term, 26);
            else text += entry(fmt::format("{:>{}}", term.substr(0, colon), 29), 33, term.substr(colon + 2));
        }
    }
    return text;
}

}  // namespace

std::string to_table(const Plan& plan) {
    std::string text = fmt::format("{}, seed {}: {}, settles from {} on\n", plan.scenario, plan.seed,
                                   format_short(plan.duration), text_of(plan.settle_start()));
    text += wrapped(plan.about, 2);
    text += "\nfleet\n" + fleet_rows(plan);
    text += "\nworkload\n" + workload_rows(plan);
    text += "\nfaults\n" + fault_rows(plan);
    text += "\nclaims\n" + claim_rows(plan);
    return text;
}

}  // namespace mistrial::scenario
