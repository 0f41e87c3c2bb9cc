#include "checkers/definitional/definitions.hpp"
#include "checkers/definitional/questions.hpp"

#include <algorithm>

namespace mistrial::checkers::definitional {

// L1: from t_a = max(q.res, h_a) + B until the next publish or fault, every decision at a shows R*.
Indexes convergence(const View& view, const Claim& claim) {
    Indexes indexes;
    for (const Operation& d : view.operations) {
        if (d.is_status || !covered(claim, d)) continue;
        for (const auto& [bundle, shown] : d.shown) {
            const Publish* publish = nullptr;
            if (!claim.covers_bundle(bundle) || !revision_of(view, d, bundle, publish)) continue;
            const Publish* newest = nullptr;
            bool publishing = false;
            for (const Publish& other : view.publishes) {
                if (other.bundle != bundle) continue;
                publishing = publishing || (other.inv <= d.res && (!other.res || *other.res >= d.res));
                if (!other.bad && acknowledged(other) < d.res) newest = &other;
            }
            if (newest == nullptr || publishing) continue;
            TrueTime start = acknowledged(*newest);
            bool touched = false;
            for (const Window& window : view.windows) {
                if (!window.agent.empty() && window.agent != d.agent) continue;
                if (!window.bundle.empty() && window.bundle != bundle) continue;
                touched = touched || std::max(window.from, d.inv) < std::min(window.to, d.res) ||
                          (window.from < d.inv && d.inv < window.to) || (window.from < d.res && d.res < window.to) ||
                          (window.restart && d.inv <= window.to && window.to <= d.res);
                if ((window.restart || window.from < window.to) && window.to <= d.inv) start = std::max(start, window.to);
            }
            if (touched || !(d.inv > start + *claim.within)) continue;
            if (certainly_before(view, publish, *newest)) indexes.insert(d.index);
        }
    }
    return indexes;
}

}  // namespace mistrial::checkers::definitional
