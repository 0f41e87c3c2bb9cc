#include "reports/lanes.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>

namespace mistrial::reports {

using history::Record;
using history::Type;

void Slice::add(const Slice& other) {
    answered += other.answered;
    refused += other.refused;
    unanswered += other.unanswered;
    latency_sum += other.latency_sum;
    latency_max = std::max(latency_max, other.latency_max);
    if (other.offset_low) offset_low = std::min(offset_low.value_or(*other.offset_low), *other.offset_low);
    if (other.offset_high)
        offset_high = std::max(offset_high.value_or(*other.offset_high), *other.offset_high);
}

std::optional<std::size_t> Lanes::order_of(const std::string& bundle, const std::string& revision) const {
    for (const PublishMark& publish : publishes)
        if (publish.bundle == bundle && publish.revision == revision) return publish.order;
    return std::nullopt;
}

namespace {

/// Orders names with numbers in them by the number: a2 before a10.
auto by_number(const std::string& name) {
    const std::size_t at = name.find_last_not_of("0123456789") + 1;
    // Numbers without leading zeros: the longer one is the larger.
    return std::tuple(name.substr(0, at), name.size() - at, name.substr(at));
}

/// Slices start at this width and double it whenever a run outgrows this many of them.
constexpr Duration kFirstSlice = std::chrono::milliseconds(50);
constexpr std::size_t kMostSlices = 720;

}  // namespace

struct LaneBuilder::State {
    struct Invoked {
        TrueTime time;
        std::string agent;
    };
    /// What is shown of one bundle at one agent right now.
    struct Shown {
        bool any = false;
        std::string revision;
        TrueTime from;   ///< when the first answer with it was complete
        TrueTime until;  ///< when the last one was
        std::vector<Stretch> before;
    };
    struct Agent {
        std::string driver;
        std::map<std::string, Shown> bundles;
        std::optional<TrueTime> died;
        std::vector<Gap> down;
        std::vector<std::pair<TrueTime, std::string>> boots;
        std::vector<std::pair<TrueTime, std::string>> served;
        std::set<std::string> served_already;
        std::vector<Slice> slices;
    };

    Lanes lanes;
    Duration width = kFirstSlice;
    std::unordered_map<std::string, Agent> agents;
    std::unordered_map<history::Process, Invoked> open;      ///< decisions on their way
    std::map<history::Process, std::size_t> open_publishes;  ///< index into lanes.publishes
    std::map<std::string, std::map<std::string, std::size_t>>
        known;  ///< bundle -> revision -> lanes.publishes
    std::optional<WallTime> wall_at_zero;
    bool named_by_run = false;  ///< the run record says who the agents are
    std::optional<Duration> settle;

    Slice& slice_of(Agent& agent, TrueTime time) {
        const auto since = std::max(Duration::zero(), time.time_since_epoch());
        while (static_cast<std::size_t>(since / width) >= kMostSlices) widen();
        const auto which = static_cast<std::size_t>(since / width);
        if (agent.slices.size() <= which) agent.slices.resize(which + 1);
        return agent.slices[which];
    }

    void widen() {
        width *= 2;
        for (auto& [name, agent] : agents) {
            for (std::size_t i = 0; i < agent.slices.size(); ++i) {
                if (i % 2 == 0)
                    agent.slices[i / 2] = agent.slices[i];
                else
                    agent.slices[i / 2].add(agent.slices[i]);
            }
            agent.slices.resize((agent.slices.size() + 1) / 2);
        }
    }

    [[nodiscard]] std::optional<std::size_t> order(const std::string& bundle,
                                                   const std::string& revision) const {
        const auto revisions = known.find(bundle);
        if (revisions == known.end()) return std::nullopt;
        const auto found = revisions->second.find(revision);
        if (found == revisions->second.end()) return std::nullopt;
        return lanes.publishes[found->second].order;
    }

    /// Both are known, and `one` was published before `other`.
    [[nodiscard]] bool older(const std::string& bundle, const std::string& one,
                             const std::string& other) const {
        const auto first = order(bundle, one), second = order(bundle, other);
        return first && second && *first < *second;
    }

    static std::string_view bundle_of(std::string_view root) { return root.substr(0, root.find('/')); }

    void show(Agent& agent, const std::string& bundle, const std::string& revision, TrueTime invoked,
              TrueTime time) {
        Shown& shown = agent.bundles[bundle];
        if (shown.any && shown.revision == revision) {
            shown.until = time;
            return;
        }
        if (shown.any) {
            // An answer that began before the newer revision was first seen may just have been slow.
            if (invoked <= shown.from && older(bundle, revision, shown.revision)) return;
            shown.before.push_back({shown.from, time, shown.revision});
        }
        shown.any = true;
        shown.revision = revision;
        shown.from = time;
        shown.until = time;
    }

    /// What an answer shows of each bundle: by its markers where there are any, else as the agent reports.
    void show_answer(Agent& agent, const history::Decide& decide, TrueTime invoked, TrueTime time) {
        for (auto marker = decide.markers.begin(); marker != decide.markers.end();) {
            // The roots of one bundle stand together. A torn answer counts as the oldest of its parts.
            const std::string_view bundle = bundle_of(marker->first);
            const std::string* oldest = &marker->second;
            for (++marker; marker != decide.markers.end() && bundle_of(marker->first) == bundle; ++marker)
                if (marker->second != *oldest && older(std::string(bundle), marker->second, *oldest))
                    oldest = &marker->second;
            show(agent, std::string(bundle), *oldest, invoked, time);
        }
        for (const auto& [bundle, revision] : decide.revisions) {
            const auto marker = decide.markers.lower_bound(bundle + "/");
            if (marker == decide.markers.end() || bundle_of(marker->first) != bundle)
                show(agent, bundle, revision, invoked, time);
        }
    }

    void on_decide(const Record& record, const history::Decide& decide) {
        if (record.type == Type::invoke) {
            agents.try_emplace(decide.agent);
            open[record.process] = {record.time, decide.agent};
            return;
        }
        const auto invoke = open.find(record.process);
        const TrueTime invoked = invoke == open.end() ? record.time : invoke->second.time;
        if (invoke != open.end()) open.erase(invoke);
        Agent& agent = agents[decide.agent];
        Slice& slice = slice_of(agent, invoked);
        if (record.type != Type::ok) {
            ++slice.unanswered;
            return;
        }
        const bool verdict = decide.answer && std::holds_alternative<history::Verdict>(*decide.answer);
        ++(verdict ? slice.answered : slice.refused);
        slice.latency_sum += record.time - invoked;
        slice.latency_max = std::max(slice.latency_max, record.time - invoked);
        if (decide.agent_time && wall_at_zero) {
            // The agent read its clock somewhere inside the operation: its offset is known to that width, and
            // what a slow answer leaves open is no offset.
            const Duration late = *decide.agent_time - (*wall_at_zero + record.time.time_since_epoch());
            const Duration early = late + (record.time - invoked);
            Slice here;
            here.offset_low = here.offset_high = std::clamp(Duration::zero(), late, early);
            slice.add(here);
        }
        show_answer(agent, decide, invoked, record.time);
    }

    void on_publish(const Record& record, const history::Publish& publish) {
        const auto invoke = open_publishes.find(record.process);
        if (record.type == Type::invoke || invoke == open_publishes.end()) {
            PublishMark mark;
            mark.bundle = publish.bundle;
            mark.revision = publish.revision;
            mark.invoked = record.time;
            mark.order = known[publish.bundle].size();
            mark.bad = publish.content && publish.content->is_object() && publish.content->contains("bad");
            known[publish.bundle].try_emplace(publish.revision, lanes.publishes.size());
            if (record.type == Type::invoke) {
                open_publishes[record.process] = lanes.publishes.size();
            } else {
                mark.completed = record.time;
                mark.outcome = record.type;
            }
            lanes.publishes.push_back(std::move(mark));
            return;
        }
        PublishMark& mark = lanes.publishes[invoke->second];
        mark.completed = record.time;
        mark.outcome = record.type;
        open_publishes.erase(invoke);
    }

    void on_boot(const Record& record, const history::Boot& boot) {
        Agent& agent = agents[boot.agent];
        agent.boots.emplace_back(record.time, boot.incarnation);
        if (agent.died) agent.down.push_back({*agent.died, record.time});
        agent.died.reset();
    }

    void on_death(const Record& record, const history::Death& death) {
        Agent& agent = agents[death.agent];
        agent.died = record.time;
        // What it shows after its restart is a stretch of its own.
        for (auto& [bundle, shown] : agent.bundles) {
            if (!shown.any) continue;
            shown.before.push_back({shown.from, record.time, shown.revision});
            shown.any = false;
        }
    }

    void on_serve(const Record& record, const history::Serve& serve) {
        if (!serve.agent || serve.status != 200 || !serve.complete) return;
        // A mirror that fetches from its authority is no agent and gets no lane.
        if (named_by_run && !agents.contains(*serve.agent)) return;
        Agent& agent = agents[*serve.agent];
        if (agent.served_already.insert(serve.bundle + '\0' + serve.revision).second)
            agent.served.emplace_back(record.time, serve.revision);
    }

    void on_run(const history::RunInfo& run) {
        wall_at_zero = run.wall_at_zero;
        settle = run.settle;
        named_by_run = !run.agents.empty();
        for (const auto& [name, agent] : run.agents)
            agents[name].driver = agent.version.empty() ? agent.driver : agent.driver + " " + agent.version;
    }
};

LaneBuilder::LaneBuilder() : state_(std::make_unique<State>()) {}
LaneBuilder::~LaneBuilder() = default;
LaneBuilder::LaneBuilder(LaneBuilder&&) noexcept = default;
LaneBuilder& LaneBuilder::operator=(LaneBuilder&&) noexcept = default;

void LaneBuilder::on(const Record& record) {
    State& state = *state_;
    state.lanes.end = std::max(state.lanes.end, record.time);
    if (const auto* decide = std::get_if<history::Decide>(&record.value)) state.on_decide(record, *decide);
    if (const auto* publish = std::get_if<history::Publish>(&record.value))
        state.on_publish(record, *publish);
    if (const auto* boot = std::get_if<history::Boot>(&record.value)) state.on_boot(record, *boot);
    if (const auto* death = std::get_if<history::Death>(&record.value)) state.on_death(record, *death);
    if (const auto* serve = std::get_if<history::Serve>(&record.value)) state.on_serve(record, *serve);
    if (const auto* run = std::get_if<history::RunInfo>(&record.value)) state.on_run(*run);
    if (const auto* stall = std::get_if<history::Stall>(&record.value))
        state.lanes.stalls.push_back({stall->began, record.time});
    if (const auto* fault = std::get_if<history::Fault>(&record.value)) {
        FaultDetail& detail = state.lanes.faults[fault->fault];
        detail.parameters = fault->parameters;
        for (const auto& [agent, excuse] : fault->excuses) detail.excused.insert(agent);
    }
}

Lanes LaneBuilder::finish() {
    State& state = *state_;
    // What never completed was not answered.
    for (const auto& [process, invoke] : state.open)
        ++state.slice_of(state.agents[invoke.agent], invoke.time).unanswered;
    Lanes lanes = std::move(state.lanes);
    lanes.slice = state.width;
    if (state.settle) lanes.settle_start = std::max(TrueTime{}, lanes.end - *state.settle);
    for (auto& [name, agent] : state.agents) {
        AgentLane lane;
        lane.agent = name;
        lane.driver = std::move(agent.driver);
        for (auto& [bundle, shown] : agent.bundles) {
            if (shown.any)
                shown.before.push_back({shown.from, std::max(shown.from, shown.until), shown.revision});
            lane.bundles[bundle] = std::move(shown.before);
        }
        if (agent.died) agent.down.push_back({*agent.died, lanes.end});
        lane.down = std::move(agent.down);
        lane.boots = std::move(agent.boots);
        lane.served = std::move(agent.served);
        lane.slices = std::move(agent.slices);
        lanes.agents.push_back(std::move(lane));
    }
    std::sort(lanes.agents.begin(), lanes.agents.end(), [](const AgentLane& one, const AgentLane& other) {
        return by_number(one.agent) < by_number(other.agent);
    });
    return lanes;
}

}  // namespace mistrial::reports
