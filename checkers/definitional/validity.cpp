#include "checkers/definitional/definitions.hpp"
#include "checkers/definitional/questions.hpp"

#include <algorithm>

namespace mistrial::checkers::definitional {

using history::Type;

namespace {

/// A revision that the claim says a correct agent refuses.
bool must_be_refused(const Publish& publish, const Claim& claim) {
    if (!publish.bad) return false;
    const Json& kind = publish.content["bad"];
    const Json except = claim.parameters.is_object() ? claim.parameters.value("except", Json::array()) : Json::array();
    return except != kind && (!except.is_array() || std::find(except.begin(), except.end(), kind) == except.end());
}

/// The number of the piece of time that a verdict falls into; 0 where it does not depend on time, nothing where that cannot
/// be told.
std::optional<std::size_t> piece_of(const View& view, const Publish& publish, const std::string& input,
                                    std::optional<WallTime> clock) {
    if (!publish.content.is_object() || !publish.content.contains("verdicts")) return 0;
    if (!publish.content["verdicts"].contains(input)) {
        const Publish* base = nullptr;
        for (const Publish& earlier : view.publishes) {
            if (&earlier >= &publish) break;
            if (earlier.bundle == publish.bundle && earlier.revision == publish.content.value("base", Json())) base = &earlier;
        }
        return base == nullptr ? std::optional<std::size_t>{0} : piece_of(view, *base, input, clock);
    }
    const Json& verdict = publish.content["verdicts"][input];
    if (!verdict.is_object() || !verdict.contains("pieces") || verdict["pieces"].size() < 2) return 0;
    if (!clock) return std::nullopt;
    const Duration slack = std::chrono::microseconds{1};
    std::vector<std::size_t> possible;
    for (std::size_t i = 0; i < verdict["pieces"].size(); ++i) {
        const auto until = [&](std::size_t place) {
            return at_nanos<WallTime>(verdict["pieces"][place]["until"].get<std::int64_t>());
        };
        const bool begun = i == 0 || until(i - 1) - slack <= *clock;
        const bool open = i + 1 == verdict["pieces"].size() || *clock < until(i) + slack;
        if (begun && open) possible.push_back(i);
    }
    return possible.size() == 1 ? std::optional(possible[0]) : std::nullopt;
}

}  // namespace

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
        const std::string* bundle = sole_bundle(view, operation, bundles);
        if (bundle == nullptr || !claim.covers_bundle(*bundle)) continue;
        if (explained(view, operation, *bundle, {}) == false) indexes.insert(operation.index);
    }
    return indexes;
}

// V2: no operation shows r in Bad; a verdict without provenance shows one when only bad revisions give it.
Indexes authentic_activation(const View& view, const Claim& claim) {
    Indexes indexes;
    for (const Operation& operation : view.operations) {
        if (!covered(claim, operation)) continue;
        for (const auto& [bundle, shown] : operation.shown) {
            if (shown.state != Shown::State::revision || !claim.covers_bundle(bundle)) continue;
            if (must_be_refused(view.publishes[shown.publish], claim)) indexes.insert(operation.index);
        }
        std::vector<std::string> bundles;
        if (!operation.shown.empty() || !operation.is_verdict || operation.input.empty()) continue;
        const std::string* bundle = sole_bundle(view, operation, bundles);
        if (bundle == nullptr || !claim.covers_bundle(*bundle)) continue;
        const auto gives = [&](const std::vector<std::string>& verdicts) {
            return std::find(verdicts.begin(), verdicts.end(), operation.answer) != verdicts.end();
        };
        bool good = gives(admitted_by_state(view, {nullptr}, operation.input, std::nullopt));
        bool bad = false;
        for (const Publish& publish : view.publishes) {
            if (publish.bundle != *bundle || publish.inv > operation.res) continue;
            if (publish.outcome == Type::fail && *publish.res < operation.res) continue;
            const auto verdicts = admitted(view, publish, operation.input, std::nullopt);
            if (must_be_refused(publish, claim)) {
                bad = bad || gives(verdicts);
            } else {
                good = good || verdicts.empty() || gives(verdicts);
            }
        }
        if (bad && !good) indexes.insert(operation.index);
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
        for (const std::string& bundle : bundles_of(view, operation)) {
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

// V4: (pi, x, piece of time) -> v is a function: decisions of one state and question agree with the first of them.
Indexes determinism(const View& view, const Claim& claim) {
    const bool across = !claim.parameters.is_object() || claim.parameters.value("across_versions", true);
    struct Asked {
        std::string question;
        std::vector<std::pair<const Publish*, std::size_t>> state;
        std::string version;
        std::string answer;
    };
    Indexes indexes;
    std::vector<Asked> firsts;
    for (const Operation& d : view.operations) {
        if (d.is_status || d.input.empty() || d.answer == "refused" || !covered(claim, d)) continue;
        Asked asked{d.path + " " + d.input, {}, "", d.answer};
        bool known = true;
        bool active = false;
        for (const std::string& bundle : bundles_of(view, d)) {
            const Publish* publish = nullptr;
            known = known && claim.covers_bundle(bundle) && revision_of(view, d, bundle, publish);
            if (!known) break;
            const auto piece = publish == nullptr ? std::optional<std::size_t>{0} : piece_of(view, *publish, d.input, d.clock);
            known = piece.has_value();
            active = active || publish != nullptr;
            asked.state.emplace_back(publish, piece.value_or(0));
        }
        if (!known || !active) continue;
        if (!across) {
            const auto version = view.versions.find(d.agent);
            asked.version = version == view.versions.end() ? "of " + d.agent : "version " + version->second;
        }
        const auto first = std::find_if(firsts.begin(), firsts.end(), [&](const Asked& one) {
            return one.question == asked.question && one.state == asked.state && one.version == asked.version;
        });
        if (first == firsts.end()) {
            firsts.push_back(asked);
        } else if (first->answer != asked.answer) {
            indexes.insert(d.index);
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
