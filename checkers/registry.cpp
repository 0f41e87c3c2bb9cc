#include "checkers/registry.hpp"

#include "checkers/agent_order.hpp"
#include "checkers/disagreement.hpp"
#include "checkers/freshness.hpp"
#include "checkers/liveness.hpp"
#include "checkers/posture.hpp"
#include "checkers/validity.hpp"

#include <algorithm>
#include <array>
#include <type_traits>

namespace mistrial::checkers {

namespace {

struct Entry {
    std::string_view property;
    bool needs_within;
    std::unique_ptr<PropertyChecker> (*make)(Model& model, const Claim& claim);
};

/// True when a hook is a function of the checker's own: one that it inherits has PropertyChecker's type.
template <class Operation, class Owner>
constexpr bool overrides(void (Owner::*)(const Operation&)) {
    return !std::is_same_v<Owner, PropertyChecker>;
}

template <class Checker>
std::unique_ptr<PropertyChecker> make(Model& model, const Claim& claim) {
    constexpr int hooks = (overrides<Invocation>(&Checker::on_invocation) ? PropertyChecker::invocations : 0) |
                          (overrides<Decision>(&Checker::on_decision) ? PropertyChecker::decisions : 0) |
                          (overrides<Unanswered>(&Checker::on_unanswered) ? PropertyChecker::unanswered : 0) |
                          (overrides<LogEvent>(&Checker::on_log) ? PropertyChecker::logs : 0);
    auto checker = std::make_unique<Checker>(model, claim);
    checker->hears_only(hooks);
    return checker;
}

constexpr std::array entries{
    Entry{"revision-validity", false, make<RevisionValidity>},
    Entry{"oracle-correctness", false, make<OracleCorrectness>},
    Entry{"atomic-activation", false, make<AtomicActivation>},
    Entry{"monotonic-revisions", false, make<MonotonicRevisions>},
    Entry{"bounded-staleness", true, make<BoundedStaleness>},
    Entry{"split-brain", true, make<SplitBrain>},
    Entry{"convergence", true, make<Convergence>},
    Entry{"fail-closed", false, make<FailClosed>},
};

}  // namespace

std::unique_ptr<PropertyChecker> make_checker(Model& model, const Claim& claim) {
    const auto entry = std::find_if(entries.begin(), entries.end(),
                                    [&](const Entry& one) { return one.property == claim.property; });
    if (entry == entries.end() || (entry->needs_within && !claim.within)) return nullptr;
    return entry->make(model, claim);
}

}  // namespace mistrial::checkers
