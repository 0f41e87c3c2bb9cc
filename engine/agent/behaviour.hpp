#pragma once

#include "core/time.hpp"
#include "engine/agent/activation.hpp"
#include "engine/agent/api.hpp"
#include "engine/agent/download.hpp"
#include "engine/agent/persistence.hpp"
#include "engine/agent/status.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mistrial::agent {

/// The points at which a seeded defect may bend an agent. The defaults are the correct agent, which has no
/// idea that defects exist: each hands back what it was given. One object for each incarnation: what it
/// remembers dies with the process. The points stand in the order in which a revision meets them on its way
/// from the server into a decision, its log and its reports.
class Behaviour {
  public:
    virtual ~Behaviour() = default;

    /// What the agent takes for its clocks, at each event.
    [[nodiscard]] virtual Clocks clocks(const Clocks& clocks) { return clocks; }

    // --- bundles

    /// A request for a bundle, before it is sent.
    virtual void ask(const std::string& /*bundle*/, http::Request& /*request*/) {}

    /// What a download brought, before the agent acts on it.
    [[nodiscard]] virtual Outcome downloaded(const std::string& bundle, Outcome outcome);

    /// How long the bundle's download loop rests after an attempt that has ended.
    [[nodiscard]] virtual Duration until_next_poll(const std::string& /*bundle*/, Duration delay,
                                                   const Clocks& /*clocks*/) {
        return delay;
    }

    /// What an archive was found to be: an error refuses it.
    [[nodiscard]] virtual Result<std::shared_ptr<const Loaded>> loaded(
        const http::Body& archive, Result<std::shared_ptr<const Loaded>> loaded);

    /// The state that decisions see after `fresh` was found good; `current` is what they saw until now.
    [[nodiscard]] virtual std::shared_ptr<const Snapshot> install(std::shared_ptr<const Snapshot> current,
                                                                  std::shared_ptr<const Snapshot> fresh);

    /// How an activated archive gets to the disk.
    [[nodiscard]] virtual std::vector<DiskStep> persist(const std::string& bundle, const http::Body& archive,
                                                        const std::string& etag);

    /// What was persisted of a bundle by an earlier incarnation.
    [[nodiscard]] virtual std::optional<Restored> restore(const std::string& bundle,
                                                          const std::vector<PersistedFile>& files);

    // --- clients

    /// Whether a client's request is answered at all.
    [[nodiscard]] virtual bool answers(const http::Request& /*request*/, const Clocks& /*clocks*/) { return true; }

    /// The state that one decision is made from, where `seen` is the newest.
    [[nodiscard]] virtual const std::shared_ptr<const Snapshot>& decides_by(
        const Question& /*question*/, const std::shared_ptr<const Snapshot>& seen, const Clocks& /*clocks*/) {
        return seen;
    }

    /// What a decision came to, before it is answered and logged.
    virtual void decided(const Question& /*question*/, const Snapshot& /*state*/,
                         Result<std::optional<rego::Value>>& /*result*/) {}

    /// The revisions that an answer says it was made by.
    [[nodiscard]] virtual const history::Revisions& provenance(const Snapshot& state) { return state.revisions; }

    /// What `/health?bundles` says.
    [[nodiscard]] virtual bool ready(bool ready) { return ready; }

    // --- reports

    /// How many times the event of a decision goes into the log.
    [[nodiscard]] virtual std::size_t logged(DecisionEvent& /*event*/) { return 1; }

    /// Whether a chunk of the log counts as taken by its sink; what was not waits again.
    [[nodiscard]] virtual bool chunk_taken(bool taken) { return taken; }

    /// What a status report says of each bundle, and whether one goes out now. `unanswered`: the report before has not
    /// been answered yet.
    [[nodiscard]] virtual bool reports(std::map<std::string, BundleStatus>& /*bundles*/, bool /*unanswered*/) {
        return true;
    }
};

}  // namespace mistrial::agent
