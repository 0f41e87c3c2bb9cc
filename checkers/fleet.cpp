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
    std::vector<Delivery>& all = row(deliveries_, bundle);
    const auto place = std::upper_bound(all.begin(), all.end(), delivery.index,
                                        [](std::uint64_t index, const Delivery& one) { return index < one.index; });
    all.insert(place, std::move(delivery));
}

const std::vector<Delivery>& Agent::deliveries(BundleId bundle) const {
    static const std::vector<Delivery> none;
    return bundle < deliveries_.size() ? deliveries_[bundle] : none;
}

void Agent::persisted(BundleId bundle, RevisionNumber number) { row(persisted_, bundle).push_back(number); }

const std::vector<RevisionNumber>& Agent::persisted(BundleId bundle) const {
    static const std::vector<RevisionNumber> none;
    return bundle < persisted_.size() ? persisted_[bundle] : none;
}

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
        const bool suspected = excuses_.windows()[*agent.down].suspected;
        excuses_.ends(*agent.down, at);
        agent.down.reset();
        // That it began anew now is no suspicion.
        if (suspected) excuses_.was({id, std::nullopt, ExcuseCause::not_running, at, at, label});
    } else {
        // Nobody saw it go down: it may have been away since it was last heard of.
        TrueTime heard = agent.last_answer.value_or(TrueTime::min());
        if (!agent.incarnations.empty()) heard = std::max(heard, agent.incarnations.back().boot);
        excuses_.was({id, std::nullopt, ExcuseCause::not_running, heard, at, label});
    }
    if (!agent.incarnations.empty() && !agent.incarnations.back().death) agent.incarnations.back().death = at;
    agent.incarnations.push_back({life_named(agent, boot.incarnation), at, std::nullopt});
    agent.maybe_down = false;
}

void Fleet::dies(AgentId id, const history::Death& death, TrueTime at) {
    Agent& agent = agents_[id];
    agent.maybe_down = false;
    if (!agent.down) {
        agent.down = excuses_.begins(
            {id, std::nullopt, ExcuseCause::not_running, at, std::nullopt, agent.name() + " was not running"});
    }
    for (auto life = agent.incarnations.rbegin(); life != agent.incarnations.rend(); ++life) {
        if (incarnation_names_[life->id] == death.incarnation && !life->death) life->death = at;
    }
    if (!agent.incarnations.empty() && !agent.incarnations.back().death) agent.incarnations.back().death = at;
}

IncarnationId Fleet::new_life(std::string name) {
    incarnation_names_.push_back(std::move(name));
    return static_cast<IncarnationId>(incarnation_names_.size() - 1);
}

IncarnationId Fleet::life_named(Agent& agent, std::string_view name) {
    const auto known = std::find_if(agent.named_lives.rbegin(), agent.named_lives.rend(),
                                    [&](IncarnationId id) { return incarnation_names_[id] == name; });
    if (known != agent.named_lives.rend()) return *known;
    agent.named_lives.push_back(new_life(std::string(name)));
    return agent.named_lives.back();
}

void Fleet::may_have_restarted(Agent& agent, TrueTime at) {
    agent.unnamed_life = no_incarnation;
    agent.unnamed_since = at;
}

bool Fleet::loses_connection(AgentId id, TrueTime at) {
    Agent& agent = agents_[id];
    if (!agent.incarnations.empty()) return false;
    may_have_restarted(agent, at);
    if (agent.maybe_down || agent.down) return false;
    agent.maybe_down = true;
    agent.down = excuses_.begins({id, std::nullopt, ExcuseCause::not_running, agent.last_answer.value_or(TrueTime::min()),
                                  std::nullopt, agent.name() + " may not have been running", std::nullopt, true});
    return true;
}

bool Fleet::heard_of(AgentId id, std::optional<std::string_view> echo, TrueTime inv, TrueTime at) {
    Agent& agent = agents_[id];
    const std::size_t named = agent.named_lives.size();
    if (echo && is_named(*echo)) (void)life_named(agent, *echo);
    if (agent.maybe_down) {
        if (inv <= agent.unnamed_since) {
            // It may have been on its way before the outage, or be the new process's, to whom nothing is due yet.
            if (inv == TrueTime::min()) return false;
            excuses_.was({id, std::nullopt, ExcuseCause::not_running, at, at, agent.name() + " may have restarted"});
            return true;
        }
        excuses_.ends(*agent.down, at);
        agent.down.reset();
        agent.maybe_down = false;
        return true;
    }
    if (named == 0 || named == agent.named_lives.size() || agent.down) return false;
    may_have_restarted(agent, at);
    TrueTime heard = agent.last_answer.value_or(TrueTime::min());
    if (!agent.incarnations.empty()) {
        heard = std::max(heard, agent.incarnations.back().boot);
        if (!agent.incarnations.back().death) agent.incarnations.back().death = heard;
    }
    excuses_.was({id, std::nullopt, ExcuseCause::not_running, heard, at, agent.name() + " may not have been running",
                  std::nullopt, true});
    return true;
}

IncarnationId Fleet::incarnation_of(AgentId id, std::optional<std::string_view> echo, TrueTime inv, TrueTime res) {
    Agent& agent = agents_[id];
    if (echo && is_named(*echo)) return life_named(agent, *echo);
    if (agent.incarnations.empty()) {
        if (inv <= agent.unnamed_since && agent.unnamed_since != TrueTime::min()) return no_incarnation;
        if (agent.unnamed_life == no_incarnation) agent.unnamed_life = new_life(agent.name() + "~");
        return agent.unnamed_life;
    }
    TrueTime next = TrueTime::max();
    for (auto life = agent.incarnations.rbegin(); life != agent.incarnations.rend(); ++life) {
        if (life->boot <= inv) {
            return (!life->death || res <= *life->death) && res < next ? life->id : no_incarnation;
        }
        next = life->boot;  // an answer that ends as the next one boots may be of either
    }
    return no_incarnation;
}

IncarnationId Fleet::incarnation_at(AgentId id, std::optional<std::string_view> echo, TrueTime t) {
    const Agent& agent = agents_[id];
    if (echo && is_named(*echo)) return incarnation_of(id, echo, t, t);
    const bool never_suspected = agent.unnamed_since == TrueTime::min();
    const bool one_life = agent.incarnations.empty() || (agent.incarnations.size() == 1 && agent.named_lives.size() == 1 &&
                                                         agent.unnamed_life == no_incarnation);
    return never_suspected && one_life ? incarnation_of(id, echo, t, t) : no_incarnation;
}

}  // namespace mistrial::checkers
