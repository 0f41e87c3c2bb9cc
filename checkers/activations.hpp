#pragma once

#include "checkers/decision.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace mistrial::checkers {

/// What every incarnation showed of every bundle, in order, as far as it can matter for the order of its activations:
/// which deliveries explain it can be said only once late records of deliveries are in, at the end.
///
/// Operations that show one revision one after another are a run. Of a run, those that may have begun before the run are
/// kept, and the first that certainly did not; whatever explains that one explains all later ones too. So memory grows
/// with activations and with what is in flight during one, not with decisions.
class Activations {
  public:
    struct Run {
        RevisionNumber number = nothing_active;
        TrueTime others_end;             ///< end of the last operation before the run
        TrueTime last;                   ///< end of its own last operation
        std::uint64_t first_index = 0;   ///< record of its first operation
        std::int64_t count = 0;
        bool settled = false;            ///< one that began after `others_end` is kept, as the last
        bool reported = false;           ///< a status report is kept
        std::vector<OperationNote> kept;
    };
    struct Sequence {
        AgentId agent = 0;
        std::vector<Run> runs;
        bool overflown = false;  ///< too many runs to keep: nothing can be said
    };

    void shows(const Decision& decision);
    void shows(const StatusReport& status);

    [[nodiscard]] IncarnationId incarnation_count() const { return static_cast<IncarnationId>(sequences_.size()); }
    /// By bundle.
    [[nodiscard]] std::span<const Sequence> of(IncarnationId incarnation) const;

  private:
    Run& run(IncarnationId incarnation, BundleId bundle, AgentId agent, const Seen& seen, TrueTime res, std::uint64_t index);

    std::vector<std::vector<Sequence>> sequences_;  ///< by incarnation, bundle
};

}  // namespace mistrial::checkers
