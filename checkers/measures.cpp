#include "checkers/measures.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {
/// Clock errors below this are not worth a sentence.
constexpr Duration noticeable = std::chrono::milliseconds{100};
/// A revision that skips more than this many tells of these alone, so that an agent that wakes up costs little.
constexpr RevisionNumber most_skipped = 256;
}  // namespace

Measures::PerAgent& Measures::of(AgentId agent) {
    if (agents_.size() <= agent) agents_.resize(agent + 1);
    return agents_[agent];
}

void Measures::on_invoke(AgentId agent, TrueTime) { ++of(agent).due; }

void Measures::on_acknowledged(BundleId bundle, RevisionNumber number, TrueTime at) {
    if (orders_.size() <= bundle) orders_.resize(bundle + 1);
    orders_[bundle].wrote(at, number);
}

void Measures::lag(PerAgent& agent, const Decision& decision, const Seen& seen) {
    if (agent.lags.size() <= seen.bundle) agent.lags.resize(seen.bundle + 1);
    Lag& lag = agent.lags[seen.bundle];
    const Bundle& bundle = model_.bundle(seen.bundle);
    if (lag.seen && seen.number > lag.newest) {
        const RevisionNumber first = std::max(lag.newest + 1, seen.number > most_skipped ? seen.number - most_skipped : 1);
        for (RevisionNumber number = first; number <= seen.number; ++number) {
            const Revision& revision = bundle.revision(number);
            if (revision.outcome != PublishOutcome::ok || revision.bad) continue;
            lag_at_least_.add(std::max(Duration::zero(), lag.last_inv - *revision.res));
            lag_at_most_.add(std::max(Duration::zero(), decision.res - *revision.res));
        }
    }
    lag.newest = std::max(lag.newest, seen.number);
    lag.last_inv = lag.seen ? std::max(lag.last_inv, decision.inv) : decision.inv;
    lag.seen = true;
}

void Measures::clock(PerAgent& agent, const Decision& decision) {
    if (!decision.clock || !model_.run().wall_at_zero) return;
    const WallTime zero = *model_.run().wall_at_zero;
    const Duration low = *decision.clock - (zero + decision.res.time_since_epoch());
    const Duration high = *decision.clock - (zero + decision.inv.time_since_epoch());
    ++agent.clock_readings;
    const Duration error = low > Duration::zero() ? low : high < Duration::zero() ? -high : Duration::zero();
    if (error >= noticeable) {
        if (!agent.first_off) agent.first_off = decision.res;
        agent.last_off = decision.inv;
    }
    agent.clock_error = std::max(agent.clock_error, error);
}

void Measures::on_decision(const Decision& decision) {
    PerAgent& agent = of(decision.agent);
    ++agent.answered;
    const TrueTime due = decision.due;
    if (agent.last_answered_due) agent.widest_gap = std::max(agent.widest_gap, due - *agent.last_answered_due);
    agent.last_answered_due = std::max(agent.last_answered_due.value_or(due), due);
    clock(agent, decision);
    for (const Seen& seen : decision.seen) {
        if (seen.state != Seen::State::known) continue;
        lag(agent, decision, seen);
        if (orders_.size() <= seen.bundle) orders_.resize(seen.bundle + 1);
        const Bundle& bundle = model_.bundle(seen.bundle);
        const auto effective = [&](RevisionNumber number) {
            return bundle.revision(number).effective != TrueTime::max();
        };
        ++ordered_reads_;
        if (orders_[seen.bundle].take(decision.inv, decision.res, seen.number, effective)) ++stale_reads_;
    }
}

std::vector<Measured> Measures::result() const {
    std::vector<Measured> all;
    std::uint32_t k = 1;
    Duration delta{};
    for (const kernels::FixedOrder& order : orders_) {
        k = std::max(k, order.smallest_k());
        delta = std::max(delta, order.smallest_delta());
    }
    const Json reads{{"reads", ordered_reads_}, {"stale_reads", stale_reads_}};
    Measured atomicity{"delta-atomicity", ordered_reads_, reads};
    atomicity.values["smallest_delta_ns"] = delta.count();
    all.push_back(atomicity);
    Measured versions{"k-atomicity", ordered_reads_, reads};
    versions.values["smallest_k"] = k;
    all.push_back(versions);
    all.push_back({"visibility",
                   lag_at_most_.count(),
                   {{"at_most", lag_at_most_.to_json()}, {"at_least", lag_at_least_.to_json()}}});

    Measured availability{"availability", 0, Json::object()};
    Measured exposure{"clock-exposure", 0, Json::object()};
    for (AgentId id = 0; id < agents_.size(); ++id) {
        const PerAgent& agent = agents_[id];
        const std::string& name = model_.agent(id).name();
        if (agent.due > 0 || agent.answered > 0) {
            const std::int64_t due = std::max(agent.due, agent.answered);
            availability.obligations += due;
            availability.values["agents"][name] = {{"due", due},
                                                   {"answered", agent.answered},
                                                   {"ratio", static_cast<double>(agent.answered) / static_cast<double>(due)},
                                                   {"widest_gap_ns", agent.widest_gap.count()}};
        }
        if (agent.clock_readings > 0) {
            exposure.obligations += agent.clock_readings;
            Json& values = exposure.values["agents"][name];
            values = {{"readings", agent.clock_readings}, {"largest_error_ns", agent.clock_error.count()}};
            if (agent.first_off) values["off_from_ns"] = nanos_of(*agent.first_off);
            if (agent.last_off) values["off_to_ns"] = nanos_of(*agent.last_off);
        }
    }
    all.push_back(std::move(availability));
    all.push_back(std::move(exposure));
    return all;
}

}  // namespace mistrial::checkers
