#include "nemesis/process/launcher.hpp"

#include "nemesis/clock/clock_page.hpp"
#include "nemesis/clock/redirect.hpp"
#include "nemesis/ledger.hpp"
#include "nemesis/process/scheduling.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

namespace mistrial::nemesis {
namespace {

/// Where in its set-up a child failed; sent with errno through a pipe that a successful exec closes.
enum class Step : int { parent, group, standard_streams, directory, scheduling, trace, exec };

struct Failure {
    Step step;
    int error;
};

std::string_view describe(Step step) {
    switch (step) {
        case Step::parent:
            return "its parent ended";
        case Step::group:
            return "cannot make a process group";
        case Step::standard_streams:
            return "cannot redirect its standard streams";
        case Step::directory:
            return "cannot enter its directory";
        case Step::scheduling:
            return "cannot reset its scheduling";
        case Step::trace:
            return "cannot be traced, so its clock cannot be installed (see mistrial doctor)";
        case Step::exec:
            return "cannot run";
    }
    return "?";
}

/// All that the child needs, made before the fork: between fork and exec nothing may allocate or lock.
struct ChildPlan {
    pid_t parent;
    const char* binary;
    char* const* argv;
    char* const* environment;
    const char* directory;  // or nullptr
    int input;
    int output;
    int clock;  // or -1
    int report;
};

[[noreturn]] void give_up(const ChildPlan& plan, Step step) {
    const Failure failure{step, errno};
    (void)!::write(plan.report, &failure, sizeof failure);
    ::_exit(127);
}

/// Runs in the child with all signals blocked: async-signal-safe calls only.
[[noreturn]] void become(const ChildPlan& plan) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != plan.parent) give_up(plan, Step::parent);  // it died before the line above
    if (::setpgid(0, 0) != 0) give_up(plan, Step::group);
    for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
    if (::dup2(plan.input, 0) < 0 || ::dup2(plan.output, 1) < 0 || ::dup2(plan.output, 2) < 0)
        give_up(plan, Step::standard_streams);
    ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
    if (plan.clock >= 0) ::fcntl(plan.clock, F_SETFD, 0);
    if (plan.directory != nullptr && ::chdir(plan.directory) != 0) give_up(plan, Step::directory);
    // The load thread may run under SCHED_FIFO or with a short time slice: not so its children.
    if (!reset_scheduling()) give_up(plan, Step::scheduling);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (plan.clock >= 0 && ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) give_up(plan, Step::trace);
    ::execve(plan.binary, plan.argv, plan.environment);
    give_up(plan, Step::exec);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (auto& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

/// A descriptor above the standard three, so that the child's dup2 cannot overwrite it.
FileDescriptor above_standard(int fd) {
    if (fd < 0 || fd > 2) return FileDescriptor{fd};
    FileDescriptor low{fd};
    return FileDescriptor{::fcntl(fd, F_DUPFD_CLOEXEC, 3)};
}

void kill_and_reap(pid_t pid) {
    ::kill(pid, SIGKILL);
    while (::waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
    }
}

/// Waits for the stop that the kernel makes after the exec of a traced child; signals that come before it are
/// passed on.
Result<> wait_for_exec_stop(pid_t pid) {
    for (;;) {
        int status = 0;
        if (::waitpid(pid, &status, __WALL) < 0) {
            if (errno == EINTR) continue;
            return fail("cannot wait for the exec stop: {}", ::strerror(errno));
        }
        if (!WIFSTOPPED(status)) return fail("ended before its first instruction");
        if (WSTOPSIG(status) == SIGTRAP) return {};
        ::ptrace(PTRACE_CONT, pid, nullptr, static_cast<long>(WSTOPSIG(status)));
    }
}

Result<> install_clock(pid_t pid, const ClockPage& clock) {
    if (const auto stopped = wait_for_exec_stop(pid); !stopped) return stopped.error();
    if (const auto installed = redirect_clock(pid, clock.descriptor()); !installed) return installed.error();
    if (::ptrace(PTRACE_DETACH, pid, nullptr, nullptr) != 0)
        return fail("cannot detach from it: {}", ::strerror(errno));
    return {};
}

/// Fork, set up, exec, all on the calling thread. On an error nothing is left running.
Result<pid_t> start(const Spawn& what, std::vector<std::string> environment) {
    std::error_code unknown;
    const auto binary = std::filesystem::absolute(what.argv.front(), unknown);
    if (unknown) return fail("{}: {}: {}", what.name, what.argv.front(), unknown.message());
    auto argv = what.argv;
    const auto argv_pointers = pointers(argv);
    const auto environment_pointers = pointers(environment);

    const auto input = above_standard(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const auto output = above_standard(
        what.log.empty() ? ::open("/dev/null", O_WRONLY | O_CLOEXEC)
                         : ::open(what.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!output) return fail("{}: {}: {}", what.name, what.log.string(), ::strerror(errno));
    std::array<int, 2> ends{};
    if (!input || ::pipe2(ends.data(), O_CLOEXEC) != 0)
        return fail("{}: cannot start: {}", what.name, ::strerror(errno));
    const auto reading = above_standard(ends[0]);
    auto writing = above_standard(ends[1]);

    const ChildPlan plan{::getpid(),
                         binary.c_str(),
                         argv_pointers.data(),
                         environment_pointers.data(),
                         what.directory.empty() ? nullptr : what.directory.c_str(),
                         input.get(),
                         output.get(),
                         what.clock ? what.clock->descriptor() : -1,
                         writing.get()};
    const pid_t pid = ::fork();
    if (pid == 0) become(plan);
    if (pid < 0) return fail("{}: cannot fork: {}", what.name, ::strerror(errno));
    writing.reset();

    Failure failure{};
    ssize_t got = 0;
    do {
        got = ::read(reading.get(), &failure, sizeof failure);
    } while (got < 0 && errno == EINTR);
    if (got != 0) {
        kill_and_reap(pid);
        if (failure.step != Step::exec)
            return fail("{}: {}: {}: {}", what.name, binary.string(), describe(failure.step),
                        ::strerror(failure.error));
        const bool interpreter = failure.error == ENOENT && ::access(binary.c_str(), F_OK) == 0;
        return fail("{}: {}: {}{}", what.name, binary.string(), ::strerror(failure.error),
                    interpreter ? " (the file is there, its interpreter or loader is not)" : "");
    }
    if (what.clock) {
        if (const auto installed = install_clock(pid, *what.clock); !installed) {
            kill_and_reap(pid);
            return fail("{}: {}: clock: {}", what.name, binary.string(), installed.error().message);
        }
    }
    return pid;
}

}  // namespace

/// The thread that forks and traces. All signals are blocked on it, so that handlers of ours run neither here
/// nor in a child before its exec.
class Launcher::Thread {
  public:
    Thread() : thread_([this] { run(); }) {}
    ~Thread() {
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
        }
        wake_.notify_one();
        thread_.join();
    }
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

    template <class Function>
    auto call(Function function) {
        std::packaged_task<decltype(function())()> task(std::move(function));
        auto result = task.get_future();
        {
            const std::lock_guard lock(mutex_);
            work_.push_back([&task] { task(); });
        }
        wake_.notify_one();
        return result.get();
    }

  private:
    void run() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
        std::unique_lock lock(mutex_);
        for (;;) {
            wake_.wait(lock, [this] { return ending_ || !work_.empty(); });
            if (work_.empty()) return;
            const auto next = std::move(work_.front());
            work_.pop_front();
            lock.unlock();
            next();
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> work_;
    bool ending_ = false;
    std::thread thread_;
};

Launcher::Launcher(Ledger* ledger) : thread_(std::make_unique<Thread>()), ledger_(ledger) {}
Launcher::~Launcher() = default;

Result<Process> Launcher::spawn(const Spawn& what) {
    if (what.argv.empty() || what.argv.front().empty())
        return fail("{}: nothing to start: its command line is empty", what.name);
    auto environment = what.environment;
    std::uint64_t intent = 0;
    if (ledger_ != nullptr) {
        const ProcessIntent entry{new_ledger_token(), what.argv.front()};
        const auto recorded = ledger_->record(entry);
        if (!recorded) return with_context(what.name, recorded.error());
        intent = *recorded;
        environment.push_back("MISTRIAL_LEDGER=" + entry.token);
    }
    const auto forget = [ledger = ledger_](std::initializer_list<std::uint64_t> entries) {
        for (const auto entry : entries)
            if (ledger != nullptr) ledger->undone(entry);
    };

    const auto pid = thread_->call([&] { return start(what, std::move(environment)); });
    if (!pid) {
        forget({intent});
        return pid.error();
    }
    FileDescriptor pidfd{static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0))};
    auto identity = identify(*pid);
    if (!pidfd || !identity) {
        const auto error = fail("{}: cannot watch process {}: {}", what.name, *pid, ::strerror(errno));
        kill_and_reap(*pid);
        forget({intent});
        return error;
    }
    std::uint64_t started = 0;
    if (ledger_ != nullptr) {
        const auto recorded = ledger_->record(StartedProcess{intent, *identity});
        if (!recorded) {
            kill_and_reap(*pid);
            forget({intent});
            return with_context(what.name, recorded.error());
        }
        started = *recorded;
    }
    return Process{what.name, std::move(*identity), std::move(pidfd), [forget, intent, started] {
                       forget({started, intent});
                   }};
}

}  // namespace mistrial::nemesis
