#include "checkers/definitional/questions.hpp"

#include <algorithm>

namespace mistrial::checkers::definitional {

using history::Type;

bool revision_of(const View& view, const Operation& operation, const std::string& bundle, const Publish*& publish) {
    const auto shown = operation.shown.find(bundle);
    if (shown == operation.shown.end()) return false;
    if (shown->second.state != Shown::State::revision && shown->second.state != Shown::State::nothing) return false;
    publish = shown->second.state == Shown::State::nothing ? nullptr : &view.publishes[shown->second.publish];
    return true;
}

bool covered(const Claim& claim, const Operation& operation) { return claim.covers_agent(operation.agent); }

const std::string* sole_bundle(const View& view, const Operation& operation, std::vector<std::string>& bundles) {
    const Json special = view.inputs.is_object() ? view.inputs.value(operation.input, Json::object()) : Json::object();
    bundles = bundles_of(view, operation);
    return special.contains("combine") || bundles.size() != 1 ? nullptr : &bundles[0];
}

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
        if (std::any_of(floors.begin(), floors.end(), [&](const Publish* f) { return certainly_before(view, &publish, *f); })) {
            continue;
        }
        const auto verdicts = admitted(view, publish, operation.input, std::nullopt);
        if (verdicts.empty()) silent = true;
        if (std::find(verdicts.begin(), verdicts.end(), operation.answer) != verdicts.end()) return true;
    }
    return silent || !any ? std::nullopt : std::optional(false);
}

std::vector<const Publish*> due(const View& view, const std::string& bundle, const Operation& d, Duration within,
                                bool faults_excuse) {
    std::vector<const Publish*> floors;
    for (const Publish& publish : view.publishes) {
        if (publish.bundle != bundle || publish.bad) continue;
        if (deadline(view, publish, d.agent, d.res, within, faults_excuse) < d.inv) floors.push_back(&publish);
    }
    return floors;
}

const Publish* first_of_another_authority(const View& view, const std::string& bundle) {
    const Publish* first = nullptr;
    for (const Publish& publish : view.publishes) {
        if (publish.bundle != bundle) continue;
        if (first == nullptr) first = &publish;
        if (publish.authority != first->authority) return &publish;
    }
    return nullptr;
}

bool in_total_order(const View& view, const std::string& bundle, const Operation& operation) {
    const Publish* other = first_of_another_authority(view, bundle);
    return other == nullptr || operation.index < other->index;
}

}  // namespace mistrial::checkers::definitional
