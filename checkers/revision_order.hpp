#pragma once

#include "checkers/kernels/step_function.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mistrial::checkers {

/// O1: a name of a revision stands for one content, wherever it is published or served; no server goes back to a revision
/// that is older than one it served before; and where an authority numbers its revisions, acknowledged publishes that
/// followed each other have ascending numbers and no two have the same. It is the source that is judged, so obligations
/// are deliveries: each that could have shown another digest, or an older revision, than one before.
class PublishOrder final : public PropertyChecker {
  public:
    using PropertyChecker::PropertyChecker;
    void on_publish_ends(BundleId bundle, RevisionNumber number) override;
    void on_event(const history::Record& record) override;
    [[nodiscard]] std::vector<Violation> violations() const override;

  private:
    struct Content {  ///< of a revision, as first told
        std::string digest;
        std::string by;           ///< a server; empty: its publish
        std::uint64_t index = 0;
    };
    struct Served {
        std::uint64_t index = 0;
        TrueTime began;
        TrueTime at;
    };
    struct Acknowledged {  ///< publishes of one authority: the largest sequence acknowledged by a time
        std::map<std::int64_t, RevisionNumber> by_sequence;
        std::vector<std::pair<TrueTime, RevisionNumber>> largest;
    };
    using ServedOrder = kernels::StepFunction<Served>;
    enum class Kind : std::uint8_t { equivocation, backward, fork, sequence };
    struct Finding {
        Kind kind = Kind::equivocation;
        BundleId bundle = 0;
        RevisionNumber number = nothing_active;   ///< the later one
        RevisionNumber earlier = nothing_active;  ///< what it contradicts
        std::string who;                          ///< the server, or the authority
        std::string agent;                        ///< to whom it was served
        std::string told[2];                      ///< digests
        std::uint64_t first_index = 0;            ///< of the earlier record, when it is a delivery
        TrueTime first_at;
        std::uint64_t index = 0;
        TrueTime from;
        TrueTime to;
        std::int64_t count = 0;
    };

    Finding& find(Finding finding);
    bool compare_digest(const history::Serve& serve, BundleId bundle, RevisionNumber number, const history::Record& record);
    bool compare_order(const history::Serve& serve, BundleId bundle, RevisionNumber number, const history::Record& record);
    [[nodiscard]] Violation describe(const Finding& finding) const;

    std::map<std::pair<BundleId, RevisionNumber>, Content> contents_;
    std::map<std::pair<std::string, BundleId>, std::vector<ServedOrder>> orders_;  ///< by server; a row by authority
    std::map<std::pair<BundleId, AuthorityId>, Acknowledged> acknowledged_;
    std::vector<Finding> findings_;
};

/// O3: where the fleet ends, nothing that was acknowledged is missing: every acknowledged publish is at or before what every
/// agent shows last (Jepsen's set-full, with publishes as elements and decisions as reads).
///
/// An agent's last words are the decision that began last and whatever was not over before that. They count when that
/// decision began at least the bound after the last publish was over and the agent's last excuse had ended: `within` of the
/// claim, else half of the run's `settle`. Without such a bound, without last words of every agent, or while agents
/// disagree on a publish, nothing is known to be lost and the claim stays open.
class NoLostPublish final : public PropertyChecker {
  public:
    using PropertyChecker::PropertyChecker;
    void on_decision(const Decision& decision) override;
    void on_status(const StatusReport& status) override;
    void finish() override;
    [[nodiscard]] std::vector<Violation> violations() const override { return violations_; }
    [[nodiscard]] Json measured() const override;
    [[nodiscard]] Reason unfinished() const override { return unfinished_; }

  private:
    struct LastWords {  ///< of one agent on one bundle
        bool said = false;
        OperationNote last;                ///< the decision that began last
        std::vector<OperationNote> words;  ///< of each revision the operation that ended last, if not before that began
    };
    enum class Fate : std::uint8_t { stable, lost, never_read, undecided };

    LastWords& last_words(AgentId agent, BundleId bundle);
    static void heard(LastWords& words, const OperationNote& note);
    [[nodiscard]] std::optional<Duration> bound() const;
    /// When the last publish of a bundle was over.
    [[nodiscard]] static TrueTime quiet_since(const Bundle& bundle);
    /// The agents that show the bundle; nullopt when the last words of one of them came too early.
    [[nodiscard]] std::optional<std::vector<AgentId>> ended(BundleId bundle);
    [[nodiscard]] Fate fate(BundleId bundle, RevisionNumber number, const std::vector<AgentId>& agents) const;
    [[nodiscard]] Violation describe(BundleId bundle, const std::vector<RevisionNumber>& lost,
                                     const std::vector<AgentId>& agents) const;

    std::vector<std::vector<LastWords>> last_words_;  ///< by agent, bundle
    std::vector<std::vector<bool>> read_;             ///< by bundle, revision: something showed it
    std::vector<Violation> violations_;
    std::int64_t fates_[4] = {};
    Reason unfinished_ = Reason::none;
};

}  // namespace mistrial::checkers
