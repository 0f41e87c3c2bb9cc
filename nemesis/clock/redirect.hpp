#pragma once

#include "core/result.hpp"
#include "nemesis/clock/tracee.hpp"

#include <sys/types.h>

namespace mistrial::nemesis {

/// Puts a node's clock page between a program and the kernel's clocks: maps the page into the process, puts
/// our code into unused bytes of its vDSO, and makes the vDSO's clock functions jump there.
///
/// `pid` must be stopped at its exec stop and traced by the calling thread; `descriptor` is the number that
/// the page's memfd has in that process, where it is closed. No instruction of the program has run, so
/// nothing can be caught halfway. Only this process's copy of the vDSO changes. An error says what was not as
/// expected; the process must be killed then.
///
/// What it cannot move: rdtsc and clock system calls made without the vDSO, kernel timestamps (file times),
/// timeouts in the kernel. A fork inherits the clock; an exec by the program itself gets a fresh vDSO and
/// loses it.
/// `path` restricts how code may be written (tests).
[[nodiscard]] Result<> redirect_clock(pid_t pid, int descriptor,
                                      Tracee::WritePath path = Tracee::WritePath::any);

}  // namespace mistrial::nemesis
