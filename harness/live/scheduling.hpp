#pragma once

#include <string>

namespace mistrial::live {

/// Makes the calling thread punctual, as far as this user may: SCHED_FIFO, else a short time slice (EEVDF, Linux 6.12),
/// else nothing. Returns what it is: "SCHED_FIFO 10", "time slice 0.1 ms", "default".
std::string schedule_for_load();

}  // namespace mistrial::live
