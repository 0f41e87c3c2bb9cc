#pragma once

#include "checkers/held.hpp"
#include "checkers/kernels/episodes.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <optional>
#include <vector>

namespace mistrial::checkers {

/// B1: a decision is made under the newest revision whose deadline at its agent has passed, or a newer one. Without
/// provenance, some revision at or above that floor must explain the verdict (a revocation ladder is the plain case).
class BoundedStaleness final : public PropertyChecker {
  public:
    BoundedStaleness(Model& model, Claim claim);
    void on_decision(const Decision& decision) override;
    void on_late_excuse() override;
    void finish() override;
    [[nodiscard]] std::vector<Violation> violations() const override;

  private:
    struct Stale {
        OperationNote note;
        BundleId bundle = 0;
        RevisionNumber floor = nothing_active;
        bool inferred = false;  ///< no provenance: only revisions older than the floor explain the verdict
        std::optional<AnswerId> right;
    };
    struct Detail {
        Stale first;
        std::optional<Stale> worst;  ///< the first one that was wrongly allowed
        RevisionNumber last_floor = nothing_active;
        Wrongs wrongs;
    };
    using Episode = kernels::Episodes<Detail>::Episode;

    void judge(const Decision& decision, BundleId bundle, const Seen* seen);
    [[nodiscard]] bool too_old(BundleId bundle, RevisionNumber shown, RevisionNumber floor) const;
    void confirm(const Stale& stale);
    [[nodiscard]] std::optional<AnswerId> right_answer(const Decision& decision, BundleId bundle,
                                                       RevisionNumber floor) const;
    [[nodiscard]] RevisionNumber first_missed(const Stale& stale) const;
    [[nodiscard]] Violation describe(const Episode& episode) const;

    FloorTable& floors_;
    Held<Stale> held_;
    kernels::Episodes<Detail> episodes_;
};

}  // namespace mistrial::checkers
