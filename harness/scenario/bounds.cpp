#include "harness/scenario/bounds.hpp"

#include <algorithm>

namespace mistrial::scenario {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFetch = 100ms;     ///< one request and its answer on one machine, small bundles
constexpr Duration kActivate = 100ms;  ///< verify, compile, commit
constexpr Duration kMargin = 1s;       ///< scheduling of a busy machine

class Sum {
  public:
    void add(Duration value, std::string_view why) {
        if (value <= 0ns) return;
        bound_.value += value;
        bound_.terms.push_back(fmt::format("{}: {}", format_short(value), why));
    }
    [[nodiscard]] const Bound& bound() const { return bound_; }
    void append(const Bound& other) {
        bound_.value += other.value;
        bound_.terms.insert(bound_.terms.end(), other.terms.begin(), other.terms.end());
    }

  private:
    Bound bound_;
};

Duration longest_black_hole(const std::vector<FaultSpec>& faults, const Fleet& fleet, const Edge& edge) {
    Duration longest{};
    for (const FaultSpec& fault : faults) {
        if (fault.kind != "partition" || fault.parameters.at("mode") != "black-hole") continue;
        const auto edges = possible_edges(fault, fleet);
        if (std::ranges::find(edges, edge) != edges.end()) longest = std::max(longest, fault.length);
    }
    return longest;
}

/// Whether a fault may make this agent's requests fail, so that it backs off.
bool may_fail(const AgentNode& agent, const Fleet& fleet, const std::vector<FaultSpec>& faults) {
    return std::ranges::any_of(faults, [&](const FaultSpec& fault) {
        if (fault.kind == "clock") return false;
        if (fault.kind != "partition") return std::ranges::find(fault.on.nodes, agent.name) != fault.on.nodes.end();
        const auto edges = possible_edges(fault, fleet);
        return std::ranges::find(edges, Edge{agent.name, agent.from}) != edges.end();
    });
}

}  // namespace

Duration longest_syn_wait(Duration black_hole) {
    // A SYN sent at some time inside is repeated at 1, 3, 7, 15 s: the wait is the gap in which the black hole ends.
    if (black_hole <= 0s) return 0s;
    if (black_hole <= 1s) return 1s;
    if (black_hole <= 3s) return 2s;
    if (black_hole <= 7s) return 4s;
    if (black_hole <= 15s) return 8s;
    return 15s;
}

Bound propagation_bound(const AgentNode& agent, const Fleet& fleet, const std::vector<FaultSpec>& faults) {
    const MirrorNode* mirror = find_mirror(fleet, agent.from);
    const Duration backed_off = agent.poll_max * 6 / 5;
    const std::string max = format_short(agent.poll_max);

    // Until a request begins that must bring the new revision.
    Sum poll;
    if (mirror != nullptr) {
        const Duration hole = longest_black_hole(faults, fleet, {mirror->name, mirror->of});
        poll.add(longest_syn_wait(hole),
                 fmt::format("until TCP repeats a SYN of the mirror that the black hole of {} towards {} swallowed",
                             format_short(hole), mirror->of));
        poll.add(mirror->ttl, "the mirror may answer from its copy for its ttl");
        poll.add(kFetch, fmt::format("the mirror fetches from {}", mirror->of));
    }
    const bool long_polls = agent.long_poll && mirror == nullptr;
    if (!long_polls) poll.add(kFetch, "a poll that was under way brings the revision before");
    poll.add(kActivate, "the revision before is being activated");
    if (long_polls) poll.add(kFetch, fmt::format("{} answers the long poll", agent.from));
    if (!long_polls || may_fail(agent, fleet, faults))
        poll.add(backed_off, fmt::format("longest delay before the next poll, 1.2 x max ({}) after a failure", max));

    // Or until a connection that a black hole left half open comes through, whichever is later.
    const Duration hole = longest_black_hole(faults, fleet, {agent.name, agent.from});
    Sum syn;
    syn.add(longest_syn_wait(hole),
            fmt::format("until TCP repeats the SYN that the black hole of {} swallowed (longer than the {} until the next "
                        "poll otherwise)",
                        format_short(hole), format_short(poll.bound().value)));
    // An attempt older than 30 s is given up, and the agent backs off once more.
    if (hole > 15s) syn.add(backed_off, fmt::format("or the attempt is given up: 1.2 x max ({}) before the next", max));

    Sum sum;
    sum.append(syn.bound().value > poll.bound().value ? syn.bound() : poll.bound());
    sum.add(kFetch, "the agent fetches the new revision");
    sum.add(kActivate, "the agent activates it");
    sum.add(kMargin, "margin for a busy machine");
    return sum.bound();
}

}  // namespace mistrial::scenario
