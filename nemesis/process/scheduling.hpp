#pragma once

#include "core/time.hpp"

/// How the kernel schedules the calling thread.
namespace mistrial::nemesis {

/// Back to what an ordinary process has: SCHED_OTHER, nice 0, the default time slice. A nice value that may
/// not be lowered stays. Async-signal-safe; errno says why not.
[[nodiscard]] bool reset_scheduling();

/// SCHED_FIFO at `priority` (1…99), for a thread that must be on time and sleeps most of its life.
[[nodiscard]] Result<> use_real_time(int priority);

/// Asks the EEVDF scheduler (Linux 6.12) for a time slice of `slice` (100us…100ms): shorter is woken sooner.
/// An error where the kernel does not take it.
[[nodiscard]] Result<> use_time_slice(Duration slice);

}  // namespace mistrial::nemesis
