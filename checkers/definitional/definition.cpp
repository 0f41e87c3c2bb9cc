#include "checkers/definitional/definition.hpp"

#include <algorithm>
#include <map>

namespace mistrial::checkers::definitional {

namespace {

using history::Type;
using Indexes = std::set<std::uint64_t>;

/// What an operation shows of a bundle, as a publish (nullptr: nothing active); false when it shows no revision.
bool revision_of(const View& view, const Operation& operation, const std::string& bundle, const Publish*& publish) {
    const auto shown = operation.shown.find(bundle);
    if (shown == operation.shown.end()) return false;
    if (shown->second.state != Shown::State::revision && shown->second.state != Shown::State::nothing) return false;
    publish = shown->second.state == Shown::State::nothing ? nullptr : &view.publishes[shown->second.publish];
    return true;
}

bool covered(const Claim& claim, const Operation& operation) { return claim.covers_agent(operation.agent); }

/// The single bundle that decides an input alone; nullptr when several do.
const std::string* sole_bundle(const View& view, const std::string& input, std::vector<std::string>& bundles) {
    const Json special = view.inputs.is_object() ? view.inputs.value(input, Json::object()) : Json::object();
    bundles = bundles_of(view, input);
    return special.contains("combine") || bundles.size() != 1 ? nullptr : &bundles[0];
}

/// Whether some revision begun by `by`, and not certainly older than all of `floors`, admits the answer. Empty when a
/// revision is silent about the input.
std::optional<bool> explained(const View& view, const Operation& operation, const std::string& bundle,
                              const std::vector<const Publish*>& floors) {
    bool silent = false;
    bool any = false;
    if (floors.empty()) {
        const auto none = admitted_by_state(view, {nullptr}, operation.input, std::nullopt);
        if (std::find(none.begin(), none.end(), operation.answer) != none.end()) return true;
    }
    for (const Publish& publish : view.publishes) {
        if (publish.bundle != bundle || publish.inv > operation.res) continue;
        any = true;
        if (publish.outcome == Type::fail && *publish.res < operation.res) continue;
        if (std::any_of(floors.begin(), floors.end(), [&](const Publish* f) { return certainly_before(&publish, *f); })) {
            continue;
        }
        const auto verdicts = admitted(view, publish, operation.input, std::nullopt);
        if (verdicts.empty()) silent = true;
        if (std::find(verdicts.begin(), verdicts.end(), operation.answer) != verdicts.end()) return true;
    }
    return silent || !any ? std::nullopt : std::optional(false);
}

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
        if (bundle != nullptr && explained(view, operation, *bundle, {}) == false) indexes.insert(operation.index);
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
                if (certainly_before(older, *newer)) indexes.insert(d.index);
            }
        }
    }
    return indexes;
}

/// The revisions of a bundle that must be enforced at an agent by a decision that begins at `t`: D_a(r) < t.
std::vector<const Publish*> due(const View& view, const std::string& bundle, const std::string& agent, TrueTime t,
                                Duration within, bool faults_excuse) {
    std::vector<const Publish*> floors;
    for (const Publish& publish : view.publishes) {
        if (publish.bundle != bundle || publish.bad) continue;
        if (deadline(view, publish, agent, t, within, faults_excuse) < t) floors.push_back(&publish);
    }
    return floors;
}

// B1: pi(d) >= req_a(d.inv).
Indexes bounded_staleness(const View& view, const Claim& claim) {
    Indexes indexes;
    for (const Operation& d : view.operations) {
        if (d.is_status || !covered(claim, d)) continue;
        for (const auto& [bundle, shown] : d.shown) {
            const Publish* publish = nullptr;
            if (!claim.covers_bundle(bundle) || !revision_of(view, d, bundle, publish)) continue;
            const auto floors = due(view, bundle, d.agent, d.inv, *claim.within, claim.excused);
            if (std::any_of(floors.begin(), floors.end(), [&](const Publish* f) { return certainly_before(publish, *f); })) {
                indexes.insert(d.index);
            }
        }
        std::vector<std::string> bundles;
        if (!d.shown.empty() || !d.is_verdict || d.input.empty()) continue;
        const std::string* bundle = sole_bundle(view, d.input, bundles);
        if (bundle == nullptr || !claim.covers_bundle(*bundle)) continue;
        const auto floors = due(view, *bundle, d.agent, d.inv, *claim.within, claim.excused);
        if (!floors.empty() && explained(view, d, *bundle, floors) == false && explained(view, d, *bundle, {}) == true) {
            indexes.insert(d.index);
        }
    }
    return indexes;
}

/// The one answer that everything which may still be enforced at the agent gives to the input, with the place of the
/// publish since which it holds; nothing while the input is not settled there.
struct Settled {
    bool is = false;
    std::vector<std::size_t> since;
    friend bool operator==(const Settled&, const Settled&) = default;
};

Settled settled(const View& view, const Operation& d, Duration within) {
    Settled settled;
    for (const std::string& bundle : bundles_of(view, d.input)) {
        std::vector<const Publish*> begun;
        for (const Publish& publish : view.publishes) {
            if (publish.bundle == bundle && publish.inv <= d.res) begun.push_back(&publish);
        }
        if (begun.empty()) continue;
        const auto floors = due(view, bundle, d.agent, d.inv, within, true);
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
            if (other >= floor || certainly_before(other, *floor)) continue;
            if (other->outcome == Type::fail && *other->res < d.res) continue;
            const auto mine = admitted(view, *other, d.input, std::nullopt);
            if (mine.empty() || mine != verdict) return {};
        }
        settled.since.push_back(since);
    }
    settled.is = !settled.since.empty();
    return settled;
}

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
                if (!other.bad && acknowledged(other) <= d.res) newest = &other;
            }
            if (newest == nullptr || publishing) continue;
            TrueTime start = acknowledged(*newest);
            bool touched = false;
            for (const Window& window : view.windows) {
                if (!window.agent.empty() && window.agent != d.agent) continue;
                if (!window.bundle.empty() && window.bundle != bundle) continue;
                touched = touched || std::max(window.from, d.inv) < std::min(window.to, d.res) ||
                          (window.from < d.inv && d.inv < window.to) || (window.from < d.res && d.res < window.to);
                if (window.from < window.to && window.to <= d.inv) start = std::max(start, window.to);
            }
            if (touched || !(d.inv > start + *claim.within)) continue;
            if (certainly_before(publish, *newest)) indexes.insert(d.index);
        }
    }
    return indexes;
}

// A2: PEP(outcome) = allow  =>  some revision begun by then may allow x; nothing is allowed under no revision.
Indexes fail_closed(const View& view, const Claim& claim) {
    Indexes indexes;
    for (const Operation& d : view.operations) {
        if (d.is_status || !covered(claim, d)) continue;
        const bool verdict_allows = d.is_verdict && allows(d.answer);
        const std::string mapped = d.is_verdict               ? (verdict_allows ? "allow" : "deny")
                                   : d.answer == "undefined" ? claim.parameters.value("undefined", "deny")
                                                              : claim.parameters.value("error", "deny");
        const bool cold = !d.shown.empty() && std::all_of(d.shown.begin(), d.shown.end(), [](const auto& shown) {
            return shown.second.state == Shown::State::nothing;
        });
        if (cold && verdict_allows) indexes.insert(d.index);
        if (mapped != "allow" || d.input.empty()) continue;
        const Json special = view.inputs.is_object() ? view.inputs.value(d.input, Json::object()) : Json::object();
        bool may = special.contains("combine");
        std::vector<std::string> bundles;
        if (const std::string* bundle = sole_bundle(view, d.input, bundles)) {
            bool told = false;
            for (const Publish& publish : view.publishes) {
                if (publish.bundle != *bundle || publish.inv > d.res) continue;
                const auto verdicts = admitted(view, publish, d.input, std::nullopt);
                told = told || !verdicts.empty();
                if (publish.bad || (publish.outcome == Type::fail && *publish.res < d.res)) continue;
                may = may || verdicts.empty() || std::any_of(verdicts.begin(), verdicts.end(), allows);
            }
            may = may || !told;
        } else {
            may = true;
        }
        if (special.value("canary", "") == "deny") may = false;
        if (!may) indexes.insert(d.index);
    }
    return indexes;
}

using Definition = Indexes (*)(const View&, const Claim&);

const std::map<std::string, Definition>& definitions() {
    static const std::map<std::string, Definition> all{
        {"revision-validity", revision_validity},   {"oracle-correctness", oracle_correctness},
        {"atomic-activation", atomic_activation},   {"monotonic-revisions", monotonic_revisions},
        {"bounded-staleness", bounded_staleness},   {"split-brain", split_brain},
        {"convergence", convergence},               {"fail-closed", fail_closed},
    };
    return all;
}

}  // namespace

std::set<std::uint64_t> violating(const View& view, const Claim& claim) {
    const auto definition = definitions().find(claim.property);
    return definition == definitions().end() ? Indexes{} : definition->second(view, claim);
}

bool is_defined(const std::string& property) { return definitions().contains(property); }

}  // namespace mistrial::checkers::definitional
