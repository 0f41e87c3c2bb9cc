#include "harness/conductor/barrier.hpp"

#include <algorithm>

namespace mistrial::conductor {

void Barrier::acknowledged(std::size_t publish) { newest_ = std::max(newest_.value_or(0), publish); }

std::optional<history::Barrier> Barrier::begin(TrueTime now) {
    if (!newest_) return std::nullopt;
    const scenario::PlannedPublish& publish = plan_.workload.publishes[*newest_];
    history::Barrier barrier{publish.revision, {}};
    for (const scenario::AgentNode& agent : plan_.fleet.agents) {
        if (std::ranges::find(agent.bundles, publish.bundle) == agent.bundles.end()) continue;
        barrier.agents.push_back(agent.name);
        agents_.insert(agent.name);
    }
    if (agents_.empty()) return std::nullopt;
    waiting_ = agents_;
    began_ = now;
    return barrier;
}

void Barrier::learn(const history::Decide& answered, TrueTime invoked) {
    if (!began_ || !(*began_ < invoked)) return;
    const auto& publishes = plan_.workload.publishes;
    const std::string& bundle = publishes[*newest_].bundle;
    const auto shown = answered.revisions.find(bundle);
    if (shown == answered.revisions.end()) return;
    // One that was never acknowledged and took effect all the same is newer, too.
    for (std::size_t place = *newest_; place < publishes.size(); ++place)
        if (publishes[place].bundle == bundle && publishes[place].revision == shown->second) waiting_.erase(answered.agent);
}

void Barrier::forget(const std::string& agent) {
    if (agents_.contains(agent)) waiting_.insert(agent);
}

}  // namespace mistrial::conductor
