#include "harness/search/showcase.hpp"

#include "harness/scenario/scenario.hpp"

#include <algorithm>
#include <fstream>
#include <map>

namespace mistrial::search {
namespace {

using defects::Defect;
using defects::Need;
using defects::Of;

constexpr const char* kBad = "bad";  ///< the revision that a correct agent refuses

bool needs(const Defect& defect, Need need) { return std::ranges::find(defect.needs, need) != defect.needs.end(); }

Json partition(const char* on, const char* from, const char* mode) {
    return {{"at", "4s"}, {"for", "4s"}, {"partition", {{"on", on}, {"from", from}, {"mode", mode}}}};
}

/// Bundles of data alone, of which the third has some outside its roots.
Json bundles_with_a_bad_one(const std::filesystem::path& folder) {
    Json revisions = Json::array();
    for (const char* revision : {"one", "two", kBad, "four"}) {
        const auto directory = folder / revision;
        std::filesystem::create_directories(directory);
        Json data = {{"app", {{"allow", true}}}};
        if (std::string_view(revision) == kBad) data["elsewhere"] = 1;
        std::ofstream(directory / ".manifest") << Json{{"revision", revision}, {"roots", {"app"}}};
        std::ofstream(directory / "data.json") << data;
        revisions.push_back(directory.string());
    }
    std::ofstream(folder / "inputs.json") << R"({"i1": {}})";
    return {{"kind", "own"}, {"revisions", revisions}, {"inputs", (folder / "inputs.json").string()}, {"path", "app/allow"}};
}

Json faults_of(const Defect& defect, const char* source) {
    Json faults = Json::array();
    if (needs(defect, Need::source_partition)) faults.push_back(partition("a1", source, "refuse"));
    if (needs(defect, Need::authority_partition)) faults.push_back(partition("cdn", "primary", "refuse"));
    if (needs(defect, Need::status_partition)) faults.push_back(partition("a1", "status", "stall"));
    if (needs(defect, Need::logs_partition)) faults.push_back(partition("a1", "logs", "refuse"));
    if (needs(defect, Need::kill))
        faults.push_back({{"at", "5100ms"},
                          {"for", "1s"},
                          {"kill", {{"on", "a1"}, {"state", needs(defect, Need::loss_of_state) ? "lost" : "kept"}}}});
    if (needs(defect, Need::pause)) faults.push_back({{"at", "5s"}, {"for", "3s"}, {"pause", {{"on", "a1"}}}});
    if (needs(defect, Need::clock))
        faults.push_back({{"at", "5s"}, {"for", "2s"}, {"clock", {{"on", "a1"}, {"offset", "1h"}}}});
    return faults;
}

/// The profile, and beside it what the correct fleet keeps under any of these faults.
Json claims_of(const Defect& defect) {
    Json claims = {{"profile", "embedded"},
                   {"log-integrity", {{"duplicates", false}}},
                   {"publish-order", Json::object()},
                   {"no-lost-publish", Json::object()},
                   {"status-freshness", {{"within", "derived"}}},
                   {"visibility", {{"quantile", 0.99}, {"within", "derived"}}},
                   {"clock-justified", {{"error", "1s"}}},
                   {"clock-coherence", Json::object()}};
    // Who comes up with nothing shows nothing, which is older than anything.
    if (needs(defect, Need::persistence) || !needs(defect, Need::kill)) claims["monotonic-reads"] = Json::object();
    if (needs(defect, Need::persistence)) claims["durable-monotonicity"] = {{"within", "500ms"}};
    if (needs(defect, Need::bad_revision)) claims["authentic-activation"] = Json::object();
    if (needs(defect, Need::tokens)) claims["token-freshness"] = Json::object();
    if (needs(defect, Need::long_polls)) claims["linearizability"] = Json::object();
    if (defect.finds == "delta-atomicity" || defect.finds == "k-atomicity") {
        claims["delta-atomicity"] = {{"at_most", "4s"}};
        claims["k-atomicity"] = {{"at_most", 3}};
    }
    return claims;
}

}  // namespace

Json showcase_of(const Defect& defect, const std::filesystem::path& folder) {
    // Agents that poll in step are never ahead of each other.
    const char* poll_max = needs(defect, Need::two_agents) ? "2s" : "1s";
    Json fleet = {{"authorities", {{{"name", "primary"}}}},
                  {"mirrors", {{{"name", "cdn"}, {"ttl", "500ms"}}}},
                  {"agents", {{{"name", "a"}, {"count", 3}, {"poll", {{"min", "1s"}, {"max", poll_max}}}}}}};
    Json workload = {{"kind", "grants"}, {"publish", {{"every", "2s"}}}, {"decide", {{"rate", 60}, {"sessions", 3}}}};
    const char* source = "cdn";
    if (needs(defect, Need::long_polls) || defect.of == Of::authority) {
        fleet.erase("mirrors");
        source = "primary";
    }
    if (needs(defect, Need::long_polls)) {
        fleet["agents"][0]["long_poll"] = "2s";
        workload["publish"]["every"] = "4700ms";
    }
    if (needs(defect, Need::bad_revision)) workload.update(bundles_with_a_bad_one(folder));
    if (needs(defect, Need::tokens)) {
        fleet["agents"][0] = {{"name", "a1"}, {"poll", {{"min", "1s"}, {"max", "1s"}}}};
        workload["decide"] = {{"rate", 20}, {"sessions", 2}, {"roaming", 1}, {"tokens", true}};
    }
    if (!needs(defect, Need::persistence)) fleet["agents"][0]["persist"] = false;
    return {{"name", "trial"}, {"duration", "22s"}, {"settle", "8s"}, {"fleet", fleet}, {"workload", workload},
            {"faults", faults_of(defect, source)}, {"claims", claims_of(defect)}};
}

Json with_defect(Json showcase, const Defect& defect) {
    static const std::map<Of, const char*> where = {{Of::agent, "/fleet/agents/0/defect"},
                                                    {Of::authority, "/fleet/authorities/0/defect"},
                                                    {Of::mirror, "/fleet/mirrors/0/defect"},
                                                    {Of::status_sink, "/fleet/status/defect"},
                                                    {Of::log_sink, "/fleet/logs/defect"}};
    Json& agents = showcase["fleet"]["agents"];
    if (defect.of == Of::agent && agents[0].contains("count")) {
        Json others = agents[0];
        agents[0].erase("count");
        agents[0]["name"] = "a1";
        others["count"] = others["count"].get<int>() - 1;
        others["name"] = "b";
        agents.push_back(std::move(others));
    }
    showcase[Json::json_pointer(where.at(defect.of))] = defect.name;
    return showcase;
}

Result<scenario::Plan> plan_of_showcase(Json showcase, std::uint64_t seed) {
    showcase["seed"] = seed;
    const auto name = showcase.at("name").get<std::string>();
    auto plan = scenario::resolve({std::move(showcase), name, "/", {}});
    if (!plan) return plan;
    // What nobody can read decides nothing; that it is something of its own lets it be told from the others.
    for (scenario::PlannedPublish& publish : plan->workload.publishes)
        if (publish.revision == kBad) publish.content = Json{{kBad, "data outside its roots"}};
    return plan;
}

}  // namespace mistrial::search
