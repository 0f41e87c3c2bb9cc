#pragma once

#include "checkers/kernels/deadline_floor.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mistrial::checkers {

using AgentId = std::uint32_t;
using BundleId = std::uint32_t;

inline constexpr BundleId no_bundle = ~BundleId{0};  ///< what is not about a bundle: answers, uploads of a log

/// Why a deadline does not run.
enum class ExcuseCause : std::uint8_t { fault, not_running, harness_stall, bad_head };

/// What a fault can delay or silence at an agent.
enum class Channel : std::uint8_t { deliveries, answers, status, log };

/// What an agent owes within a bound. Each duty rests while something that it needs is cut off:
///   enforce         what is published: while deliveries are, or while a bad revision hides the good one at the source
///   enforce_always  the same for those who grant faults no excuse
///   poll            asking its source: while deliveries are; a bad revision keeps nobody from asking
///   report          its status: while status reports are, or deliveries, since reports go out with polls
///   answer          decisions: while answers are
///   log             uploads of the decision log: while they are
/// and all of them while the agent does not run or the harness itself stands still.
enum class Duty : std::uint8_t { enforce, enforce_always, poll, report, answer, log };

/// A time for which an agent cannot be expected to do its duty. Open at both ends.
struct ExcuseWindow {
    std::optional<AgentId> agent;    ///< empty: every agent
    std::optional<BundleId> bundle;  ///< empty: every bundle
    ExcuseCause cause = ExcuseCause::fault;
    TrueTime from = TrueTime::min();
    std::optional<TrueTime> to;  ///< empty while it lasts
    std::string label;           ///< for proofs: "partition f1", "a1 was not running"
    std::optional<Channel> channel = std::nullopt;  ///< what it cuts off; empty: everything
    /// Nobody recorded that the agent was taken down, it only did not answer as one that runs: that clears it of what a
    /// restart explains, and not of having been away.
    bool suspected = false;

    [[nodiscard]] bool concerns(AgentId some_agent, BundleId some_bundle) const {
        return agent.value_or(some_agent) == some_agent && bundle.value_or(some_bundle) == some_bundle;
    }
    /// True when the duty rests meanwhile.
    [[nodiscard]] bool suspends(Duty duty) const;
};

/// Deadline floors of every agent and bundle for one duty and bound. Made when first asked for, kept up by Excuses. The
/// floors of `no_bundle` require nothing: they tell of connected time alone.
class FloorTable {
  public:
    FloorTable(Duration within, Duty duty) : within_(within), duty_(duty) {}

    [[nodiscard]] bool heeds(const ExcuseWindow& window) const { return window.suspends(duty_); }
    [[nodiscard]] Duration within() const { return within_; }

  private:
    friend class Excuses;
    Duration within_;
    Duty duty_;
    std::map<std::pair<AgentId, BundleId>, kernels::DeadlineFloor> floors_;
    std::vector<std::vector<kernels::DeadlineFloor*>> known_;  ///< by agent, bundle: those of `floors_`, which never move
};

/// Every excuse of a history, and the floor tables that follow from them. Rare events only.
class Excuses {
  public:
    using WindowId = std::size_t;
    using AcknowledgedOf = const kernels::Acknowledged& (*)(const void* context, BundleId bundle);

    /// `acknowledged_of(context, bundle)` gives the acknowledged publishes of a bundle.
    Excuses(AcknowledgedOf acknowledged_of, const void* context) : acknowledged_of_(acknowledged_of), context_(context) {}

    /// A table for this bound; equal bounds share one. Lives as long as the Excuses.
    [[nodiscard]] FloorTable& table(Duration within, Duty duty);
    [[nodiscard]] kernels::DeadlineFloor& floor(FloorTable& table, AgentId agent, BundleId bundle) const {
        if (agent < table.known_.size() && bundle < table.known_[agent].size() && table.known_[agent][bundle] != nullptr) {
            return *table.known_[agent][bundle];
        }
        return make_floor(table, agent, bundle);
    }

    WindowId begins(ExcuseWindow window);
    void ends(WindowId window, TrueTime at);
    /// A window that is known only now that it is over.
    void was(ExcuseWindow window);

    [[nodiscard]] const std::vector<ExcuseWindow>& windows() const { return windows_; }

  private:
    [[nodiscard]] kernels::DeadlineFloor& make_floor(FloorTable& table, AgentId agent, BundleId bundle) const;

    AcknowledgedOf acknowledged_of_;
    const void* context_;
    std::vector<ExcuseWindow> windows_;
    std::map<std::pair<Duration, Duty>, FloorTable> tables_;
};

}  // namespace mistrial::checkers
