#include "nemesis/clock/clock_page.hpp"
#include "nemesis/clock/tracee.hpp"
#include "nemesis/clock/vdso.hpp"
#include "nemesis/doctor_probes.hpp"
#include "nemesis/ledger.hpp"
#include "nemesis/process/command.hpp"
#include "nemesis/process/launcher.hpp"
#include "nemesis/process/opa_binary.hpp"
#include "nemesis/process/scheduling.hpp"

#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <charconv>
#include <ctime>
#include <functional>
#include <thread>

namespace mistrial::nemesis::probes {
namespace {

using namespace std::chrono_literals;

Outcome outcome_of(const Result<std::string>& result) {
    return result ? Outcome{true, *result} : Outcome{false, result.error().message};
}

void reap(pid_t pid, int& status) {
    while (::waitpid(pid, &status, __WALL) < 0 && errno == EINTR) {
    }
}

/// Starts `true`, stops it at its exec stop, hands it to `look`, and ends it. All on this thread, as ptrace
/// wants.
Result<std::string> at_exec_stop(const std::function<Result<std::string>(pid_t)>& look) {
    const auto binary = find_executable("true");
    if (!binary) return binary.error();
    const pid_t pid = ::fork();
    if (pid < 0) return fail("fork: {}", ::strerror(errno));
    if (pid == 0) {
        if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(errno);
        ::execl(binary->c_str(), "true", nullptr);
        ::_exit(127);
    }
    int status = 0;
    reap(pid, status);
    if (WIFEXITED(status)) return fail("PTRACE_TRACEME: {}", ::strerror(WEXITSTATUS(status)));
    if (!WIFSTOPPED(status)) return fail("the traced child was killed by signal {}", WTERMSIG(status));
    auto result = look(pid);
    ::kill(pid, SIGKILL);
    reap(pid, status);
    return result;
}

/// Writes into the vDSO of a stopped child by one path, and reads back.
Result<> try_write(pid_t pid, Tracee::WritePath path) {
    const auto vdso = find_vdso(pid);
    if (!vdso) return vdso.error();
    const auto tracee = Tracee::open(pid, path);
    if (!tracee) return tracee.error();
    const auto last = plus(vdso->start, vdso->size - 1);
    const auto before = tracee->read(last, 1);
    if (!before) return before.error();
    const std::vector changed{before->front() ^ std::byte{1}};
    if (const auto written = tracee->write(last, changed); !written) return written.error();
    const auto after = tracee->read(last, 1);
    if (!after) return after.error();
    if (*after != changed) return fail("what was written is not read back");
    return {};
}

Result<std::string> describe_vdso() {
    const auto mapping = find_vdso(::getpid());
    if (!mapping) return mapping.error();
    const auto* const first = reinterpret_cast<const std::byte*>(mapping->start);
    const std::span image(first, mapping->size);
    const auto layout = parse_vdso(image);
    if (!layout) return layout.error();
    // Any address will do for the page: only the plan is tried.
    const auto plan = plan_redirect(image, *layout, clock_blob(), 0x1000);
    if (!plan) return plan.error();
    const bool in_padding = plan->front().offset >= layout->padding.start;
    return fmt::format("{} functions, {} bytes free, {} needed{}", layout->functions.size(),
                       layout->padding.size(), clock_blob().size(),
                       in_padding ? "" : " (put into clock_gettime)");
}

/// The wall clock of a real program, moved by a day, as the program prints it.
Result<std::string> move_a_clock() {
    const auto binary = find_executable("date");
    if (!binary) return binary.error();
    auto page = ClockPage::create();
    if (!page) return page.error();
    if (const auto moved = (*page)->set_wall_offset(-24h); !moved) return moved.error();
    std::error_code none;
    const auto parent = std::filesystem::temp_directory_path(none);
    auto directory = RunDirectory::create(none ? "/tmp" : parent, "doctor", nullptr);
    if (!directory) return directory.error();
    Launcher launcher;
    auto process = launcher.spawn({.name = "probe",
                                   .argv = {binary->string(), "+%s"},
                                   .environment = {},
                                   .directory = {},
                                   .log = directory->path() / "out",
                                   .clock = *page});
    if (!process) return process.error();
    const auto status = process->wait(10s);
    if (!status) return status.error();
    const auto text = read_file(directory->path() / "out");
    if (!text) return text.error();
    long long seconds = 0;
    std::from_chars(text->data(), text->data() + text->size(), seconds);
    const auto expected = static_cast<long long>(std::time(nullptr)) - 24 * 3600;
    if (*status != ExitStatus{} || seconds < expected - 20 || seconds > expected + 1)
        return fail("a program whose clock was moved by a day {} and printed {} instead of {}",
                    describe(*status), *text, expected);
    return std::string("a program's wall clock was moved by a day, and read back");
}

/// On a thread of its own, which then ends: nothing of it stays with ours.
Outcome on_a_thread(const std::function<Result<>()>& change, std::string detail) {
    Outcome outcome;
    std::thread([&] {
        const auto changed = change();
        outcome = changed ? Outcome{true, std::move(detail)} : Outcome{false, changed.error().message};
    }).join();
    return outcome;
}

}  // namespace

Outcome pidfd() {
    const FileDescriptor fd{static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0))};
    if (!fd) return {false, fmt::format("pidfd_open: {}", ::strerror(errno))};
    if (::syscall(SYS_pidfd_send_signal, fd.get(), 0, nullptr, 0) != 0)
        return {false, fmt::format("pidfd_send_signal: {}", ::strerror(errno))};
    return {true, "processes are named by pidfd"};
}

Outcome exec_stop() {
    return outcome_of(
        at_exec_stop([](pid_t) -> Result<std::string> { return std::string("a child stops at its exec"); }));
}

Outcome code_write() {
    return outcome_of(at_exec_stop([](pid_t pid) -> Result<std::string> {
        if (try_write(pid, Tracee::WritePath::memory_only)) return std::string("by /proc/PID/mem");
        const auto poked = try_write(pid, Tracee::WritePath::poke_only);
        if (!poked) return poked.error();
        return std::string("by ptrace only (proc_mem.force_override)");
    }));
}

Outcome vdso_layout() { return outcome_of(describe_vdso()); }

Outcome vdso_clock() { return outcome_of(move_a_clock()); }

Outcome real_time() {
    return on_a_thread([] { return use_real_time(1); }, "SCHED_FIFO is allowed");
}

Outcome time_slice() {
    return on_a_thread([] { return use_time_slice(100us); }, "slices of 100us are taken");
}

Outcome ledger() {
    const auto token = new_ledger_token();
    auto opened = Ledger::open(ledger_directory(), "doctor-" + token.substr(0, 8));
    if (!opened) return {false, opened.error().message};
    return {true, ledger_directory().string()};
}

Outcome opa() {
    const auto found = find_opa();
    if (!found) return {false, found.error().message};
    return {true, fmt::format("{} ({})", found->version, found->path.string())};
}

}  // namespace mistrial::nemesis::probes
