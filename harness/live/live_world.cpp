#include "harness/live/live_world.hpp"

#include "core/net/loop_thread.hpp"
#include "engine/shell/http_conversion.hpp"
#include "harness/driver/driver.hpp"
#include "harness/live/agent_process.hpp"
#include "harness/live/control_plane.hpp"
#include "harness/live/decision_client.hpp"
#include "harness/live/decision_inbox.hpp"
#include "harness/live/heartbeat.hpp"
#include "harness/live/machine_clock.hpp"
#include "harness/live/ports.hpp"
#include "harness/live/scheduling.hpp"
#include "harness/scenario/fleet.hpp"
#include "harness/workload/planned.hpp"
#include "nemesis/clock/clock_injector.hpp"
#include "nemesis/doctor.hpp"
#include "nemesis/ledger.hpp"
#include "nemesis/network/partition_injector.hpp"
#include "nemesis/process/kill_injector.hpp"
#include "nemesis/process/pause_injector.hpp"

#include <algorithm>
#include <future>
#include <set>

namespace mistrial::live {
namespace {

using namespace std::chrono_literals;
using history::Type;
using nemesis::Phase;

constexpr Duration kPublishWithin = 5s;
constexpr Duration kClockSampleEvery = 1s;
constexpr Duration kMachineClockEvery = 10ms;
const std::string kClients(scenario::clients_end);
const std::string kStatus(scenario::status_end);
const std::string kLogs(scenario::logs_end);

Result<> check_needs(const scenario::Plan& plan) {
    std::set<std::string> needs;
    for (const nemesis::FaultInterval& fault : plan.faults)
        if (const auto* kind = nemesis::find_fault_kind(fault.kind))
            needs.insert(kind->needs.begin(), kind->needs.end());
    // Every agent gets a clock page, controls included, so that overhead is the same everywhere.
    needs.insert("vdso-clock");
    std::string text;
    for (const nemesis::Probe& probe : nemesis::missing({needs.begin(), needs.end()}))
        text += fmt::format("\n  {}: {} ({})", probe.name, probe.detail, probe.how_to_get);
    if (!text.empty()) return fail("this machine cannot do what the scenario needs:{}\nmistrial doctor tells more", text);
    return {};
}

}  // namespace

/// Everything that one run starts, in the order in which it must go away.
class LiveWorld::Fleet {
  public:
    Fleet(LiveOptions options, const scenario::Plan& plan, std::shared_ptr<const workload::Workload> workload)
        : options_(std::move(options)), plan_(plan), workload_(std::move(workload)) {}
    ~Fleet() { static_cast<void>(stop()); }

    Result<world::Capabilities> start() {
        capabilities_.name = "live";
        if (auto found = find_agents(); !found) return found.error();
        auto ledger = nemesis::Ledger::open(nemesis::ledger_directory(), options_.run);
        if (!ledger) return ledger.error();
        ledger_ = std::move(*ledger);
        auto directory = nemesis::RunDirectory::create(std::filesystem::temp_directory_path(), "run", ledger_.get());
        if (!directory) return directory.error();
        directory_.emplace(std::move(*directory));
        launcher_.emplace(ledger_.get());
        control_.emplace("control");
        load_.emplace("load", [this] { scheduling_ = schedule_for_load(); });
        auto built = control_->call([this] { return build(); });
        if (!built) return built.error();
        load_->call([this] { build_clients(); });
        const WallTime before = wall_now();
        queue_.start();
        const WallTime after = wall_now();
        capabilities_.wall_at_zero = before + (after - before) / 2;
        capabilities_.wall_error = after - before;
        machine_clock_.emplace(queue_, *capabilities_.wall_at_zero);
        control_->call([this] {
            heartbeat_.emplace(control_->loop(), queue_);
            watch_machine_clock();
            sample_clocks();
        });
        return capabilities_;
    }

    void submit(world::Command command) {
        std::visit([this](auto& c) { perform(std::move(c)); }, command);
    }

    EventQueue& queue() { return queue_; }
    const std::string& scheduling() const { return scheduling_; }

    Result<> stop() {
        if (stopped_) return {};
        stopped_ = true;
        if (load_) load_->call([this] { inbox_.reset(); clients_.clear(); publishers_.clear(); });
        if (control_) {
            std::promise<void> gone;
            control_->call([this, &gone] {
                heartbeat_.reset();
                clock_timer_.cancel();
                machine_clock_timer_.cancel();
                const std::shared_ptr<void> last(nullptr, [&gone](void*) { gone.set_value(); });
                for (auto& [name, agent] : agents_) agent->stop([last](Result<>) {});
            });
            gone.get_future().wait();
            control_->call([this] {
                agents_.clear();
                edges_.clear();
                control_plane_.reset();
            });
        }
        load_.reset();
        control_.reset();
        launcher_.reset();
        directory_.reset();
        if (ledger_) ledger_->close();
        return {};
    }

  private:
    Result<> find_agents() {
        if (auto known = scenario::check_defects(plan_.fleet); !known) return known;
        for (const scenario::AgentNode& node : plan_.fleet.agents) {
            auto driver = driver::load(node.driver);
            if (!driver) return with_context(node.name, driver.error());
            auto binary = driver::find_binary(*driver, node.binary, node.version);
            if (!binary) return with_context(node.name, binary.error());
            if (node.defect && driver->name != "embedded")
                return fail("{}: only the embedded agent has seeded defects", node.name);
            capabilities_.agents[node.name] = {driver->name, binary->version, node.bundles, node.persist};
            AgentParts parts;
            parts.node = node;
            parts.driver = std::move(*driver);
            parts.binary = std::move(*binary);
            found_.push_back(std::move(parts));
        }
        return {};
    }

    /// An edge to `upstream` on a port of its own.
    Result<net::Endpoint> edge(const std::string& client, const std::string& server, const net::Endpoint& upstream) {
        auto port = ports_.take();
        if (!port) return port.error();
        return edges_.add(control_->loop(), client, server, {"127.0.0.1", *port}, upstream);
    }

    Result<> build() {
        control_plane_ = std::make_unique<ControlPlane>(control_->loop(), queue_, ports_);
        std::map<std::string, net::Endpoint> servers;
        for (const auto& authority : plan_.fleet.authorities) {
            auto opened = control_plane_->open_authority(authority);
            if (!opened) return opened.error();
            servers[authority.name] = *opened;
            auto publisher = edge(kClients, authority.name, *opened);
            if (!publisher) return publisher.error();
            publisher_endpoints_[authority.name] = *publisher;
        }
        for (const auto& mirror : plan_.fleet.mirrors) {
            auto upstream = edge(mirror.name, mirror.of, servers.at(mirror.of));
            if (!upstream) return upstream.error();
            auto opened = control_plane_->open_mirror(mirror, *upstream);
            if (!opened) return opened.error();
            servers[mirror.name] = *opened;
        }
        for (const auto& [sink, node] : {std::pair(kStatus, &plan_.fleet.status), std::pair(kLogs, &plan_.fleet.logs)}) {
            auto opened = control_plane_->open_sink(sink, *node, *workload_);
            if (!opened) return opened.error();
            servers[sink] = *opened;
        }
        for (AgentParts& parts : found_)
            if (auto built = build_agent(std::move(parts), servers); !built) return built;
        injectors_["partition"] = std::make_unique<nemesis::PartitionInjector>(edges_);
        injectors_["kill"] = std::make_unique<nemesis::KillInjector>(nodes_);
        injectors_["pause"] = std::make_unique<nemesis::PauseInjector>(nodes_);
        injectors_["clock"] = std::make_unique<nemesis::ClockInjector>(nodes_);
        return {};
    }

    Result<> build_agent(AgentParts parts, const std::map<std::string, net::Endpoint>& servers) {
        const std::string name = parts.node.name;
        auto port = ports_.take();
        if (!port) return port.error();
        parts.listens = {"127.0.0.1", *port};
        for (const auto& [key, server] : {std::pair<std::string, std::string>{"control_plane", parts.node.from},
                                          {"status", kStatus},
                                          {"logs", kLogs}}) {
            auto edge_to = edge(name, server, servers.at(server));
            if (!edge_to) return edge_to.error();
            parts.services[key] = fmt::format("http://{}{}", net::to_string(*edge_to), control_plane::node_prefix(name));
        }
        auto clients = edge(kClients, name, parts.listens);
        if (!clients) return clients.error();
        client_endpoints_[name] = *clients;
        parts.directory = directory_->path() / name;
        parts.log = options_.logs / (name + ".log");
        parts.shape = workload_->shape();
        parts.path = plan_.workload.path;
        if (parts.shape.agent_time && !plan_.workload.pool.empty()) {
            history::Decide question;
            question.agent = name;
            question.path = parts.path;
            question.input = plan_.workload.pool.begin()->second;
            parts.clock_question = std::move(question);
        }
        auto agent = AgentProcess::make({control_->loop(), queue_, *launcher_}, std::move(parts));
        if (!agent) return agent.error();
        nodes_[name] = agent->get();
        agents_[name] = std::move(*agent);
        return {};
    }

    void build_clients() {
        const auto connections = static_cast<std::size_t>(std::max<std::int64_t>(plan_.workload.concurrency, 16));
        for (auto& [name, agent] : agents_) {
            const AgentParts& parts = agent->parts();
            driver::DecisionCodec codec(parts.driver.decision, parts.shape, parts.node.bundles, parts.path);
            clients_[name] = std::make_unique<DecisionClient>(load_->loop(), queue_, client_endpoints_.at(name), connections,
                                                              std::move(codec), [this, target = agent.get()](TrueTime asked) {
                                                                  machine_clock_->look();
                                                                  target->note_answer(asked);
                                                              });
        }
        for (const auto& [name, endpoint] : publisher_endpoints_)
            publishers_[name] = std::make_unique<net::HttpClient>(load_->loop(), endpoint);
        inbox_.emplace(load_->loop(), queue_, [this](world::Decide decide) {
            if (const auto client = clients_.find(decide.value.agent); client != clients_.end())
                client->second->decide(std::move(decide));
        });
    }

    /// Each agent's wall clock once a second, as its own program reads it.
    void sample_clocks() {
        clock_timer_ = control_->loop().after(kClockSampleEvery, [this] {
            for (auto& [name, agent] : agents_) agent->read_clock([](nemesis::Node::Reading) {});
            sample_clocks();
        });
    }

    /// The machine's own, beside every look that an answer makes necessary.
    void watch_machine_clock() {
        machine_clock_->look();
        machine_clock_timer_ = control_->loop().after(kMachineClockEvery, [this] { watch_machine_clock(); });
    }

    void perform(world::Decide decide) {
        inbox_->put(std::move(decide));
    }

    void perform(world::Probe probe) {
        load_->loop().post([this, probe = std::move(probe)]() mutable {
            const auto client = clients_.find(probe.agent);
            if (client == clients_.end()) return;
            const driver::Driver& driver = agents_.at(probe.agent)->parts().driver;
            const std::string general = probe.query.empty() ? driver.health_path : driver.health_path + "?" + probe.query;
            client->second->probe(probe, probe.query == "bundles" ? driver.bundles_health_path.value_or(general) : general);
        });
    }

    void perform(world::Publish publish) {
        // Packed here, so that the load loop, which has decisions to send at their times, does not have to.
        load_->loop().post([this, publish, archive = workload::archive_of(plan_, *workload_, publish.index)]() mutable {
            const scenario::PlannedPublish& planned = plan_.workload.publishes[publish.index];
            const auto publisher = publishers_.find(planned.authority);
            if (publisher == publishers_.end()) return;
            const world::OperationId id = publish.id;
            const auto invocation = std::make_shared<Invocation>(queue_, id);
            if (!archive) {
                invocation->begin();
                queue_.post(world::Completed{id, {}, Type::fail, history::Foreign{}, archive.error().message});
                return;
            }
            net::HttpCallbacks callbacks;
            callbacks.on_first_write = [invocation] { invocation->begin(); };
            callbacks.on_done = [this, id, invocation](const net::HttpOutcome& outcome) {
                invocation->begin();
                world::Completed completed{id, {}, type_of(outcome), history::Foreign{}, std::nullopt};
                if (!outcome.complete())
                    completed.error = outcome.error;
                else if (outcome.response.status / 100 != 2) {
                    // A refusal is certain; a server's own failure may have come after the deed.
                    completed.type = outcome.response.status / 100 == 4 ? Type::fail : Type::info;
                    completed.error = fmt::format("status {}: {:.200}", outcome.response.status, outcome.response.body);
                }
                queue_.post(std::move(completed));
            };
            publisher->second->request(
                shell::to_net(control_plane::publish_request(kClients, planned.bundle, planned.revision, planned.digest,
                                                             http::make_body(std::move(*archive)))),
                kPublishWithin, std::move(callbacks));
        });
    }

    void perform(world::Inject inject) {
        act(inject.id, inject.index, Phase::starting, Phase::in_force);
    }
    void perform(world::Heal heal) { act(heal.id, heal.index, Phase::healing, Phase::healed); }

    void act(world::OperationId id, std::size_t index, Phase first, Phase then) {
        control_->loop().post([this, id, index, first, then] {
            const nemesis::FaultInterval& interval = plan_.faults[index];
            nemesis::Injector& injector = *injectors_.at(interval.kind);
            queue_.post(world::FaultPhase{id, index, {}, first, std::nullopt, std::nullopt});
            const auto done = [this, id, index, then, &injector](const Result<>& result) {
                world::FaultPhase phase{id, index, {}, then, std::nullopt, std::nullopt};
                if (then == Phase::healed) phase.evidence = injector.evidence(plan_.faults[index]);
                if (!result) phase.error = result.error().message;
                queue_.post(std::move(phase));
            };
            if (first == Phase::starting)
                injector.inject(interval, done);
            else
                injector.heal(interval, done);
        });
    }

    void perform(world::StartNode start) {
        control_->loop().post([this, start = std::move(start)] {
            agents_.at(start.node)->start([this, id = start.id](const Result<>& result) {
                world::Completed completed{id, {}, result ? Type::ok : Type::fail, history::Foreign{}, std::nullopt};
                if (!result) completed.error = result.error().message;
                queue_.post(std::move(completed));
            });
        });
    }

    void perform(world::StopNode stop) {
        control_->loop().post([this, stop = std::move(stop)] {
            agents_.at(stop.node)->stop([this, id = stop.id](const Result<>&) {
                queue_.post(world::Completed{id, {}, Type::ok, history::Foreign{}, std::nullopt});
            });
        });
    }

    LiveOptions options_;
    const scenario::Plan& plan_;
    std::shared_ptr<const workload::Workload> workload_;
    world::Capabilities capabilities_;
    EventQueue queue_;
    std::optional<MachineClock> machine_clock_;  ///< there before anything is asked
    std::optional<DecisionInbox> inbox_;  ///< its loop's, but for `put`
    PortAllocator ports_;
    std::vector<AgentParts> found_;
    std::unique_ptr<nemesis::Ledger> ledger_;
    std::optional<nemesis::RunDirectory> directory_;
    std::optional<nemesis::Launcher> launcher_;
    std::string scheduling_ = "default";
    std::optional<net::LoopThread> control_, load_;

    // On the control loop:
    std::unique_ptr<ControlPlane> control_plane_;
    nemesis::Edges edges_;
    std::map<std::string, std::unique_ptr<AgentProcess>> agents_;
    nemesis::Nodes nodes_;
    nemesis::Injectors injectors_;
    std::optional<Heartbeat> heartbeat_;
    net::Timer clock_timer_;
    net::Timer machine_clock_timer_;
    std::map<std::string, net::Endpoint> client_endpoints_, publisher_endpoints_;

    // On the load loop:
    std::map<std::string, std::unique_ptr<DecisionClient>> clients_;
    std::map<std::string, std::unique_ptr<net::HttpClient>> publishers_;
    bool stopped_ = false;
};

LiveWorld::LiveWorld(LiveOptions options) : options_(std::move(options)) {}
LiveWorld::~LiveWorld() = default;

Result<world::Capabilities> LiveWorld::start(const scenario::Plan& plan) {
    if (auto able = check_needs(plan); !able) return able.error();
    auto workload = workload::of_plan(plan);
    if (!workload) return workload.error();
    fleet_ = std::make_unique<Fleet>(options_, plan, std::move(*workload));
    return fleet_->start();
}

void LiveWorld::submit(world::Command command) { fleet_->submit(std::move(command)); }
world::Event LiveWorld::next(TrueTime deadline) { return fleet_->queue().next(deadline); }
TrueTime LiveWorld::now() const { return fleet_->queue().now(); }
Result<> LiveWorld::stop() { return fleet_ ? fleet_->stop() : Result<>{}; }
std::string LiveWorld::scheduling() const { return fleet_ ? fleet_->scheduling() : "default"; }

}  // namespace mistrial::live
