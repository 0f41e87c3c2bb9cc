#pragma once

#include "harness/driver/decision_codec.hpp"
#include "harness/sim/agent_node.hpp"
#include "harness/sim/server_node.hpp"
#include "harness/world/world.hpp"

#include <deque>
#include <map>
#include <memory>

namespace mistrial::sim {

/// States that only the world sees, which a search has to reach (harness/search/coverage.hpp).
struct Probes {
    std::uint64_t ties = 0;               ///< events of different nodes at the same instant
    std::uint64_t cut_downloads = 0;      ///< an edge was cut while a download was under way on it
    std::uint64_t killed_persisting = 0;  ///< an agent died between writing a bundle and renaming it into place
};

/// The simulated world: the same plan, the same cores, virtual time. Same plan, same bytes, on every machine. Knows
/// partition, clock, kill and pause, with fixed delays; richer models grow behind Network and AgentNode.
class SimWorld final : public world::World {
  public:
    SimWorld();
    ~SimWorld() override;

    Result<world::Capabilities> start(const scenario::Plan& plan) override;
    void submit(world::Command command) override;
    world::Event next(TrueTime deadline) override;
    TrueTime now() const override { return scheduler_.now(); }
    Result<> stop() override;

    /// The trajectory: equal for equal plans.
    [[nodiscard]] std::uint64_t fingerprint() const { return scheduler_.fingerprint(); }
    [[nodiscard]] std::uint64_t events() const { return scheduler_.events(); }
    [[nodiscard]] Probes probes() const;

  private:
    struct FaultMemory;

    void perform(world::Decide& decide);
    void perform(world::Publish& publish);
    void perform(world::Probe& probe);
    void perform(world::Inject& inject);
    void perform(world::Heal& heal);
    void perform(world::StartNode& start);
    void perform(world::StopNode& stop);

    void emit(world::Event event);
    void emit_phase(world::OperationId id, std::size_t index, nemesis::Phase phase,
                    std::optional<nemesis::Evidence> evidence = std::nullopt);
    void call_client(world::OperationId id, const std::string& client, const std::string& server, http::Request request,
                     Duration timeout, std::function<world::Completed(http::Response)> read);
    void boot(AgentNode& agent, std::function<void()> ready);
    void cut(const nemesis::FaultInterval& interval, bool heal);
    nemesis::Evidence evidence_of(const nemesis::FaultInterval& interval);

    Scheduler scheduler_;
    Network network_;
    const scenario::Plan* plan_ = nullptr;
    std::shared_ptr<const workload::Workload> workload_;
    std::deque<world::Event> out_;
    std::map<std::string, std::unique_ptr<AgentNode>> agents_;
    std::map<std::string, driver::DecisionCodec> codecs_;
    std::vector<std::unique_ptr<ServerNode>> servers_;
    std::map<std::pair<std::string, std::string>, std::map<std::string, net::EdgeCut>> cuts_;  ///< edge -> fault -> cut
    std::map<std::string, FaultMemory> memory_;
    std::map<std::string, std::int64_t> answered_;
    std::uint64_t cut_downloads_ = 0;
    std::shared_ptr<agent::Loader> loader_;
};

}  // namespace mistrial::sim
