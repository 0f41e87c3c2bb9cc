#include "harness/scenario/claims.hpp"

#include "harness/store/embedded.hpp"

#include <algorithm>
#include <filesystem>

namespace mistrial::scenario {
namespace {

/// Claims whose `within` follows from how agents poll: they have a derived bound.
constexpr std::string_view kPropagation[] = {"bounded-staleness", "split-brain", "convergence",     "progress",
                                             "fork-freedom",      "visibility",  "status-freshness"};

bool has_derived_bound(std::string_view property) {
    return property == "log-completeness" || std::ranges::find(kPropagation, property) != std::end(kPropagation);
}

/// The profile's claims with those of the file over them.
Json merged(const Reader& claims) {
    Json all = claims.is_object() ? claims.json() : Json::object();
    const auto name = claims.at("profile").text();
    all.erase("profile");
    if (!name) return all;
    std::vector<std::string> known;
    for (const embedded::File& file : embedded::files_below("claims/")) {
        const std::string stem = std::filesystem::path(file.path).stem().string();
        known.push_back(stem);
        if (stem != *name) continue;
        Json profile = Json::parse(file.bytes, nullptr, true, true).at("claims");
        profile.update(all);
        return profile;
    }
    claims.at("profile").tell(fmt::format("expected a profile ({}), got \"{}\"{}", fmt::join(known, ", "), *name,
                                          did_you_mean(*name, known)));
    return all;
}

class ClaimReader {
  public:
    ClaimReader(const Fleet& fleet, const Roster& roster, const std::vector<FaultSpec>& faults)
        : fleet_(fleet), roster_(roster), faults_(faults) {}

    checkers::Claim read(const std::string& property, const Reader& item) const {
        checkers::Claim claim;
        claim.property = property;
        if (item.is_object()) claim.parameters = item.json();
        claim.excused = item.at("excused").boolean().value_or(true);
        if (item.at("agents").present()) {
            claim.agents = roster_.read_agents(item.at("agents"));
            claim.parameters["agents"] = claim.agents;
        }
        if (item.at("bundles").present()) {
            claim.bundles = read_bundles(item.at("bundles"));
            claim.parameters["bundles"] = claim.bundles;
        }
        if (has_derived_bound(property)) read_within(item, claim);
        else if (item.at("within").present()) claim.within = item.at("within").duration();
        if (property == "durable-monotonicity" && claim.within) check_disks(item, claim);
        if (claim.within) claim.parameters["within"] = format_duration(*claim.within);  // as checkers::to_json writes it
        if (!claim.terms.empty()) claim.parameters["terms"] = claim.terms;
        return claim;
    }

  private:
    [[nodiscard]] bool covers(const checkers::Claim& claim, const AgentNode& agent) const {
        return claim.agents.empty() || std::ranges::find(claim.agents, agent.name) != claim.agents.end();
    }

    /// The agents' largest bound; at equal bounds the first agent's.
    [[nodiscard]] Bound derived(const checkers::Claim& claim) const {
        Bound largest;
        for (const AgentNode& agent : fleet_.agents) {
            if (!covers(claim, agent)) continue;
            if (claim.property == "log-completeness") {
                if (Bound bound = log_bound(agent, fleet_, faults_); bound.value > largest.value) largest = std::move(bound);
                continue;
            }
            if (agent.from.empty()) continue;
            // Who grants faults no excuse claims the bound of an undisturbed fleet.
            const auto& faults = claim.excused ? faults_ : std::vector<FaultSpec>{};
            Bound bound = claim.property == "progress"           ? progress_bound(agent, fleet_, faults)
                          : claim.property == "status-freshness" ? report_bound(agent, fleet_, faults)
                                                                 : propagation_bound(agent, fleet_, faults);
            if (bound.value > largest.value) largest = std::move(bound);
        }
        return largest;
    }

    void read_within(const Reader& item, checkers::Claim& claim) const {
        const Bound bound = derived(claim);
        const bool force = item.at("force").boolean().value_or(false);
        const Reader within = item.at("within");
        if (!within.present() || within.json() == "derived") {
            claim.within = bound.value;
            claim.terms = bound.terms;
        } else if (const auto written = within.duration()) {
            claim.within = written;
            if (*written < bound.value && !force)
                within.tell(fmt::format("expected at least the derived bound {}, got {}; the bound is {}. Claim it all the "
                                        "same with \"force\": true",
                                        format_short(bound.value), format_short(*written),
                                        fmt::join(bound.terms, " + ")));
        }
        if (!claim.excused && !force) check_excuses(item, claim);
    }

    /// Nobody keeps what the harness takes away.
    void check_disks(const Reader& item, const checkers::Claim& claim) const {
        for (const FaultSpec& fault : faults_) {
            if (fault.kind != "kill" || fault.parameters.value("state", "") != "lost") continue;
            for (const AgentNode& agent : fleet_.agents)
                if (covers(claim, agent) && std::ranges::find(fault.on.nodes, agent.name) != fault.on.nodes.end())
                    return item.at("within").tell(
                        fmt::format("expected none, or other \"agents\", while the kill at {} can take what {} has persisted", fault.pointer, agent.name));
        }
    }

    /// Without the excuse of faults, no bound holds for an agent that a fault cuts off for longer.
    void check_excuses(const Reader& item, const checkers::Claim& claim) const {
        for (const FaultSpec& fault : faults_) {
            for (const AgentNode& agent : fleet_.agents) {
                if (!covers(claim, agent) || !can_cut_off(fault, agent)) continue;
                return item.at("excused").tell(
                    fmt::format("expected true while {} at {} can cut {} off for {}, got false. Claim it all the same with "
                                "\"force\": true",
                                fault.kind, fault.pointer, agent.name, format_short(fault.length)));
            }
        }
    }

    [[nodiscard]] bool can_cut_off(const FaultSpec& fault, const AgentNode& agent) const {
        if (fault.kind == "clock") return false;
        if (fault.kind != "partition") return std::ranges::find(fault.on.nodes, agent.name) != fault.on.nodes.end();
        const MirrorNode* mirror = find_mirror(fleet_, agent.from);
        return std::ranges::any_of(possible_edges(fault, fleet_), [&](const Edge& edge) {
            return edge == Edge{agent.name, agent.from} ||
                   (mirror != nullptr && edge == Edge{mirror->name, mirror->of});
        });
    }

    [[nodiscard]] std::vector<std::string> read_bundles(const Reader& reader) const {
        std::vector<std::string> known, bundles;
        for (const AgentNode& agent : fleet_.agents)
            for (const std::string& bundle : agent.bundles)
                if (std::ranges::find(known, bundle) == known.end()) known.push_back(bundle);
        for (const Reader& element : reader.is_array() ? reader.elements() : std::vector<Reader>{reader}) {
            const auto name = element.text();
            if (!name) continue;
            if (std::ranges::find(known, *name) == known.end())
                element.tell(fmt::format("expected a bundle ({}), got \"{}\"{}", fmt::join(known, ", "), *name,
                                         did_you_mean(*name, known)));
            bundles.push_back(*name);
        }
        return bundles;
    }

    const Fleet& fleet_;
    const Roster& roster_;
    const std::vector<FaultSpec>& faults_;
};

}  // namespace

checkers::Claims read_claims(const Reader& reader, const Fleet& fleet, const Roster& roster,
                             const std::vector<FaultSpec>& faults) {
    const Json document = {{"claims", merged(reader)}};
    const ClaimReader claim_reader(fleet, roster, faults);
    checkers::Claims claims;
    for (const auto& [property, item] : Reader(document, reader.mistakes()).at("claims").members())
        claims[property] = claim_reader.read(property, item);
    return claims;
}

Duration largest_within(const checkers::Claims& claims) {
    Duration largest{};
    for (const auto& [property, claim] : claims)
        if (claim.within && has_derived_bound(property)) largest = std::max(largest, *claim.within);
    return largest;
}

}  // namespace mistrial::scenario
