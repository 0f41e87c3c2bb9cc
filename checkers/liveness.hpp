#pragma once

#include "checkers/held.hpp"
#include "checkers/kernels/episodes.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mistrial::checkers {

/// L1: while nothing is being published and nothing is broken, an agent shows the newest revision from a bound after the
/// last publish and its last excuse on. The last such phase decides whether the claim can be judged at all: a history
/// that ends before every agent had its chance leaves it pending. Status reports are not judged: they were written at
/// an unknown time before they arrived, so they prove nothing about the present.
class Convergence final : public PropertyChecker {
  public:
    Convergence(Model& model, Claim claim);
    void on_decision(const Decision& decision) override;
    void on_publish_begins(BundleId bundle, RevisionNumber number) override;
    void on_late_excuse() override;
    void finish() override;
    [[nodiscard]] std::vector<Violation> violations() const override;
    [[nodiscard]] Reason unfinished() const override { return unfinished_; }

  private:
    struct Stale {
        OperationNote note;
        BundleId bundle = 0;
        RevisionNumber target = nothing_active;
        TrueTime due;
    };
    using Episode = kernels::Episodes<Stale>::Episode;

    /// The newest revision that certainly took effect before now and nothing acknowledged came after; 0 when there is none.
    [[nodiscard]] RevisionNumber target(BundleId bundle) const;
    [[nodiscard]] bool publishing(BundleId bundle) const;
    /// From when on the agent owes `target`, in the connected time around [inv, res]; TrueTime::max() when it does not.
    [[nodiscard]] TrueTime due(AgentId agent, BundleId bundle, RevisionNumber target, TrueTime inv, TrueTime res) const;
    void judge(const Decision& decision, const Seen& seen);
    void confirm(const Stale& stale);
    [[nodiscard]] bool probed_at_the_end(AgentId agent, BundleId bundle) const;
    [[nodiscard]] Violation describe(const Episode& episode) const;

    FloorTable& floors_;
    std::vector<std::vector<RevisionNumber>> in_flight_;             ///< by bundle
    std::vector<std::vector<RevisionNumber>> probed_for_;            ///< by agent, bundle: newest target it was held to
    Held<Stale> held_;
    kernels::Episodes<Stale> episodes_;
    Reason unfinished_ = Reason::none;
};

/// L2: an agent that is connected keeps asking its source: after each request that a server answered, whatever it
/// answered, the next is answered within the bound, counted in connected time without a break (kernel K4). By the servers'
/// own records, so that an agent which has stopped asking is found before any publish tells. Of one download loop for each
/// agent and bundle; a loop that never asked is nobody's.
class Progress final : public PropertyChecker {
  public:
    Progress(Model& model, Claim claim);
    void on_event(const history::Record& record) override;
    void on_late_excuse() override;
    void finish() override;
    [[nodiscard]] std::vector<Violation> violations() const override;
    [[nodiscard]] Json measured() const override;

  private:
    struct Poll {
        std::uint64_t index = 0;
        TrueTime began;
        TrueTime at;
        std::string server;
        int status = 0;
    };
    struct Loop {
        std::optional<Poll> last;
        std::int64_t polls = 0;
        Duration longest_silence{};
    };
    struct Silence {
        AgentId agent = 0;
        BundleId bundle = 0;
        TrueTime from;
        TrueTime to;
        std::optional<Poll> before;  ///< empty: none since the agent's first boot
        std::optional<Poll> after;   ///< empty: none until the history ends
        std::uint64_t ends = 0;      ///< the record that shows that time had gone on so far
        TrueTime deadline;
    };
    using Episode = kernels::Episodes<Silence>::Episode;

    [[nodiscard]] bool polls(AgentId agent) const;
    [[nodiscard]] TrueTime deadline(const Silence& silence) const;
    void judge(Silence silence);
    void confirm(const Silence& silence);
    [[nodiscard]] Violation describe(const Episode& episode) const;

    FloorTable& connections_;
    std::map<std::pair<AgentId, BundleId>, Loop> loops_;
    std::set<std::string> servers_;  ///< mirrors ask too, but only when they are asked
    Held<Silence> held_;
    kernels::Episodes<Silence> episodes_;
};

}  // namespace mistrial::checkers
