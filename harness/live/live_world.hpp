#pragma once

#include "harness/world/world.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace mistrial::live {

struct LiveOptions {
    std::filesystem::path logs;  ///< folder for what nodes print, a file each; must exist
    std::string run;             ///< names the ledger: unique among the runs of this user
};

/// The real world: agents are processes, every edge is a proxied socket, faults are the kernel's. Authority, mirrors and
/// sinks run inside mistrial, each behind a port and an edge of its own. Two I/O threads: the load loop asks for
/// decisions, the control loop does everything else; one more starts processes.
class LiveWorld final : public world::World {
  public:
    explicit LiveWorld(LiveOptions options);
    ~LiveWorld() override;

    Result<world::Capabilities> start(const scenario::Plan& plan) override;
    void submit(world::Command command) override;
    world::Event next(TrueTime deadline) override;
    TrueTime now() const override;
    Result<> stop() override;

    /// How the load thread is scheduled: "SCHED_FIFO 10", "time slice 0.1 ms", "default".
    [[nodiscard]] std::string scheduling() const;

  private:
    class Fleet;
    LiveOptions options_;
    std::unique_ptr<Fleet> fleet_;
};

}  // namespace mistrial::live
