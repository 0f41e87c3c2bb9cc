#pragma once

#include "checkers/activations.hpp"
#include "checkers/kernels/episodes.hpp"
#include "checkers/model.hpp"
#include "checkers/property_checker.hpp"

#include <optional>
#include <vector>

namespace mistrial::checkers {

/// An operation that no order of activations explains which follows the order of deliveries.
struct Unfaithful {
    std::size_t run = 0;                 ///< of Activations
    OperationNote note;
    std::vector<OperationNote> because;  ///< the operations that leave it without an explanation; first the nearest
};

/// Kernel K3 over deliveries: explains what an incarnation showed of a bundle by what had been delivered to its agent, or
/// by what it began with (nothing, or what an earlier process may have left; anything, when no boot is recorded). Two
/// deliveries that overlap may have been activated in either order. Not earlier than all records are in.
[[nodiscard]] std::vector<Unfaithful> unfaithful(const Model& model, IncarnationId incarnation, BundleId bundle);

/// True when deliveries of this bundle to this agent are recorded.
[[nodiscard]] inline bool deliveries_known(const Model& model, AgentId agent, BundleId bundle) {
    return model.agent(agent).deliveries_tracked() && !model.agent(agent).deliveries(bundle).empty();
}

/// M2: an agent activates what its source delivered, in the order of delivery. Whoever violates M1 and not this follows a
/// source that turned back.
class SourceFidelity final : public PropertyChecker {
  public:
    using PropertyChecker::PropertyChecker;
    void on_decision(const Decision& decision) override;
    void finish() override;
    [[nodiscard]] std::vector<Violation> violations() const override;

  private:
    struct Detail {
        BundleId bundle = 0;
        Unfaithful unfaithful;
    };
    using Episode = kernels::Episodes<Detail>::Episode;

    [[nodiscard]] Violation describe(const Episode& episode) const;

    kernels::Episodes<Detail> episodes_;
};

}  // namespace mistrial::checkers
