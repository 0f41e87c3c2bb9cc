#include "checkers/registry.hpp"

#include "checkers/agent_order.hpp"
#include "checkers/atomicity.hpp"
#include "checkers/audit_log.hpp"
#include "checkers/authenticity.hpp"
#include "checkers/availability.hpp"
#include "checkers/clocks.hpp"
#include "checkers/determinism.hpp"
#include "checkers/disagreement.hpp"
#include "checkers/divergence.hpp"
#include "checkers/durability.hpp"
#include "checkers/forks.hpp"
#include "checkers/freshness.hpp"
#include "checkers/linearizability.hpp"
#include "checkers/liveness.hpp"
#include "checkers/posture.hpp"
#include "checkers/requests.hpp"
#include "checkers/revision_order.hpp"
#include "checkers/sessions.hpp"
#include "checkers/source_order.hpp"
#include "checkers/status_truth.hpp"
#include "checkers/validity.hpp"
#include "checkers/visibility.hpp"

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
    auto checker = std::make_unique<Checker>(model, claim);
    checker->hears_only({.invocation = overrides<Invocation>(&Checker::on_invocation),
                         .decision = overrides<Decision>(&Checker::on_decision),
                         .unanswered = overrides<Unanswered>(&Checker::on_unanswered),
                         .log = overrides<LogEvent>(&Checker::on_log)});
    return checker;
}

constexpr std::array entries{
    Entry{"revision-validity", false, make<RevisionValidity>},
    Entry{"authentic-activation", false, make<AuthenticActivation>},
    Entry{"oracle-correctness", false, make<OracleCorrectness>},
    Entry{"determinism", false, make<Determinism>},
    Entry{"atomic-activation", false, make<AtomicActivation>},
    Entry{"publish-order", false, make<PublishOrder>},
    Entry{"fork-freedom", false, make<ForkFreedom>},
    Entry{"no-lost-publish", false, make<NoLostPublish>},
    Entry{"monotonic-revisions", false, make<MonotonicRevisions>},
    Entry{"source-fidelity", false, make<SourceFidelity>},
    Entry{"durable-monotonicity", false, make<DurableMonotonicity>},
    Entry{"monotonic-reads", false, make<MonotonicReads>},
    Entry{"read-your-publishes", false, make<ReadYourPublishes>},
    Entry{"no-new-enemy", false, make<NoNewEnemy>},
    Entry{"token-freshness", false, make<TokenFreshness>},
    Entry{"pinned-snapshot", false, make<PinnedSnapshot>},
    Entry{"bounded-staleness", true, make<BoundedStaleness>},
    Entry{"linearizability", false, make<Linearizability>},
    Entry{"split-brain", true, make<SplitBrain>},
    Entry{"convergence", true, make<Convergence>},
    Entry{"fail-closed", false, make<FailClosed>},
    Entry{"delta-atomicity", false, make<DeltaAtomicity>},
    Entry{"k-atomicity", false, make<KAtomicity>},
    Entry{"visibility", false, make<Visibility>},
    Entry{"divergence", false, make<Divergence>},
    Entry{"progress", false, make<Progress>},
    Entry{"availability", false, make<Availability>},
    Entry{"status-truth", false, make<StatusTruth>},
    Entry{"status-freshness", false, make<StatusFreshness>},
    Entry{"health-truth", false, make<HealthTruth>},
    Entry{"log-completeness", false, make<LogCompleteness>},
    Entry{"log-integrity", false, make<LogIntegrity>},
    Entry{"log-order", false, make<LogOrder>},
    Entry{"clock-justified", false, make<ClockJustified>},
    Entry{"clock-coherence", false, make<ClockCoherence>},
    Entry{"clock-exposure", false, make<ClockExposure>},
};

}  // namespace

std::unique_ptr<PropertyChecker> make_checker(Model& model, const Claim& claim) {
    const auto entry = std::find_if(entries.begin(), entries.end(),
                                    [&](const Entry& one) { return one.property == claim.property; });
    if (entry == entries.end() || (entry->needs_within && !claim.within)) return nullptr;
    return entry->make(model, claim);
}

}  // namespace mistrial::checkers
