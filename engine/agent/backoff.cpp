#include "engine/agent/backoff.hpp"

#include <algorithm>

namespace mistrial::agent {

Duration backoff(Duration max, std::uint32_t retries, RandomSequence& random) {
    if (retries == 0) return Duration::zero();
    Duration delay = std::chrono::milliseconds(100);
    for (; delay < max && retries > 0; --retries) delay = delay / 5 * 8;
    delay = std::min(delay, max);
    __extension__ using Wide = __int128;
    return Duration(static_cast<std::int64_t>(static_cast<Wide>(delay.count()) *
                                              random.between(800'000, 1'200'000) / 1'000'000));
}

}  // namespace mistrial::agent
