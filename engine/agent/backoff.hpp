#pragma once

#include "core/random.hpp"
#include "core/time.hpp"

#include <cstdint>

namespace mistrial::agent {

/// How long OPA waits before attempt `retries` after a failure (gRPC's connection back-off,
/// doc/connection-backoff.md): nothing before the first, then 100 ms x 1.6^retries, at most `max`, all of it
/// +-20 %. So up to 1.2 x `max`. In integers, so that it is the same on every machine.
[[nodiscard]] Duration backoff(Duration max, std::uint32_t retries, RandomSequence& random);

}  // namespace mistrial::agent
