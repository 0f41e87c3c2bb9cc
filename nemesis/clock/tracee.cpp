#include "nemesis/clock/tracee.hpp"

#include "core/json.hpp"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>

namespace mistrial::nemesis {
namespace {

constexpr std::uint64_t number_of(RemoteAddress address) { return static_cast<std::uint64_t>(address); }

}  // namespace

Result<RemoteMapping> find_vdso(pid_t pid) {
    const auto maps = read_file(fmt::format("/proc/{}/maps", pid));
    if (!maps) return maps.error();
    std::istringstream lines(*maps);
    for (std::string line; std::getline(lines, line);) {
        if (!line.ends_with("[vdso]")) continue;
        std::uint64_t start = 0;
        std::uint64_t end = 0;
        const char* const last = line.data() + line.size();
        const auto first = std::from_chars(line.data(), last, start, 16);
        if (first.ec == std::errc{} && std::from_chars(first.ptr + 1, last, end, 16).ec == std::errc{} &&
            start < end)
            return RemoteMapping{RemoteAddress{start}, end - start};
    }
    return fail("process {} has no vDSO (vdso=0 on the kernel command line, or gVisor?)", pid);
}

Tracee::Tracee(pid_t pid, FileDescriptor memory, WritePath path)
    : pid_(pid), memory_(std::move(memory)), path_(path) {}

Result<Tracee> Tracee::open(pid_t pid, WritePath path) {
    // Opened anew for each exec stop: a descriptor from before the exec stays with the old address space, and
    // writes to it return 0.
    FileDescriptor memory{::open(fmt::format("/proc/{}/mem", pid).c_str(), O_RDWR | O_CLOEXEC)};
    if (!memory) return fail("/proc/{}/mem: {}", pid, ::strerror(errno));
    return Tracee{pid, std::move(memory), path};
}

Result<std::vector<std::byte>> Tracee::read(RemoteAddress from, std::size_t size) const {
    std::vector<std::byte> bytes(size);
    std::size_t done = 0;
    while (done < size) {
        const auto got = ::pread(memory_.get(), bytes.data() + done, size - done,
                                 static_cast<off_t>(number_of(from) + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0)
            return fail("cannot read {} bytes at {:#x} of process {}: {}", size, number_of(from), pid_,
                        got < 0 ? ::strerror(errno) : "nothing there");
        done += static_cast<std::size_t>(got);
    }
    return bytes;
}

Result<> Tracee::write(RemoteAddress to, std::span<const std::byte> bytes) const {
    if (path_ == WritePath::poke_only) return poke(to, bytes);
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto put = ::pwrite(memory_.get(), bytes.data() + done, bytes.size() - done,
                                  static_cast<off_t>(number_of(to) + done));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0 && path_ == WritePath::memory_only)
            return fail("/proc/{}/mem: {}", pid_, put < 0 ? ::strerror(errno) : "takes no bytes");
        if (put <= 0) return poke(to, bytes);  // refused by policy, or 0: nothing was written
        done += static_cast<std::size_t>(put);
    }
    return {};
}

Result<> Tracee::poke(RemoteAddress to, std::span<const std::byte> bytes) const {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto at = number_of(to) + done;
        const auto word_at = at & ~(sizeof(long) - 1);
        const auto skipped = at - word_at;
        const auto count = std::min(bytes.size() - done, sizeof(long) - skipped);
        errno = 0;
        long word = ::ptrace(PTRACE_PEEKTEXT, pid_, word_at, nullptr);
        if (errno != 0)
            return fail("cannot read at {:#x} of process {}: {}", word_at, pid_, ::strerror(errno));
        std::memcpy(reinterpret_cast<std::byte*>(&word) + skipped, bytes.data() + done, count);
        if (::ptrace(PTRACE_POKETEXT, pid_, word_at, word) != 0)
            return fail("cannot write at {:#x} of process {}: {}", word_at, pid_, ::strerror(errno));
        done += count;
    }
    return {};
}

#if defined(__x86_64__)
Result<std::uint64_t> Tracee::system_call(RemoteAddress instruction, long number,
                                          const std::array<std::uint64_t, 6>& arguments) const {
    user_regs_struct saved{};
    if (::ptrace(PTRACE_GETREGS, pid_, nullptr, &saved) != 0)
        return fail("cannot read the registers of process {}: {}", pid_, ::strerror(errno));
    auto registers = saved;
    registers.rip = number_of(instruction);
    registers.rax = static_cast<unsigned long long>(number);
    registers.orig_rax = ~0ULL;  // we are in no system call: nothing to restart
    registers.rdi = arguments[0];
    registers.rsi = arguments[1];
    registers.rdx = arguments[2];
    registers.r10 = arguments[3];
    registers.r8 = arguments[4];
    registers.r9 = arguments[5];
    if (::ptrace(PTRACE_SETREGS, pid_, nullptr, &registers) != 0 ||
        ::ptrace(PTRACE_SINGLESTEP, pid_, nullptr, nullptr) != 0)
        return fail("cannot step process {}: {}", pid_, ::strerror(errno));

    int status = 0;
    while (::waitpid(pid_, &status, __WALL) < 0)
        if (errno != EINTR) return fail("cannot wait for process {}: {}", pid_, ::strerror(errno));
    if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
        return fail("process {} did not stop after one step (status {:#x})", pid_, status);
    if (::ptrace(PTRACE_GETREGS, pid_, nullptr, &registers) != 0 ||
        ::ptrace(PTRACE_SETREGS, pid_, nullptr, &saved) != 0)
        return fail("cannot restore the registers of process {}: {}", pid_, ::strerror(errno));
    if (registers.rip != number_of(instruction) + 2)
        return fail("process {} stepped to {:#x}, not over its system call", pid_, registers.rip);
    const auto result = static_cast<std::int64_t>(registers.rax);
    if (result < 0 && result > -4096)
        return fail("system call {} in process {}: {}", number, pid_, ::strerror(static_cast<int>(-result)));
    return registers.rax;
}
#else
Result<std::uint64_t> Tracee::system_call(RemoteAddress, long, const std::array<std::uint64_t, 6>&) const {
    return fail("clock faults of one process are made for x86-64 only");
}
#endif

}  // namespace mistrial::nemesis
