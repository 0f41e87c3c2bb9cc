#include "nemesis/process/process.hpp"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

namespace mistrial::nemesis {
namespace {

using Steady = std::chrono::steady_clock;

/// waitid on a pidfd with WNOHANG, past interruptions (a program with signal handlers sees EINTR at any
/// blocking call).
bool wait_id(int pidfd, int options, siginfo_t& info) {
    info = {};
    int result = 0;
    do {
        result = ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, options);
    } while (result != 0 && errno == EINTR);
    return result == 0 && info.si_pid != 0;
}

ExitStatus decode(const siginfo_t& info) {
    return {info.si_code == CLD_EXITED ? ExitStatus::How::exited : ExitStatus::How::killed, info.si_status};
}

}  // namespace

std::string describe(const ExitStatus& status) {
    if (status.how == ExitStatus::How::exited) return fmt::format("exited with {}", status.number);
    const char* name = ::sigabbrev_np(status.number);
    return name != nullptr ? fmt::format("killed by SIG{}", name)
                           : fmt::format("killed by signal {}", status.number);
}

Process::Process(std::string name, ProcessIdentity identity, FileDescriptor pidfd,
                 std::function<void()> on_reaped)
    : name_(std::move(name)),
      identity_(std::move(identity)),
      pidfd_(std::move(pidfd)),
      on_reaped_(std::move(on_reaped)) {}

Process& Process::operator=(Process&& other) noexcept {
    if (this != &other) {
        release();
        name_ = std::move(other.name_);
        identity_ = std::move(other.identity_);
        pidfd_ = std::move(other.pidfd_);
        status_ = other.status_;
        on_reaped_ = std::move(other.on_reaped_);
    }
    return *this;
}

Process::~Process() { release(); }

void Process::release() {
    if (!pidfd_ || status_) return;
    ::kill(-identity_.pid, SIGKILL);
    // By poll, not by a blocking waitid: who watches the pidfd in an event loop has made it non-blocking.
    pollfd watched{pidfd_.get(), POLLIN, 0};
    while (!exit_status()) (void)::poll(&watched, 1, -1);
}

Result<> Process::signal(int signal) {
    if (status_) return fail("{}: process {} has ended ({})", name_, pid(), describe(*status_));
    if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0) != 0)
        return fail("{}: cannot signal process {}: {}", name_, pid(), ::strerror(errno));
    return {};
}

std::optional<ExitStatus> Process::exit_status() {
    if (status_ || !pidfd_) return status_;
    siginfo_t info;
    if (!wait_id(pidfd_.get(), WEXITED | WNOHANG | WNOWAIT, info)) return std::nullopt;
    // While the dead leader is not reaped its group's number cannot be given to others.
    ::kill(-identity_.pid, SIGKILL);
    wait_id(pidfd_.get(), WEXITED | WNOHANG, info);
    status_ = decode(info);
    if (on_reaped_) on_reaped_();
    return status_;
}

Result<ExitStatus> Process::wait(Duration timeout) {
    const auto deadline = Steady::now() + timeout;
    for (;;) {
        if (const auto status = exit_status()) return *status;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now()).count();
        if (left <= 0)
            return fail("{}: process {} has not ended after {}", name_, pid(), format_duration(timeout));
        pollfd watched{pidfd_.get(), POLLIN, 0};
        (void)::poll(&watched, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    }
}

ExitStatus Process::stop(Duration grace) {
    if (!status_) {
        (void)signal(SIGTERM);
        ::kill(-identity_.pid, SIGCONT);  // a stopped process would not see its SIGTERM
        if (!wait(grace)) release();
    }
    return status_.value_or(ExitStatus{});
}

Result<> Process::pause() {
    if (status_) return fail("{}: process {} has ended ({})", name_, pid(), describe(*status_));
    if (::kill(-identity_.pid, SIGSTOP) != 0)
        return fail("{}: cannot stop process {}: {}", name_, pid(), ::strerror(errno));
    const auto deadline = Steady::now() + std::chrono::seconds{2};
    while (Steady::now() < deadline) {
        siginfo_t info;
        // WNOWAIT leaves the report in place, so that pausing a paused process finds it again.
        if (wait_id(pidfd_.get(), WSTOPPED | WEXITED | WNOHANG | WNOWAIT, info)) {
            if (info.si_code == CLD_STOPPED) return {};
            return fail("{}: process {} ended before it could be paused ({})", name_, pid(),
                        describe(decode(info)));
        }
        std::this_thread::sleep_for(std::chrono::microseconds{100});
    }
    (void)resume();
    return fail("{}: process {} was sent SIGSTOP but did not stop within 2s", name_, pid());
}

Result<> Process::resume() {
    if (status_) return fail("{}: process {} has ended ({})", name_, pid(), describe(*status_));
    if (::kill(-identity_.pid, SIGCONT) != 0)
        return fail("{}: cannot continue process {}: {}", name_, pid(), ::strerror(errno));
    return {};
}

Result<char> Process::state() const { return process_state(identity_.pid); }

}  // namespace mistrial::nemesis
