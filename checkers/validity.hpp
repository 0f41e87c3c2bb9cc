#pragma once

#include "checkers/kernels/episodes.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mistrial::checkers {

/// V1: every revision that an agent shows was published, did not certainly fail, had begun to be published, and, where
/// deliveries are recorded, had begun to arrive. A verdict without provenance must follow from some published revision.
/// Whether a publish failed, or ever began, may come to light later: first sights are kept until the end.
class RevisionValidity final : public PropertyChecker {
  public:
    using PropertyChecker::PropertyChecker;
    void on_decision(const Decision& decision) override;
    void on_status(const StatusReport& status) override;
    void finish() override;
    [[nodiscard]] std::vector<Violation> violations() const override;

  private:
    struct Sight {  ///< of one revision at one agent
        OperationNote first;
        TrueTime last;
        std::int64_t count = 0;
        Wrongs wrongs;
    };
    struct Unexplained {
        OperationNote note;
        Wrongs wrongs;
    };
    /// First sights of revisions at one agent, until nothing can be wrong with them any more.
    struct Sights {
        std::map<RevisionNumber, Sight> all;
        RevisionNumber newest = nothing_active;  ///< whose sight `current` is
        Sight* current = nullptr;
    };

    template <class Operation>
    void see(const Seen& seen, const Operation& operation, TrueTime res);
    template <class Operation>
    void see_known(const Seen& seen, const Operation& operation, TrueTime res);
    [[nodiscard]] bool is_settled(BundleId bundle, RevisionNumber number, const Sight& sight) const;
    [[nodiscard]] Violation describe(const Sight& sight, BundleId bundle, const std::string& summary,
                                     std::vector<std::string> proof) const;

    std::map<std::tuple<AgentId, BundleId, std::string>, Sight> unpublished_;
    std::vector<std::vector<Sights>> known_;  ///< by agent, bundle
    kernels::Episodes<Unexplained> unexplained_;
    std::vector<Violation> violations_;
};

/// V3: the verdict is what the oracle expects of the revision that the decision shows, for its input and clock.
class OracleCorrectness final : public PropertyChecker {
  public:
    using PropertyChecker::PropertyChecker;
    void on_decision(const Decision& decision) override;
    [[nodiscard]] std::vector<Violation> violations() const override;

  private:
    struct Detail {
        OperationNote note;
        std::optional<WallTime> clock;
        std::string state;
        std::string expected;
        std::vector<std::pair<BundleId, RevisionNumber>> revisions;
        std::vector<std::string> right_under;
        Wrongs wrongs;
    };
    kernels::Episodes<Detail> episodes_;
};

/// V5: all markers of one bundle belong to one revision, and the agent reports that one.
class AtomicActivation final : public PropertyChecker {
  public:
    using PropertyChecker::PropertyChecker;
    void on_decision(const Decision& decision) override;
    [[nodiscard]] std::vector<Violation> violations() const override;

  private:
    struct Detail {
        OperationNote note;
        BundleId bundle = 0;
        bool torn = false;
        std::string shown;
        std::vector<RevisionNumber> revisions;
        std::string reported;
    };
    kernels::Episodes<Detail> episodes_;
};

}  // namespace mistrial::checkers
