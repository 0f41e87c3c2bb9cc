#pragma once

#include "checkers/kernels/step_function.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace mistrial::checkers::kernels {

/// Kernel K1: a register whose versions have a known order. One sweep over completions gives the smallest k for which
/// the history is k-atomic and the smallest Δ for which it is Δ-atomic (properties.md, theorem 1; Golab, Li, Shah,
/// PODC 2011, define Δ). Reads and acknowledged writes come in ascending order of their ends. O(1) amortised.
class FixedOrder {
  public:
    struct Staleness {
        std::uint32_t newest = 0;   ///< newest version known when the read began
        std::uint32_t behind = 0;   ///< versions in between that took effect, `newest` included
        Duration overtaken{};       ///< how long before the read began its version had been overtaken
    };

    /// What a read that began at `inv` was overtaken by, of versions above `version`.
    struct Overtaken {
        std::uint32_t newest = 0;  ///< newest version known when the read began
        TrueTime since;            ///< when something above `version` was first known
    };

    /// An acknowledged write, or a read, of this version ended.
    void wrote(TrueTime res, std::uint32_t version) { saw(res, version); }

    /// For those who know better than the plain order which versions follow that of a read: the question alone, nothing
    /// is taken in. Nothing when no version above `version` was known before `inv`.
    [[nodiscard]] std::optional<Overtaken> overtaken(TrueTime inv, std::uint32_t version) const {
        const auto* newest = seen_.before(inv);
        if (newest == nullptr || newest->value <= version) return std::nullopt;
        return Overtaken{newest->value, over_[version]};
    }

    /// A read of `version` in [inv, res]; what it was behind by, or nothing when it was fresh. `effective(v)` says
    /// whether version v took effect.
    template <class Effective>
    std::optional<Staleness> read(TrueTime inv, TrueTime res, std::uint32_t version, const Effective& effective) {
        std::optional<Staleness> stale;
        const auto* newest = seen_.before(inv);
        if (newest != nullptr && newest->value > version) {
            stale = Staleness{newest->value, 0, inv - over_[version]};
            for (std::uint32_t v = version + 1; v <= newest->value; ++v) stale->behind += effective(v) ? 1 : 0;
            k_ = std::max(k_, 1 + stale->behind);
            delta_ = std::max(delta_, stale->overtaken);
        }
        saw(res, version);
        return stale;
    }

    [[nodiscard]] std::uint32_t smallest_k() const { return k_; }
    [[nodiscard]] Duration smallest_delta() const { return delta_; }

  private:
    void saw(TrueTime res, std::uint32_t version) {
        if (over_.size() <= version) over_.resize(version + 1, TrueTime::max());
        for (; maximum_ < version; ++maximum_) over_[maximum_] = res;
        seen_.raise(res, version, 0);
    }

    StepFunction<int> seen_;
    std::vector<TrueTime> over_;  ///< version -> when something newer was first known
    std::uint32_t maximum_ = 0;
    std::uint32_t k_ = 1;
    Duration delta_{};
};

}  // namespace mistrial::checkers::kernels
