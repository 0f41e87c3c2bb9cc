#include "checkers/definitional/definitions.hpp"
#include "checkers/definitional/questions.hpp"

#include <algorithm>
#include <set>

namespace mistrial::checkers::definitional {

namespace {

/// The newest publish of this name begun by `by`.
const Publish* named_by(const View& view, const std::string& bundle, const std::string& revision, TrueTime by) {
    const Publish* found = nullptr;
    for (const Publish& publish : view.publishes) {
        if (publish.bundle == bundle && publish.revision == revision && publish.inv <= by) found = &publish;
    }
    return found;
}

/// The publishes that somebody names at `by`: {bundle: revision}, or a revision of the only bundle that has it.
std::vector<const Publish*> named(const View& view, const Json& names, TrueTime by) {
    std::vector<const Publish*> found;
    if (names.is_object()) {
        for (const auto& [bundle, revision] : names.items()) {
            if (const Publish* publish = named_by(view, bundle, revision.get<std::string>(), by)) found.push_back(publish);
        }
    } else {
        std::set<std::string> bundles;
        for (const Publish& publish : view.publishes) bundles.insert(publish.bundle);
        for (const std::string& bundle : bundles) {
            if (const Publish* publish = named_by(view, bundle, names.get<std::string>(), by)) found.push_back(publish);
        }
        if (found.size() != 1) found.clear();
    }
    return found;
}

/// Decisions of `view` whose request names revisions that `right` does not find fulfilled.
template <class Right>
Indexes requests(const View& view, const Claim& claim, std::optional<Json> Operation::*asked, const Right& right) {
    Indexes indexes;
    for (const Operation& d : view.operations) {
        if (d.is_status || !(d.*asked) || d.answer == "refused" || !covered(claim, d)) continue;
        for (const Publish* wanted : named(view, *(d.*asked), d.res)) {
            const Publish* shown = nullptr;
            if (!claim.covers_bundle(wanted->bundle) || !revision_of(view, d, wanted->bundle, shown)) continue;
            if (!right(shown, wanted)) indexes.insert(d.index);
        }
    }
    return indexes;
}

}  // namespace

// S1: o, d of one session and o -> d  =>  pi(o) <= pi(d).
Indexes monotonic_reads(const View& view, const Claim& claim) {
    Indexes indexes;
    for (const Operation& d : view.operations) {
        if (d.session.empty() || !covered(claim, d)) continue;
        for (const Operation& o : view.operations) {
            if (o.session != d.session || !(o.res < d.inv) || !covered(claim, o)) continue;
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

// S2: publish(r) of a session acknowledged -> d of that session  =>  pi(d) >= r; a barrier holds the agents it names.
Indexes read_your_publishes(const View& view, const Claim& claim) {
    Indexes indexes;
    for (const Operation& d : view.operations) {
        if (d.is_status || !covered(claim, d)) continue;
        std::vector<const Publish*> due;
        for (const Publish& publish : view.publishes) {
            if (d.session.empty() || publish.session != d.session || publish.outcome != history::Type::ok) continue;
            if (*publish.res < d.inv) due.push_back(&publish);
        }
        for (const Barrier& barrier : view.barriers) {
            if (!(barrier.res < d.inv) || (!barrier.session.empty() && barrier.session != d.session)) continue;
            if (std::find(barrier.agents.begin(), barrier.agents.end(), d.agent) == barrier.agents.end()) continue;
            const auto meant = named(view, Json(barrier.revision), barrier.res);
            due.insert(due.end(), meant.begin(), meant.end());
        }
        for (const Publish* publish : due) {
            const Publish* shown = nullptr;
            if (publish->bad || !claim.covers_bundle(publish->bundle)) continue;
            if (revision_of(view, d, publish->bundle, shown) && certainly_before(view, shown, *publish)) indexes.insert(d.index);
        }
    }
    return indexes;
}

// S3 (i): d carries z  =>  refused, or pi(d) >= z.
Indexes token_freshness(const View& view, const Claim& claim) {
    return requests(view, claim, &Operation::at_least,
                    [&view](const Publish* shown, const Publish* wanted) { return !certainly_before(view, shown, *wanted); });
}

// S4: pin(d) = r  =>  refused, or pi(d) = r.
Indexes pinned_snapshot(const View& view, const Claim& claim) {
    return requests(view, claim, &Operation::exactly,
                    [](const Publish* shown, const Publish* wanted) { return shown == wanted; });
}

// S3 (ii): for all bundles i, j: pi(d)[j] >= dep(pi(d)[i])[j], once that has certainly taken effect; where the state is not known, a probe that only a new enemy
// is allowed is not allowed.
Indexes no_new_enemy(const View& view, const Claim& claim) {
    Indexes indexes;
    for (const Operation& d : view.operations) {
        if (d.is_status || !covered(claim, d)) continue;
        for (const auto& [bundle, ignored] : d.shown) {
            const Publish* newer = nullptr;
            if (!claim.covers_bundle(bundle) || !revision_of(view, d, bundle, newer) || newer == nullptr) continue;
            const Json depends = newer->content.is_object() ? newer->content.value("depends", Json::object()) : Json::object();
            for (const auto& [other, revision] : depends.items()) {
                const Publish* needed = nullptr;
                for (const Publish& publish : view.publishes) {
                    if (&publish < newer && publish.bundle == other && publish.revision == revision) needed = &publish;
                }
                const Publish* shown = nullptr;
                if (needed == nullptr || other == bundle || needed->bad || !revision_of(view, d, other, shown)) continue;
                if (effective(*needed) >= d.inv) continue;
                if (certainly_before(view, shown, *needed)) indexes.insert(d.index);
            }
        }
        const Json special = view.inputs.is_object() ? view.inputs.value(d.input, Json::object()) : Json::object();
        if (!special.contains("new_enemy") || !d.is_verdict || !allows(d.answer)) continue;
        const auto newer_side = special["new_enemy"]["newer"].items().begin();
        const auto older_side = special["new_enemy"]["older"].items().begin();
        const Publish* newer = named_by(view, newer_side.key(), newer_side.value(), d.res);
        const Publish* older = named_by(view, older_side.key(), older_side.value(), d.res);
        const Publish* shown = nullptr;
        if (newer == nullptr || older == nullptr || !claim.covers_bundle(newer->bundle)) continue;
        if (revision_of(view, d, newer->bundle, shown) && revision_of(view, d, older->bundle, shown)) continue;
        if (older->outcome == history::Type::ok && !older->bad && *older->res < newer->inv) indexes.insert(d.index);
    }
    return indexes;
}

}  // namespace mistrial::checkers::definitional
