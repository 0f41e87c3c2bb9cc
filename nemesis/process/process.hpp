#pragma once

#include "core/time.hpp"
#include "nemesis/process/file_descriptor.hpp"
#include "nemesis/process/process_identity.hpp"

#include <functional>
#include <optional>
#include <string>

namespace mistrial::nemesis {

/// How a process ended.
struct ExitStatus {
    enum class How { exited, killed };
    How how = How::exited;
    int number = 0;  ///< exit code, or the signal that killed it
    friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};
/// "exited with 0", "killed by SIGKILL".
[[nodiscard]] std::string describe(const ExitStatus& status);

/// Owner of one child and of its process group. Made by Launcher::spawn; its destructor kills the group and
/// reaps the child. One thread at a time; any thread. Must not outlive its Launcher (the kernel kills the
/// child when the launcher's thread ends).
class Process {
  public:
    Process(std::string name, ProcessIdentity identity, FileDescriptor pidfd,
            std::function<void()> on_reaped);
    Process(Process&&) noexcept = default;
    Process& operator=(Process&& other) noexcept;
    ~Process();

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const ProcessIdentity& identity() const { return identity_; }
    [[nodiscard]] pid_t pid() const { return identity_.pid; }
    /// Readable (POLLIN) from the moment the process has ended: watch it in an event loop, then call
    /// `exit_status`. Owned by this object.
    [[nodiscard]] int pidfd() const { return pidfd_.get(); }

    /// Sends `signal` to the process (not to its group). Succeeds on one that has ended but is not yet
    /// reaped.
    [[nodiscard]] Result<> signal(int signal);

    /// How it ended, once it has: reaps the child, and kills what is left of its group. Never blocks.
    [[nodiscard]] std::optional<ExitStatus> exit_status();
    /// Waits for the end, at most `timeout`.
    [[nodiscard]] Result<ExitStatus> wait(Duration timeout);
    /// SIGTERM, at most `grace` for it to end, then SIGKILL to the group; returns how it ended.
    ExitStatus stop(Duration grace);

    /// SIGSTOP / SIGCONT to the whole group. `pause` returns when the kernel reports every thread stopped.
    [[nodiscard]] Result<> pause();
    [[nodiscard]] Result<> resume();
    /// State letter of /proc/PID/stat, read now: 'T' while paused.
    [[nodiscard]] Result<char> state() const;

  private:
    void release();

    std::string name_;
    ProcessIdentity identity_;
    FileDescriptor pidfd_;
    std::optional<ExitStatus> status_;
    std::function<void()> on_reaped_;
};

}  // namespace mistrial::nemesis
