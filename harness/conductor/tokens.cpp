#include "harness/conductor/tokens.hpp"

namespace mistrial::conductor {

Tokens::Tokens(const scenario::Plan& plan) {
    if (!plan.workload.tokens) return;
    for (const scenario::DecisionStream& stream : plan.workload.decisions)
        if (!stream.roams.empty()) sessions_[stream.name];
    for (std::size_t place = 0; place < plan.workload.publishes.size(); ++place) {
        const scenario::PlannedPublish& publish = plan.workload.publishes[place];
        places_[publish.bundle].try_emplace(publish.revision, place);
    }
}

void Tokens::attach(const std::string& session, history::Decide& decide) const {
    const auto found = sessions_.find(session);
    if (found != sessions_.end() && !found->second.empty()) decide.at_least = Json(found->second);
}

void Tokens::learn(const std::string& session, const history::Decide& answered) {
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) return;
    for (const auto& [bundle, places] : places_) {
        const auto reported = answered.revisions.find(bundle);
        const auto place = reported == answered.revisions.end() ? places.end() : places.find(reported->second);
        if (place == places.end()) continue;
        std::string& newest = found->second[bundle];
        if (newest.empty() || places.at(newest) < place->second) newest = place->first;
    }
}

}  // namespace mistrial::conductor
