#pragma once

#include "core/result.hpp"

#include <cstdint>

namespace mistrial::live {

/// Ports for servers and edges: explicit numbers below the kernel's ephemeral range, so that no outgoing connection
/// (nor a heal that listens again) ever finds one taken by chance.
class PortAllocator {
  public:
    /// Starts at a place that depends on the process, so that runs side by side seldom meet.
    PortAllocator();

    /// A loopback port on which nobody listens now; each is given once.
    [[nodiscard]] Result<std::uint16_t> take();

  private:
    std::uint16_t low_, high_, next_;
    std::uint16_t left_;
};

}  // namespace mistrial::live
