#include "nemesis/clock/clock_page.hpp"
#include "nemesis/ledger.hpp"
#include "nemesis/process/launcher.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

/// What the tests of nemesis/ start: a program that reads its clocks when asked, one that does nothing else,
/// a small mistrial that can be killed, and one that tries the launcher and the clock as whatever user it is
/// run by.
namespace mistrial::nemesis {
namespace {

long long nanos(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

long long by_library(clockid_t id) {
    timespec time{};
    ::clock_gettime(id, &time);
    return nanos(time);
}

/// Not through the vDSO: what the kernel says.
long long by_kernel(clockid_t id) {
    timespec time{};
    ::syscall(SYS_clock_gettime, id, &time);
    return nanos(time);
}

std::string readings() {
    timeval day{};
    const auto wall = by_library(CLOCK_REALTIME) - by_kernel(CLOCK_REALTIME);
    const auto coarse = by_library(CLOCK_REALTIME_COARSE) - by_kernel(CLOCK_REALTIME_COARSE);
    ::gettimeofday(&day, nullptr);
    const auto of_day = day.tv_sec * 1'000'000'000LL + day.tv_usec * 1000LL - by_kernel(CLOCK_REALTIME);
    const auto seconds =
        static_cast<long long>(::time(nullptr)) * 1'000'000'000LL - by_kernel(CLOCK_REALTIME);
    const auto mono = by_library(CLOCK_MONOTONIC) - by_kernel(CLOCK_MONOTONIC);
    return fmt::format("{} {} {} {} {}\n", wall, coarse, of_day, seconds, mono);
}

int answer(const char* request_fifo, const char* reply_fifo, bool in_child) {
    const int requests = ::open(request_fifo, O_RDONLY | O_CLOEXEC);
    const int replies = ::open(reply_fifo, O_WRONLY | O_CLOEXEC);
    if (in_child && ::fork() != 0) ::pause();
    char request = 0;
    while (::read(requests, &request, 1) == 1) {
        const auto line = readings();
        if (::write(replies, line.data(), line.size()) < 0) return 1;
    }
    return 0;
}

/// Threads read the wall clock without pause; every reading must be the true time or the true time an hour
/// later, and the monotonic clock must never step back. Ends by itself when asked through the fifo, with the
/// number of readings.
int read_without_pause(const char* request_fifo, const char* reply_fifo) {
    std::atomic<bool> ending{false};
    std::atomic<long long> read{0};
    std::atomic<long long> wrong{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
            constexpr long long hour = 3'600'000'000'000LL;
            long long last = 0;
            while (!ending) {
                const auto before = by_kernel(CLOCK_REALTIME);
                const auto seen = by_library(CLOCK_REALTIME);
                const auto after = by_kernel(CLOCK_REALTIME);
                const bool neutral = before <= seen && seen <= after;
                const bool moved = before + hour <= seen && seen <= after + hour;
                const auto mono = by_library(CLOCK_MONOTONIC);
                if ((!neutral && !moved) || mono < last) ++wrong;
                last = mono;
                ++read;
            }
        });
    }
    const int requests = ::open(request_fifo, O_RDONLY | O_CLOEXEC);
    const int replies = ::open(reply_fifo, O_WRONLY | O_CLOEXEC);
    char request = 0;
    for (int asked = 0; asked < 2 && ::read(requests, &request, 1) == 1; ++asked) {
        ending = asked == 1;
        const auto line = fmt::format("{} {}\n", read.load(), wrong.load());
        if (::write(replies, line.data(), line.size()) < 0) return 1;
    }
    ending = true;
    for (auto& thread : threads) thread.join();
    return 0;
}

/// A run in the middle: an open ledger, a directory, a process that has started another one. Waits to be
/// killed.
int run_until_killed(const char* ledgers, const char* parent) {
    auto ledger = Ledger::open(ledgers, "victim");
    if (!ledger) return std::fprintf(stderr, "%s\n", ledger.error().message.c_str()), 1;
    auto directory = RunDirectory::create(parent, "victim", ledger->get());
    Launcher launcher(ledger->get());
    // The shell dies with us (PDEATHSIG); what it started does not.
    auto process =
        launcher.spawn({.name = "a1",
                        .argv = {"/bin/sh", "-c", "sleep 3333 & echo $! > pid; mv pid grandchild; wait"},
                        .environment = {"PATH=/usr/bin:/bin"},
                        .directory = directory->path(),
                        .log = directory->path() / "log",
                        .clock = nullptr});
    if (!process) return std::fprintf(stderr, "%s\n", process.error().message.c_str()), 1;
    std::printf("%d %s\n", process->pid(), directory->path().c_str());
    std::fflush(stdout);
    for (;;) ::pause();
}

int try_as_this_user(const char* self) {
    auto page = ClockPage::create();
    if (!page) return std::fprintf(stderr, "%s\n", page.error().message.c_str()), 1;
    Launcher launcher;
    if (const auto moved = (*page)->set_wall_offset(std::chrono::hours{-1}); !moved) return 1;
    auto process = launcher.spawn({.name = "a1",
                                   .argv = {self, "assert-offset", "-3600"},
                                   .environment = {},
                                   .directory = {},
                                   .log = {},
                                   .clock = *page});
    if (!process) return std::fprintf(stderr, "%s\n", process.error().message.c_str()), 1;
    const auto status = process->wait(std::chrono::seconds{5});
    if (!status) return std::fprintf(stderr, "%s\n", status.error().message.c_str()), 1;
    std::fprintf(stderr, "%s\n", describe(*status).c_str());
    return *status == ExitStatus{} ? 0 : 1;
}

int assert_offset(const char* seconds) {
    const auto offset = by_library(CLOCK_REALTIME) - by_kernel(CLOCK_REALTIME);
    return std::llabs(offset - std::atoll(seconds) * 1'000'000'000LL) < 50'000'000 ? 0 : 1;
}

int run(const std::vector<std::string_view>& arguments, char** raw) {
    if (arguments.size() == 4 && arguments[1] == "answer") return answer(raw[2], raw[3], false);
    if (arguments.size() == 4 && arguments[1] == "answer-in-fork") return answer(raw[2], raw[3], true);
    if (arguments.size() == 4 && arguments[1] == "busy") return read_without_pause(raw[2], raw[3]);
    if (arguments.size() == 4 && arguments[1] == "run") return run_until_killed(raw[2], raw[3]);
    if (arguments.size() == 2 && arguments[1] == "try") return try_as_this_user(raw[0]);
    if (arguments.size() == 3 && arguments[1] == "assert-offset") return assert_offset(raw[2]);
    return 2;
}

}  // namespace
}  // namespace mistrial::nemesis

int main(int argc, char** argv) {
    return mistrial::nemesis::run(std::vector<std::string_view>(argv, argv + argc), argv);
}
