#pragma once

#include "core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mistrial::checkers::kernels {

/// Kernel K0: a running maximum over completed operations, as a short step function of time.
///
/// Feed it completions in the order of their ends. Because every operation that ended before `t` has then been seen,
/// `before(t)` is the maximum over exactly those that really precede an operation invoked at `t` (properties.md,
/// lemma 2), although invokes are never looked at. O(1) amortised: only steps newer than `t` are walked.
/// A regular value; not thread-safe.
template <class Cause, class Value = std::uint32_t>
class StepFunction {
  public:
    struct Step {
        TrueTime at;   ///< end of the operation that raised the maximum
        Value value;   ///< the maximum from then on
        Cause cause;   ///< whatever names that operation
    };

    /// The maximum over operations that ended strictly before `t`; nullptr when there is none. Equal times are
    /// concurrent.
    [[nodiscard]] const Step* before(TrueTime t) const {
        for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
            if (step->at < t) return &*step;
        }
        return nullptr;
    }

    /// An operation with this value ended at `at`; calls come in ascending `at`. Lower values leave no trace.
    void raise(TrueTime at, Value value, const Cause& cause) {
        if (steps_.empty() || steps_.back().value < value) steps_.push_back({at, value, cause});
    }

    /// Keeps at least the newest `count` steps, and at most twice as many. What began before all of them is then held to
    /// nothing, which accuses nobody.
    void forget_all_but(std::size_t count) {
        if (steps_.size() > 2 * count) steps_.erase(steps_.begin(), steps_.end() - static_cast<std::ptrdiff_t>(count));
    }

    [[nodiscard]] bool empty() const { return steps_.empty(); }
    [[nodiscard]] const Step& newest() const { return steps_.back(); }

  private:
    std::vector<Step> steps_;
};

}  // namespace mistrial::checkers::kernels
