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

/// Why a deadline does not run.
enum class ExcuseCause : std::uint8_t { fault, not_running, harness_stall, bad_head };

/// A time for which an agent cannot be expected to keep up with a bundle. Open at both ends.
struct ExcuseWindow {
    std::optional<AgentId> agent;    ///< empty: every agent
    std::optional<BundleId> bundle;  ///< empty: every bundle
    ExcuseCause cause = ExcuseCause::fault;
    TrueTime from = TrueTime::min();
    std::optional<TrueTime> to;  ///< empty while it lasts
    std::string label;           ///< for proofs: "partition f1", "a1 was not running"

    [[nodiscard]] bool concerns(AgentId some_agent, BundleId some_bundle) const {
        return agent.value_or(some_agent) == some_agent && bundle.value_or(some_bundle) == some_bundle;
    }
};

/// Deadline floors of every agent and bundle for one bound. Made when first asked for, kept up by Excuses.
class FloorTable {
  public:
    FloorTable(Duration within, bool faults_excuse) : within_(within), faults_excuse_(faults_excuse) {}

    [[nodiscard]] bool heeds(const ExcuseWindow& window) const {
        return faults_excuse_ || window.cause != ExcuseCause::fault;
    }
    [[nodiscard]] Duration within() const { return within_; }
    [[nodiscard]] bool faults_excuse() const { return faults_excuse_; }

  private:
    friend class Excuses;
    Duration within_;
    bool faults_excuse_;
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
    [[nodiscard]] FloorTable& table(Duration within, bool faults_excuse);
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
    std::map<std::pair<Duration, bool>, FloorTable> tables_;
};

}  // namespace mistrial::checkers
