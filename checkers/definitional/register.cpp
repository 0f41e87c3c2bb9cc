#include "checkers/definitional/definitions.hpp"
#include "checkers/definitional/questions.hpp"

#include <algorithm>

namespace mistrial::checkers::definitional {

using history::Type;

namespace {

/// What was known to be in force of a bundle before some time, and since when.
struct Known {
    const Publish* publish;
    TrueTime since;
};

/// Reads and acknowledged writes of the bundle's register that were over before `t`.
std::vector<Known> known_before(const View& view, const Claim& claim, const std::string& bundle, TrueTime t) {
    std::vector<Known> known;
    for (const Publish& publish : view.publishes) {
        if (publish.bundle == bundle && !publish.bad && publish.outcome == Type::ok && *publish.res < t) {
            known.push_back({&publish, *publish.res});
        }
    }
    for (const Operation& o : view.operations) {
        const Publish* publish = nullptr;
        if (o.is_status || !covered(claim, o) || !(o.res < t) || !revision_of(view, o, bundle, publish)) continue;
        if (publish == nullptr || publish->bad || effective(*publish) == TrueTime::max()) continue;
        known.push_back({publish, o.res});
    }
    return known;
}

/// Whether the operation is a read of the bundle's register: nothing active, or a revision that took effect. What several
/// authorities publish is no register.
bool reads(const View& view, const Claim& claim, const Operation& d, const std::string& bundle, const Publish*& publish) {
    if (d.is_status || !covered(claim, d) || !claim.covers_bundle(bundle)) return false;
    if (!revision_of(view, d, bundle, publish) || !in_total_order(view, bundle, d)) return false;
    return publish == nullptr || (!publish->bad && effective(*publish) != TrueTime::max());
}

}  // namespace

// B2: d.inv - min { o.res : rev(o) > rev(d), o -> d } <= at_most, where > holds in every order.
Indexes delta_atomicity(const View& view, const Claim& claim) {
    Indexes indexes;
    if (!claim.duration("at_most")) return indexes;
    const Duration at_most = *claim.duration("at_most");
    for (const Operation& d : view.operations) {
        for (const auto& [bundle, shown] : d.shown) {
            const Publish* publish = nullptr;
            if (!reads(view, claim, d, bundle, publish)) continue;
            for (const Known& o : known_before(view, claim, bundle, d.inv)) {
                if (certainly_before(view, publish, *o.publish) && d.inv - o.since > at_most) indexes.insert(d.index);
            }
        }
    }
    return indexes;
}

// B3: 1 + the number of revisions in (rev(d), rev(o)], for every o -> d, is at most k.
Indexes k_atomicity(const View& view, const Claim& claim) {
    Indexes indexes;
    if (!claim.number("at_most")) return indexes;
    const double at_most = *claim.number("at_most");
    for (const Operation& d : view.operations) {
        for (const auto& [bundle, shown] : d.shown) {
            const Publish* publish = nullptr;
            if (!reads(view, claim, d, bundle, publish)) continue;
            for (const Known& o : known_before(view, claim, bundle, d.inv)) {
                if (!certainly_before(view, publish, *o.publish)) continue;
                int k = 1;
                for (const Publish& between : view.publishes) {
                    if (between.bundle != bundle || between.bad || !certainly_before(view, publish, between)) continue;
                    if (&between == o.publish || certainly_before(view, &between, *o.publish)) ++k;
                }
                if (k > at_most) indexes.insert(d.index);
            }
        }
    }
    return indexes;
}

// B5: of the pairs (agent, acknowledged publish), at least `quantile` became visible `within`. Named are the decisions
// that still showed something older.
Indexes visibility(const View& view, const Claim& claim) {
    Indexes late;
    if (!claim.number("quantile") || !claim.within) return late;
    double in_time_or_maybe = 0;
    double pairs = 0;
    std::set<std::pair<std::string, std::string>> tracks;
    for (const Operation& d : view.operations) {
        if (d.is_status || !covered(claim, d)) continue;
        for (const auto& [bundle, shown] : d.shown) {
            if (claim.covers_bundle(bundle)) tracks.insert({d.agent, bundle});
        }
    }
    for (const auto& [agent, bundle] : tracks) {
        std::vector<std::pair<const Operation*, const Publish*>> decisions;
        for (const Operation& d : view.operations) {
            const Publish* publish = nullptr;
            if (d.is_status || d.agent != agent || !revision_of(view, d, bundle, publish)) continue;
            decisions.emplace_back(&d, publish);
        }
        if (decisions.empty()) continue;
        for (const Publish& r : view.publishes) {
            if (r.bundle != bundle || r.bad || r.outcome != Type::ok) continue;
            // Pointers into view.publishes are in the order of publishes, and nothing active is before all of them. Decisions
            // that ended at one instant are concurrent: there is no older one among those that ended with the first.
            const auto shows_it = [&](const auto& one) { return one.second != nullptr && one.second >= &r; };
            const auto found = std::find_if(decisions.begin(), decisions.end(), shows_it);
            const TrueTime before = found == decisions.end() ? TrueTime::max() : found->first->res;
            if (decisions.front().first->res == before) continue;
            const Operation* first = found == decisions.end() ? nullptr : found->first;
            const Operation* last_older = nullptr;
            const Publish* newest_older = nullptr;
            const Publish* of_last_older = nullptr;
            for (const auto& [d, publish] : decisions) {
                if (!(d->res < before)) break;
                const bool with_it = last_older != nullptr && d->inv == last_older->inv;
                if (last_older == nullptr || d->inv > last_older->inv || (with_it && publish < of_last_older)) {
                    last_older = d;
                    of_last_older = publish;
                }
                newest_older = std::max(newest_older, publish);
            }
            const Publish* other = first_of_another_authority(view, bundle);
            if (other != nullptr && before >= other->inv) continue;
            if (first != nullptr && !(*r.res < first->res)) continue;
            const bool certain = certainly_before(view, newest_older, r) && certainly_before(view, of_last_older, r);
            const bool is_late = certain && last_older->inv - *r.res > *claim.within;
            const bool in_time = first != nullptr && first->res - *r.res <= *claim.within;
            const bool excused = std::any_of(view.windows.begin(), view.windows.end(), [&](const Window& window) {
                if (!window.agent.empty() && window.agent != agent) return false;
                if (!window.bundle.empty() && window.bundle != bundle) return false;
                const bool begins_anew = window.restart && *r.res <= window.to && window.to <= *r.res + *claim.within;
                return begins_anew || std::max(window.from, *r.res) < std::min(window.to, *r.res + *claim.within);
            });
            if (is_late && !in_time && excused) continue;
            pairs += 1;
            if (in_time || !is_late) in_time_or_maybe += 1;
            else late.insert(last_older->index);
        }
    }
    return in_time_or_maybe < *claim.number("quantile") * pairs ? late : Indexes{};
}

}  // namespace mistrial::checkers::definitional
