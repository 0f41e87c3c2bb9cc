// Boost.Process v2 of Boost 1.81 must be compiled separately, in one file: this one.
#define BOOST_PROCESS_V2_SEPARATE_COMPILATION 1

#include "nemesis/process/command.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/process/v2/environment.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/src.hpp>
#include <boost/process/v2/start_dir.hpp>
#include <boost/process/v2/stdio.hpp>

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstdlib>

namespace mistrial::nemesis {
namespace {

namespace asio = boost::asio;
namespace process = boost::process::v2;

/// The last step in the child. Where Boost 1.81 cannot exec, its child calls exit(), which runs our atexit
/// handlers and writes our buffers a second time; so this initialiser execs by itself, reports errno through
/// a pipe of ours, and leaves by _exit. It also sets up what the default launcher does not: group, death with
/// us, signals, descriptors.
struct ExecOrLeave {
    pid_t parent;
    int report;

    template <class Launcher>
    boost::system::error_code on_exec_setup(Launcher& launcher, const boost::filesystem::path& executable,
                                            const char* const*(&arguments)) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(127);
        ::setpgid(0, 0);
        for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
        ::execve(executable.c_str(), const_cast<char* const*>(arguments),
                 const_cast<char* const*>(launcher.env));
        const int error = errno;
        (void)!::write(report, &error, sizeof error);
        ::_exit(127);
    }
};

std::vector<std::string> environment_of(const Command& command) {
    if (!command.environment.empty()) return command.environment;
    std::vector<std::string> environment;
    for (const char* name : {"PATH", "HOME"})
        if (const char* value = std::getenv(name); value != nullptr)
            environment.push_back(fmt::format("{}={}", name, value));
    return environment;
}

bool is_executable(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

/// Collects a pipe until its end.
class Capture {
  public:
    explicit Capture(asio::io_context& context) : pipe(context) {}
    void start() {
        asio::async_read(pipe, asio::dynamic_buffer(text), [](boost::system::error_code, std::size_t) {});
    }
    asio::readable_pipe pipe;
    std::string text;
};

Result<CommandOutput> run(const Command& command, const std::filesystem::path& binary) {
    asio::io_context context;
    Capture out(context);
    Capture err(context);
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail("{}: {}", binary.string(), ::strerror(errno));
    const FileDescriptor reading{ends[0]};
    FileDescriptor writing{ends[1]};

    const auto variables = environment_of(command);
    process::process_environment environment(variables);  // keeps pointers into `variables`
    process::process_start_dir directory(command.directory.empty() ? "." : command.directory.string());
    boost::system::error_code error;
    process::process child = process::default_process_launcher()(
        context.get_executor(), error, boost::filesystem::path(binary.string()),
        std::vector<std::string>(command.argv.begin() + 1, command.argv.end()),
        process::process_stdio{nullptr, out.pipe, err.pipe}, environment, directory,
        ExecOrLeave{::getpid(), writing.get()});
    if (error) return fail("{}: {}", binary.string(), error.message());
    writing.reset();

    // From here on it is ours: its end is seen through a pidfd, and what it leaves in its group goes with it.
    const pid_t pid = child.id();
    child.detach();
    FileDescriptor pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
    auto identity = identify(pid);
    MISTRIAL_INVARIANT(pidfd && identity, "process {} is ours and not reaped: {}", pid, ::strerror(errno));
    Process owner(binary.string(), *identity, std::move(pidfd), {});
    int exec_error = 0;
    ssize_t got = 0;
    do {
        got = ::read(reading.get(), &exec_error, sizeof exec_error);
    } while (got < 0 && errno == EINTR);
    if (got == sizeof exec_error) return fail("{}: {}", binary.string(), ::strerror(exec_error));

    asio::posix::stream_descriptor end(context, ::fcntl(owner.pidfd(), F_DUPFD_CLOEXEC, 3));
    std::optional<ExitStatus> status;
    end.async_wait(asio::posix::stream_descriptor::wait_read,
                   [&](boost::system::error_code) { status = owner.exit_status(); });
    out.start();
    err.start();
    context.run_for(command.deadline);
    if (!status)
        return fail("{}: has not ended within {} and was killed", binary.string(),
                    format_duration(command.deadline));
    // Ends of pipes that a descendant outside of the group still holds are not waited for: all that was asked
    // has ended.
    return CommandOutput{*status, std::move(out.text), std::move(err.text)};
}

/// The last lines of `text`, for an error message.
std::string tail(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    constexpr std::size_t most = 1000;
    if (text.size() > most) text.remove_prefix(text.size() - most);
    return std::string(text);
}

}  // namespace

Result<std::filesystem::path> find_executable(std::string_view name) {
    if (name.find('/') != std::string_view::npos) {
        const std::filesystem::path path(name);
        if (is_executable(path)) return std::filesystem::absolute(path);
        std::error_code ignored;
        return fail(
            "{}: {}", name,
            std::filesystem::exists(path, ignored) ? "is not executable" : "No such file or directory");
    }
    const char* const variable = std::getenv("PATH");
    std::string_view rest = variable != nullptr ? variable : "";
    while (!name.empty() && !rest.empty()) {
        const auto end = std::min(rest.find(':'), rest.size());
        const auto candidate = std::filesystem::path(rest.substr(0, end)) / name;
        if (end > 0 && is_executable(candidate)) return std::filesystem::absolute(candidate);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return fail("{}: not found in PATH", name);
}

Result<CommandOutput> run_command(const Command& command) {
    if (command.argv.empty()) return fail("nothing to run: the command line is empty");
    const auto binary = find_executable(command.argv.front());
    if (!binary) return binary.error();
    std::error_code ignored;
    if (!command.directory.empty() && !std::filesystem::is_directory(command.directory, ignored))
        return fail("{}: no such directory, so {} cannot run in it", command.directory.string(),
                    binary->string());
    try {
        return run(command, *binary);
    } catch (const std::exception& error) {
        return fail("{}: {}", binary->string(), error.what());
    }
}

Result<std::string> run_checked(const Command& command) {
    auto output = run_command(command);
    if (!output) return output.error();
    if (output->status != ExitStatus{})
        return fail("{} {}: {}", fmt::join(command.argv, " "), describe(output->status), tail(output->err));
    return std::move(output->out);
}

}  // namespace mistrial::nemesis
