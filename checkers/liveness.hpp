#pragma once

#include "checkers/held.hpp"
#include "checkers/kernels/episodes.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <vector>

namespace mistrial::checkers {

/// L1: while nothing is being published and nothing is broken, an agent shows the newest revision from a bound after the
/// last publish and its last excuse on. The last such phase decides whether the claim can be judged at all: a history
/// that ends before every agent had its chance leaves it pending. Status reports are not judged: they were written at
/// an unknown time before they arrived, so they prove nothing about the present.
class Convergence final : public PropertyChecker {
  public:
    Convergence(Model& model, Claim claim);
    void on_decision(const Decision& decision) override;
    void on_publish_begins(BundleId bundle, RevisionNumber number) override;
    void on_late_excuse() override;
    void finish() override;
    [[nodiscard]] std::vector<Violation> violations() const override;
    [[nodiscard]] Reason unfinished() const override { return unfinished_; }

  private:
    struct Stale {
        OperationNote note;
        BundleId bundle = 0;
        RevisionNumber target = nothing_active;
        TrueTime due;
    };
    using Episode = kernels::Episodes<Stale>::Episode;

    /// The newest revision that certainly took effect before now and nothing acknowledged came after; 0 when there is none.
    [[nodiscard]] RevisionNumber target(BundleId bundle) const;
    [[nodiscard]] bool publishing(BundleId bundle) const;
    /// From when on the agent owes `target`, in the connected time around [inv, res]; TrueTime::max() when it does not.
    [[nodiscard]] TrueTime due(AgentId agent, BundleId bundle, RevisionNumber target, TrueTime inv, TrueTime res) const;
    void judge(const OperationNote& note, BundleId bundle);
    void confirm(const Stale& stale);
    [[nodiscard]] bool probed_at_the_end(AgentId agent, BundleId bundle) const;
    [[nodiscard]] Violation describe(const Episode& episode) const;

    FloorTable& floors_;
    std::vector<std::vector<RevisionNumber>> in_flight_;             ///< by bundle
    std::vector<std::vector<RevisionNumber>> probed_for_;            ///< by agent, bundle: newest target it was held to
    Held<Stale> held_;
    kernels::Episodes<Stale> episodes_;
    Reason unfinished_ = Reason::none;
};

}  // namespace mistrial::checkers
