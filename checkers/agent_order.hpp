#pragma once

#include "checkers/kernels/episodes.hpp"
#include "checkers/kernels/step_function.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <vector>

namespace mistrial::checkers {

/// M1: within one incarnation, what started after something showed a revision shows that one or a newer one. Status
/// reports count as operations that show a revision. When the order of deliveries explains all that was shown (M2), the
/// source did it and not the agent.
class MonotonicRevisions final : public PropertyChecker {
  public:
    using PropertyChecker::PropertyChecker;
    void on_decision(const Decision& decision) override;
    void on_status(const StatusReport& status) override;
    [[nodiscard]] std::vector<Violation> violations() const override;

  private:
    using Order = kernels::StepFunction<OperationNote>;
    struct Detail {
        BundleId bundle = 0;
        OperationNote newer;
        OperationNote older;
        Wrongs wrongs;
    };

    Order& order(IncarnationId incarnation, BundleId bundle);
    [[nodiscard]] Violation describe(const kernels::Episodes<Detail>::Episode& episode,
                                     bool follows_source) const;

    std::vector<std::vector<Order>> orders_;  ///< by incarnation, bundle
    kernels::Episodes<Detail> episodes_;
};

}  // namespace mistrial::checkers
