#pragma once

#include "checkers/kernels/held_revisions.hpp"
#include "checkers/kernels/version_order.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace mistrial::checkers {

/// O2: where several authorities publish one bundle, the fleet still follows a single history.
///
/// When publishes tell what they incorporate of each other's, no two agents hold revisions of which neither builds on the
/// other for longer than the bound, counted while both are connected without a break (fork consistency; Mazières and
/// Shasha, PODC 2002). When they tell nothing, a total order is claimed, and there must be one that the acknowledged
/// publishes and every incarnation follow (kernel K6).
///
/// What an agent holds is known from an answer that shows it to the next question that it answers with it, while nothing
/// that may have been answered in between shows anything else (kernels/held_revisions.hpp). Only what came after a second
/// authority began to publish is looked at: before that there is nothing to fork, and no obligation. Memory grows with
/// revisions that incarnations show, and with their changes.
class ForkFreedom final : public PropertyChecker {
  public:
    ForkFreedom(Model& model, Claim claim);
    void on_decision(const Decision& decision) override;
    void on_status(const StatusReport& status) override;
    void finish() override;
    [[nodiscard]] std::vector<Violation> violations() const override { return violations_; }
    [[nodiscard]] Json measured() const override;

  private:
    using Zones = kernels::VersionZones<OperationNote>;
    using Hold = kernels::Hold<OperationNote>;

    /// Two agents that held revisions of two branches, and the longest connected time for which both certainly did.
    struct Parted {
        const Hold* left;  ///< the one of the lower revision first
        const Hold* right;
        TrueTime from;
        TrueTime to;
    };
    /// Forks of the same two authorities with no second in between.
    struct Fork {
        std::vector<Parted> parted;
        std::size_t longest = 0;
        TrueTime from;
        TrueTime to;
    };

    Zones& zones(BundleId bundle);
    [[nodiscard]] bool looked_at(BundleId bundle);
    [[nodiscard]] std::pair<TrueTime, TrueTime> longest_connected(BundleId bundle, AgentId a, AgentId b, TrueTime from,
                                                                  TrueTime to) const;
    void find_forks(BundleId bundle);
    void find_contradictions(BundleId bundle);
    [[nodiscard]] std::vector<Fork> grouped(BundleId bundle, const std::vector<Parted>& parted) const;
    [[nodiscard]] Violation describe(BundleId bundle, const Fork& fork) const;
    [[nodiscard]] Violation describe(BundleId bundle, const Zones& with_publishes,
                                     const std::vector<kernels::VersionStep>& cycle) const;

    std::vector<Zones> zones_;  ///< by bundle
    std::vector<kernels::HeldRevisions<OperationNote>> held_;  ///< by bundle; groups are incarnations
    std::vector<Violation> violations_;
    std::int64_t several_authorities_ = 0;
    Duration longest_fork_{};
};

}  // namespace mistrial::checkers
