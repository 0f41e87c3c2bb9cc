#pragma once

#include "checkers/finding.hpp"
#include "checkers/golden_signals.hpp"
#include "checkers/kernels/fixed_order.hpp"
#include "checkers/model.hpp"

#include <optional>
#include <vector>

namespace mistrial::checkers {

/// Properties that are numbers: smallest Δ and k (B2, B3), time to visibility (B5), availability (A1) and how far the
/// agents' clocks were off (C3). Measured always, judged by nothing here.
class Measures {
  public:
    explicit Measures(const Model& model) : model_(model) {}

    void on_invoke(AgentId agent, TrueTime due);
    void on_decision(const Decision& decision);
    void on_acknowledged(BundleId bundle, RevisionNumber number, TrueTime at);

    [[nodiscard]] std::vector<Measured> result() const;

  private:
    struct Lag {
        bool seen = false;
        RevisionNumber newest = nothing_active;
        TrueTime last_inv;
    };
    struct PerAgent {
        std::int64_t due = 0;
        std::int64_t answered = 0;
        std::optional<TrueTime> last_answered_due;
        Duration widest_gap{};
        std::vector<Lag> lags;  ///< by bundle
        Duration clock_error{};
        std::int64_t clock_readings = 0;
        std::optional<TrueTime> first_off;
        std::optional<TrueTime> last_off;
    };

    PerAgent& of(AgentId agent);
    void lag(PerAgent& agent, const Decision& decision, const Seen& seen);
    void clock(PerAgent& agent, const Decision& decision);

    const Model& model_;
    std::vector<PerAgent> agents_;
    std::vector<kernels::FixedOrder> orders_;  ///< by bundle
    std::int64_t ordered_reads_ = 0;
    std::int64_t stale_reads_ = 0;
    Histogram lag_at_least_;
    Histogram lag_at_most_;
};

}  // namespace mistrial::checkers
