#pragma once

#include "checkers/fault_phases.hpp"
#include "checkers/kernels/episodes.hpp"
#include "checkers/kernels/fixed_order.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <map>
#include <optional>
#include <tuple>
#include <vector>

namespace mistrial::checkers {

/// What B2 and B3 share: every decision is a read of its bundle's revision register, every acknowledged publish a write
/// (kernel K1). What is measured takes the revisions in the order of their publishes. What is judged counts only what
/// follows in every order that the history admits: a revision overtakes another when its publish was invoked after that
/// one had certainly taken effect. Revisions that a correct agent must refuse are none of the register's. Once several
/// authorities publish a bundle its revisions are in no total order: it is no register any more, and what follows is unknown.
class Atomicity : public PropertyChecker {
  public:
    using PropertyChecker::PropertyChecker;
    void on_decision(const Decision& decision) override;
    void on_publish_begins(BundleId bundle, RevisionNumber number) override;
    void on_publish_ends(BundleId bundle, RevisionNumber number) override;
    void on_event(const history::Record& record) override;
    [[nodiscard]] std::vector<Violation> violations() const override;
    [[nodiscard]] Reason unfinished() const override { return unordered_ ? Reason::no_evidence : Reason::none; }

  protected:
    using Overtaken = kernels::FixedOrder::Overtaken;

    /// A decision that something newer preceded.
    struct StaleRead {
        const Decision& decision;
        const Seen& seen;
        FaultPhases::Phase phase = 0;
        Overtaken measured;                           ///< in the order of publishes
        std::optional<Overtaken> acknowledged;        ///< by acknowledged publishes alone
        std::optional<Overtaken> certain;             ///< in every order
        RevisionNumber first_certain = nothing_active;  ///< the oldest revision that certainly follows the one shown
    };
    struct Offence {
        OperationNote note;
        BundleId bundle = 0;
        TrueTime since;                          ///< when the newer one was first known
        RevisionNumber newer = nothing_active;   ///< the revision that was known by then
        std::optional<OperationNote> newer_read;  ///< what showed it, when no acknowledgement told of it first
        Duration overtaken{};
        std::uint32_t behind = 0;
        Wrongs wrongs;  ///< of the episode
    };
    using Episode = kernels::Episodes<Offence>::Episode;

    virtual void stale(const StaleRead& read) = 0;
    /// "1.250 s after …", and what the claim grants.
    [[nodiscard]] virtual std::string offence(const Offence& offence) const = 0;
    [[nodiscard]] virtual std::string claimed() const = 0;
    [[nodiscard]] virtual std::string nearest(const Offence& offence) const = 0;

    /// The first operation, or acknowledgement, that showed anything above `above`.
    [[nodiscard]] Offence offence_of(const StaleRead& read, RevisionNumber above) const;
    /// The number from which on, up to `newest`, all are certainly newer than `shown`. For what one authority publishes:
    /// there, what is newer than a certainly newer one is certainly newer too.
    [[nodiscard]] static RevisionNumber first_certainly_after(const Bundle& bundle, RevisionNumber shown, RevisionNumber newest);
    /// Revisions in [from, newest] that any order puts before or at `newest`.
    [[nodiscard]] std::uint32_t certainly_between(BundleId bundle, RevisionNumber from, RevisionNumber newest) const;
    /// Revisions in (shown, newest] that took effect as far as is known now; `open` tells whether that may still grow.
    [[nodiscard]] std::uint32_t effective_between(BundleId bundle, RevisionNumber shown, RevisionNumber newest,
                                                  bool& open) const;
    void offend(const StaleRead& read, Offence offence);
    void clean(const Decision& decision, const Seen& seen) {
        episodes_.clean(std::uint64_t{decision.agent} << 32 | seen.bundle, decision.inv);
    }
    [[nodiscard]] const FaultPhases& phases() const { return phases_; }
    [[nodiscard]] std::int64_t reads() const { return reads_; }
    [[nodiscard]] std::int64_t stale_reads() const { return stale_reads_; }
    /// Decisions that tell of the bundles' revisions and are no reads of a register all the same.
    [[nodiscard]] std::int64_t no_reads() const { return no_reads_; }

  private:
    struct Raise {
        RevisionNumber number;
        std::optional<OperationNote> by;  ///< empty: its acknowledgement
    };
    struct Register {
        kernels::FixedOrder known;
        kernels::FixedOrder written;
        std::vector<Raise> raises;            ///< ascending
        std::vector<std::uint32_t> good;      ///< revisions up to each number that agents may activate
        std::vector<RevisionNumber> doubtful;  ///< had not taken effect when the next publish began
    };

    Register& at(BundleId bundle);
    [[nodiscard]] Violation describe(const Episode& episode) const;

    std::vector<Register> registers_;  ///< by bundle
    FaultPhases phases_;
    std::int64_t reads_ = 0;
    std::int64_t stale_reads_ = 0;
    std::int64_t no_reads_ = 0;
    kernels::Episodes<Offence> episodes_;
    bool unordered_ = false;  ///< some decisions were not judged
};

/// B2: the smallest Δ such that the history is Δ-atomic: how long before a decision began the revision it shows had been
/// overtaken. Also by publishes alone (how long a revoked grant was honoured), in connected time alone, for each agent and
/// for each kind of fault.
class DeltaAtomicity final : public Atomicity {
  public:
    DeltaAtomicity(Model& model, Claim claim);
    void finish() override;
    [[nodiscard]] Json measured() const override;

  private:
    struct Running {
        RevisionNumber shown = nothing_active;
        TrueTime since;
        TrueTime until = TrueTime::min();
    };
    struct PerAgent {
        Duration delta{};
        Duration publication{};
        Duration connected{};
        std::vector<Running> running;  ///< by bundle
    };

    void stale(const StaleRead& read) override;
    [[nodiscard]] std::string offence(const Offence& offence) const override;
    [[nodiscard]] std::string claimed() const override;
    [[nodiscard]] std::string nearest(const Offence& offence) const override;
    void fold(AgentId agent, BundleId bundle);

    std::optional<Duration> at_most_;
    FloorTable& connections_;
    std::vector<PerAgent> agents_;
    std::vector<Duration> by_phase_;
};

/// B3: the smallest k such that the history is k-atomic: how many revisions that took effect a decision is behind, and
/// itself. A revision whose publish nobody acknowledged counts once it is seen, for decisions before that too.
class KAtomicity final : public Atomicity {
  public:
    KAtomicity(Model& model, Claim claim);
    void finish() override;
    [[nodiscard]] Json measured() const override;

  private:
    /// Decisions behind a publish of which nobody knows yet whether it took effect.
    struct Cell {
        BundleId bundle;
        RevisionNumber shown;
        RevisionNumber newest;
        AgentId agent;
        FaultPhases::Phase phase;
        friend auto operator<=>(const Cell&, const Cell&) = default;
    };

    void stale(const StaleRead& read) override;
    [[nodiscard]] std::string offence(const Offence& offence) const override;
    [[nodiscard]] std::string claimed() const override;
    [[nodiscard]] std::string nearest(const Offence& offence) const override;
    void count(std::uint32_t k, AgentId agent, FaultPhases::Phase phase, std::int64_t times);

    std::optional<std::uint32_t> at_most_;
    std::map<std::uint32_t, std::int64_t> decisions_;  ///< k above 1 -> decisions
    std::map<Cell, std::int64_t> open_;
    std::vector<std::uint32_t> by_agent_;
    std::vector<std::uint32_t> by_phase_;
};

}  // namespace mistrial::checkers
