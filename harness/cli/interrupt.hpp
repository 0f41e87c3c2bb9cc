#pragma once

namespace mistrial::cli {

/// While it lives, the first SIGINT or SIGTERM is only remembered (the run heals, judges and exits by its verdict); the
/// second exits 130 at once. At most one at a time.
class InterruptWatch {
  public:
    InterruptWatch();
    ~InterruptWatch();
    InterruptWatch(const InterruptWatch&) = delete;
    InterruptWatch& operator=(const InterruptWatch&) = delete;

    [[nodiscard]] static bool interrupted();
};

}  // namespace mistrial::cli
