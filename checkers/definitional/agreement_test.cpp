#include "checkers/definitional/definition.hpp"
#include "checkers/definitional/second_opinion.hpp"
#include "checkers/testing/effort.hpp"
#include "checkers/testing/random_history.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdio>
#include <cstdlib>
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
    definitional::View view = definitional::view_of(records);
    const bool fails = std::any_of(view.publishes.begin(), view.publishes.end(),
                                   [](const auto& publish) { return publish.outcome == history::Type::fail; });
    const bool aborted = fails && std::any_of(view.operations.begin(), view.operations.end(),
                                              [](const auto& operation) { return operation.shown.empty(); });
    for (const auto& [property, claim] : history.claims) {
        view.asserted.clear();
        const std::set<std::uint64_t> alone = definitional::violating(view, claim);
        view.asserted = history.claims;
        const std::set<std::uint64_t> defined = definitional::violating(view, claim);
        const auto found = outcome->hits.find(property);
        const std::set<std::uint64_t> hits = found == outcome->hits.end() ? std::set<std::uint64_t>{} : found->second;
        const bool invalid = testing::claim(outcome->judgement, property).validity == Validity::invalid;
        const std::string both = fmt::format("{}: checker {} {}, definition {}", property, invalid ? "FAIL" : "no",
                                             list(hits), list(defined));
        // What is inferred from a verdict of a publish that failed later is let go, and what would be left is not asked.
        const std::set<std::string> inferred{"monotonic-revisions", "monotonic-reads", "token-freshness", "pinned-snapshot",
                                             "bounded-staleness"};
        if (aborted && inferred.contains(property) && hits != defined) {
            if (!std::includes(defined.begin(), defined.end(), hits.begin(), hits.end()) || invalid == hits.empty()) return both;
            continue;
        }
        // Across authorities that do not know of each other, these look at the newest publish alone and find less.
        const std::set<std::string> find_less{"monotonic-revisions", "bounded-staleness", "split-brain", "convergence",
                                              "publish-order", "linearizability", "delta-atomicity", "k-atomicity"};
        if (history.several_authorities && find_less.contains(property)) {
            if (!std::includes(defined.begin(), defined.end(), hits.begin(), hits.end())) return both;
            if (invalid && defined.empty()) return both;
        } else if (property == "fork-freedom" && !history.declares_ancestry) {
            // The checker names one cycle of a tangle, the definition every operation on some cycle.
            if (!std::includes(defined.begin(), defined.end(), hits.begin(), hits.end())) return both;
            if (invalid == defined.empty()) return both;
        } else if (property == "status-truth" && history.several_authorities) {
            // The checker holds decisions to the newest report, the definition to every one, which may be of a revision that
            // the newest is in no order with.
            if (!std::includes(defined.begin(), defined.end(), hits.begin(), hits.end())) return both;
            if (invalid == hits.empty()) return both;
        } else if (property == "split-brain") {
            // The checker compares with the first decision of an epoch, the definition with every earlier one.
            const bool within = std::includes(defined.begin(), defined.end(), hits.begin(), hits.end());
            if (!within || (!history.stalls && invalid == defined.empty())) return both;
        } else if (property == "monotonic-revisions" || property == "bounded-staleness") {
            // Of what only all claims together rule out, a late excuse may take away more than it must.
            const bool between = std::includes(hits.begin(), hits.end(), alone.begin(), alone.end()) &&
                                 std::includes(defined.begin(), defined.end(), hits.begin(), hits.end());
            if (!between || invalid == hits.empty()) return both;
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

/// Whether some comparison that a definition makes is between equal times: of two operations of one agent, of an answer
/// with a publish, of an answer with a deadline.
bool sits_on_a_tie(const definitional::View& view, const Claims& claims) {
    for (const definitional::Operation& d : view.operations) {
        if (d.is_status) continue;
        for (const definitional::Operation& o : view.operations) {
            if (o.agent == d.agent && o.res == d.inv && &o != &d) return true;
        }
        for (const definitional::Publish& publish : view.publishes) {
            if (publish.inv == d.res) return true;
            for (const auto& [property, claim] : claims) {
                if (!claim.within) continue;
                if (definitional::deadline(view, publish, d.agent, d.res, *claim.within, claim.excused) == d.inv) return true;
            }
        }
    }
    return false;
}

bool violates(const definitional::View& view, const Claims& claims) {
    return std::any_of(claims.begin(), claims.end(), [&](const auto& claim) {
        return !definitional::violating(view, claim.second).empty();
    });
}

/// The count of the law below over many histories (scripts/agreement asks for 10^6): it is worth something only while
/// enough of them violate something, and enough of them sit on a boundary.
TEST(Checkers, AgreeWithTheDefinitionsOnHistoriesOfWhichManyViolateAndManyTie) {
    const char* asked = std::getenv("MISTRIAL_HISTORIES");
    const char* seed = std::getenv("MISTRIAL_SEED");
    const std::int64_t histories = asked == nullptr ? 1'000 : std::strtoll(asked, nullptr, 10);
    std::int64_t violating = 0;
    std::int64_t tied = 0;
    std::int64_t mismatches = 0;
    std::string first;
    for (std::int64_t i = 0; i < histories; ++i) {
        const RandomHistory history = random_history(RandomSequence{
            RandomStream{seed == nullptr ? 3 : std::strtoull(seed, nullptr, 10), std::to_string(i), "agreement"}});
        const definitional::View view = definitional::view_of(history.build());
        violating += violates(view, history.claims) ? 1 : 0;
        tied += sits_on_a_tie(view, history.claims) ? 1 : 0;
        if (disagreement(history).empty()) continue;
        ++mismatches;
        if (!first.empty()) continue;
        const RandomHistory smallest =
            shrink(history, [](const RandomHistory& rest) { return !disagreement(rest).empty(); });
        first = disagreement(smallest) + "\n" + show(smallest);
    }
    if (asked != nullptr) {
        std::printf("%lld histories, %.1f %% violate, %.1f %% sit on a tie, %lld mismatches\n",
                    static_cast<long long>(histories), 100.0 * static_cast<double>(violating) / static_cast<double>(histories),
                    100.0 * static_cast<double>(tied) / static_cast<double>(histories), static_cast<long long>(mismatches));
    }
    EXPECT_EQ(mismatches, 0) << first;
    EXPECT_GE(violating * 100, histories * 30);
    EXPECT_GE(tied * 100, histories * 5);
}

/// Every history of two publishes and two decisions at two agents over three instants: whatever can tie with whatever.
/// Decisions show nothing, r1 or r2 with the verdict that belongs to it, or one of both verdicts without saying why.
TEST(Checkers, AgreeWithTheDefinitionsOnEverySmallHistory) {
    struct Span {
        std::int64_t inv;
        std::int64_t res;
    };
    std::vector<Span> spans;
    for (std::int64_t inv = 0; inv < 3; ++inv) {
        for (std::int64_t res = inv; res < 3; ++res) spans.push_back({inv, res});
    }
    struct Asked {
        Span span;
        Answered answer;
    };
    std::vector<Asked> decisions;
    for (const Span& span : spans) {
        for (const char* agent : {"a1", "a2"}) {
            for (const char* shown : {"-", "r1", "r2", "true", "false"}) {
                Answered answer;
                answer.agent = agent;
                answer.input_id = "x";
                const std::string what = shown;
                const bool says = what == "true" || what == "false";
                if (!says) answer.markers = {{"main/policy", what}, {"main/data", what}};
                answer.answer = what == "-" ? history::Answer{history::Undefined{}}
                                            : history::Answer{history::Verdict{says ? what : what == "r1" ? "true" : "false"}};
                decisions.push_back({span, answer});
            }
        }
    }
    RandomHistory history;
    for (const char* name : {"revision-validity", "oracle-correctness", "monotonic-revisions", "bounded-staleness", "split-brain",
                             "convergence", "fail-closed"}) {
        history.claims[name].property = name;
        history.claims[name].within = milliseconds{1};
    }
    std::int64_t histories = 0;
    for (const Span& first : spans) {
        for (const Span& second : spans) {
            if (second.inv < first.inv) continue;
            for (const auto outcome : {history::Type::ok, history::Type::info}) {
                for (std::size_t i = 0; i < decisions.size(); ++i) {
                    for (std::size_t j = i; j < decisions.size(); ++j) {
                        // The agents are alike: two answers of the second are two of the first.
                        if (decisions[i].answer.agent == "a2" && decisions[j].answer.agent == "a2") continue;
                        history.parts = {
                            [&](HistoryBuilder& h) {
                                h.publish("r1", first.inv, first.res, {{"base", nullptr}, {"verdicts", {{"x", true}}}});
                            },
                            [&](HistoryBuilder& h) {
                                h.publish("r2", second.inv, second.res, {{"base", "r1"}, {"verdicts", {{"x", false}}}}, outcome);
                            },
                            [&](HistoryBuilder& h) { h.decide(decisions[i].span.inv, decisions[i].span.res, decisions[i].answer); },
                            [&](HistoryBuilder& h) { h.decide(decisions[j].span.inv, decisions[j].span.res, decisions[j].answer); }};
                        if (++histories % one_case_in != 0) continue;
                        const std::string difference = disagreement(history);
                        ASSERT_TRUE(difference.empty()) << difference << "\n" << show(history);
                    }
                }
            }
        }
    }
    EXPECT_GT(histories, 60'000);
}

RC_GTEST_PROP(Checkers, NameTheOperationsThatTheDefinitionsName, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    const std::int64_t histories = effort(40);
    for (std::int64_t i = 0; i < histories; ++i) {
        const RandomHistory history = random_history(RandomSequence{RandomStream{seed, std::to_string(i), "history"}});
        if (disagreement(history).empty()) continue;
        const RandomHistory smallest =
            shrink(history, [](const RandomHistory& rest) { return !disagreement(rest).empty(); });
        RC_FAIL(fmt::format("{}\n{}", disagreement(smallest), show(smallest)));
    }
}

/// The law above says nothing of a property that random histories never violate.
TEST(RandomHistories, ViolateEveryDefinedPropertyNowAndThen) {
    std::map<std::string, int> violated;
    constexpr int histories = 3000;
    for (int i = 0; i < histories; ++i) {
        const RandomHistory history = random_history(RandomSequence{RandomStream{7, std::to_string(i), "history"}});
        const definitional::View view = definitional::view_of(history.build());
        for (const auto& [property, claim] : history.claims) {
            std::string name = property;
            if (property == "fork-freedom") name += history.declares_ancestry ? " (ancestry)" : " (order)";
            violated[name] += definitional::violating(view, claim).empty() ? 0 : 1;
        }
    }
    std::string counts;
    for (const auto& [property, count] : violated) counts += fmt::format("{}: {}\n", property, count);
    for (const auto& [property, count] : violated) EXPECT_GE(count, histories / 200) << property << "\n" << counts;
}

}  // namespace
}  // namespace mistrial::checkers
