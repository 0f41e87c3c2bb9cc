#include "harness/live/scheduling.hpp"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace mistrial::live {
namespace {

/// struct sched_attr of sched_setattr(2), first published size; glibc 2.36 has no name for it.
struct SchedulingAttributes {
    std::uint32_t size = sizeof(SchedulingAttributes);
    std::uint32_t policy = SCHED_OTHER;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime = 0;
    std::uint64_t deadline = 0;
    std::uint64_t period = 0;
};
static_assert(sizeof(SchedulingAttributes) == 48);

}  // namespace

std::string schedule_for_load() {
    sched_param parameters{};
    parameters.sched_priority = 10;
    if (::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) == 0) return "SCHED_FIFO 10";
    SchedulingAttributes attributes;
    attributes.runtime = 100'000;
    if (::syscall(SYS_sched_setattr, 0, &attributes, 0) == 0) return "time slice 0.1 ms";
    return "default";
}

}  // namespace mistrial::live
