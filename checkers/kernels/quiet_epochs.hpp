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
        if (firsts_.size() <= question) firsts_.resize(question + 1);
        First& first = firsts_[question];
        if (first.set && first.epoch == epoch) return &first.decision;
        first = First{true, epoch, decision};
        return nullptr;
    }

    /// Forgets what is kept of a question, when it turns out not to have been settled.
    void replace(std::uint32_t question, std::uint64_t epoch, const Decision& decision) {
        firsts_[question] = First{true, epoch, decision};
    }

  private:
    struct First {
        bool set = false;
        std::uint64_t epoch = 0;
        Decision decision{};
    };
    std::vector<First> firsts_;
};

}  // namespace mistrial::checkers::kernels
