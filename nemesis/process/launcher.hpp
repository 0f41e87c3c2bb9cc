#pragma once

#include "nemesis/process/process.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace mistrial::nemesis {

class ClockPage;
class Ledger;

/// What to start.
struct Spawn {
    std::string name;               ///< node, in front of every error: "a1"
    std::vector<std::string> argv;  ///< argv[0] is the path of the binary; PATH is not searched
    std::vector<std::string>
        environment;  ///< "NAME=value"; exactly this, and MISTRIAL_LEDGER when there is a ledger
    std::filesystem::path directory;  ///< working directory; empty: mistrial's own
    std::filesystem::path log;        ///< stdout and stderr are appended to it; empty: /dev/null
    std::shared_ptr<ClockPage>
        clock;  ///< the node's clock: redirects the program's vDSO before its first instruction
};

/// Starts every process of a run from one thread that lives as long as the run: the kernel kills a child when
/// the thread that forked it ends (PDEATHSIG), and obeys ptrace requests of that thread alone. A child is
/// leader of its own process group, has stdin from /dev/null, no other descriptor of ours, no blocked or
/// ignored signal, the default scheduling class, nice value and time slice, and dies with mistrial, even by
/// `kill -9`.
///
/// Life cycle: one a run, made before the first spawn, destroyed after the last Process. With a ledger, each
/// process is recorded before it is forked, and marked undone when it is reaped. `spawn` may be called from
/// any thread.
class Launcher {
  public:
    /// `ledger` may be null (tests); it must outlive the launcher and every process.
    explicit Launcher(Ledger* ledger = nullptr);
    ~Launcher();
    Launcher(const Launcher&) = delete;
    Launcher& operator=(const Launcher&) = delete;

    /// Blocks until the program has been exec'ed (and its clock installed), about a millisecond. Errors name
    /// the node and the binary ("a1: /x/opa: No such file or directory"); nothing is left running then.
    [[nodiscard]] Result<Process> spawn(const Spawn& what);

  private:
    class Thread;
    std::unique_ptr<Thread> thread_;
    Ledger* ledger_;
};

}  // namespace mistrial::nemesis
