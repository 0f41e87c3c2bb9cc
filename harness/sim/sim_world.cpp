#include "harness/sim/sim_world.hpp"

#include "core/random.hpp"
#include "engine/defects/defects.hpp"
#include "harness/driver/driver.hpp"
#include "harness/driver/log_reading.hpp"
#include "harness/workload/planned.hpp"
#include "harness/scenario/fleet.hpp"
#include "nemesis/network/partition.hpp"

#include <algorithm>

namespace mistrial::sim {
namespace {

using namespace std::chrono_literals;
using history::Type;
using nemesis::Phase;

/// In the simulation nothing of the machine is seen, its date included: 2026-01-01T00:00:00Z.
constexpr WallTime kWallAtZero{1'767'225'600s};
constexpr Duration kPublishWithin = 5s;
const std::string kClients(scenario::clients_end);

}  // namespace

/// What a fault saw before it acted, for its evidence.
struct SimWorld::FaultMemory {
    std::map<std::pair<std::string, std::string>, Network::Counters> counters, counters_at_end;
    std::map<std::string, std::string> incarnation_before, incarnation_after;
    std::map<std::string, std::int64_t> answered, answered_at_end;
    std::map<std::string, Duration> offset_inside;
    bool acted = false;
};

SimWorld::SimWorld() : network_(scheduler_), loader_(std::make_shared<agent::SharingLoader>()) {}
SimWorld::~SimWorld() = default;

Result<world::Capabilities> SimWorld::start(const scenario::Plan& plan) {
    plan_ = &plan;
    scheduler_.set_order(plan.simulation.order);
    network_.set_delays(plan.simulation.delay_min, plan.simulation.delay_max, plan.seed ^ plan.simulation.order);
    auto workload = workload::of_plan(plan);
    if (!workload) return workload.error();
    workload_ = std::move(*workload);
    for (const nemesis::FaultInterval& fault : plan.faults) {
        const nemesis::FaultKind* kind = nemesis::find_fault_kind(fault.kind);
        if (kind == nullptr || !kind->in_sim) return fail("{}: a fault of kind {} has no meaning in the simulation", fault.id, fault.kind);
    }

    if (auto known = scenario::check_defects(plan.fleet); !known) return known.error();
    const auto observer = [this](const std::string& name) {
        return [this, name](history::Value value) { emit(world::observation(name, std::move(value))); };
    };
    const auto serve = [&](const std::string& name, ServerNode::Core core, const std::string& upstream) {
        servers_.push_back(std::make_unique<ServerNode>(name, std::move(core), upstream, scheduler_, network_, kWallAtZero,
                                                        observer(name)));
    };
    for (const auto& authority : plan.fleet.authorities) {
        control_plane::AuthorityConfig config;
        config.name = authority.name;
        config.behaviour = defects::authority_behaviour(authority.defect.value_or(""));
        serve(authority.name, control_plane::Authority(config), "");
    }
    for (const auto& mirror : plan.fleet.mirrors)
        serve(mirror.name,
              control_plane::Mirror({mirror.name, mirror.ttl, defects::mirror_behaviour(mirror.defect.value_or(""))}), mirror.of);
    const control_plane::LogReading reading = driver::log_reading(*workload_);
    for (const auto& [name, sink] : {std::pair(scenario::status_end, &plan.fleet.status), std::pair(scenario::logs_end, &plan.fleet.logs)}) {
        control_plane::SinkConfig config;
        config.name = name;
        config.behaviour = defects::sink_behaviour(sink->defect.value_or(""));
        config.reading = reading;
        serve(config.name, control_plane::Sink(config), "");
    }

    world::Capabilities capabilities{"sim", kWallAtZero, Duration::zero(), {}};
    for (const scenario::AgentNode& node : plan.fleet.agents) {
        auto driver = driver::load(node.driver);
        if (!driver) return driver.error();
        if (driver->name != "embedded")
            return fail("{}: agents of driver {} do not run in the simulation; --agent embedded does", node.name, driver->name);
        codecs_.emplace(node.name, driver::DecisionCodec(driver->decision, workload_->shape(), node.bundles, plan.workload.path));

        const auto configure = [this, node, driver = *driver](const std::string& incarnation) {
            driver::AgentConfiguration agent;
            agent.values = {{"control_plane", "http://" + node.from}, {"status", "http://status"}, {"logs", "http://logs"},
                            {"node", node.name}, {"incarnation", incarnation}, {"state", "state"}};
            agent.bundles = node.bundles;
            agent.poll_min = node.poll_min;
            agent.poll_max = node.poll_max;
            agent.long_poll = node.long_poll;
            agent.persist = node.persist;
            agent.own = node.config;
            return driver::configure(driver, agent);
        };
        const auto config_json = configure(node.name + "#1");
        if (!config_json) return with_context(node.name, config_json.error());
        const auto config = agent::parse_config(*config_json, node.name);
        if (!config) return config.error();
        AgentNode::Surroundings around{scheduler_, network_, kWallAtZero, {}};
        for (const auto& [service, settings] : config->services) {
            const std::string host = settings.url.substr(std::string_view("http://").size());
            around.services[service] = host;
        }
        const auto make_setup = [this, node, configure](const std::string& incarnation) {
            agent::Setup setup;
            setup.config = *agent::parse_config(*configure(incarnation), node.name);
            setup.document = {{"mistrial_instance", {{"id", incarnation}}}};
            setup.seed = plan_->seed;
            setup.name = incarnation;
            setup.behaviour = defects::agent_behaviour(node.defect.value_or(""));
            setup.loader = loader_;
            return setup;
        };
        agents_.emplace(node.name, std::make_unique<AgentNode>(node.name, std::move(around), make_setup));
        capabilities.agents[node.name] = {driver->name, "mistrial", node.bundles, node.persist};
    }
    return capabilities;
}

Probes SimWorld::probes() const {
    Probes probes{scheduler_.ties(), cut_downloads_, 0};
    for (const auto& [name, agent] : agents_) probes.killed_persisting += agent->killed_persisting();
    return probes;
}

void SimWorld::emit(world::Event event) {
    std::visit([this](auto& e) { e.time = scheduler_.now(); }, event);
    out_.push_back(std::move(event));
}

world::Event SimWorld::next(TrueTime deadline) {
    while (out_.empty())
        if (!scheduler_.step(deadline)) break;
    if (out_.empty()) return world::Deadline{scheduler_.now()};
    world::Event event = std::move(out_.front());
    out_.pop_front();
    return event;
}

void SimWorld::submit(world::Command command) {
    std::visit([this](auto& c) { perform(c); }, command);
}

void SimWorld::perform(world::Decide& decide) {
    scheduler_.at(decide.due, kClients, "decide", decide.id, [this, decide] {
        driver::DecisionCodec& codec = codecs_.at(decide.value.agent);
        driver::DecisionRequest encoded = codec.encode(decide.value);
        http::Request request;
        request.method = std::move(encoded.method);
        request.target = std::move(encoded.target);
        request.headers.add("Content-Type", "application/json");
        request.body = http::make_body(std::move(encoded.body));
        call_client(decide.id, kClients, decide.value.agent, std::move(request), decide.value.timeout.value_or(2s),
                    [this, asked = decide.value, id = decide.id](const http::Response& response) {
                        world::Completed completed{id, {}, Type::ok, history::Foreign{}, std::nullopt};
                        auto answer = codecs_.at(asked.agent).decode(asked, response.status, http::bytes_of(response.body));
                        if (answer) {
                            completed.value = std::move(*answer);
                            ++answered_[asked.agent];
                        } else {
                            completed.type = Type::info;
                            completed.error = answer.error().message;
                        }
                        return completed;
                    });
    });
}

void SimWorld::perform(world::Publish& publish) {
    const scenario::PlannedPublish& planned = plan_->workload.publishes[publish.index];
    auto archive = workload::archive_of(*plan_, *workload_, publish.index);
    const world::OperationId id = publish.id;
    if (!archive) {
        emit(world::Invoked{id, {}});
        emit(world::Completed{id, {}, Type::fail, history::Foreign{}, archive.error().message});
        return;
    }
    call_client(id, kClients, planned.authority,
                control_plane::publish_request(kClients, planned.bundle, planned.revision, planned.digest,
                                               http::make_body(std::move(*archive))),
                kPublishWithin, [id](const http::Response& response) {
                    const bool ok = response.status / 100 == 2, refused = response.status / 100 == 4;
                    world::Completed completed{id, {}, ok ? Type::ok : refused ? Type::fail : Type::info, history::Foreign{}, {}};
                    if (!ok) completed.error = fmt::format("status {}", response.status);
                    return completed;
                });
}

void SimWorld::perform(world::Probe& probe) {
    http::Request request;
    request.target = probe.query.empty() ? "/health" : "/health?" + probe.query;
    call_client(probe.id, kClients, probe.agent, std::move(request), world::probe_within, [probe](const http::Response& response) {
        return world::Completed{probe.id, {}, Type::ok, history::Health{probe.agent, probe.query, response.status, {}}, {}};
    });
}

void SimWorld::call_client(world::OperationId id, const std::string& client, const std::string& server, http::Request request,
                           Duration timeout, std::function<world::Completed(http::Response)> read) {
    Network::Caller caller;
    caller.on_first_write = [this, id] { emit(world::Invoked{id, {}}); };
    caller.on_response = [this, read = std::move(read)](http::Response response) { emit(read(std::move(response))); };
    caller.on_failed = [this, id](std::string reason, bool sent) {
        if (!sent) emit(world::Invoked{id, {}});
        emit(world::Completed{id, {}, sent ? Type::info : Type::fail, history::Foreign{}, std::move(reason)});
    };
    network_.call(client, server, std::move(request), timeout, std::move(caller));
}

void SimWorld::boot(AgentNode& agent, std::function<void()> ready) {
    const std::string incarnation = agent.boot(std::move(ready));
    emit(world::observation("harness", history::Boot{agent.name(), incarnation, std::nullopt}));
}

void SimWorld::perform(world::StartNode& start) {
    boot(*agents_.at(start.node), [this, id = start.id] {
        emit(world::Completed{id, {}, Type::ok, history::Foreign{}, std::nullopt});
    });
}

void SimWorld::perform(world::StopNode& stop) {
    AgentNode& agent = *agents_.at(stop.node);
    if (agent.alive()) {
        agent.kill();
        emit(world::observation("harness", history::Death{agent.name(), agent.incarnation(), "stopped"}));
    }
    emit(world::Completed{stop.id, {}, Type::ok, history::Foreign{}, std::nullopt});
}

void SimWorld::emit_phase(world::OperationId id, std::size_t index, Phase phase, std::optional<nemesis::Evidence> evidence) {
    emit(world::FaultPhase{id, index, {}, phase, std::move(evidence), std::nullopt});
}

void SimWorld::cut(const nemesis::FaultInterval& interval, bool heal) {
    for (const nemesis::CutEdge& edge : nemesis::cut_edges(interval)) {
        auto& parts = cuts_[{edge.client, edge.server}];
        if (heal)
            parts.erase(interval.id);
        else
            parts[interval.id] = edge.cut;
        std::vector<net::EdgeCut> in_force;
        for (const auto& [id, part] : parts) in_force.push_back(part);
        if (!heal && edge.client != kClients && network_.is_under_way(edge.client, edge.server)) ++cut_downloads_;
        network_.cut(edge.client, edge.server, nemesis::hardest(in_force));
    }
}

void SimWorld::perform(world::Inject& inject) {
    const nemesis::FaultInterval& fault = plan_->faults[inject.index];
    FaultMemory& memory = memory_[fault.id];
    emit_phase(inject.id, inject.index, Phase::starting);
    memory.counters = network_.all_counters();
    memory.answered = answered_;
    memory.acted = !nemesis::is_disarmed(fault);
    if (memory.acted && fault.kind == "partition") cut(fault, false);
    for (const std::string& name : fault.target) {
        const auto found = agents_.find(name);
        if (found == agents_.end() || !memory.acted) continue;
        AgentNode& agent = *found->second;
        memory.incarnation_before[name] = agent.incarnation();
        if (fault.kind == "pause") agent.pause();
        if (fault.kind == "clock") {
            agent.set_wall_offset(Duration{fault.parameters.value("offset", std::int64_t{0})});
            memory.offset_inside[name] = agent.clocks().wall - (kWallAtZero + scheduler_.now().time_since_epoch());
        }
        if (fault.kind == "kill" && agent.alive()) {
            agent.kill();
            emit(world::observation("harness", history::Death{name, agent.incarnation(), "killed"}));
        }
    }
    emit_phase(inject.id, inject.index, Phase::in_force);
}

void SimWorld::perform(world::Heal& heal) {
    const nemesis::FaultInterval& fault = plan_->faults[heal.index];
    FaultMemory& memory = memory_[fault.id];
    emit_phase(heal.id, heal.index, Phase::healing);
    memory.counters_at_end = network_.all_counters();
    memory.answered_at_end = answered_;
    const auto finish = [this, id = heal.id, index = heal.index] {
        emit_phase(id, index, Phase::healed, evidence_of(plan_->faults[index]));
    };
    if (!memory.acted) return finish();
    if (fault.kind == "partition") cut(fault, true);
    // Shared by the restarts under way: whoever is last finishes.
    const std::shared_ptr<void> last(nullptr, [finish](void*) { finish(); });
    for (const std::string& name : fault.target) {
        const auto found = agents_.find(name);
        if (found == agents_.end()) continue;
        AgentNode& agent = *found->second;
        if (fault.kind == "pause") agent.resume();
        if (fault.kind == "clock") agent.set_wall_offset(Duration::zero());
        if (fault.kind == "kill" && !agent.alive()) {
            if (fault.parameters.value("state", std::string("kept")) == "lost") agent.lose_state();
            boot(agent, [&memory, &agent, name, last] { memory.incarnation_after[name] = agent.incarnation(); });
        }
    }
}

nemesis::Evidence SimWorld::evidence_of(const nemesis::FaultInterval& interval) {
    FaultMemory& memory = memory_[interval.id];
    nemesis::Evidence evidence{memory.acted, Json::object()};
    if (interval.kind == "partition") {
        std::uint64_t elsewhere = 0;
        bool others = false;
        const auto cut = nemesis::cut_edges(interval);
        for (const scenario::Edge& edge : scenario::edges_of(plan_->fleet)) {
            const Network::Counters before = memory.counters[{edge.client, edge.server}];
            const Network::Counters after = memory.counters_at_end[{edge.client, edge.server}];
            const bool concerned = std::any_of(cut.begin(), cut.end(), [&](const nemesis::CutEdge& one) {
                return one.client == edge.client && one.server == edge.server;
            });
            if (!concerned) {
                others = true;
                elsewhere += after.carried - before.carried;
                continue;
            }
            evidence.details["cut"].push_back({{"client", edge.client},
                                               {"server", edge.server},
                                               {"messages_held", after.held - before.held},
                                               {"connects_refused", after.refused - before.refused}});
            evidence.bit = evidence.bit && after.held + after.refused > before.held + before.refused;
        }
        evidence.details["messages_carried_elsewhere"] = elsewhere;
        evidence.bit = evidence.bit && evidence.details.contains("cut") && (elsewhere > 0 || !others);
        return evidence;
    }
    for (const std::string& name : interval.target) {
        Json& seen = evidence.details[name] = Json::object();
        if (interval.kind == "clock") {
            seen["wall_offset_inside"] = memory.offset_inside[name].count();
            evidence.bit = evidence.bit && memory.offset_inside[name] != Duration::zero();
            continue;
        }
        const std::int64_t answered = memory.answered_at_end[name] - memory.answered[name];
        seen["answered_inside"] = answered;
        if (interval.kind == "kill") {
            seen["incarnation_before"] = memory.incarnation_before[name];
            seen["incarnation_after"] = memory.incarnation_after[name];
            evidence.bit = evidence.bit && memory.incarnation_after[name] != memory.incarnation_before[name];
        } else {
            // An answer that was under way when the process was stopped still arrives.
            evidence.bit = evidence.bit && agents_.at(name)->alive();
        }
    }
    return evidence;
}

Result<> SimWorld::stop() {
    // OPA's --shutdown-grace-period, as the drivers leave it.
    const TrueTime grace_ends = scheduler_.now() + 10s;
    for (auto& [name, agent] : agents_) {
        if (!agent->alive()) continue;
        // Who was told to go owes nothing any more, however long it takes to see its decision log off.
        emit(world::observation("harness", history::Death{name, agent->incarnation(), "stopped"}));
        if (!agent->paused()) agent->stop();
    }
    const auto under_way = [](const auto& one) { return one.second->alive() && !one.second->paused() && !one.second->stopped(); };
    while (std::ranges::any_of(agents_, under_way) && scheduler_.step(grace_ends)) {}
    for (auto& [name, agent] : agents_)
        if (agent->alive()) agent->kill();
    return {};
}

}  // namespace mistrial::sim
