#include "checkers/definitional/definitions.hpp"
#include "checkers/definitional/questions.hpp"

#include <algorithm>

namespace mistrial::checkers::definitional {

using history::Type;

// V1: for every revision r that an operation shows: publish(r) exists, did not fail, publish(r).inv <= o.res, and its
// delivery to the agent had begun.
Indexes revision_validity(const View& view, const Claim& claim) {
    Indexes indexes;
    for (const Operation& operation : view.operations) {
        if (!covered(claim, operation)) continue;
        for (const auto& [bundle, shown] : operation.shown) {
            if (!claim.covers_bundle(bundle)) continue;
            if (shown.state == Shown::State::unpublished) {
                const Publish* later = find_publish(view, bundle, shown.text);
                if (later == nullptr || later->inv > operation.res) indexes.insert(operation.index);
            }
            if (shown.state != Shown::State::revision) continue;
            const Publish& publish = view.publishes[shown.publish];
            if (publish.outcome == Type::fail) indexes.insert(operation.index);
            bool tracked = false;
            bool delivered = false;
            for (const history::Serve& serve : view.deliveries) {
                if (serve.agent != operation.agent) continue;
                tracked = true;
                delivered = delivered || (serve.bundle == bundle && serve.revision == publish.revision &&
                                          serve.began <= operation.res);
            }
            if (const auto agent = view.persisted.find(operation.agent); agent != view.persisted.end()) {
                if (const auto kept = agent->second.find(bundle); kept != agent->second.end()) {
                    delivered = delivered || std::find(kept->second.begin(), kept->second.end(), publish.revision) !=
                                                 kept->second.end();
                }
            }
            if (tracked && !delivered) indexes.insert(operation.index);
        }
        std::vector<std::string> bundles;
        if (!operation.shown.empty() || !operation.is_verdict || operation.input.empty()) continue;
        const std::string* bundle = sole_bundle(view, operation.input, bundles);
        if (bundle == nullptr || !claim.covers_bundle(*bundle)) continue;
        if (explained(view, operation, *bundle, {}) == false) indexes.insert(operation.index);
    }
    return indexes;
}

// V3: v(d) = O(pi(d), x, tau).
Indexes oracle_correctness(const View& view, const Claim& claim) {
    Indexes indexes;
    for (const Operation& operation : view.operations) {
        if (operation.is_status || operation.input.empty() || operation.answer == "refused") continue;
        if (!covered(claim, operation)) continue;
        std::vector<const Publish*> state;
        bool known = true;
        for (const std::string& bundle : bundles_of(view, operation.input)) {
            const Publish* publish = nullptr;
            known = known && revision_of(view, operation, bundle, publish);
            state.push_back(publish);
        }
        if (!known) continue;
        const auto right = admitted_by_state(view, state, operation.input, operation.clock);
        if (!right.empty() && std::find(right.begin(), right.end(), operation.answer) == right.end()) {
            indexes.insert(operation.index);
        }
    }
    return indexes;
}

// V5: all markers of a bundle belong to one revision; the revision that the agent reports is that one.
Indexes atomic_activation(const View& view, const Claim& claim) {
    Indexes indexes;
    for (const Operation& operation : view.operations) {
        if (operation.is_status || !covered(claim, operation)) continue;
        for (const auto& [bundle, shown] : operation.shown) {
            const bool switches_together =
                view.atomic.empty() || std::any_of(view.atomic.begin(), view.atomic.end(), [&](const auto& group) {
                    return std::find(group.begin(), group.end(), bundle) != group.end();
                });
            if (!shown.by_markers || !switches_together || !claim.covers_bundle(bundle)) continue;
            if (shown.state == Shown::State::torn && (shown.markers >= 2 || shown.reported)) indexes.insert(operation.index);
            if (!shown.reported || shown.state == Shown::State::torn) continue;
            if (shown.state == Shown::State::ambiguous) {
                indexes.insert(operation.index);  // none of the revisions that show these markers is the one reported
                continue;
            }
            const std::string enforced =
                shown.state == Shown::State::revision ? view.publishes[shown.publish].revision : shown.text;
            const auto nothing = [](const std::string& text) { return text.empty() || text == "-"; };
            if (*shown.reported != enforced && !(nothing(*shown.reported) && nothing(enforced))) {
                indexes.insert(operation.index);
            }
        }
    }
    return indexes;
}

}  // namespace mistrial::checkers::definitional
