#pragma once

#include "core/net/loop.hpp"
#include "harness/live/event_queue.hpp"

namespace mistrial::live {

/// Beats every 10 ms on a loop; a beat that comes more than 250 ms after the one before is a `stall` record: mistrial
/// itself did not run, and no agent may be accused of what it did not see.
class Heartbeat {
  public:
    Heartbeat(net::Loop& loop, EventQueue& queue);

  private:
    void beat();

    net::Loop& loop_;
    EventQueue& queue_;
    TrueTime last_;
    net::Timer timer_;
};

}  // namespace mistrial::live
