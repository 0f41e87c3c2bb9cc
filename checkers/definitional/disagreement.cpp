#include "checkers/definitional/definitions.hpp"
#include "checkers/definitional/questions.hpp"

#include <algorithm>

namespace mistrial::checkers::definitional {

using history::Type;

namespace {

/// The one answer that everything which may still be enforced at the agent gives to the input, with the place of the
/// publish since which it holds; nothing while the input is not settled there.
struct Settled {
    bool is = false;
    std::vector<std::size_t> since;
    friend bool operator==(const Settled&, const Settled&) = default;
};

Settled settled(const View& view, const Operation& d, Duration within) {
    Settled settled;
    for (const std::string& bundle : bundles_of(view, d)) {
        std::vector<const Publish*> begun;
        for (const Publish& publish : view.publishes) {
            if (publish.bundle == bundle && publish.inv <= d.res) begun.push_back(&publish);
        }
        if (begun.empty()) continue;
        const auto floors = due(view, bundle, d, within, true);
        if (floors.empty()) return {};
        const Publish* floor = floors.back();
        const auto verdict = admitted(view, *floor, d.input, std::nullopt);
        if (verdict.size() > 1) return {};
        // The newest publish that changes the verdict (every publish does, where the oracle is silent).
        std::size_t since = 0;
        for (std::size_t i = 0; i < begun.size(); ++i) {
            const auto mine = admitted(view, *begun[i], d.input, std::nullopt);
            if (i == 0 || mine.empty() || mine != admitted(view, *begun[i - 1], d.input, std::nullopt)) {
                since = static_cast<std::size_t>(begun[i] - view.publishes.data());
            }
        }
        if (&view.publishes[since] > floor) return {};
        for (const Publish* other : begun) {
            if (other >= floor || certainly_before(view, other, *floor)) continue;
            if (other->outcome == Type::fail && *other->res < d.res) continue;
            const auto mine = admitted(view, *other, d.input, std::nullopt);
            if (mine.empty() || mine != verdict) return {};
        }
        settled.since.push_back(since);
    }
    settled.is = !settled.since.empty();
    return settled;
}

}  // namespace

// D1: two decisions on x settled on the same publish agree. Of a pair, the one that ended later is named.
Indexes split_brain(const View& view, const Claim& claim) {
    Indexes indexes;
    std::vector<std::pair<const Operation*, Settled>> decisions;
    for (const Operation& d : view.operations) {
        if (d.is_status || d.input.empty() || d.answer == "refused" || !covered(claim, d)) continue;
        const Settled mine = settled(view, d, *claim.within);
        if (!mine.is) continue;
        for (const auto& [other, theirs] : decisions) {
            if (other->input == d.input && theirs == mine && other->answer != d.answer) indexes.insert(d.index);
        }
        decisions.emplace_back(&d, mine);
    }
    return indexes;
}

}  // namespace mistrial::checkers::definitional
