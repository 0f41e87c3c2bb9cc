#include "harness/live/heartbeat.hpp"

namespace mistrial::live {
namespace {

constexpr Duration kEvery = std::chrono::milliseconds(10);
constexpr Duration kMissed = std::chrono::milliseconds(250);

}  // namespace

Heartbeat::Heartbeat(net::Loop& loop, EventQueue& queue) : loop_(loop), queue_(queue), last_(queue.now()) {
    timer_ = loop_.after(kEvery, [this] { beat(); });
}

void Heartbeat::beat() {
    const TrueTime now = queue_.now();
    if (now - last_ > kMissed) queue_.post(world::observation("harness", history::Stall{last_}));
    last_ = now;
    timer_ = loop_.after(kEvery, [this] { beat(); });
}

}  // namespace mistrial::live
