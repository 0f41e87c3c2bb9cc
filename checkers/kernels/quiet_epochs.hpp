#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <vector>

namespace mistrial::checkers::kernels {

/// Kernel K5: agreement without provenance. Whoever calls decides that a decision is settled: that everything which can
/// still be enforced at its agent gives its question one verdict, unchanged since `epoch`. Two decisions on one question
/// settled in one epoch must then agree. Epochs of a question never go back, so only the first decision is kept.
/// O(1) a decision, one entry a question.
template <class Decision>
class QuietEpochs {
  public:
    /// A settled decision. Returns the first settled decision of the same question and epoch, or nullptr when this one
    /// is the first and has been kept.
    const Decision* settled(std::uint32_t question, std::uint64_t epoch, const Decision& decision) {
        return settled_as(question, epoch, [&] { return decision; });
    }
    /// The same where a decision is made only to be kept: by `make()`.
    template <class Make>
    const Decision* settled_as(std::uint32_t question, std::uint64_t epoch, const Make& make) {
        if (epochs_.size() <= question) {
            epochs_.resize(question + 1, none);
            firsts_.resize(question + 1);
        }
        if (epochs_[question] == epoch) return &firsts_[question];
        replace(question, epoch, make());
        return nullptr;
    }

    /// Forgets what is kept of a question, when it turns out not to have been settled.
    void replace(std::uint32_t question, std::uint64_t epoch, const Decision& decision) {
        epochs_[question] = epoch;
        firsts_[question] = decision;
    }

  private:
    static constexpr std::uint64_t none = ~std::uint64_t{0};
    std::vector<std::uint64_t> epochs_;  ///< by question; apart from the decisions, so that asking is cheap
    std::vector<Decision> firsts_;       ///< the first settled decision of that epoch
};

}  // namespace mistrial::checkers::kernels
