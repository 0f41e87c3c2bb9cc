#pragma once

#include "checkers/held.hpp"
#include "checkers/kernels/episodes.hpp"
#include "checkers/kernels/step_function.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <optional>
#include <vector>

namespace mistrial::checkers {

/// T1: what an agent reports, it enforces: once a status report that names a revision has arrived, no later decision of
/// the same incarnation shows an older one. The proof tells an agent that had never enforced what it reported from one
/// that had and went back.
class StatusTruth final : public PropertyChecker {
  public:
    using PropertyChecker::PropertyChecker;
    void on_decision(const Decision& decision) override;
    void on_status(const StatusReport& status) override;
    [[nodiscard]] std::vector<Violation> violations() const override;

  private:
    struct Reports {
        kernels::StepFunction<OperationNote> named;
        std::optional<OperationNote> newest_shown;  ///< by a decision
    };
    struct Overclaim {
        BundleId bundle = 0;
        OperationNote report;
        OperationNote decision;
        std::optional<OperationNote> enforced;  ///< a decision before that showed what was reported
        Wrongs wrongs;
    };
    using Episode = kernels::Episodes<Overclaim>::Episode;

    Reports& reports(IncarnationId incarnation, BundleId bundle);
    [[nodiscard]] Violation describe(const Episode& episode) const;

    std::vector<std::vector<Reports>> reports_;  ///< by incarnation, bundle
    kernels::Episodes<Overclaim> episodes_;
};

/// T2: what an agent enforces, it reports: from the first decision that shows a revision, a report that names it or a
/// newer one, or an error, has arrived within the bound, counted in time in which the agent was connected to the status
/// sink and to its source without a break (kernel K4). What a process owed when it ended nobody owes any more. Agents
/// that never report are not judged.
class StatusFreshness final : public PropertyChecker {
  public:
    StatusFreshness(Model& model, Claim claim);
    void on_decision(const Decision& decision) override;
    void on_status(const StatusReport& status) override;
    void on_unanswered(const Unanswered& unanswered) override;
    void on_event(const history::Record& record) override;
    void on_late_excuse() override;
    void finish() override;
    [[nodiscard]] std::vector<Violation> violations() const override;
    [[nodiscard]] Json measured() const override;

  private:
    /// A revision that decisions show and no report has named.
    struct Owed {
        OperationNote note;  ///< the first decision that showed it
        BundleId bundle = 0;
        TrueTime deadline = TrueTime::max();
        TrueTime settled_at;                  ///< when it was reported, or the process or the history ended
        std::uint64_t settled_by = 0;         ///< the record that tells
        std::optional<OperationNote> report;  ///< the last report before the deadline, or the one that came too late
        std::optional<OperationNote> newest;  ///< the report of the newest revision before the decision
    };
    /// One incarnation and bundle.
    struct Track {
        RevisionNumber shown = nothing_active;     ///< the newest by decisions
        std::optional<OperationNote> reported;     ///< the newest by reports
        std::optional<OperationNote> last_report;
        std::vector<Owed> owed;  ///< ascending
    };
    struct PerAgent {
        std::vector<IncarnationId> lives;
        std::optional<std::uint64_t> first_report;
        std::vector<std::optional<OperationNote>> reported;  ///< by bundle: the newest by reports that name no incarnation
        Duration longest{};
    };
    using Episode = kernels::Episodes<Owed>::Episode;

    PerAgent& of(AgentId agent);
    Track& track(AgentId agent, IncarnationId incarnation, BundleId bundle);
    [[nodiscard]] TrueTime deadline(const Owed& owed) const;
    /// It is owed no longer: by `report`, or by nothing that names a revision. Late or not is known later, with all excuses.
    void settle(Owed owed, const std::optional<OperationNote>& report);
    void settle_all(Track& track);
    void take(Track& track, AgentId agent, const StatusReport& status, const Seen* seen);
    void starts_anew(AgentId agent);
    void confirm(const Owed& owed);
    [[nodiscard]] Violation describe(const Episode& episode) const;

    FloorTable& connections_;
    std::vector<std::vector<Track>> tracks_;  ///< by incarnation, bundle
    std::vector<PerAgent> agents_;
    Held<Owed> held_;
    kernels::Episodes<Owed> episodes_;
};

/// T3: an agent that reports ready is ready: after `/health?bundles` has said so, every decision of the same incarnation
/// shows an active revision of every bundle it tells of. The other way round is measured: how long an agent that had
/// everything active still said that it was not ready.
class HealthTruth final : public PropertyChecker {
  public:
    using PropertyChecker::PropertyChecker;
    void on_decision(const Decision& decision) override;
    void on_health(const HealthReport& health) override;
    [[nodiscard]] std::vector<Violation> violations() const override;
    [[nodiscard]] Json measured() const override;

  private:
    struct Ready {
        std::uint64_t index = 0;
        std::optional<std::uint64_t> invoke_index;
        TrueTime inv;
        TrueTime res;
    };
    struct Life {
        std::optional<Ready> ready;          ///< the first answer that said so
        std::optional<TrueTime> all_active;  ///< end of the first decision that showed everything active
    };
    struct NotReady {
        Ready health;
        OperationNote decision;
        BundleId bundle = 0;
    };
    using Episode = kernels::Episodes<NotReady>::Episode;

    Life& life(IncarnationId incarnation);
    [[nodiscard]] Violation describe(const Episode& episode) const;

    std::vector<Life> lives_;  ///< by incarnation
    std::int64_t ready_answers_ = 0;
    std::int64_t unready_answers_ = 0;
    Duration longest_unready_{};
    kernels::Episodes<NotReady> episodes_;
};

}  // namespace mistrial::checkers
