#pragma once

#include "checkers/golden_signals.hpp"
#include "checkers/held.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <array>
#include <optional>
#include <vector>

namespace mistrial::checkers {

/// B5: how long a publish takes, from its acknowledgement, until an agent decides by it or by something newer (PBS
/// t-visibility; Bailis et al., VLDB 2012). Two estimators:
///
/// Of pairs (preferred): one lag for each agent and acknowledged publish, known to lie between the last decision that
/// still showed something older and the first that did not. A claim holds when at least `quantile` of the pairs were
/// visible `within` the bound; it is violated when that is so however the lags lie in their intervals. Pairs whose bound
/// met an excuse do not count against the agent. Confidence by resampling agents, since the lags of one are not
/// independent.
///
/// Of decisions: among decisions that were due a time t after one of the last few publishes, the share that showed it.
/// By due times, so that a blocked client does not hide what it would have seen.
class Visibility final : public PropertyChecker {
  public:
    Visibility(Model& model, Claim claim);
    void on_decision(const Decision& decision) override;
    void on_publish_ends(BundleId bundle, RevisionNumber number) override;
    void on_late_excuse() override;
    void finish() override;
    [[nodiscard]] std::vector<Violation> violations() const override;
    [[nodiscard]] Json measured() const override;
    [[nodiscard]] Reason unfinished() const override;

  private:
    struct Track {
        bool seen = false;
        OperationNote newest;  ///< the decision that shows the newest revision
        OperationNote last;    ///< the one that began last
        /// Decisions that ended at one instant are concurrent: what they show counts when all of them are known.
        bool open = false;
        TrueTime instant;
        OperationNote newest_then;
        OperationNote last_then;
    };
    struct PerAgent {
        std::vector<Track> tracks;  ///< by bundle
        Histogram at_least;
        Histogram at_most;
    };
    struct Late {
        OperationNote note;    ///< still showed something older
        OperationNote newest;  ///< showed the newest of all older ones by then
        BundleId bundle = 0;
        RevisionNumber number = nothing_active;
        std::optional<OperationNote> seen;  ///< of those that ended first and showed it or something newer
    };
    struct Acknowledgement {
        RevisionNumber number;
        TrueTime at;
    };
    /// Decisions by the time between a publish and them: bin b holds [2^b, 2^(b+1)) ns.
    struct Bin {
        std::int64_t decisions = 0;
        std::int64_t fresh = 0;
    };
    static constexpr std::size_t bins = 40;

    void weigh(const Decision& decision, const Seen& seen);
    void settle(AgentId id, BundleId bundle);
    void pair(AgentId agent, const Track& track, BundleId bundle, RevisionNumber number,
              const std::optional<OperationNote>& seen);
    [[nodiscard]] bool excused(const Late& late) const;
    void confirm(const Late& late);
    [[nodiscard]] bool violated() const;
    [[nodiscard]] Json confidence(const Histogram PerAgent::*low, const Histogram PerAgent::*high) const;

    std::optional<double> quantile_;
    FloorTable& floors_;
    std::vector<PerAgent> agents_;
    std::vector<std::vector<Acknowledgement>> acknowledged_;  ///< by bundle, ascending in both
    std::array<Bin, bins> bins_{};
    Histogram at_least_;
    Histogram at_most_;
    std::int64_t never_seen_ = 0;
    std::int64_t in_time_ = 0;
    std::int64_t undecided_ = 0;
    std::int64_t late_ = 0;
    std::int64_t excused_ = 0;
    Held<Late> held_;
    std::vector<Late> late_pairs_;  ///< as many as are kept to name them
    bool unordered_ = false;  ///< some pairs were not judged: several authorities publish the bundle
};

}  // namespace mistrial::checkers
