#include "checkers/definitional/definition.hpp"

#include "checkers/definitional/definitions.hpp"

#include <map>

namespace mistrial::checkers::definitional {

namespace {

using Definition = Indexes (*)(const View&, const Claim&);

const std::map<std::string, Definition>& definitions() {
    static const std::map<std::string, Definition> all{
        {"revision-validity", revision_validity},   {"oracle-correctness", oracle_correctness},
        {"atomic-activation", atomic_activation},   {"monotonic-revisions", monotonic_revisions},
        {"bounded-staleness", bounded_staleness},   {"split-brain", split_brain},
        {"linearizability", linearizability},
        {"convergence", convergence},               {"fail-closed", fail_closed},
        {"authentic-activation", authentic_activation}, {"determinism", determinism},
        {"publish-order", publish_order},           {"fork-freedom", fork_freedom},
        {"no-lost-publish", no_lost_publish},
        {"delta-atomicity", delta_atomicity},       {"k-atomicity", k_atomicity},
        {"visibility", visibility},                 {"progress", progress},
        {"availability", availability},             {"status-truth", status_truth},
        {"status-freshness", status_freshness},     {"health-truth", health_truth},
        {"monotonic-reads", monotonic_reads},       {"read-your-publishes", read_your_publishes},
        {"token-freshness", token_freshness},       {"pinned-snapshot", pinned_snapshot},
        {"no-new-enemy", no_new_enemy},             {"source-fidelity", source_fidelity},
        {"durable-monotonicity", durable_monotonicity},
        {"log-completeness", log_completeness},     {"log-integrity", log_integrity},
        {"clock-justified", clock_justified},       {"clock-coherence", clock_coherence},
    };
    return all;
}

}  // namespace

std::set<std::uint64_t> violating(const View& view, const Claim& claim) {
    const auto definition = definitions().find(claim.property);
    if (definition == definitions().end()) return {};
    Indexes indexes = definition->second(view, claim);
    indexes.merge(unexplained(view, claim));
    return indexes;
}

bool is_defined(const std::string& property) { return definitions().contains(property); }

}  // namespace mistrial::checkers::definitional
