#include "checkers/definitional/definitions.hpp"
#include "checkers/definitional/questions.hpp"

#include <algorithm>

namespace mistrial::checkers::definitional {

// B1: pi(d) >= req_a(d.inv).
Indexes bounded_staleness(const View& view, const Claim& claim) {
    Indexes indexes;
    for (const Operation& d : view.operations) {
        if (d.is_status || !covered(claim, d)) continue;
        for (const auto& [bundle, shown] : d.shown) {
            const Publish* publish = nullptr;
            if (!claim.covers_bundle(bundle) || !revision_of(view, d, bundle, publish)) continue;
            const auto floors = due(view, bundle, d, *claim.within, claim.excused);
            if (std::any_of(floors.begin(), floors.end(), [&](const Publish* f) { return certainly_before(view, publish, *f); })) {
                indexes.insert(d.index);
            }
        }
        std::vector<std::string> bundles;
        if (!d.shown.empty() || !d.is_verdict || d.input.empty()) continue;
        const std::string* bundle = sole_bundle(view, d, bundles);
        if (bundle == nullptr || !claim.covers_bundle(*bundle)) continue;
        const auto floors = due(view, *bundle, d, *claim.within, claim.excused);
        if (!floors.empty() && explained(view, d, *bundle, floors) == false && explained(view, d, *bundle, {}) == true) {
            indexes.insert(d.index);
        }
    }
    return indexes;
}

}  // namespace mistrial::checkers::definitional
