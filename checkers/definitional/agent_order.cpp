#include "checkers/definitional/definitions.hpp"
#include "checkers/definitional/questions.hpp"

#include <algorithm>

namespace mistrial::checkers::definitional {

// M1: o, d in one incarnation and o -> d  =>  pi(o) <= pi(d).
Indexes monotonic_revisions(const View& view, const Claim& claim) {
    Indexes indexes;
    for (const Operation& d : view.operations) {
        if (d.is_status || d.incarnation.empty() || !covered(claim, d)) continue;
        for (const Operation& o : view.operations) {
            if (o.incarnation != d.incarnation || !(o.res < d.inv) || !covered(claim, o)) continue;
            for (const auto& [bundle, shown] : d.shown) {
                const Publish* newer = nullptr;
                const Publish* older = nullptr;
                if (!claim.covers_bundle(bundle) || !revision_of(view, d, bundle, older)) continue;
                if (!revision_of(view, o, bundle, newer) || newer == nullptr) continue;
                if (certainly_before(view, older, *newer)) indexes.insert(d.index);
            }
        }
    }
    return indexes;
}

}  // namespace mistrial::checkers::definitional
