#include "harness/live/machine_clock.hpp"

#include <mutex>

namespace mistrial::live {
namespace {

/// A sample leaves the clock this much room on both sides. Less than a decision takes: that finds as much as without it.
constexpr Duration kRoom = std::chrono::microseconds(200);
/// A reading that took longer was interrupted, and is worth another try.
constexpr Duration kQuick = std::chrono::microseconds(20);
constexpr int kTries = 3;

MachineClock::Offset read_once(const EventQueue& queue, WallTime wall_at_zero) {
    const TrueTime before = queue.now();
    const Duration wall = wall_now() - wall_at_zero;
    const TrueTime after = queue.now();
    return {wall - after.time_since_epoch(), wall - before.time_since_epoch()};
}

}  // namespace

WallTime wall_now() {
    return WallTime{std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())};
}

MachineClock::MachineClock(EventQueue& queue, WallTime wall_at_zero)
    : MachineClock(queue, [&queue, wall_at_zero] {
          Offset best = read_once(queue, wall_at_zero);
          for (int tries = 1; tries < kTries && best.high - best.low > kQuick; ++tries) {
              const Offset again = read_once(queue, wall_at_zero);
              if (again.high - again.low < best.high - best.low) best = again;
          }
          return best;
      }) {}

void MachineClock::look() {
    const std::lock_guard lock(mutex_);
    const Offset now = read_();
    const bool holds = said_ && said_->low <= now.low && now.high <= said_->high;
    // A reading that was interrupted says little, until there is a better one.
    const bool rough = said_ && said_->high - said_->low > now.high - now.low + 4 * kRoom;
    if (holds && !rough) return;
    said_ = {now.low - kRoom, now.high + kRoom};
    queue_.post(world::observation("harness", history::ClockSample{{}, said_->low, said_->high}));
}

}  // namespace mistrial::live
