#include "checkers/definitional/definitions.hpp"
#include "checkers/definitional/questions.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

namespace mistrial::checkers::definitional {

namespace {

/// Properties that constrain revisions, in the order in which they are blamed.
const std::array<std::string, 5> constraints{"bounded-staleness", "monotonic-revisions", "monotonic-reads", "token-freshness",
                                             "pinned-snapshot"};

/// An operation about one bundle, and the revisions (nullptr: none) that may be behind it.
struct Variable {
    const Operation* operation;
    std::vector<const Publish*> candidates;
    bool inferred;
};

class Puzzle {
  public:
    Puzzle(const View& view, std::string bundle, Claims claims)
        : view_(view), bundle_(std::move(bundle)), claims_(std::move(claims)) {}

    /// The operations that cannot be explained together with those before them that can. `blamed` gets the property.
    Indexes unexplained(bool inferred_only, const std::function<void(std::uint64_t, const std::string&)>& blamed) const {
        Indexes indexes;
        std::vector<Variable> explained;
        for (const Operation& operation : view_.operations) {
            if (!in_total_order(view_, bundle_, operation)) break;
            Variable variable{&operation, candidates(operation), operation.shown.empty()};
            if (variable.candidates.empty()) continue;
            explained.push_back(variable);
            if (solvable(explained, "")) continue;
            if (!inferred_only || touches_inference(explained)) {
                indexes.insert(operation.index);
                blamed(operation.index, named_for(explained));
            }
            explained.pop_back();
        }
        return indexes;
    }

  private:
    [[nodiscard]] const Claim* claim(const std::string& property) const {
        const auto found = claims_.find(property);
        return found == claims_.end() || !found->second.covers_bundle(bundle_) ? nullptr : &found->second;
    }

    [[nodiscard]] bool applies(const std::string& property, const Operation& operation) const {
        const Claim* made = claim(property);
        if (made == nullptr || !covered(*made, operation)) return false;
        if (property == "monotonic-revisions") return !operation.incarnation.empty();
        if (property == "monotonic-reads") return !operation.session.empty();
        return true;
    }

    /// The first property without whose demand the last operation is explained, else the first that concerns it.
    [[nodiscard]] std::string named_for(const std::vector<Variable>& variables) const {
        std::string first;
        for (const std::string& property : constraints) {
            if (!applies(property, *variables.back().operation)) continue;
            if (solvable(variables, property)) return property;
            if (first.empty()) first = property;
        }
        return first;
    }

    static bool touches_inference(const std::vector<Variable>& variables) {
        return std::any_of(variables.begin(), variables.end(), [](const Variable& one) { return one.inferred; });
    }

    [[nodiscard]] std::vector<const Publish*> candidates(const Operation& operation) const {
        const Publish* shown = nullptr;
        if (revision_of(view_, operation, bundle_, shown)) {
            if (operation.is_status && shown == nullptr) return {};
            return {shown};
        }
        std::vector<std::string> bundles;
        if (operation.is_status || !operation.shown.empty() || !operation.is_verdict || operation.input.empty()) return {};
        const std::string* sole = sole_bundle(view_, operation, bundles);
        if (sole == nullptr || *sole != bundle_) return {};
        std::vector<const Publish*> all;
        bool any = false;
        const auto none = admitted_by_state(view_, {nullptr}, operation.input, std::nullopt);
        if (none.empty() || std::find(none.begin(), none.end(), operation.answer) != none.end()) all.push_back(nullptr);
        for (const Publish& publish : view_.publishes) {
            if (publish.bundle != bundle_ || publish.inv > operation.res) continue;
            any = true;
            // What was read of a publish that failed is no evidence of an order (revision-validity is of aborted reads).
            // Who asked for exactly that one has it, as far as that request goes.
            const bool pinned = claim("pinned-snapshot") != nullptr && named(operation.exactly, operation.res) == &publish;
            if (publish.outcome == history::Type::fail && (!pinned || *publish.res < operation.res)) continue;
            const auto verdicts = admitted(view_, publish, operation.input, std::nullopt);
            if (verdicts.empty() || std::find(verdicts.begin(), verdicts.end(), operation.answer) != verdicts.end()) {
                all.push_back(&publish);
            }
        }
        return any ? all : std::vector<const Publish*>{};
    }

    /// What a request names of this bundle.
    [[nodiscard]] const Publish* named(const std::optional<Json>& asked, TrueTime by) const {
        if (!asked) return nullptr;
        const auto newest = [&](const std::string& bundle, const std::string& revision) {
            const Publish* found = nullptr;
            for (const Publish& publish : view_.publishes) {
                if (publish.bundle == bundle && publish.revision == revision && publish.inv <= by) found = &publish;
            }
            return found;
        };
        if (asked->is_object()) return asked->contains(bundle_) ? newest(bundle_, (*asked)[bundle_].get<std::string>()) : nullptr;
        std::set<std::string> bundles;
        for (const Publish& publish : view_.publishes) {
            if (newest(publish.bundle, asked->get<std::string>()) != nullptr) bundles.insert(publish.bundle);
        }
        return bundles.size() == 1 && bundles.contains(bundle_) ? newest(bundle_, asked->get<std::string>()) : nullptr;
    }

    /// Some choice for every operation respects every claim; the last operation is not held to `without`.
    [[nodiscard]] bool solvable(const std::vector<Variable>& variables, const std::string& without) const {
        std::vector<const Publish*> chosen;
        const std::function<bool()> extend = [&] {
            const std::size_t place = chosen.size();
            if (place == variables.size()) return true;
            const Operation& d = *variables[place].operation;
            const bool last = place + 1 == variables.size();
            const auto demands = [&](const std::string& property) {
                return !(last && property == without) && applies(property, d) && !d.is_status;
            };
            for (const Publish* candidate : variables[place].candidates) {
                bool fits = true;
                for (std::size_t i = 0; i < place && fits; ++i) {
                    const Operation& o = *variables[i].operation;
                    if (!(o.res < d.inv) || chosen[i] == nullptr || !certainly_before(view_, candidate, *chosen[i])) continue;
                    if (variables[i].inferred && chosen[i]->outcome == history::Type::fail) continue;
                    const bool one_life = demands("monotonic-revisions") && applies("monotonic-revisions", o) &&
                                          o.incarnation == d.incarnation;
                    const bool one_session =
                        demands("monotonic-reads") && applies("monotonic-reads", o) && o.session == d.session;
                    fits = !one_life && !one_session;
                }
                if (fits && demands("bounded-staleness")) {
                    const Claim& bound = *claim("bounded-staleness");
                    for (const Publish* floor : due(view_, bundle_, d, *bound.within, bound.excused)) {
                        fits = fits && !certainly_before(view_, candidate, *floor);
                    }
                }
                const bool refused = d.answer == "refused";
                if (const Publish* token = named(d.at_least, d.res); token && !refused && demands("token-freshness")) {
                    fits = fits && !certainly_before(view_, candidate, *token);
                }
                if (const Publish* pin = named(d.exactly, d.res); pin && !refused && demands("pinned-snapshot")) {
                    fits = fits && candidate == pin;
                }
                if (!fits) continue;
                chosen.push_back(candidate);
                if (extend()) return true;
                chosen.pop_back();
            }
            return false;
        };
        return extend();
    }

    const View& view_;
    std::string bundle_;
    Claims claims_;
};

/// What violates the claim by itself, in any bundle: by its own definition, or for lack of an explanation.
Indexes violating_alone(const View& view, const Claim& claim) {
    static const std::map<std::string, Indexes (*)(const View&, const Claim&)> own{
        {"bounded-staleness", bounded_staleness}, {"monotonic-revisions", monotonic_revisions},
        {"monotonic-reads", monotonic_reads},     {"token-freshness", token_freshness},
        {"pinned-snapshot", pinned_snapshot}};
    Indexes indexes = own.at(claim.property)(view, claim);
    if (claim.property == "bounded-staleness") return indexes;
    std::set<std::string> bundles;
    for (const Publish& publish : view.publishes) bundles.insert(publish.bundle);
    for (const std::string& bundle : bundles) {
        indexes.merge(Puzzle{view, bundle, {{claim.property, claim}}}.unexplained(true, [](std::uint64_t, const std::string&) {}));
    }
    return indexes;
}

/// Of what only all of the claims rule out, nothing is told of a property while another is violated by itself at the agent,
/// or at any where sessions tie agents together: from a demand that was not met nothing follows.
bool others_hold(const View& view, const Claims& together, const std::string& property, std::uint64_t index) {
    const auto agent_of = [&](std::uint64_t operation) {
        for (const Operation& one : view.operations) {
            if (one.index == operation) return one.agent;
        }
        return std::string{};
    };
    const bool tied = together.contains("monotonic-reads");
    for (const auto& [name, claim] : together) {
        if (name == property) continue;
        for (const std::uint64_t other : violating_alone(view, claim)) {
            if (tied || agent_of(other) == agent_of(index)) return false;
        }
    }
    return true;
}

}  // namespace

Indexes unexplained(const View& view, const Claim& claim) {
    Indexes indexes;
    if (std::find(constraints.begin(), constraints.end(), claim.property) == constraints.end()) return indexes;
    std::set<std::string> bundles;
    for (const Publish& publish : view.publishes) bundles.insert(publish.bundle);
    for (const std::string& bundle : bundles) {
        const auto nobody = [](std::uint64_t, const std::string&) {};
        // Bounded staleness by itself is freshness.cpp's.
        if (claim.property != "bounded-staleness") {
            indexes.merge(Puzzle{view, bundle, {{claim.property, claim}}}.unexplained(true, nobody));
        }
        if (view.asserted.empty()) continue;
        Claims together;
        Indexes alone;
        for (const std::string& property : constraints) {
            const auto made = view.asserted.find(property);
            if (made == view.asserted.end() || (property == "bounded-staleness" && !made->second.within)) continue;
            together.insert(*made);
            alone.merge(Puzzle{view, bundle, Claims{*made}}.unexplained(false, nobody));
        }
        (void)Puzzle{view, bundle, together}.unexplained(true, [&](std::uint64_t index, const std::string& property) {
            if (property != claim.property || alone.contains(index)) return;
            if (others_hold(view, together, property, index)) indexes.insert(index);
        });
    }
    return indexes;
}

}  // namespace mistrial::checkers::definitional
