#pragma once

#include "core/json.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace mistrial::nemesis {

/// Which process, for ever: a pid alone is reused, a pid with its start time on one boot is not.
struct ProcessIdentity {
    std::string boot_id;  ///< /proc/sys/kernel/random/boot_id
    pid_t pid = 0;
    std::uint64_t start_ticks = 0;  ///< field 22 of /proc/PID/stat: clock ticks after boot
    friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

/// The identity of a process that lives (or is not yet reaped) now; an error when there is none of that pid.
[[nodiscard]] Result<ProcessIdentity> identify(pid_t pid);

/// Whether exactly this process exists now and is no zombie.
[[nodiscard]] bool is_alive(const ProcessIdentity& identity);

/// The state letter of /proc/PID/stat: R, S, D, T (stopped), t (traced), Z …
[[nodiscard]] Result<char> process_state(pid_t pid);

[[nodiscard]] Json to_json(const ProcessIdentity& identity);
[[nodiscard]] Result<ProcessIdentity> identity_from_json(const Json& json);

}  // namespace mistrial::nemesis
