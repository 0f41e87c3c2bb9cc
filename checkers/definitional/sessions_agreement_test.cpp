#include "checkers/definitional/definition.hpp"
#include "checkers/definitional/second_opinion.hpp"
#include "checkers/testing/effort.hpp"
#include "checkers/testing/random_sessions.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

/// Checkers of sessions, requests and sources against their definitions, on small random histories.
namespace mistrial::checkers {
namespace {

using namespace testing;
using Indexes = std::set<std::uint64_t>;

std::string list(const Indexes& indexes) { return fmt::format("{{{}}}", fmt::join(indexes, ", ")); }

/// What the checkers and the definitions say differently; empty when they agree. `violated` counts what they agree on.
std::string disagreement(const RandomHistory& history, std::map<std::string, int>& violated) {
    const std::vector<history::Record> records = history.build();
    std::map<std::string, Indexes> hits;
    Suite::Options options;
    options.claims = history.claims;
    options.on_hit = [&](std::string_view property, std::uint64_t index) { hits[std::string(property)].insert(index); };
    const Result<Judgement> judgement = judge(records, options);
    if (!judgement) return {};  // left out too much: not a history any more
    definitional::View view = definitional::view_of(records);
    view.asserted = history.claims;
    for (const auto& [property, claim] : history.claims) {
        const Indexes defined = definitional::violating(view, claim);
        const bool invalid = testing::claim(*judgement, property).validity == Validity::invalid;
        const Indexes& found = hits[property];
        // Of deliveries, the checker names one of those that nothing explains, the definition all that come after too.
        const bool same = property == "source-fidelity" ? found.empty() == defined.empty() &&
                                                              (found.empty() || *found.begin() == *defined.begin())
                                                        : found == defined;
        if (!same || invalid == defined.empty()) {
            return fmt::format("{}: checker {} {}, definition {}", property, invalid ? "FAIL" : "no", list(found), list(defined));
        }
        violated[property] += invalid ? 1 : 0;
    }
    definitional::SecondOpinion opinion{*judgement};
    for (const history::Record& record : records) opinion.on(record);
    const auto disagreements = opinion.disagreements();
    return disagreements.empty() ? std::string{} : disagreements.front();
}

RC_GTEST_PROP(Sessions, AreJudgedAsTheDefinitionsJudgeThem, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    const std::int64_t histories = effort(60);
    std::map<std::string, int> violated;
    for (std::int64_t i = 0; i < histories; ++i) {
        const RandomHistory history = random_sessions(RandomSequence{RandomStream{seed, std::to_string(i), "sessions"}});
        if (disagreement(history, violated).empty()) continue;
        const RandomHistory smallest =
            shrink(history, [&](const RandomHistory& rest) { return !disagreement(rest, violated).empty(); });
        RC_FAIL(fmt::format("{}\n{}", disagreement(smallest, violated), show(smallest)));
    }
}

TEST(Sessions, TheRandomHistoriesViolateEveryProperty) {
    std::map<std::string, int> violated;
    for (int i = 0; i < 1500; ++i) {
        const RandomHistory history = random_sessions(RandomSequence{RandomStream{7, std::to_string(i), "sessions"}});
        EXPECT_EQ(disagreement(history, violated), "") << show(history);
    }
    for (const auto& [property, count] : violated) EXPECT_GT(count, 10) << property;
}

}  // namespace
}  // namespace mistrial::checkers
