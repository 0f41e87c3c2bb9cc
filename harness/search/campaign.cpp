#include "harness/search/campaign.hpp"

#include "harness/scenario/spell_out.hpp"
#include "harness/search/edit.hpp"
#include "harness/search/simulate.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace mistrial::search {
namespace {

using namespace std::chrono_literals;
using checkers::Validity;

std::string_view text_of(Validity validity) {
    return validity == Validity::valid ? "valid" : validity == Validity::invalid ? "invalid" : "unknown";
}

}  // namespace

RunSeen make_run(std::uint64_t number, const OrderedJson& base, const Variation& variation) {
    RunSeen seen;
    seen.number = number;
    seen.variation = variation;
    const auto plan = scenario::resolve(scenario::scenario_of(varied(base, variation)));
    if (!plan) {
        seen.error = plan.error().message;
        return seen;
    }
    Coverage coverage(*plan);
    SimulateOptions options;
    options.on_record = [&](const history::Record& record) { coverage.on(record); };
    const auto simulated = simulate(*plan, options);
    if (!simulated) {
        seen.error = simulated.error().message;
        return seen;
    }
    coverage.on_end(simulated->probes);
    seen.fingerprint = fmt::format("{:016x}", simulated->fingerprint);
    seen.validity = simulated->judgement.validity;
    seen.signatures = signatures_of(simulated->judgement);
    seen.probes = coverage.hits();
    seen.states.assign(coverage.states().begin(), coverage.states().end());
    seen.events = simulated->events;
    return seen;
}

OrderedJson to_json(const RunSeen& run) {
    OrderedJson json{{"run", run.number}, {"seed", run.variation.seed}, {"mix", run.variation.mix}, {"order", run.variation.order}, {"faults", run.variation.faults}};
    if (run.error) {
        json["error"] = *run.error;
        return json;
    }
    json["fingerprint"] = run.fingerprint;
    json["validity"] = text_of(run.validity);
    json["violated"] = OrderedJson::array();
    for (const Signature& signature : run.signatures) json["violated"].push_back(to_text(signature));
    json["probes"] = run.probes;
    json["states"] = run.states;
    json["events"] = run.events;
    return json;
}

Result<RunSeen> run_from_json(const OrderedJson& json) {
    RunSeen run;
    try {
        run.number = json.at("run").get<std::uint64_t>();
        run.variation = {json.at("seed").get<std::uint64_t>(), json.at("mix").get<std::uint64_t>(), json.at("faults"), json.at("order").get<std::uint64_t>()};
        if (json.contains("error")) {
            run.error = json.at("error").get<std::string>();
            return run;
        }
        run.fingerprint = json.at("fingerprint").get<std::string>();
        const auto validity = json.at("validity").get<std::string>();
        run.validity = validity == "valid" ? Validity::valid : validity == "invalid" ? Validity::invalid : Validity::unknown;
        for (const OrderedJson& text : json.at("violated")) {
            auto signature = signature_from_text(text.get<std::string>());
            if (!signature) return signature.error();
            run.signatures.push_back(std::move(*signature));
        }
        run.probes = json.at("probes").get<std::map<std::string, std::uint64_t>>();
        run.states = json.at("states").get<std::vector<std::uint64_t>>();
        run.events = json.at("events").get<std::uint64_t>();
    } catch (const OrderedJson::exception& error) {
        return fail("not a run of a search: {}", error.what());
    }
    return run;
}

Result<> search(Strategy& strategy, const OrderedJson& base, const CampaignOptions& options) {
    const auto began = std::chrono::steady_clock::now();
    const auto over = [&] {
        return (options.interrupted && options.interrupted()) || (options.time && std::chrono::steady_clock::now() - began >= *options.time);
    };
    std::map<std::uint64_t, const RunSeen*> done;
    for (const RunSeen& one : options.done) done[one.number] = &one;
    struct Slot {
        std::uint64_t number = 0;
        Variation variation;
        RunSeen seen;
        bool made = false;
    };
    const std::uint64_t generation = std::max<std::uint64_t>(1, strategy.generation());
    for (std::uint64_t next = options.shard; next < options.runs;) {
        std::vector<Slot> slots;
        bool exhausted = false;
        for (; next < options.runs && slots.size() < generation; next += options.shards) {
            auto variation = strategy.candidate(next);
            if (!variation) {
                exhausted = true;
                break;
            }
            slots.push_back({next, std::move(*variation), {}, false});
            if (const auto known = done.find(next); known != done.end()) {
                slots.back().seen = *known->second;
                slots.back().made = true;
            }
        }
        std::atomic<std::size_t> place{0};
        const auto work = [&] {
            for (std::size_t i = place++; i < slots.size(); i = place++) {
                if (slots[i].made) continue;
                if (over()) return;
                slots[i].seen = make_run(slots[i].number, base, slots[i].variation);
                slots[i].made = true;
            }
        };
        {
            std::vector<std::jthread> threads;
            for (unsigned job = 1; job < options.jobs; ++job) threads.emplace_back(work);
            work();
        }
        bool found = false;
        for (const Slot& slot : slots) {
            // What a later thread made beyond one that ran out of time would be a hole in what is told.
            if (!slot.made) return {};
            strategy.learn(slot.variation, {{slot.seen.states.begin(), slot.seen.states.end()}});
            if (options.on_run && !done.contains(slot.number))
                if (auto told = options.on_run(slot.seen); !told) return told;
            found = found || !slot.seen.signatures.empty();
        }
        if (exhausted || over() || (found && options.until_found)) return {};
    }
    return {};
}

Result<OrderedJson> base_of(const scenario::Scenario& written) {
    const auto plan = scenario::resolve(written);
    if (!plan) return plan.error();
    if (plan->claims.empty()) return fail("{}: claims nothing, so there is nothing to be found", plan->scenario);
    for (const scenario::AgentNode& agent : plan->fleet.agents)
        if (agent.driver != "embedded")
            return fail("{}: agents of driver {} do not run in the simulation; --agent embedded does", agent.name, agent.driver);
    OrderedJson base = scenario::spell_out(*plan);
    base["claims"] = OrderedJson::parse(written.json.value("claims", Json::object()).dump());
    base["faults"] = OrderedJson::array();
    // The bounds of claims grow with what may happen: the worst is a black hole of each edge, for the longest time.
    const Space space = space_of(base);
    OrderedJson worst = base;
    worst.erase("settle");
    worst["duration"] = "2h";
    for (const auto& [node, source] : space.sources)
        worst["faults"].push_back({{"at", "1s"}, {"for", "8s"}, {"partition", {{"on", {node}}, {"from", {source}}, {"mode", "black-hole"}}}});
    worst["faults"].push_back({{"at", "1s"}, {"for", "8s"}, {"partition", {{"on", space.agents}, {"from", {"status", "logs"}}, {"mode", "black-hole"}}}});
    const auto longest = scenario::resolve(scenario::scenario_of(worst));
    if (!longest) return longest.error();
    const Duration start = duration_at(base, "duration") - duration_at(base, "settle");
    const Duration settle = std::max(longest->settle, duration_at(base, "settle"));
    base["settle"] = format_short(settle);
    base["duration"] = format_short(start + settle);
    return base;
}

}  // namespace mistrial::search
