#pragma once

#include "core/history/operation.hpp"
#include "harness/scenario/plan.hpp"

#include <optional>
#include <set>
#include <string>

namespace mistrial::conductor {

/// The wait at the end of a run: for every agent to have decided under the newest acknowledged revision, so that an
/// asynchronous publish becomes a synchronous one for whoever asks after it (read-your-publishes). Told of publishes all
/// along, begun once nothing disturbs the fleet any more, told of answers from then on.
class Barrier {
  public:
    /// `plan` outlives the barrier.
    explicit Barrier(const scenario::Plan& plan) : plan_(plan) {}

    /// The publish at this place of the plan was acknowledged.
    void acknowledged(std::size_t publish);

    /// Begins at `now`; what the operation says, or nothing when no revision was acknowledged or nobody downloads its bundle.
    [[nodiscard]] std::optional<history::Barrier> begin(TrueTime now);

    /// A decision that was asked for at `invoked` was answered. One that was under way when the barrier began proves nothing.
    void learn(const history::Decide& answered, TrueTime invoked);
    /// The agent's process ended: what it showed, the next one may not.
    void forget(const std::string& agent);

    /// Begun, and every agent showed the revision or a newer one.
    [[nodiscard]] bool reached() const { return began_ && waiting_.empty(); }
    /// Who has not.
    [[nodiscard]] const std::set<std::string>& waiting() const { return waiting_; }

  private:
    const scenario::Plan& plan_;
    std::optional<std::size_t> newest_;  ///< place in the plan's publishes; they ascend in time
    std::optional<TrueTime> began_;
    std::set<std::string> agents_, waiting_;
};

}  // namespace mistrial::conductor
