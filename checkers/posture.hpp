#pragma once

#include "checkers/kernels/episodes.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <vector>

namespace mistrial::checkers {

/// A2: what the enforcement point lets through is allowed by some revision, whatever state the agent is in. Canaries
/// need no theory: an input that every revision denies is never allowed, and nothing is allowed while no revision is
/// active.
class FailClosed final : public PropertyChecker {
  public:
    FailClosed(Model& model, Claim claim);
    void on_decision(const Decision& decision) override;
    [[nodiscard]] std::vector<Violation> violations() const override;

  private:
    enum class Way : std::uint8_t { verdict, cold, mapping };
    struct Detail {
        OperationNote note;
        BundleId bundle = 0;
        Way way = Way::verdict;
        Wrongs wrongs;
    };

    [[nodiscard]] bool lets_through(AnswerId answer) const;

    bool undefined_allows_;
    bool error_allows_;
    kernels::Episodes<Detail> episodes_;
};

}  // namespace mistrial::checkers
