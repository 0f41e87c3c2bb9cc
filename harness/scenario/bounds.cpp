#include "harness/scenario/bounds.hpp"

#include <algorithm>

namespace mistrial::scenario {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFetch = 100ms;     ///< one request and its answer on one machine, small bundles
constexpr Duration kActivate = 100ms;  ///< verify, compile, commit
constexpr Duration kUpload = 500ms;    ///< the chunks of one upload, one after the other
constexpr Duration kReporting = 1s;    ///< longest delay between uploads in the drivers' configurations
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

/// Until the answer to the next poll begins, from the answer to the last one on.
Sum next_poll(const AgentNode& agent, const Fleet& fleet, const std::vector<FaultSpec>& faults) {
    const MirrorNode* mirror = find_mirror(fleet, agent.from);
    const bool long_polls = agent.long_poll && mirror == nullptr;
    const Duration backed_off = agent.poll_max * 6 / 5;
    Sum delay;
    delay.add(kActivate, "what the last poll brought is being activated");
    if (!long_polls || may_fail(agent, fleet, faults))
        delay.add(backed_off, fmt::format("longest delay before the next poll, 1.2 x max ({}) after a failure",
                                          format_short(agent.poll_max)));
    const Duration hole = longest_black_hole(faults, fleet, {agent.name, agent.from});
    Sum syn;
    syn.add(longest_syn_wait(hole),
            fmt::format("until TCP repeats the SYN that the black hole of {} swallowed (longer than the {} until the next poll "
                        "otherwise)",
                        format_short(hole), format_short(delay.bound().value)));
    if (hole > 15s)
        syn.add(backed_off, fmt::format("or the attempt is given up: 1.2 x max ({}) before the next", format_short(agent.poll_max)));

    Sum sum;
    sum.append(syn.bound().value > delay.bound().value ? syn.bound() : delay.bound());
    if (mirror != nullptr) {
        const Duration upstream = longest_black_hole(faults, fleet, {mirror->name, mirror->of});
        sum.add(longest_syn_wait(upstream),
                fmt::format("until TCP repeats a SYN of the mirror that the black hole of {} towards {} swallowed",
                            format_short(upstream), mirror->of));
        sum.add(kFetch, fmt::format("the mirror fetches from {}", mirror->of));
    }
    if (long_polls)
        sum.add(*agent.long_poll, fmt::format("a long poll of {} may bring nothing for its timeout", agent.name));
    return sum;
}

Duration reporting_delay(const AgentNode& agent) {
    const Json::json_pointer at("/decision_logs/reporting/max_delay_seconds");
    if (!agent.config.contains(at) || !agent.config.at(at).is_number()) return kReporting;
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(agent.config.at(at).get<double>()));
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

Bound progress_bound(const AgentNode& agent, const Fleet& fleet, const std::vector<FaultSpec>& faults) {
    Sum sum = next_poll(agent, fleet, faults);
    sum.add(kFetch, "the poll is answered");
    sum.add(kMargin, "margin for a busy machine");
    return sum.bound();
}

Bound report_bound(const AgentNode& agent, const Fleet& fleet, const std::vector<FaultSpec>& faults) {
    Sum sum;
    sum.add(kFetch, "a report that was under way tells of the revision before");
    sum.append(next_poll(agent, fleet, faults).bound());
    sum.add(kFetch, "the poll is answered");
    const Duration hole = longest_black_hole(faults, fleet, {agent.name, std::string(status_end)});
    sum.add(longest_syn_wait(hole),
            fmt::format("until TCP repeats the SYN of a report that the black hole of {} swallowed", format_short(hole)));
    sum.add(kFetch, "the agent reports");
    sum.add(kMargin, "margin for a busy machine");
    return sum.bound();
}

Bound log_bound(const AgentNode& agent, const Fleet& fleet, const std::vector<FaultSpec>& faults) {
    const Duration reporting = reporting_delay(agent);
    Sum next;
    next.add(kUpload, "an upload that was under way goes on without it");
    next.add(reporting * 6 / 5,
             fmt::format("longest delay before the next upload, 1.2 x max ({}) after a failure", format_short(reporting)));
    // The log waits while a status report hangs, too.
    const Duration hole = std::max(longest_black_hole(faults, fleet, {agent.name, std::string(logs_end)}),
                                   longest_black_hole(faults, fleet, {agent.name, std::string(status_end)}));
    Sum syn;
    syn.add(longest_syn_wait(hole), fmt::format("until TCP repeats the SYN that the black hole of {} swallowed", format_short(hole)));
    if (hole > 15s)
        syn.add(reporting * 6 / 5, fmt::format("or the attempt is given up: 1.2 x max ({}) before the next", format_short(reporting)));
    Sum sum;
    sum.append(syn.bound().value > next.bound().value ? syn.bound() : next.bound());
    sum.add(kUpload, "the upload that brings it, with all that waits before it");
    sum.add(kMargin, "margin for a busy machine");
    return sum.bound();
}

}  // namespace mistrial::scenario
