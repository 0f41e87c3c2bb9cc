#pragma once

#include "checkers/kernels/clock_offsets.hpp"
#include "checkers/kernels/episodes.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace mistrial::checkers {

/// By how much others than the agents may have moved their wall clocks. Faults: what each declares from its first to its
/// last record, and what clock samples of the agent measured meanwhile. And the machine, whose own clock may be set or
/// slewed while the run goes on: what its samples say, each until the next. Fed with the events of a history.
class ClockSkews {
  public:
    struct Range {
        Duration low{};
        Duration high{};
        friend bool operator==(const Range&, const Range&) = default;
    };
    struct Window {
        AgentId agent = 0;
        std::string label;
        Range skew;
        TrueTime from;
        std::optional<TrueTime> to;  ///< empty while it lasts

        [[nodiscard]] bool touches(TrueTime inv, TrueTime res) const { return from < res && (!to || inv < *to); }
    };

    void on_event(Model& model, const history::Record& record);
    /// What the clock may have been moved by at some instant of [inv, res]; nothing when no fault touches that. Skews of
    /// faults at one time add up.
    [[nodiscard]] std::optional<Range> at(AgentId agent, TrueTime inv, TrueTime res) const;
    /// By how much the machine's own clock may have been off the run's at some instant of [inv, res].
    [[nodiscard]] Range machine(TrueTime inv, TrueTime res) const;
    /// What faults and the machine may have done together.
    [[nodiscard]] Range together(AgentId agent, TrueTime inv, TrueTime res) const;
    [[nodiscard]] const std::vector<Window>& windows() const { return windows_; }

  private:
    struct Sample {
        TrueTime at;
        Range offset;
    };

    std::vector<Window> windows_;
    std::vector<Sample> machine_;  ///< in their order
    std::unordered_map<std::string, std::vector<std::size_t>> of_fault_;
    std::unordered_map<std::string, int> heals_;
};

/// The parameters of claims about clocks.
struct ClockClaim {
    explicit ClockClaim(const Claim& claim);
    Duration error;  ///< agents' wall clocks are that close to the run's
    double drift;    ///< and run at its rate, give or take so many parts per million
};

/// C1: what the policy read of its clock lies within what the agent's clock may have shown while it decided: the run's wall
/// time, give or take `error` and what faults and the machine's own clock may have done to it; a verdict by time is one that
/// the revision gives for such a reading. Verdicts that only a skewed clock justifies are no violation: see clock-exposure.
class ClockJustified final : public PropertyChecker {
  public:
    ClockJustified(Model& model, Claim claim) : PropertyChecker(model, std::move(claim)), clock_(this->claim()) {}
    void on_decision(const Decision& decision) override;
    void on_event(const history::Record& record) override { skews_.on_event(model(), record); }
    [[nodiscard]] std::vector<Violation> violations() const override;

  private:
    struct Detail {
        OperationNote note;
        BundleId bundle = 0;
        std::optional<WallTime> reading;
        ClockWindow allowed;
        std::optional<ClockSkews::Range> skew;
        ClockSkews::Range machine;
        bool verdict = false;  ///< the verdict is not justified; else the reading
        Duration off{};
        Wrongs wrongs;
    };

    ClockClaim clock_;
    ClockSkews skews_;
    kernels::Episodes<Detail> episodes_;
};

/// C2: one clock explains all readings and time-dependent verdicts of a process: an offset that moves by no more than
/// `drift`, apart from what faults and the machine's own clock may have done to it.
class ClockCoherence final : public PropertyChecker {
  public:
    ClockCoherence(Model& model, Claim claim) : PropertyChecker(model, std::move(claim)), clock_(this->claim()) {}
    void on_decision(const Decision& decision) override;
    void on_event(const history::Record& record) override;
    [[nodiscard]] std::vector<Violation> violations() const override;
    [[nodiscard]] Json measured() const override;
    [[nodiscard]] Reason unfinished() const override { return untold_ > 0 ? Reason::no_evidence : Reason::none; }

  private:
    struct Process {
        AgentId agent = 0;
        std::optional<kernels::ClockOffsets> offsets;
    };
    struct Detail {
        std::vector<kernels::ClockConstraint> operations;
        AgentId agent = 0;
        IncarnationId incarnation = no_incarnation;
    };

    [[nodiscard]] kernels::ClockConstraint::Intervals readings_of(const Decision& decision) const;
    [[nodiscard]] Violation describe(const kernels::Episodes<Detail>::Episode& episode) const;

    ClockClaim clock_;
    ClockSkews skews_;
    std::vector<Process> processes_;  ///< by incarnation
    kernels::Episodes<Detail> episodes_;
    std::int64_t untold_ = 0;
};

/// C3, measured: how far each agent's clock was off, and which verdicts only that justified, fault by fault.
class ClockExposure final : public PropertyChecker {
  public:
    ClockExposure(Model& model, Claim claim) : PropertyChecker(model, std::move(claim)), clock_(this->claim()) {}
    void on_decision(const Decision& decision) override;
    void on_event(const history::Record& record) override { skews_.on_event(model(), record); }
    [[nodiscard]] std::vector<Violation> violations() const override { return {}; }
    [[nodiscard]] Json measured() const override;

  private:
    /// Verdicts that no clock without skew would have given.
    struct Exposed {
        std::int64_t decisions = 0;
        Wrongs wrongs;
        TrueTime from = TrueTime::max();
        TrueTime to = TrueTime::min();
        void add(const Model& model, const Decision& decision, AnswerId right);
    };
    struct PerAgent {
        std::int64_t readings = 0;
        Duration largest{};
        std::optional<TrueTime> first_off;
        std::optional<TrueTime> last_off;
        Exposed exposed;
    };
    struct PerFault {
        std::int64_t decisions = 0;
        std::int64_t exposed = 0;
    };

    ClockClaim clock_;
    ClockSkews skews_;
    std::vector<PerAgent> agents_;
    std::vector<PerFault> faults_;  ///< by window of `skews_`
};

}  // namespace mistrial::checkers
