#include "harness/scenario/claims.hpp"
#include "harness/scenario/draft.hpp"
#include "harness/scenario/scenario.hpp"

#include "engine/bundle/digest.hpp"
#include "harness/driver/driver.hpp"
#include "harness/workload/grants.hpp"
#include "harness/workload/own.hpp"

#include <algorithm>
#include <map>
#include <sstream>

namespace mistrial::scenario {
namespace {

using namespace std::chrono_literals;

constexpr TrueTime kDecisionsBegin{1s};
constexpr Duration kShortestSettle = 10s;
/// Often enough to catch an agent between its start and its first activation, seldom enough to weigh nothing beside decisions.
constexpr Duration kHealthEvery = 500ms;
constexpr Duration kPublishEvery = 3s;
constexpr Duration kDocumentsAfter = 500ms;
constexpr std::int64_t kMostConcurrent = 4096;
constexpr std::int64_t kMostSessions = 65'536;
constexpr std::int64_t kMostRevisions = 100'000;

/// How many revisions of a bundle are published before the run settles: at 0, every, 2 x every, ...
std::int64_t publish_count(Duration every, TrueTime settle_start) {
    return std::max<std::int64_t>(1, (settle_start.time_since_epoch() - 1ns) / every + 1);
}

std::int64_t rate_of(const Reader& decide) {
    return std::clamp<std::int64_t>(decide.at("rate").integer().value_or(100), 1, 1'000'000);
}

std::vector<std::string> names_of(const std::vector<AgentNode>& agents) {
    std::vector<std::string> names;
    for (const AgentNode& agent : agents) names.push_back(agent.name);
    return names;
}

/// Sessions written one by one.
std::vector<DecisionStream> read_streams(const Reader& decide, const Roster& roster, TrueTime end) {
    for (const char* key : {"rate", "sessions", "roaming"})
        if (decide.at(key).present())
            decide.at(key).tell(fmt::format("expected no \"{}\" beside \"streams\": they say when each session asks", key));
    std::vector<DecisionStream> streams;
    std::map<std::string, std::string> taken;
    for (const Reader& item : decide.at("streams").elements()) {
        DecisionStream stream;
        stream.name = item.at("name").text().value_or("");
        const auto [at, fresh] = taken.emplace(stream.name, item.pointer());
        if (!fresh) item.at("name").tell(fmt::format("expected a name of its own, got that of {}", at->second));
        const auto agents = item.at("agent").present() ? roster.read_agents(item.at("agent")) : std::vector<std::string>{};
        stream.roams = item.at("roams").present() ? roster.read_agents(item.at("roams")) : std::vector<std::string>{};
        if (item.at("agent").present() == item.at("roams").present())
            item.tell("expected either \"agent\", the one that is asked, or \"roams\", the agents that take turns");
        if (agents.size() > 1) item.at("agent").wrong("one agent");
        if (!agents.empty()) stream.agent = agents.front();
        stream.from = TrueTime{item.at("from").duration().value_or(kDecisionsBegin.time_since_epoch())};
        stream.until = item.at("until").present() ? TrueTime{item.at("until").duration().value_or(1h)} : end;
        if (stream.until > end) item.at("until").wrong(fmt::format("a time until the end of the run at {}", format_short(end.time_since_epoch())));
        stream.period = item.at("every").duration().value_or(1s);
        if (stream.period <= 0ns) item.at("every").wrong("a time longer than nothing");
        for (const Reader& number : item.at("omit").elements()) stream.omit.push_back(number.natural().value_or(0));
        if (!std::ranges::is_sorted(stream.omit)) item.at("omit").wrong("ascending numbers");
        stream.only = item.at("only").ranges();
        streams.push_back(std::move(stream));
    }
    return streams;
}

/// Evenly spaced due times of all sessions together: session s of n is s periods / n behind the first.
std::vector<DecisionStream> read_decisions(const Reader& decide, const Fleet& fleet, TrueTime end) {
    const std::int64_t rate = rate_of(decide);
    const auto agents = static_cast<std::int64_t>(fleet.agents.size());
    const std::int64_t sessions =
        std::clamp<std::int64_t>(decide.at("sessions").integer().value_or(4 * agents), 0, kMostSessions);
    if (sessions < agents)
        decide.at("sessions").tell(fmt::format("expected at least {}, a session for each agent, got {}: agent {} would have "
                                               "none",
                                               agents, sessions,
                                               fleet.agents[static_cast<std::size_t>(sessions)].name));
    const std::int64_t roaming = std::max<std::int64_t>(0, decide.at("roaming").integer().value_or(0));
    if (sessions >= agents && sessions - roaming < agents)
        decide.at("roaming").tell(fmt::format("expected at most {}, so that of {} sessions one stays with each of {} agents, "
                                              "got {}",
                                              sessions - agents, sessions, agents, roaming));
    const Duration period = Duration{1s} * std::max<std::int64_t>(1, sessions) / rate;
    const std::vector<std::string> everywhere = names_of(fleet.agents);
    std::vector<DecisionStream> streams;
    for (std::int64_t s = 0; agents > 0 && s < sessions; ++s) {
        const bool roams = s >= sessions - roaming;
        streams.push_back({fmt::format("session-{}", s + 1), roams ? "" : everywhere[static_cast<std::size_t>(s % agents)],
                           roams ? everywhere : std::vector<std::string>{}, kDecisionsBegin + period * s / sessions, end,
                           period, {}});
    }
    return streams;
}

/// Each agent's health from the start of the load to the end of the run, agents and queries evenly apart.
std::vector<HealthStream> health_of(const Fleet& fleet, TrueTime end, Duration every) {
    std::vector<HealthStream> streams;
    for (const AgentNode& agent : fleet.agents) {
        streams.push_back({"health-" + agent.name, agent.name, "", {}, end, every, {}});
        // A driver that cannot be read is the world's to refuse.
        const auto driver = driver::load(agent.driver);
        if (driver && driver->bundles_health_path)
            streams.push_back({"health-bundles-" + agent.name, agent.name, "bundles", {}, end, every, {}});
    }
    const auto count = static_cast<std::int64_t>(streams.size());
    for (std::int64_t i = 0; i < count; ++i)
        streams[static_cast<std::size_t>(i)].from = kDecisionsBegin + every * i / count;
    return streams;
}

/// How many decisions can be unanswered at once, ceil(rate x timeout), were all of them.
std::int64_t concurrency_of(const Reader& decide, const Workload& workload) {
    const Duration timeout = std::clamp<Duration>(workload.timeout, 1ms, 1min);
    std::int64_t most = 0;
    if (!decide.at("streams").present()) {
        most = (rate_of(decide) * timeout + 999'999'999ns) / 1s;
    } else {
        for (const DecisionStream& stream : workload.decisions)
            most += std::min<std::int64_t>(timeout / std::max(stream.period, Duration{1}) + 1, kMostConcurrent);
    }
    return std::clamp<std::int64_t>(most, 1, kMostConcurrent);
}

void read_load(const Reader& reader, const Roster& roster, Plan& plan) {
    const Reader decide = reader.at("decide");
    Workload& workload = plan.workload;
    workload.timeout = decide.at("timeout").duration().value_or(2s);
    if (workload.timeout < 1ms || workload.timeout > 1min)
        decide.at("timeout").wrong("a timeout of at least 1ms and at most 1m");
    workload.decisions = decide.at("streams").present() ? read_streams(decide, roster, plan.end())
                                                        : read_decisions(decide, plan.fleet, plan.end());
    workload.concurrency = concurrency_of(decide, workload);
    const auto health = reader.at("health").text().value_or("");
    if (health != "never") workload.health = health_of(plan.fleet, plan.end(), health.empty() ? kHealthEvery : *reader.at("health").duration());
    workload.tokens = decide.at("tokens").boolean().value_or(false);
    const bool roaming = std::ranges::any_of(workload.decisions, [](const DecisionStream& stream) { return !stream.roams.empty(); });
    if (workload.tokens && !roaming)
        decide.at("tokens").tell("expected \"roaming\" beside it: a session that stays with one agent carries no token");
}

void read_simulation(const Reader& reader, Simulation& simulation) {
    constexpr Duration kLongest = 20ms;
    simulation.order = reader.at("order").natural().value_or(0);
    const Reader delay = reader.at("delay");
    simulation.delay_min = delay.at("min").duration().value_or(simulation.delay_min);
    simulation.delay_max = delay.at("max").duration().value_or(std::max(simulation.delay_min, simulation.delay_max));
    if (simulation.delay_min < 1us || simulation.delay_min > kLongest) delay.at("min").wrong("a delay from 1us to 20ms: bounds of claims allow for no more");
    if (simulation.delay_max < simulation.delay_min || simulation.delay_max > kLongest) delay.at("max").wrong("a delay from the min to 20ms: bounds of claims allow for no more");
}

/// Duration and settle, and whether there is time for anything between them.
void read_phases(const Reader& reader, Plan& plan) {
    const Duration within = largest_within(plan.claims);
    const auto settle = reader.at("settle").duration();
    plan.duration = reader.at("duration").duration().value_or(1h);
    plan.settle = settle.value_or(std::max(kShortestSettle, 2 * within));
    if (settle && *settle < within)
        reader.at("settle").tell(fmt::format("expected at least {}, the largest within of the claims, got {}: no agent "
                                             "could be seen to converge",
                                             format_short(within), format_short(*settle)));
    if (plan.duration < plan.settle + 1s)
        reader.at("duration")
            .tell(fmt::format("expected at least {} (the run settles for its last {}{}), got {}",
                              format_short(plan.settle + 1s), format_short(plan.settle),
                              settle ? "" : fmt::format(", twice the largest within of {}", format_short(within)),
                              format_short(plan.duration)));
}

/// The bundles that the workload publishes, first the one with the policy.
std::vector<std::string> bundles_of(const Reader& workload) {
    std::vector<std::string> bundles{workload.at("bundle").text().value_or("main")};
    const Reader documents = workload.at("documents");
    if (documents.present() && !documents.is_object()) documents.wrong("an object with bundle and after");
    if (!documents.is_object()) return bundles;
    bundles.push_back(documents.at("bundle").text().value_or("docs"));
    if (bundles[0] == bundles[1]) documents.at("bundle").wrong(fmt::format("another bundle than that of the grants, {}", bundles[0]));
    return bundles;
}

/// From a revision of the grants to that of the documents which presumes it.
Duration documents_after(const Reader& documents, Duration every) {
    const Duration after = documents.at("after").duration().value_or(kDocumentsAfter);
    if (after < 1ms || after >= every)
        documents.at("after").tell(fmt::format("expected at least 1ms and less than {}, the time between revisions of the "
                                               "grants, got {}", format_short(every), format_short(after)));
    return after;
}

/// The revisions that are published, written one by one or as many as there is time for; "own" has no more than it has.
/// With documents, two revisions make a turn, and of the first turn both are there before the agents start.
std::vector<PublishSlot> read_publishes(const Reader& publish, const Reader& documents, TrueTime settle_start) {
    std::vector<PublishSlot> slots;
    const bool in_turns = documents.is_object();
    const Reader revisions = publish.at("revisions");
    if (!revisions.present()) {
        if (publish.at("of").present()) publish.at("of").tell("expected \"revisions\" beside it, got nothing");
        const Reader every = publish.at("every");
        const Duration period = every.duration().value_or(kPublishEvery);
        if (period < 1ms) every.wrong("a time of at least 1ms");
        const Duration after = in_turns ? documents_after(documents, std::max(period, Duration{1ms})) : 0ns;
        const std::int64_t count = publish_count(std::max(period, Duration{1ms}), std::max(settle_start - after, TrueTime{}));
        if (count > kMostRevisions) {
            every.tell(fmt::format("expected fewer than {} revisions before the run settles, got {}", kMostRevisions, count));
            return slots;
        }
        for (std::int64_t i = 0; i < count; ++i) {
            slots.push_back({slots.size() + 1, TrueTime{period * i}});
            if (in_turns) slots.push_back({slots.size() + 1, TrueTime{period * i + (i == 0 ? 0ns : after)}});
        }
        return slots;
    }
    if (documents.at("after").present())
        documents.at("after").tell("expected no \"after\" beside \"publish/revisions\": they say when each is published");
    if (publish.at("every").present()) publish.at("every").tell("expected no \"every\" beside \"revisions\": they say when each is published");
    for (const Reader& item : revisions.elements()) {
        const PublishSlot slot{static_cast<std::size_t>(item.at("number").natural().value_or(slots.size() + 1)),
                               TrueTime{item.at("at").duration().value_or(0s)}};
        if (slot.number < 1 || slot.number > static_cast<std::size_t>(kMostRevisions))
            item.at("number").wrong(fmt::format("a number from 1 to {}", kMostRevisions));
        if (!slots.empty() && slot.number <= slots.back().number) item.at("number").wrong("a number above the one before it");
        const bool first_turn = in_turns && slot.number == 2 && slot.at == TrueTime{};
        if (!slots.empty() && slot.at <= slots.back().at && !first_turn) item.at("at").wrong("a time after the publish before it");
        if (in_turns && slots.empty() && slot.number % 2 == 0)
            item.at("number").wrong("an odd number first, that of a revision with the policy");
        if (slots.empty() && slot.at != TrueTime{}) item.at("at").wrong("\"0s\" for the first, without which no agent starts");
        if (slot.at >= settle_start && slot.at != TrueTime{})
            item.at("at").tell(fmt::format("expected a time before {}, when the run settles, got {}",
                                           format_short(settle_start.time_since_epoch()), format_short(slot.at.time_since_epoch())));
        slots.push_back(slot);
    }
    return slots;
}

/// Keys of "/workload" that belong to one kind only.
const std::map<std::string, std::vector<std::string>> kKeysOf = {
    {"grants", {"users", "roles", "actions", "ladder_every", "canaries", "gray", "documents"}}, {"own", {"revisions", "inputs", "path"}}};

/// What a workload says is wrong, a line each: "/workload/KEY: ..." at its key, the rest at the workload.
void tell_lines(const Reader& workload, const Error& error) {
    std::istringstream lines(error.message);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t colon = line.find(": ");
        if (line.starts_with("/workload") && colon != std::string::npos)
            workload.mistakes().add_once(line.substr(0, colon), line.substr(colon + 2));
        else
            workload.mistakes().add(workload.pointer(), line);
    }
}

/// The workload with as many revisions as there is time for; its parameters go into the plan.
std::shared_ptr<const workload::Workload> make_workload(const Reader& reader, const std::string& directory,
                                                        const std::vector<std::string>& bundles,
                                                        const std::vector<PublishSlot>& slots, Plan& plan) {
    const std::string& kind = plan.workload.kind;
    Json parameters = Json::object();
    for (const auto& [owner, keys] : kKeysOf)
        for (const std::string& key : keys) {
            if (!reader.at(key).present()) continue;
            if (owner == kind) parameters[key] = reader.at(key).json();
            else reader.at(key).tell(fmt::format("expected no \"{}\" with workload {}: it belongs to {}", key, kind, owner));
        }
    if (kind == "own") {
        if (!reader.at("revisions").present()) reader.at("revisions").wrong("an array of directories of bundles");
        if (!reader.at("inputs").present()) reader.at("inputs").wrong("the path of a JSON file of inputs");
    }
    if (!reader.mistakes().empty()) return nullptr;
    if (kind == "grants") {
        const std::size_t newest = slots.empty() ? 1 : slots.back().number;
        const Reader of = reader.at("publish").at("of");
        const auto all = static_cast<std::size_t>(of.natural().value_or(newest));
        if (all < newest || all > static_cast<std::size_t>(kMostRevisions))
            of.tell(fmt::format("expected a number from {}, that of the newest revision, to {}, got {}", newest, kMostRevisions, all));
        // Of each bundle as many.
        parameters["revisions"] = (std::max(all, newest) + bundles.size() - 1) / bundles.size();
        if (bundles.size() > 1) parameters["documents"] = {{"bundle", bundles[1]}, {"grants", bundles[0]}};
        const auto read = workload::grants_parameters(parameters, reader.pointer());
        if (!read) {
            tell_lines(reader, read.error());
            return nullptr;
        }
        parameters = workload::to_json(*read);
    } else {
        const auto read = workload::own_parameters(parameters, reader.pointer(), directory);
        if (!read) {
            tell_lines(reader, read.error());
            return nullptr;
        }
        parameters = workload::to_json(*read);
    }
    auto made = workload::make(kind, parameters, plan.seed);
    if (!made) {
        tell_lines(reader, made.error());
        return nullptr;
    }
    const Reader written = reader.at("publish").at("revisions");
    if (kind == "own" && !written.present() && (*made)->revisions() > slots.size())
        reader.at("revisions")
            .tell(fmt::format("expected at most {}, as many as can be published before the run settles, got {}", slots.size(),
                              (*made)->revisions()));
    if (kind == "own" && written.present() && slots.back().number > (*made)->revisions())
        written.tell(fmt::format("expected numbers up to {}, as many as there are directories, got {}", (*made)->revisions(),
                                 slots.back().number));
    plan.workload.parameters = std::move(parameters);
    return std::move(*made);
}

}  // namespace

Draft draft(const Scenario& scenario, Mistakes& mistakes) {
    const Reader reader(scenario.json, mistakes);
    const Reader workload = reader.at("workload");
    Draft result;
    Plan& plan = result.plan;
    plan.scenario = scenario.name;
    plan.about = reader.at("about").text().value_or("");
    plan.seed = reader.at("seed").natural().value_or(1);
    const std::vector<std::string> bundles = bundles_of(workload);
    plan.fleet = read_fleet(reader.at("fleet"), bundles, scenario.directory.string());
    for (const std::string& bundle : bundles) plan.atomic.push_back({bundle});
    const Roster roster(plan.fleet);
    const auto faults = read_faults(reader.at("faults"), plan.fleet, roster);
    plan.claims = read_claims(reader.at("claims"), plan.fleet, roster, faults);
    read_phases(reader, plan);
    read_simulation(reader.at("simulation"), plan.simulation);
    plan.faults = draw_schedule(faults, plan.fleet, plan.seed, plan.settle_start(), mistakes);

    plan.workload.kind = workload.at("kind").text().value_or("grants");
    read_load(workload, roster, plan);
    result.bundle = bundles.front();
    result.publishes = read_publishes(workload.at("publish"), workload.at("documents"), plan.settle_start());
    if (mistakes.empty() && kKeysOf.contains(plan.workload.kind))
        result.workload = make_workload(workload, scenario.directory.string(), bundles, result.publishes, plan);
    if (result.workload)
        std::erase_if(result.publishes, [&](const PublishSlot& slot) { return slot.number > result.workload->revisions(); });
    return result;
}

Result<Plan> resolve(const Scenario& scenario) {
    Mistakes mistakes;
    Draft made = draft(scenario, mistakes);
    if (!mistakes.empty()) return mistakes.report(scenario.origins);
    Plan plan = std::move(made.plan);
    const std::string authority = authority_of(plan.fleet, plan.fleet.agents.front());
    plan.workload.path = made.workload->path();
    plan.workload.pool = made.workload->pool();
    plan.workload.special = made.workload->special();
    std::map<std::string, std::size_t> newest;  // by bundle
    for (const PublishSlot& slot : made.publishes) {
        const std::string bundle = made.workload->beside(slot.number).value_or(made.bundle);
        workload::Revision revision = made.workload->revision(slot.number, std::exchange(newest[bundle], slot.number));
        plan.workload.publishes.push_back({slot.number, slot.at, bundle, std::move(revision.name), authority,
                                           bundle::digest(revision.members), std::move(revision.content)});
    }
    return plan;
}

}  // namespace mistrial::scenario
