#include "checkers/fleet.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {

template <class T>
std::vector<T>& row(std::vector<std::vector<T>>& rows, std::size_t number) {
    if (rows.size() <= number) rows.resize(number + 1);
    return rows[number];
}

}  // namespace

void Agent::delivered(BundleId bundle, Delivery delivery) {
    deliveries_tracked_ = true;
    if (first_began_.size() <= bundle) first_began_.resize(bundle + 1);
    const auto [first, fresh] = first_began_[bundle].try_emplace(delivery.number, delivery.began);
    if (!fresh) first->second = std::min(first->second, delivery.began);
    row(deliveries_, bundle).push_back(std::move(delivery));
}

const std::vector<Delivery>& Agent::deliveries(BundleId bundle) const {
    static const std::vector<Delivery> none;
    return bundle < deliveries_.size() ? deliveries_[bundle] : none;
}

void Agent::persisted(BundleId bundle, RevisionNumber number) { row(persisted_, bundle).push_back(number); }

bool Agent::exposed(BundleId bundle, RevisionNumber number, TrueTime t) const {
    if (bundle < first_began_.size()) {
        const auto first = first_began_[bundle].find(number);
        if (first != first_began_[bundle].end() && first->second <= t) return true;
    }
    if (bundle >= persisted_.size()) return false;
    const std::vector<RevisionNumber>& kept = persisted_[bundle];
    return std::find(kept.begin(), kept.end(), number) != kept.end();
}

AgentId Fleet::intern(std::string_view name) {
    const AgentId id = names_.intern(name);
    if (id == agents_.size()) agents_.emplace_back(std::string(name));
    return id;
}

void Fleet::boots(AgentId id, const history::Boot& boot, TrueTime at) {
    Agent& agent = agents_[id];
    const std::string label = agent.name() + " was not running";
    if (agent.down) {
        excuses_.ends(*agent.down, at);
        agent.down.reset();
    } else {
        // Nobody saw it go down: it may have been away since it was last heard of.
        TrueTime heard = agent.last_answer.value_or(TrueTime::min());
        if (!agent.incarnations.empty()) heard = std::max(heard, agent.incarnations.back().boot);
        excuses_.was({id, std::nullopt, ExcuseCause::not_running, heard, at, label});
    }
    if (!agent.incarnations.empty() && !agent.incarnations.back().death) agent.incarnations.back().death = at;
    agent.incarnations.push_back({incarnations_.intern(boot.incarnation), at, std::nullopt});
}

void Fleet::dies(AgentId id, const history::Death& death, TrueTime at) {
    Agent& agent = agents_[id];
    if (!agent.down) {
        agent.down = excuses_.begins(
            {id, std::nullopt, ExcuseCause::not_running, at, std::nullopt, agent.name() + " was not running"});
    }
    for (auto life = agent.incarnations.rbegin(); life != agent.incarnations.rend(); ++life) {
        if (incarnations_.text(life->id) == death.incarnation && !life->death) life->death = at;
    }
    if (!agent.incarnations.empty() && !agent.incarnations.back().death) agent.incarnations.back().death = at;
}

void Fleet::refuses_connection(AgentId id) {
    if (!agents_[id].incarnations.empty()) return;
    ++agents_[id].unnamed_lives;
    agents_[id].unnamed.reset();
}

IncarnationId Fleet::incarnation_of(AgentId id, const std::optional<std::string>& echo, TrueTime inv, TrueTime res) {
    if (echo && is_named(*echo)) return incarnations_.intern(*echo);
    Agent& agent = agents_[id];
    if (agent.incarnations.empty()) {
        if (!agent.unnamed) agent.unnamed = incarnations_.intern(fmt::format("{}~{}", agent.name(), agent.unnamed_lives));
        return *agent.unnamed;
    }
    for (auto life = agent.incarnations.rbegin(); life != agent.incarnations.rend(); ++life) {
        if (life->boot <= inv) return !life->death || res <= *life->death ? life->id : no_incarnation;
    }
    return no_incarnation;
}

IncarnationId Fleet::incarnation_at(AgentId id, const std::optional<std::string>& echo, TrueTime t) {
    return incarnation_of(id, echo, t, t);
}

}  // namespace mistrial::checkers
