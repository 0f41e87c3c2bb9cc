#pragma once

#include "checkers/held.hpp"
#include "checkers/kernels/episodes.hpp"
#include "checkers/kernels/quiet_epochs.hpp"
#include "checkers/oracle.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <optional>
#include <vector>

namespace mistrial::checkers {

/// D1: two decisions on one input agree once everything that either agent may still enforce gives that input one
/// verdict (quiet epochs). Needs no provenance.
class SplitBrain final : public PropertyChecker {
  public:
    SplitBrain(Model& model, Claim claim);
    void on_decision(const Decision& decision) override;
    void on_late_excuse() override;
    void finish() override;
    [[nodiscard]] std::vector<Violation> violations() const override;

  private:
    struct Conflict {
        OperationNote first;
        OperationNote second;
        State first_floors;  ///< what either had to enforce, for each bundle of the question
        State second_floors;
        std::optional<AnswerId> right;
    };
    struct Detail {
        Conflict conflict;
        Wrongs wrongs;
    };
    using Episode = kernels::Episodes<Detail>::Episode;

    /// The epoch that a decision on `input` at `agent` in [inv, res] is settled in; nullopt when it is not settled.
    [[nodiscard]] std::optional<std::uint64_t> epoch(AgentId agent, InputId input, TrueTime inv, TrueTime res) const;
    [[nodiscard]] bool settled_on(BundleId bundle, AgentId agent, InputId input, TrueTime inv, TrueTime res) const;
    [[nodiscard]] State floors(const OperationNote& note) const;
    void confirm(const Conflict& conflict);
    [[nodiscard]] const OperationNote& deviant(const Conflict& conflict) const;
    [[nodiscard]] Violation describe(const Episode& episode) const;

    FloorTable& floors_;
    kernels::QuietEpochs<OperationNote> epochs_;
    Held<Conflict> held_;
    kernels::Episodes<Detail> episodes_;
};

}  // namespace mistrial::checkers
