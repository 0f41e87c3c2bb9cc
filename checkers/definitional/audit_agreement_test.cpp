#include "checkers/definitional/definition.hpp"
#include "checkers/definitional/second_opinion.hpp"
#include "checkers/testing/effort.hpp"
#include "checkers/testing/random_audit_history.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

/// Properties of decision logs and of clocks against their definitions, on small random histories.
namespace mistrial::checkers {
namespace {

using namespace testing;
using Hits = std::map<std::string, std::set<std::uint64_t>>;

std::string list(const std::set<std::uint64_t>& indexes) { return fmt::format("{{{}}}", fmt::join(indexes, ", ")); }

/// What the checkers and the definitions say differently; empty when they agree. Counts what was found.
std::string disagreement(const RandomHistory& history, std::map<std::string, int>* found = nullptr) {
    const std::vector<history::Record> records = history.build();
    Hits hits;
    Suite::Options options;
    options.claims = history.claims;
    options.on_hit = [&](std::string_view property, std::uint64_t index) { hits[std::string(property)].insert(index); };
    const Result<Judgement> judgement = judge(records, options);
    if (!judgement) return {};  // left out too much: not a history any more
    const definitional::View view = definitional::view_of(records);
    for (const auto& [property, claim] : history.claims) {
        const std::set<std::uint64_t> defined = definitional::violating(view, claim);
        const bool invalid = testing::claim(*judgement, property).validity == Validity::invalid;
        if (found != nullptr && invalid) ++(*found)[property];
        const std::string both = fmt::format("{}: checker {} {}, definition {}", property, invalid ? "FAIL" : "no",
                                             list(hits[property]), list(defined));
        if (invalid == hits[property].empty()) return both;
        if (property == "clock-coherence") {
            // Each operation may choose its instant anew against every other one: the checker finds most, and invents none.
            if (invalid && defined.empty()) return both;
            if (found != nullptr && !defined.empty()) ++(*found)["clock-coherence (defined)"];
        } else if (hits[property] != defined) {
            return both;
        }
    }
    definitional::SecondOpinion opinion{*judgement};
    for (const history::Record& record : records) opinion.on(record);
    const auto disagreements = opinion.disagreements();
    return disagreements.empty() ? std::string{} : disagreements.front();
}

RC_GTEST_PROP(AuditCheckers, NameTheOperationsThatTheDefinitionsName, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    const std::int64_t histories = effort(40);
    for (std::int64_t i = 0; i < histories; ++i) {
        const RandomHistory history = random_audit_history(RandomSequence{RandomStream{seed, std::to_string(i), "audit"}});
        if (disagreement(history).empty()) continue;
        const RandomHistory smallest =
            shrink(history, [](const RandomHistory& rest) { return !disagreement(rest).empty(); });
        RC_FAIL(fmt::format("{}\n{}", disagreement(smallest), show(smallest)));
    }
}

TEST(AuditCheckers, AreGivenHistoriesThatViolateEachOfThem) {
    std::map<std::string, int> found;
    for (int i = 0; i < 400; ++i) {
        (void)disagreement(random_audit_history(RandomSequence{RandomStream{1, std::to_string(i), "audit"}}), &found);
    }
    for (const char* property : {"log-completeness", "log-integrity", "clock-justified", "clock-coherence"}) {
        EXPECT_GT(found[property], 20) << property;
    }
    EXPECT_GT(found["clock-coherence"] * 10, found["clock-coherence (defined)"] * 9);
}

}  // namespace
}  // namespace mistrial::checkers
