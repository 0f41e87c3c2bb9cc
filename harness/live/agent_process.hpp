#pragma once

#include "core/net/http_client.hpp"
#include "core/net/loop.hpp"
#include "harness/driver/decision_codec.hpp"
#include "harness/driver/driver.hpp"
#include "harness/live/event_queue.hpp"
#include "harness/scenario/plan.hpp"
#include "nemesis/clock/clock_page.hpp"
#include "nemesis/process/launcher.hpp"
#include "nemesis/process/node.hpp"

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace mistrial::live {

/// What every agent of a live run shares.
struct AgentSurroundings {
    net::Loop& loop;
    EventQueue& queue;
    nemesis::Launcher& launcher;
};

/// What one agent is made of.
struct AgentParts {
    scenario::AgentNode node;
    driver::Driver driver;
    driver::Binary binary;
    std::filesystem::path directory;  ///< the node's machine, so to say: configuration, instance document, state
    std::filesystem::path log;
    net::Endpoint listens;            ///< the agent itself; clients come through an edge
    driver::Fill services;            ///< control_plane, status, logs: where its own edges listen
    std::optional<history::Decide> clock_question;  ///< a decision that tells the agent's time
    workload::DecisionShape shape;
    std::string path;
};

/// One agent of a live fleet: a machine (clock, directory) and the process that runs on it now, if any. Lives on the
/// control loop; `note_answer` may be called from any thread.
class AgentProcess final : public nemesis::Node {
  public:
    static Result<std::unique_ptr<AgentProcess>> make(AgentSurroundings surroundings, AgentParts parts);
    ~AgentProcess() override;

    /// First start; `done` when it first answers.
    void start(Done done) { launch(std::move(done)); }
    /// In good order, then by force; `done` when it is gone (at once when it is not running).
    void stop(Done done);

    const std::string& name() const override { return parts_.node.name; }
    void kill(Done done) override;
    void restart(bool keep_state, Done done) override;
    Result<> pause() override;
    Result<> resume() override;
    Result<char> process_state() const override;
    std::string last_end() const override { return last_end_; }
    std::string answering_incarnation() const override { return answering_; }
    AnswerCount count_answers() override;
    std::shared_ptr<nemesis::ClockPage> clock() const override { return clock_; }
    void read_clock(std::function<void(Reading)> done) override;

    /// A decision that was asked at `asked` has been answered.
    void note_answer(TrueTime asked);
    [[nodiscard]] const AgentParts& parts() const { return parts_; }

  private:
    struct Counter {
        TrueTime from;
        std::atomic<std::int64_t> count{0};
    };

    AgentProcess(AgentSurroundings surroundings, AgentParts parts, std::shared_ptr<nemesis::ClockPage> clock);
    void launch(Done done);
    Result<> write_files(const std::string& incarnation);
    void ask_health(std::uint64_t life, net::SteadyTime give_up);
    void on_end();
    std::string last_words() const;

    AgentSurroundings around_;
    AgentParts parts_;
    std::shared_ptr<nemesis::ClockPage> clock_;
    net::HttpClient client_;  ///< the harness's own way to the agent, past every edge
    driver::DecisionCodec codec_;
    std::optional<nemesis::Process> process_;
    net::Watch end_watch_;
    net::Timer timer_;
    std::uint64_t life_ = 0;
    std::string incarnation_, answering_, last_end_;
    std::string how_;  ///< of the death that is expected: "killed", "stopped"
    Done starting_;
    std::vector<Done> waiting_for_end_;
    std::mutex counters_mutex_;
    std::vector<std::weak_ptr<Counter>> counters_;
};

}  // namespace mistrial::live
