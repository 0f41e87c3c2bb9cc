#include "nemesis/process/scheduling.hpp"

#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace mistrial::nemesis {
namespace {

/// As the kernel defines it; its own header cannot be included beside <sched.h>.
struct Attributes {
    std::uint32_t size = sizeof(Attributes);
    std::uint32_t policy = SCHED_OTHER;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t slice = 0;  // with SCHED_OTHER since Linux 6.12; 0: the default
    std::uint64_t deadline = 0;
    std::uint64_t period = 0;
};

bool set(const Attributes& attributes) { return ::syscall(SYS_sched_setattr, 0, &attributes, 0U) == 0; }

}  // namespace

bool reset_scheduling() {
    Attributes attributes;
    if (set(attributes)) return true;
    attributes.nice = ::getpriority(PRIO_PROCESS, 0);
    return set(attributes);
}

Result<> use_real_time(int priority) {
    Attributes attributes;
    attributes.policy = SCHED_FIFO;
    attributes.priority = static_cast<std::uint32_t>(priority);
    if (!set(attributes)) return fail("SCHED_FIFO {}: {}", priority, ::strerror(errno));
    return {};
}

Result<> use_time_slice(Duration slice) {
    Attributes attributes;
    attributes.nice = ::getpriority(PRIO_PROCESS, 0);
    attributes.slice = static_cast<std::uint64_t>(slice.count());
    if (!set(attributes)) return fail("time slice of {}: {}", format_duration(slice), ::strerror(errno));
    Attributes now;
    if (::syscall(SYS_sched_getattr, 0, &now, sizeof now, 0U) != 0 || now.slice != attributes.slice)
        return fail("time slice of {}: this kernel does not take one", format_duration(slice));
    return {};
}

}  // namespace mistrial::nemesis
