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
