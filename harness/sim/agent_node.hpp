#pragma once

#include "engine/agent/agent.hpp"
#include "harness/sim/network.hpp"
#include "harness/sim/scheduler.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace mistrial::sim {

/// One simulated machine with an embedded agent on it: clocks, a disk that outlives the process, a process that boots,
/// pauses and dies. Carries the agent core's actions to the network and the scheduler.
class AgentNode {
  public:
    struct Surroundings {
        Scheduler& scheduler;
        Network& network;
        WallTime wall_at_zero;
        /// Service name of the agent's configuration -> node that answers it.
        std::map<std::string, std::string> services;
    };

    /// Makes what an incarnation starts with (a fresh behaviour, the instance document).
    using MakeSetup = std::function<agent::Setup(const std::string& incarnation)>;

    AgentNode(std::string name, Surroundings surroundings, MakeSetup make_setup);

    /// Starts a process; `ready` when it first answers. Returns the incarnation.
    std::string boot(std::function<void()> ready);
    void kill();
    /// As SIGTERM does: it takes no more requests, and says `stopped` once its decision log has gone out.
    void stop();
    [[nodiscard]] bool stopped() const { return stopped_; }
    void lose_state() { disk_.clear(); }
    void pause();
    void resume();
    void set_wall_offset(Duration offset) { wall_offset_ = offset; }

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] bool alive() const { return agent_.has_value(); }
    [[nodiscard]] bool paused() const { return paused_; }
    [[nodiscard]] const std::string& incarnation() const { return incarnation_; }
    [[nodiscard]] Duration wall_offset() const { return wall_offset_; }
    [[nodiscard]] Clocks clocks() const;
    /// How often it died between writing a file and renaming it into place.
    [[nodiscard]] std::uint64_t killed_persisting() const { return killed_persisting_; }

  private:
    void take(agent::Event event);
    void perform(agent::Action& action);
    void run_disk_job(std::uint64_t life, const agent::Persist& job, std::size_t step);

    std::string name_;
    Surroundings around_;
    MakeSetup make_setup_;
    bool half_written_ = false;
    bool stopped_ = false;
    std::uint64_t killed_persisting_ = 0;
    std::optional<agent::Agent> agent_;
    std::uint64_t life_ = 0;  ///< counts incarnations; events of an earlier one are void
    std::string incarnation_;
    bool paused_ = false;
    std::deque<agent::Event> inbox_;  ///< what came while paused
    Duration wall_offset_{};
    std::map<std::string, http::Body> disk_;
    std::map<agent::TimerId, Scheduler::EventId> timers_;
    std::map<agent::RequestId, Network::CallId> requests_;
};

}  // namespace mistrial::sim
