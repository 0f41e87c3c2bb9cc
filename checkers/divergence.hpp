#pragma once

#include "checkers/kernels/certain_interval.hpp"
#include "checkers/property_checker.hpp"

#include <map>
#include <vector>

namespace mistrial::checkers {

/// D2: for how long, and how widely, agents were under different revisions of a bundle at the same time, and for how
/// long that mattered to an input. By certain intervals, so that nothing is counted which may not have been. A number:
/// claimed, it can be neither kept nor broken.
class Divergence final : public PropertyChecker {
  public:
    using PropertyChecker::PropertyChecker;
    void on_decision(const Decision& decision) override;
    void finish() override;
    [[nodiscard]] std::vector<Violation> violations() const override { return {}; }
    [[nodiscard]] Json measured() const override;
    [[nodiscard]] Reason unfinished() const override { return Reason::no_evidence; }

  private:
    struct Edge {
        TrueTime at;
        int step;  ///< +1: begins, -1: ends
        RevisionNumber number;
    };
    struct PerBundle {
        std::vector<kernels::CertainInterval> agents;
        std::vector<Edge> edges;  ///< not swept yet
        std::map<RevisionNumber, int> live;
        TrueTime swept = TrueTime::min();
        std::size_t widest = 0;
        Duration diverged{};
        Duration contradicted{};
        std::vector<Duration> by_input;
        std::map<std::vector<RevisionNumber>, std::vector<InputId>> contradictions;  ///< of sets of revisions, remembered
    };

    void add(PerBundle& bundle, const kernels::CertainInterval::Closed& closed);
    void compact(BundleId id);
    /// Takes in what is certain up to `until`.
    void sweep(BundleId id, TrueTime until);
    void pass(BundleId id, TrueTime from, TrueTime to);
    [[nodiscard]] const std::vector<InputId>& contradicted_inputs(BundleId id);

    std::vector<PerBundle> bundles_;
};

}  // namespace mistrial::checkers
