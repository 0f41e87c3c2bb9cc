#include "checkers/testing/soak.hpp"

#include "checkers/checker.hpp"
#include "checkers/lattice.hpp"

namespace mistrial::checkers::testing {

void Soak::judge(const ValidHistory& history) {
    constexpr std::size_t most_accusations = 5;
    const auto accuse = [&](const std::string& what) {
        ++failures;
        if (accusations.size() >= most_accusations) return;
        accusations.push_back(fmt::format("seed {}, {} operations: {}", history.seed, history.operations, what));
    };
    Suite suite;
    std::string refused;
    operations += history.generate([&](const history::Record& record, const Truth*) {
        if (!refused.empty()) return;
        if (const Result<> fed = suite.on(record); !fed) refused = fed.error().message;
    });
    ++histories;
    if (!refused.empty()) return accuse("refused: " + refused);
    const Judgement judgement = suite.finish();
    for (const std::string& contradiction : contradictions(judgement)) accuse(contradiction);
    for (const ClaimResult& result : judgement.claims) {
        Claimed& claimed = claims[result.property];
        claimed.obligations += result.obligations;
        ++(result.validity == Validity::valid ? claimed.valid : result.validity == Validity::unknown ? claimed.unknown : claimed.failed);
        for (const Violation& violation : result.violations) accuse(result.property + ": " + violation.summary);
    }
}

std::string Soak::report() const {
    std::string text;
    for (const std::string& accusation : accusations) text += accusation + "\n";
    text += fmt::format("{:<24} {:>9} {:>9} {:>7} {:>14}\n", "claim", "valid", "unknown", "FAIL", "obligations");
    for (const auto& [name, claimed] : claims) {
        text += fmt::format("{:<24} {:>9} {:>9} {:>7} {:>14}\n", name, claimed.valid, claimed.unknown, claimed.failed,
                            claimed.obligations);
    }
    return text + fmt::format("{} operations, {} seeds, {} FAILs\n", operations, histories, failures);
}

}  // namespace mistrial::checkers::testing
