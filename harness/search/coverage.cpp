#include "harness/search/coverage.hpp"

#include "core/random.hpp"

#include <algorithm>

namespace mistrial::search {

using history::Type;

const std::vector<Probe>& probes() {
    static const std::vector<Probe> all{
        {"revisions-apart", "two agents show different revisions at one time", "", 5},
        {"tied-events", "two events of different nodes are due at the same instant", "", 1},
        {"cut-while-downloading", "an edge is cut while a download is under way on it", "partition", 500},
        {"kill-while-persisting", "an agent is killed between writing a bundle and renaming it into place", "kill", 20'000},
        {"restart-with-bundle", "an agent comes back with what it had persisted and decides by it before it has been served anything", "kill", 500},
        {"clock-off-while-deciding", "an agent decides while its clock is off", "clock", 20},
        {"behind-by-two", "an agent that answers is two revisions behind", "partition", 100},
    };
    return all;
}

Coverage::Coverage(const scenario::Plan& plan) {
    for (const scenario::PlannedPublish& publish : plan.workload.publishes) number_of_[publish.revision] = publish.number;
    for (const scenario::AgentNode& agent : plan.fleet.agents) agents_[agent.name];
}

void Coverage::on(const history::Record& record) {
    if (const auto* publish = std::get_if<history::Publish>(&record.value)) {
        if (record.type != Type::ok) return;
        published_ = std::max(published_, number_of_[publish->revision]);
        return passed();
    }
    if (const auto* boot = std::get_if<history::Boot>(&record.value)) {
        Agent& agent = agents_[boot->agent];
        agent.alive = true;
        agent.restarted = !boot->incarnation.ends_with("#1");
        return passed();
    }
    if (const auto* death = std::get_if<history::Death>(&record.value)) {
        agents_[death->agent].alive = false;
        return passed();
    }
    if (const auto* serve = std::get_if<history::Serve>(&record.value)) {
        if (!serve->agent) return;
        Agent& agent = agents_[*serve->agent];
        if (serve->status == 200) agent.restarted = false;
        return;
    }
    if (const auto* fault = std::get_if<history::Fault>(&record.value)) {
        for (const std::string& node : fault->target) {
            const auto found = agents_.find(node);
            if (found == agents_.end()) continue;
            if (record.f == fault->kind) found->second.under.insert(fault->kind);
            else found->second.under.erase(fault->kind);
        }
        return passed();
    }
    const auto* decide = std::get_if<history::Decide>(&record.value);
    if (decide == nullptr || record.type != Type::ok) return;
    Agent& agent = agents_[decide->agent];
    if (agent.under.contains("clock")) hit("clock-off-while-deciding");
    if (decide->revisions.empty()) return;
    const auto number = number_of_.find(decide->revisions.begin()->second);
    if (number == number_of_.end()) return;
    if (agent.restarted) hit("restart-with-bundle");
    if (published_ >= number->second + 2) hit("behind-by-two");
    if (number->second == agent.shown) return;
    agent.shown = number->second;
    const bool apart = std::ranges::any_of(agents_, [&](const auto& other) { return other.second.shown != 0 && other.second.shown != agent.shown; });
    if (apart) hit("revisions-apart");
    passed();
}

void Coverage::on_end(const sim::Probes& seen) {
    if (seen.ties > 0) hits_["tied-events"] += seen.ties;
    if (seen.cut_downloads > 0) hits_["cut-while-downloading"] += seen.cut_downloads;
    if (seen.killed_persisting > 0) hits_["kill-while-persisting"] += seen.killed_persisting;
}

void Coverage::passed() {
    std::vector<std::string> each;
    for (const auto& [name, agent] : agents_) {
        const std::size_t behind = published_ > agent.shown ? published_ - agent.shown : 0;
        each.push_back(fmt::format("{}{}{}{}", agent.alive ? 'a' : 'd', std::min<std::size_t>(behind, 3), agent.restarted ? 'r' : '-',
                                   fmt::join(agent.under, ",")));
    }
    std::ranges::sort(each);
    states_.insert(fnv1a(fmt::format("{}", fmt::join(each, ";"))));
}

}  // namespace mistrial::search
