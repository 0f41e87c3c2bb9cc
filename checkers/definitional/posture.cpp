#include "checkers/definitional/definitions.hpp"
#include "checkers/definitional/questions.hpp"

#include <algorithm>

namespace mistrial::checkers::definitional {

using history::Type;

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
        if (const std::string* bundle = sole_bundle(view, d, bundles)) {
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

}  // namespace mistrial::checkers::definitional
