#include "checkers/lattice.hpp"

#include "core/time.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace mistrial::checkers {

namespace {

/// What one judgement says of a property, claimed or measured.
struct Standing {
    std::int64_t violations = 0;
    std::int64_t obligations = 0;
    std::optional<Duration> within;
    Json agents;   ///< as claimed; null: all
    Json bundles;
    Json values;   ///< of a measured one

    [[nodiscard]] bool holds() const { return violations == 0; }
    [[nodiscard]] bool covers_all() const { return agents.is_null() && bundles.is_null(); }
};

class Results {
  public:
    explicit Results(const Judgement& judgement) : judgement_(judgement) {}

    [[nodiscard]] std::optional<Standing> of(std::string_view property) const {
        for (const ClaimResult& claim : judgement_.claims) {
            if (claim.property != property) continue;
            Standing standing;
            standing.violations = static_cast<std::int64_t>(claim.violations.size());
            standing.obligations = claim.obligations;
            standing.agents = claim.parameters.value("agents", Json());
            standing.bundles = claim.parameters.value("bundles", Json());
            if (const auto within = claim.parameters.find("within"); within != claim.parameters.end() && within->is_string()) {
                if (const auto duration = parse_duration(within->get_ref<const std::string&>())) standing.within = *duration;
            }
            return standing;
        }
        for (const Measured& measured : judgement_.measured) {
            if (measured.property != property) continue;
            Standing standing;
            standing.violations = measured.values.value("violations", std::int64_t{0});
            standing.obligations = measured.obligations;
            standing.values = measured.values;
            return standing;
        }
        return std::nullopt;
    }

    /// A number that was measured; nullopt when it was not.
    [[nodiscard]] std::optional<std::int64_t> number(std::string_view property, const char* name) const {
        for (const Measured& measured : judgement_.measured) {
            if (measured.property != property || !measured.values.contains(name)) continue;
            return measured.values[name].get<std::int64_t>();
        }
        return std::nullopt;
    }

    [[nodiscard]] std::int64_t records(const char* f, const char* type) const {
        const auto by_type = judgement_.counts.find(f);
        return by_type == judgement_.counts.end() ? 0 : by_type->value(type, std::int64_t{0});
    }

    [[nodiscard]] const Judgement& judgement() const { return judgement_; }

  private:
    const Judgement& judgement_;
};

/// Whether the first says something of everything that the second says something of, within a bound no larger.
bool at_least_as_strict(const Standing& first, const Standing& second) {
    const bool same_or_all = (first.agents.is_null() || first.agents == second.agents) &&
                             (first.bundles.is_null() || first.bundles == second.bundles);
    return same_or_all && first.within && second.within && *first.within <= *second.within;
}

/// R0 (properties.md 1.5), without which k and Δ say nothing: nothing was shown that failed, or before it was published.
bool versions_are_ordered(const Results& results) {
    const auto v1 = results.of("revision-validity");
    return v1 && v1->holds() && v1->covers_all();
}

/// k says something of the decisions that were read, so of all where no other was set aside.
bool one_register(const Results& results) {
    return versions_are_ordered(results) && results.number("k-atomicity", "smallest_k") == 1 &&
           results.number("k-atomicity", "no_reads") == 0;
}

// Each row is true when it is kept, or says nothing about this judgement.

bool k_is_1_exactly_when_delta_is_0(const Results& results) {
    const auto k = results.number("k-atomicity", "smallest_k");
    const auto delta = results.number("delta-atomicity", "smallest_delta_ns");
    return !k || !delta || !versions_are_ordered(results) || (*k == 1) == (*delta == 0);
}

bool bounded_staleness_implies_convergence(const Results& results) {
    const auto b1 = results.of("bounded-staleness");
    const auto l1 = results.of("convergence");
    return !b1 || !l1 || !b1->holds() || l1->holds() || !at_least_as_strict(*b1, *l1);
}

/// Where the oracle was asked about every answer: then each showed the revisions behind it, and they are known.
bool fresh_and_correct_implies_agreement(const Results& results) {
    const auto v1 = results.of("revision-validity");
    const auto v3 = results.of("oracle-correctness");
    const auto b1 = results.of("bounded-staleness");
    const auto d1 = results.of("split-brain");
    if (!v1 || !v3 || !b1 || !d1 || d1->holds() || !v1->holds() || !v3->holds() || !b1->holds()) return true;
    const bool all_asked = v1->covers_all() && v3->covers_all() && b1->covers_all() &&
                           v3->obligations == results.records("decide", "ok");
    return !all_asked || !at_least_as_strict(*b1, *d1);
}

/// Decisions are the register's reads; what a status report shows is no read, so it must not be what convicts.
bool one_register_implies_order(const Results& results, std::string_view property) {
    const auto order = results.of(property);
    return !order || order->holds() || !one_register(results) || results.records("status", "info") > 0;
}
bool one_register_implies_monotonic_agents(const Results& results) {
    return one_register_implies_order(results, "monotonic-revisions");
}
bool one_register_implies_monotonic_sessions(const Results& results) {
    return one_register_implies_order(results, "monotonic-reads");
}

bool false_wins_over_unknown_over_true(const Results& results) {
    const Judgement& judgement = results.judgement();
    Validity all = judgement.claims.empty() ? Validity::unknown : Validity::valid;
    for (const ClaimResult& claim : judgement.claims) all = all | claim.validity;
    return all == judgement.validity;
}

bool a_claim_is_false_exactly_when_it_has_violations(const Results& results) {
    const auto& claims = results.judgement().claims;
    return std::all_of(claims.begin(), claims.end(), [](const ClaimResult& claim) {
        return (claim.validity == Validity::invalid) == !claim.violations.empty() &&
               (claim.validity == Validity::unknown) == (claim.reason != Reason::none);
    });
}

bool every_violation_can_be_shown(const Results& results) {
    const auto& claims = results.judgement().claims;
    return std::all_of(claims.begin(), claims.end(), [](const ClaimResult& claim) {
        return std::all_of(claim.violations.begin(), claim.violations.end(), [](const Violation& violation) {
            return violation.count > 0 && violation.from <= violation.to && !violation.witness.empty() &&
                   !violation.summary.empty() && !violation.proof.empty();
        });
    });
}

struct Row {
    std::string_view says;
    bool (*kept)(const Results& results);
};

constexpr std::array rows{
    Row{"k = 1 exactly when Δ = 0 (versions being ordered)", k_is_1_exactly_when_delta_is_0},
    Row{"bounded-staleness implies convergence within the same bound", bounded_staleness_implies_convergence},
    Row{"bounded-staleness, oracle-correctness and revision-validity imply no split-brain", fresh_and_correct_implies_agreement},
    Row{"k = 1 implies monotonic-revisions", one_register_implies_monotonic_agents},
    Row{"k = 1 implies monotonic-reads", one_register_implies_monotonic_sessions},
    Row{"false wins over unknown, unknown over true", false_wins_over_unknown_over_true},
    Row{"a claim is false exactly when it has violations, unknown exactly when it has a reason",
        a_claim_is_false_exactly_when_it_has_violations},
    Row{"every violation has operations, a witness and a proof", every_violation_can_be_shown},
};

}  // namespace

std::vector<std::string> contradictions(const Judgement& judgement) {
    const Results results{judgement};
    std::vector<std::string> found;
    for (const Row& row : rows) {
        if (!row.kept(results)) found.push_back(fmt::format("the checkers contradict each other: {}", row.says));
    }
    return found;
}

}  // namespace mistrial::checkers
