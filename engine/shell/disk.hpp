#pragma once

#include "core/net/loop.hpp"
#include "engine/agent/agent.hpp"

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace mistrial::shell {

/// Runs an agent's disk steps on a thread of its own, one job after another, so that an fsync delays no decision.
/// `done` is called on the loop's thread. Made and destroyed there; the destructor finishes the job at work.
class Disk {
  public:
    using Done = std::function<void(agent::Persisted)>;

    /// `root`: the persistence directory; made when the first step needs it.
    Disk(net::Loop& loop, std::filesystem::path root, Done done);
    ~Disk();
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    void submit(agent::Persist job);

    /// What lies below `root`/bundles, temporary files excepted. What cannot be read is left out and said in `problems`.
    [[nodiscard]] static std::vector<agent::PersistedFile> load(const std::filesystem::path& root,
                                                                std::vector<std::string>& problems);

  private:
    void work();

    net::Loop& loop_;
    std::filesystem::path root_;
    std::shared_ptr<Done> done_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<agent::Persist> jobs_;
    bool ending_ = false;
    std::thread thread_;
};

/// Performs one step below `root`; the error names the file.
[[nodiscard]] Result<> perform(const agent::DiskStep& step, const std::filesystem::path& root);

}  // namespace mistrial::shell
