#include "checkers/divergence.hpp"

#include <algorithm>
#include <tuple>

namespace mistrial::checkers {

namespace {

/// Intervals are put in order this many at a time.
constexpr std::size_t most_edges = 65'536;
constexpr InputId most_inputs = 4096;     ///< of a larger pool, inputs are not told apart
constexpr std::size_t most_remembered = 1024;
constexpr std::size_t inputs_told = 8;

}  // namespace

void Divergence::on_decision(const Decision& decision) {
    if (decision.incarnation == no_incarnation || !covers(decision.agent)) return;
    for (const Seen& seen : decision.seen) {
        if (seen.state != Seen::State::known || !covers_bundle(seen.bundle)) continue;
        if (bundles_.size() <= seen.bundle) bundles_.resize(seen.bundle + 1);
        PerBundle& bundle = bundles_[seen.bundle];
        if (bundle.agents.size() <= decision.agent) bundle.agents.resize(decision.agent + 1);
        exercised(decision.agent);
        const auto over =
            bundle.agents[decision.agent].shows(decision.incarnation, seen.number, decision.inv, decision.res);
        if (!over) continue;
        add(bundle, *over);
        if (bundle.edges.size() >= most_edges) compact(seen.bundle);
    }
}

void Divergence::add(PerBundle& bundle, const kernels::CertainInterval::Closed& closed) {
    const TrueTime from = std::max(closed.from, bundle.swept);
    if (from >= closed.to) return;
    bundle.edges.push_back({from, +1, closed.version});
    bundle.edges.push_back({closed.to, -1, closed.version});
}

void Divergence::compact(BundleId id) {
    PerBundle& bundle = bundles_[id];
    TrueTime until = TrueTime::max();
    for (kernels::CertainInterval& agent : bundle.agents) {
        if (const auto so_far = agent.close()) add(bundle, *so_far);
        until = std::min(until, agent.from());
    }
    sweep(id, until);
    // An agent that has fallen silent would hold everything back; what it still turns out to have been is let go.
    if (bundle.edges.size() >= most_edges / 2) sweep(id, TrueTime::max());
}

void Divergence::sweep(BundleId id, TrueTime until) {
    PerBundle& bundle = bundles_[id];
    std::sort(bundle.edges.begin(), bundle.edges.end(), [](const Edge& a, const Edge& b) {
        return std::tie(a.at, a.step, a.number) < std::tie(b.at, b.step, b.number);
    });
    std::size_t taken = 0;
    for (; taken < bundle.edges.size() && bundle.edges[taken].at <= until; ++taken) {
        const Edge& edge = bundle.edges[taken];
        pass(id, bundle.swept, edge.at);
        bundle.swept = std::max(bundle.swept, edge.at);
        int& count = bundle.live[edge.number];
        count += edge.step;
        if (count == 0) bundle.live.erase(edge.number);
    }
    bundle.edges.erase(bundle.edges.begin(), bundle.edges.begin() + static_cast<std::ptrdiff_t>(taken));
}

void Divergence::pass(BundleId id, TrueTime from, TrueTime to) {
    PerBundle& bundle = bundles_[id];
    if (from >= to || bundle.live.empty()) return;
    bundle.widest = std::max(bundle.widest, bundle.live.size());
    if (bundle.live.size() < 2) return;
    bundle.diverged += to - from;
    const std::vector<InputId>& inputs = contradicted_inputs(id);
    if (!inputs.empty()) bundle.contradicted += to - from;
    for (const InputId input : inputs) {
        if (bundle.by_input.size() <= input) bundle.by_input.resize(input + 1);
        bundle.by_input[input] += to - from;
    }
}

const std::vector<InputId>& Divergence::contradicted_inputs(BundleId id) {
    PerBundle& bundle = bundles_[id];
    std::vector<RevisionNumber> numbers;
    for (const auto& [number, count] : bundle.live) {
        if (number != nothing_active) numbers.push_back(number);
    }
    if (bundle.contradictions.size() > most_remembered) bundle.contradictions.clear();
    const auto [entry, fresh] = bundle.contradictions.try_emplace(numbers);
    if (!fresh || numbers.size() < 2) return entry->second;
    const Bundle& publishes = model().bundle(id);
    for (InputId input = 0; input < most_inputs && model().input(input) != nullptr; ++input) {
        const ExpectedId first = publishes.expected(numbers[0], input);
        const bool contradicted = std::any_of(numbers.begin() + 1, numbers.end(), [&](RevisionNumber number) {
            const ExpectedId other = publishes.expected(number, input);
            return first != not_told && other != not_told && other != first;
        });
        if (contradicted) entry->second.push_back(input);
    }
    return entry->second;
}

void Divergence::finish() {
    for (BundleId id = 0; id < bundles_.size(); ++id) {
        for (kernels::CertainInterval& agent : bundles_[id].agents) {
            if (const auto so_far = agent.close()) add(bundles_[id], *so_far);
        }
        sweep(id, TrueTime::max());
    }
}

Json Divergence::measured() const {
    Json values{{"widest", 0}, {"diverged_ns", 0}, {"contradicted_ns", 0}};
    std::vector<std::pair<Duration, InputId>> inputs;
    std::size_t widest = 0;
    Duration diverged{};
    Duration contradicted{};
    for (BundleId id = 0; id < bundles_.size(); ++id) {
        const PerBundle& bundle = bundles_[id];
        widest = std::max(widest, bundle.widest);
        diverged += bundle.diverged;
        contradicted += bundle.contradicted;
        values["bundles"][model().bundle(id).name()] = {{"widest", bundle.widest},
                                                        {"diverged_ns", bundle.diverged.count()},
                                                        {"contradicted_ns", bundle.contradicted.count()}};
        for (InputId input = 0; input < bundle.by_input.size(); ++input) {
            if (bundle.by_input[input] > Duration::zero()) inputs.emplace_back(bundle.by_input[input], input);
        }
    }
    values["widest"] = widest;
    values["diverged_ns"] = diverged.count();
    values["contradicted_ns"] = contradicted.count();
    std::sort(inputs.begin(), inputs.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    for (std::size_t i = 0; i < inputs.size() && i < inputs_told; ++i) {
        values["inputs"][model().input_name(inputs[i].second)]["contradicted_ns"] = inputs[i].first.count();
    }
    return values;
}

}  // namespace mistrial::checkers
