#include "checkers/definitional/definition.hpp"
#include "checkers/definitional/second_opinion.hpp"
#include "checkers/testing/random_history.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

/// Streaming checkers against the definitions, on small random histories: they name the same operations.
namespace mistrial::checkers {
namespace {

using namespace testing;
using Hits = std::map<std::string, std::set<std::uint64_t>>;

struct Outcome {
    Judgement judgement;
    Hits hits;
};

Result<Outcome> run(const RandomHistory& history, const std::vector<history::Record>& records) {
    Outcome outcome;
    Suite::Options options;
    options.claims = history.claims;
    options.on_hit = [&](std::string_view property, std::uint64_t index) {
        outcome.hits[std::string(property)].insert(index);
    };
    Result<Judgement> judgement = judge(records, options);
    if (!judgement) return judgement.error();
    outcome.judgement = std::move(*judgement);
    return outcome;
}

std::string list(const std::set<std::uint64_t>& indexes) { return fmt::format("{{{}}}", fmt::join(indexes, ", ")); }

/// What the checkers and the definitions say differently; empty when they agree.
std::string disagreement(const RandomHistory& history) {
    const std::vector<history::Record> records = history.build();
    const Result<Outcome> outcome = run(history, records);
    if (!outcome) return {};  // left out too much: not a history any more
    const definitional::View view = definitional::view_of(records);
    for (const auto& [property, claim] : history.claims) {
        const std::set<std::uint64_t> defined = definitional::violating(view, claim);
        const auto found = outcome->hits.find(property);
        const std::set<std::uint64_t> hits = found == outcome->hits.end() ? std::set<std::uint64_t>{} : found->second;
        const bool invalid = testing::claim(outcome->judgement, property).validity == Validity::invalid;
        const std::string both = fmt::format("{}: checker {} {}, definition {}", property, invalid ? "FAIL" : "no",
                                             list(hits), list(defined));
        if (property == "split-brain") {
            // The checker compares with the first decision of an epoch, the definition with every earlier one.
            const bool within = std::includes(defined.begin(), defined.end(), hits.begin(), hits.end());
            if (!within || (!history.stalls && invalid == defined.empty())) return both;
        } else if (property == "revision-validity") {
            if (invalid == defined.empty()) return both;
        } else if (hits != defined || invalid == defined.empty()) {
            return both;
        }
    }
    definitional::SecondOpinion opinion{outcome->judgement};
    for (const history::Record& record : records) opinion.on(record);
    const auto disagreements = opinion.disagreements();
    return disagreements.empty() ? std::string{} : disagreements.front();
}

RC_GTEST_PROP(Checkers, NameTheOperationsThatTheDefinitionsName, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    constexpr int histories = 40;
    for (int i = 0; i < histories; ++i) {
        const RandomHistory history = random_history(RandomSequence{RandomStream{seed, std::to_string(i), "history"}});
        if (disagreement(history).empty()) continue;
        const RandomHistory smallest =
            shrink(history, [](const RandomHistory& rest) { return !disagreement(rest).empty(); });
        RC_FAIL(fmt::format("{}\n{}", disagreement(smallest), show(smallest)));
    }
}

}  // namespace
}  // namespace mistrial::checkers
