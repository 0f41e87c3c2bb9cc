#pragma once

#include "checkers/kernels/episodes.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <optional>
#include <unordered_map>
#include <vector>

namespace mistrial::checkers {

/// M3: the first that a new process shows is no older than what the process before it certainly had persisted: what the
/// boot record found on disk, or, for an agent of which the run record promises that it persists, what it had shown for
/// longer than the claimed `within` while it certainly still ran. A process that begins with nothing is accused only where
/// persistence is promised. Whatever shows that the agent has gone back since takes the promise away.
class DurableMonotonicity final : public PropertyChecker {
  public:
    using PropertyChecker::PropertyChecker;
    void on_decision(const Decision& decision) override;
    void on_status(const StatusReport& status) override;
    void on_event(const history::Record& record) override;
    [[nodiscard]] std::vector<Violation> violations() const override;

  private:
    struct Kept {
        RevisionNumber number = nothing_active;
        IncarnationId incarnation = no_incarnation;
        OperationNote shown;          ///< the first operation that showed it
        std::optional<OperationNote> outlived;  ///< one that began later than `within` after that
    };
    struct PerBundle {
        std::vector<Kept> kept;
        std::size_t awaited = 0;  ///< of `kept`, those that nothing has outlived so far
        RevisionNumber last = nothing_active;
        IncarnationId last_by = no_incarnation;
    };
    struct Life {
        std::optional<TrueTime> booted;
        std::vector<std::optional<TrueTime>> first_shown;  ///< by bundle: end of the first operation that showed any
        std::vector<RevisionNumber> found;                 ///< by bundle: what the boot record says was persisted
        std::vector<std::pair<BundleId, std::string>> unnamed;  ///< of that, what no publish had named yet
        std::uint64_t boot_index = 0;
    };
    struct Detail {
        BundleId bundle = 0;
        RevisionNumber persisted = nothing_active;
        std::optional<Kept> kept;      ///< empty: the boot record says so
        std::uint64_t boot_index = 0;
        TrueTime since;
        OperationNote note;
        Wrongs wrongs;
    };

    Life& life(IncarnationId incarnation);
    [[nodiscard]] bool promised(AgentId agent) const;
    void judge(const Decision& decision, const Seen& seen, PerBundle& memory, Life& life);
    /// What the boot record says was persisted of the bundle, as far as publishes have named it by now.
    [[nodiscard]] RevisionNumber found(Life& life, BundleId bundle) const;
    void remember(PerBundle& memory, Life& life, const Seen& seen, const OperationNote& note);

    std::unordered_map<IncarnationId, Life> lives_;  ///< looked up, never iterated
    std::vector<std::vector<PerBundle>> memory_;     ///< by agent, bundle
    kernels::Episodes<Detail> episodes_;
};

}  // namespace mistrial::checkers
