#pragma once

#include "core/history/rows.hpp"

#include <cstdint>
#include <memory>

namespace mistrial::checkers::testing {

/// What a fleet of correct agents does, at any length: made for measuring.
struct FleetShape {
    std::uint32_t agents = 100;
    std::uint32_t sessions = 10'000;
    std::uint32_t inputs = 4096;
    std::uint32_t flips = 8;  ///< verdicts that a publish changes
    Duration publish_every = std::chrono::milliseconds{100};
    Duration poll_least = std::chrono::seconds{1};
    Duration poll_most = std::chrono::seconds{2};
    std::uint64_t decisions_per_second = 100'000;
    std::uint64_t decisions = 0;
    bool identified = false;  ///< decisions carry nonces and decision ids
    bool logged = false;      ///< and their events arrive in a decision log
    std::uint64_t seed = 1;
};

/// A valid history of that shape, batch by batch: one authority publishes, agents poll it and switch when a delivery is
/// over, an open loop of sessions asks, every answer is what its agent's revision says. Claims what the checkers judge,
/// with bounds that such a fleet keeps. Memory does not grow with its length.
class FleetHistory final : public history::BatchSource {
  public:
    explicit FleetHistory(const FleetShape& shape);
    FleetHistory(FleetHistory&&) noexcept;
    FleetHistory& operator=(FleetHistory&&) noexcept;
    ~FleetHistory() override;

    [[nodiscard]] Result<bool> next(history::Batch& batch) override;
    [[nodiscard]] bool torn() const override { return false; }

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mistrial::checkers::testing
