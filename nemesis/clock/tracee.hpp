#pragma once

#include "core/result.hpp"
#include "nemesis/process/file_descriptor.hpp"

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mistrial::nemesis {

/// An address in another process: no pointer of ours.
enum class RemoteAddress : std::uint64_t {};
[[nodiscard]] constexpr RemoteAddress plus(RemoteAddress address, std::uint64_t offset) {
    return RemoteAddress{static_cast<std::uint64_t>(address) + offset};
}

struct RemoteMapping {
    RemoteAddress start;
    std::size_t size;
};

/// Where a process (perhaps our own) has its vDSO.
[[nodiscard]] Result<RemoteMapping> find_vdso(pid_t pid);

/// A process in a ptrace stop, seen from the thread that traces it. Borrowed: neither stops nor resumes it.
class Tracee {
  public:
    /// Which way writes may take. /proc/PID/mem is refused where the kernel's proc_mem.force_override is
    /// `never`.
    enum class WritePath { any, memory_only, poke_only };

    [[nodiscard]] static Result<Tracee> open(pid_t pid, WritePath path = WritePath::any);

    [[nodiscard]] Result<std::vector<std::byte>> read(RemoteAddress from, std::size_t size) const;

    /// Writes even where the program itself may not (code). By /proc/PID/mem, else by PTRACE_POKETEXT.
    [[nodiscard]] Result<> write(RemoteAddress to, std::span<const std::byte> bytes) const;

    /// Makes the process do one system call by stepping it over the `syscall` instruction at `instruction`,
    /// and restores its registers. Returns what the kernel returned, an errno as an error.
    [[nodiscard]] Result<std::uint64_t> system_call(RemoteAddress instruction, long number,
                                                    const std::array<std::uint64_t, 6>& arguments) const;

  private:
    Tracee(pid_t pid, FileDescriptor memory, WritePath path);
    [[nodiscard]] Result<> poke(RemoteAddress to, std::span<const std::byte> bytes) const;

    pid_t pid_;
    FileDescriptor memory_;
    WritePath path_;
};

}  // namespace mistrial::nemesis
