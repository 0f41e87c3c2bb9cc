#pragma once

#include "checkers/held.hpp"
#include "checkers/kernels/episodes.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mistrial::checkers {

/// A1: an agent answers what is asked of it, and keeps answering while its source is away.
///   ratio    of the decisions due at an agent, at least this share is answered. An answer counts whatever was broken at
///            the time, a missing one only when nothing was that excuses it, so that no excuse can make an agent look worse.
///   gap      never, for longer than this, does an agent that is being asked answer nothing: from the first request to
///            the end of one that went unanswered. By when requests were really sent, so that nobody is held to have
///            kept silent before being asked.
///   latency  no answer takes longer (when the claim says so).
///   static   within one incarnation, once a revision of a bundle has been active, something of it is.
/// Decisions that were due but found nobody free to send them say nothing of the agent: where the verdict would turn on
/// what they might have met, it is unknown.
class Availability final : public PropertyChecker {
  public:
    Availability(Model& model, Claim claim);
    void on_invocation(const Invocation& invocation) override;
    void on_decision(const Decision& decision) override;
    void on_unanswered(const Unanswered& unanswered) override;
    void on_late_excuse() override;
    void finish() override;
    [[nodiscard]] std::vector<Violation> violations() const override;
    [[nodiscard]] Json measured() const override;
    [[nodiscard]] Reason unfinished() const override { return unfinished_; }

  private:
    struct Named {
        std::uint64_t index = 0;
        std::optional<std::uint64_t> invoke_index;
        void add_to(std::set<std::uint64_t>& witness) const;
    };
    /// A decision that was not answered although nothing excuses it, so far.
    struct Missing {
        AgentId agent = 0;
        Named op;
        TrueTime due;
        TrueTime inv;
        TrueTime res;
        bool sent = true;
        std::optional<TrueTime> silent_since;  ///< it ends a gap longer than the claim grants
        std::optional<Named> first;            ///< the first that went unanswered in that gap
        std::optional<Named> before;           ///< the last answer before
    };
    /// Missing answers since the last answer, in one stretch without excuse.
    struct Silence {
        bool set = false;
        TrueTime stretch;
        TrueTime first_asked;
        Named first;
    };
    struct SinceAnswer {
        TrueTime answered = TrueTime::min();
        std::optional<Named> answer;
        Silence silence;
    };
    struct PerAgent {
        std::int64_t due = 0;
        std::int64_t answered = 0;
        std::int64_t missing = 0;
        std::int64_t unsent = 0;
        std::int64_t excused = 0;
        std::optional<TrueTime> last_answered_due;
        Duration widest_gap{};
        Duration longest_silence{};
        SinceAnswer newest;    ///< since the last answer
        SinceAnswer previous;  ///< since the one before: for what ended at the very time of the last
        std::vector<Missing> named;
    };
    struct Slow {
        OperationNote note;
    };
    struct Emptied {
        OperationNote active;
        OperationNote empty;
        BundleId bundle = 0;
    };
    struct FirstActive {
        bool set = false;
        OperationNote note;
    };
    template <class Detail>
    using EpisodesOf = kernels::Episodes<Detail>;

    PerAgent& of(AgentId agent);
    [[nodiscard]] bool excused(AgentId agent, TrueTime from, TrueTime to) const;
    void note_silence(PerAgent& agent, Missing& missing, TrueTime stretch) const;
    void keeps_static(const Decision& decision);
    void confirm(const Missing& missing);
    void confirm(const Slow& slow);
    [[nodiscard]] bool too_few(const PerAgent& agent) const;
    [[nodiscard]] Violation describe_ratio(AgentId id) const;
    [[nodiscard]] Violation describe(const EpisodesOf<Missing>::Episode& episode) const;
    [[nodiscard]] Violation describe(const EpisodesOf<Slow>::Episode& episode) const;
    [[nodiscard]] Violation describe(const EpisodesOf<Emptied>::Episode& episode) const;
    [[nodiscard]] std::string tell_missing(const Timeline& timeline, const Missing& missing) const;

    double ratio_;
    Duration gap_;
    std::optional<Duration> latency_;
    FloorTable& answering_;
    std::vector<PerAgent> agents_;
    std::vector<std::vector<FirstActive>> first_active_;  ///< by incarnation, bundle
    Held<Missing> missing_;
    Held<Slow> slow_;
    EpisodesOf<Missing> gaps_;
    EpisodesOf<Slow> slow_answers_;
    EpisodesOf<Emptied> emptied_;
    Reason unfinished_ = Reason::none;
};

}  // namespace mistrial::checkers
