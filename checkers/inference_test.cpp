#include "checkers/inference.hpp"

#include "checkers/definitional/definition.hpp"
#include "checkers/definitional/second_opinion.hpp"
#include "checkers/testing/effort.hpp"
#include "checkers/testing/random_history.hpp"
#include "core/history/writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Json monotonic{{"monotonic-revisions", Json::object()}};

/// Publishes of main, each with verdicts for x and y, acknowledged a millisecond after they were invoked at 0, 2, 4, …
HistoryBuilder revisions(const Json& claims, const std::vector<std::pair<bool, bool>>& x_and_y) {
    HistoryBuilder history;
    history.run(claims, {"a1", "a2"});
    std::int64_t at = 0;
    for (std::size_t i = 0; i < x_and_y.size(); ++i, at += 2) {
        history.publish("r" + std::to_string(i + 1), at, at + 1,
                        Json{{"base", nullptr}, {"verdicts", {{"x", x_and_y[i].first}, {"y", x_and_y[i].second}}}});
    }
    return history;
}

Answered asked(const std::string& input, bool verdict, const std::string& session = "", const std::string& agent = "a1") {
    Answered answered;
    answered.input_id = input;
    answered.answer = history::Verdict{verdict ? "true" : "false"};
    answered.session = session;
    answered.agent = agent;
    return answered;
}

Judgement judged(const HistoryBuilder& history) {
    const std::vector<history::Record> records = history.build();
    auto judgement = judge(records);
    EXPECT_TRUE(judgement) << judgement.error().message;
    definitional::SecondOpinion opinion{*judgement};
    for (const history::Record& record : records) opinion.on(record);
    EXPECT_THAT(opinion.disagreements(), IsEmpty());
    return std::move(*judgement);
}

TEST(Inference, AnAgentThatNamesNoRevisionCannotGoBackUnseen) {
    HistoryBuilder history = revisions(monotonic, {{true, true}, {false, true}});
    history.decide(10, 11, asked("x", false));  // r2
    history.decide(12, 13, asked("x", true));   // r1
    const Judgement judgement = judged(history);
    const auto& found = claim(judgement, "monotonic-revisions").violations;
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].attribution, Attribution::agent);
    EXPECT_EQ(found[0].wrongly_allowed, 1);
    EXPECT_THAT(found[0].proof, Contains(HasSubstr("It was made under r2 or newer")));
    EXPECT_THAT(found[0].proof, Contains(HasSubstr("in the same incarnation; no revision from r2 on gives this verdict")));
}

TEST(Inference, CountsObligationsForTheAgentThatWasPutToTheTest) {
    HistoryBuilder history = revisions(monotonic, {{true, true}, {false, true}});
    history.decide(10, 11, asked("x", true, "", "a1"));
    for (const std::int64_t at : {20, 30, 40}) history.decide(at, at + 1, asked("x", false, "", "a2"));
    const Judgement judgement = judged(history);
    const std::vector<std::pair<std::string, std::int64_t>> expected{{"a1", 0}, {"a2", 2}};
    EXPECT_EQ(claim(judgement, "monotonic-revisions").obligations_by_agent, expected);
}

TEST(Inference, TwoThatMeetInOneInstantProveNothing) {
    HistoryBuilder history = revisions(monotonic, {{true, true}, {false, true}});
    history.decide(10, 12, asked("x", false));
    history.decide(12, 13, asked("x", true));
    EXPECT_THAT(claim(judged(history), "monotonic-revisions").violations, IsEmpty());
}

TEST(Inference, AVerdictThatANewerRevisionGivesAgainProvesNothing) {
    HistoryBuilder history = revisions(monotonic, {{true, true}, {false, true}, {true, true}});
    history.decide(10, 11, asked("x", false));
    history.decide(12, 13, asked("x", true));  // r3
    EXPECT_THAT(claim(judged(history), "monotonic-revisions").violations, IsEmpty());
    history.decide(14, 15, asked("x", false));  // and now back to r2
    EXPECT_EQ(claim(judged(history), "monotonic-revisions").violations.size(), 1U);
}

TEST(Inference, AChainOfVerdictsIsToldLinkByLink) {
    // x tells r1, r3 from r2, r4; y tells r4 from the rest.
    HistoryBuilder history = revisions(monotonic, {{true, true}, {false, true}, {true, true}, {false, false}});
    history.decide(10, 11, asked("x", false));  // r2 or newer
    history.decide(12, 13, asked("x", true));   // then r3
    history.decide(14, 15, asked("x", false));  // then r4
    history.decide(16, 17, asked("y", true));   // but r4 denies y
    const Judgement judgement = judged(history);
    const auto& found = claim(judgement, "monotonic-revisions").violations;
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].witness.size(), 8U);
    EXPECT_THAT(found[0].proof, Contains(HasSubstr("It was made under r3 or newer")));
    EXPECT_THAT(found[0].proof, Contains(HasSubstr("It was made under r4 or newer")));
}

TEST(Inference, DecisionsThatNameTheirRevisionTakePart) {
    HistoryBuilder history = revisions(monotonic, {{true, true}, {false, true}});
    Answered shown = asked("y", true);
    shown.revisions = {{"main", "r2"}};
    history.decide(10, 11, shown);
    history.decide(12, 13, asked("x", true));
    EXPECT_EQ(claim(judged(history), "monotonic-revisions").violations.size(), 1U);
    HistoryBuilder other = revisions(monotonic, {{true, true}, {false, true}});
    other.decide(10, 11, asked("x", false));
    shown.revisions = {{"main", "r1"}};
    other.decide(12, 13, shown);
    EXPECT_EQ(claim(judged(other), "monotonic-revisions").violations.size(), 1U);
}

TEST(Inference, SessionsTokensAndPinsAreHeldToTheirVerdicts) {
    HistoryBuilder session = revisions(Json{{"monotonic-reads", Json::object()}}, {{true, true}, {false, true}});
    session.decide(10, 11, asked("x", false, "s1", "a1"));
    session.decide(12, 13, asked("x", true, "s1", "a2"));
    EXPECT_EQ(claim(judged(session), "monotonic-reads").violations.size(), 1U);

    HistoryBuilder token = revisions(Json{{"token-freshness", Json::object()}}, {{true, true}, {false, true}});
    Answered fresh = asked("x", true);
    fresh.at_least = "r2";
    token.decide(10, 11, fresh);
    EXPECT_EQ(claim(judged(token), "token-freshness").violations.size(), 1U);

    HistoryBuilder pin = revisions(Json{{"pinned-snapshot", Json::object()}}, {{true, true}, {false, true}});
    Answered pinned = asked("x", true);
    pinned.exactly = "r2";
    pin.decide(10, 11, pinned);
    EXPECT_EQ(claim(judged(pin), "pinned-snapshot").violations.size(), 1U);
}

const Json both{{"monotonic-revisions", Json::object()}, {"bounded-staleness", {{"within", "5ms"}}}};

TEST(Inference, WhatIsLateByItselfIsNotToldOnceMoreOfAllTogether) {
    HistoryBuilder history = revisions(both, {{true, true}, {true, false}, {false, true}, {true, true}});
    history.decide(20, 21, asked("x", true));   // r4, which is due
    history.decide(22, 23, asked("x", false));  // r3
    const Judgement judgement = judged(history);
    EXPECT_EQ(claim(judgement, "bounded-staleness").violations.size(), 1U);
    EXPECT_THAT(claim(judgement, "monotonic-revisions").violations, IsEmpty());
}

TEST(Inference, ADeadlineAndThePastOfAnAgentTogetherLeaveNoRevision) {
    // r2 is due at 8. Asked at 9, y denied is r3 then, for lack of r1; asked at 11, x denied can only be r2.
    HistoryBuilder history;
    history.run(both, {"a1"});
    const auto table = [](bool x, bool y) { return Json{{"base", nullptr}, {"verdicts", {{"x", x}, {"y", y}}}}; };
    history.publish("r1", 0, 1, table(true, false)).publish("r2", 2, 3, table(false, true));
    history.publish("r3", 7, 8, table(true, false));
    history.decide(9, 10, asked("y", false));
    history.decide(11, 12, asked("x", false));
    const Judgement judgement = judged(history);
    EXPECT_THAT(claim(judgement, "bounded-staleness").violations, IsEmpty());
    const auto& found = claim(judgement, "monotonic-revisions").violations;
    ASSERT_EQ(found.size(), 1U);
    EXPECT_THAT(found[0].proof, Contains(HasSubstr("No single property rules this out")));

    // A stall that was known only later excuses the deadline, and with it everything.
    history.stall(5, 13);
    const Judgement excused = judged(history);
    EXPECT_THAT(claim(excused, "monotonic-revisions").violations, IsEmpty());
}

TEST(Inference, FromADemandThatTheAgentDidNotMeetNothingFollows) {
    // The agent keeps r1 for good, which is late: that y is denied at 9 is r1's verdict, and r3's only for one that is in time.
    const auto table = [](bool x, bool y) { return Json{{"base", nullptr}, {"verdicts", {{"x", x}, {"y", y}}}}; };
    const auto stale = [&](const std::string& who) {
        HistoryBuilder history;
        history.run(both, {"a1", "a2"});
        history.publish("r1", 0, 1, table(false, false)).publish("r2", 2, 3, table(false, true));
        history.publish("r3", 7, 8, table(true, false)).publish("r4", 30, 31, table(true, true));
        history.decide(9, 10, asked("y", false)).decide(11, 12, asked("x", false));
        history.decide(50, 51, asked("x", false, "", who));
        return judged(history);
    };
    const Judgement late = stale("a1");
    EXPECT_EQ(claim(late, "bounded-staleness").violations.size(), 1U);
    EXPECT_THAT(claim(late, "monotonic-revisions").violations, IsEmpty()) << "it never went back";
    const Judgement another = stale("a2");
    EXPECT_EQ(claim(another, "bounded-staleness").violations.size(), 1U);
    ASSERT_EQ(claim(another, "monotonic-revisions").violations.size(), 1U) << "a1 itself was never seen to be late";
    EXPECT_EQ(claim(another, "monotonic-revisions").violations[0].together, (std::vector<std::string>{"bounded-staleness"}));
}

TEST(Inference, WhatOnlyAPublishExplainsThatFailsSetsNoFloor) {
    const auto table = [](bool x) { return Json{{"base", nullptr}, {"verdicts", {{"x", x}}}}; };
    const auto back = [&](history::Type outcome, std::int64_t ended) {
        HistoryBuilder history;
        history.run(monotonic, {"a1"});
        history.publish("r1", 0, 1, table(true)).publish("r2", 4, ended, table(false), outcome);
        history.decide(5, 6, asked("x", false)).decide(12, 13, asked("x", true));
        return claim(judged(history), "monotonic-revisions").violations.size();
    };
    EXPECT_EQ(back(history::Type::fail, 9), 0U) << "an aborted read, and no way back";
    EXPECT_EQ(back(history::Type::ok, 9), 1U);
    EXPECT_EQ(back(history::Type::info, 9), 1U) << "somebody has it";
}

TEST(Inference, QuestionsThatTwoBundlesDecideAreLeftAlone) {
    HistoryBuilder history = revisions(monotonic, {{true, true}, {false, true}});
    history.publish("d1", 6, 7, Json{{"base", nullptr}, {"verdicts", {{"x", true}}}}, history::Type::ok, "docs");
    history.decide(10, 11, asked("x", false));
    history.decide(12, 13, asked("x", true));
    const Judgement judgement = judged(history);
    EXPECT_THAT(claim(judgement, "monotonic-revisions").violations, IsEmpty());
    EXPECT_EQ(claim(judgement, "monotonic-revisions").obligations, 0);
}

// --- against the definition ---------------------------------------------------------------------------------------

/// Two inputs, few revisions, few moments; most decisions name no revision.
RandomHistory random_verdicts(RandomSequence random) {
    const auto one_in = [&](std::uint64_t n) { return random.below(n) == 0; };
    RandomHistory made;
    for (const char* name : {"monotonic-revisions", "monotonic-reads", "token-freshness", "pinned-snapshot", "bounded-staleness"}) {
        if (one_in(4)) continue;
        made.claims[name].property = name;
    }
    if (made.claims.contains("bounded-staleness")) made.claims["bounded-staleness"].within = milliseconds{random.between(1, 6)};
    made.parts.push_back([](HistoryBuilder& h) { h.run(Json::object(), {"a1", "a2"}); });
    std::int64_t at = 0;
    const auto count = 2 + static_cast<int>(random.below(3));
    for (int i = 1; i <= count; ++i) {
        at += random.between(0, 3);
        const std::int64_t inv = at;
        const std::int64_t res = inv + random.between(0, 3);
        if (!one_in(4)) at = res;
        Json content{{"base", nullptr}, {"verdicts", {{"x", one_in(2)}, {"y", one_in(2)}}}};
        if (one_in(12)) content = Json::object();
        const history::Type type = one_in(8) ? (one_in(2) ? history::Type::info : history::Type::fail) : history::Type::ok;
        made.parts.push_back([=](HistoryBuilder& h) { h.publish("r" + std::to_string(i), inv, res, content, type); });
    }
    const auto any = [&] { return "r" + std::to_string(random.between(1, count)); };
    if (one_in(4)) {
        const std::string shown = any();
        const std::int64_t when = random.between(0, 24);
        made.parts.push_back([=](HistoryBuilder& h) { h.status("a1", when, shown); });
    }
    for (std::uint64_t i = 2 + random.below(5); i > 0; --i) {
        Answered what = asked(one_in(2) ? "x" : "y", one_in(2), one_in(3) ? "" : "s1", one_in(4) ? "a2" : "a1");
        if (one_in(5)) what.revisions = {{"main", any()}};
        if (one_in(8)) what.at_least = any();
        if (one_in(12)) what.exactly = any();
        if (one_in(20)) what.answer = history::Refused{503, std::nullopt};
        const std::int64_t inv = random.between(0, 24);
        const std::int64_t res = inv + random.between(0, 4);
        made.parts.push_back([=](HistoryBuilder& h) { h.decide(inv, res, what); });
    }
    return made;
}

using Indexes = std::set<std::uint64_t>;

/// What else could be measured is none of these laws' business, and takes most of the time.
const std::vector<std::string> constraining{"monotonic-revisions", "monotonic-reads", "token-freshness", "pinned-snapshot",
                                            "bounded-staleness"};

std::string disagreement(const RandomHistory& history, int& joint) {
    const std::vector<history::Record> records = history.build();
    std::map<std::string, Indexes> hits;
    Suite::Options options;
    options.claims = history.claims;
    options.only = constraining;
    options.on_hit = [&](std::string_view property, std::uint64_t index) { hits[std::string(property)].insert(index); };
    const Result<Judgement> judgement = judge(records, options);
    if (!judgement) return {};
    definitional::View view = definitional::view_of(records);
    for (const auto& [property, claim] : history.claims) {
        view.asserted.clear();
        const Indexes alone = definitional::violating(view, claim);
        view.asserted = history.claims;
        const Indexes defined = definitional::violating(view, claim);
        const bool violated = !testing::claim(*judgement, property).violations.empty();
        // Of what rested on a publish that failed later, the checker does not ask what would be left without it.
        const bool less = std::any_of(records.begin(), records.end(), [](const history::Record& record) {
            return std::holds_alternative<history::Publish>(record.value) && record.type == history::Type::fail;
        });
        const bool agree = less ? std::includes(defined.begin(), defined.end(), hits[property].begin(), hits[property].end())
                                : hits[property] == defined;
        if (!agree || violated == hits[property].empty()) {
            return fmt::format("{}: checker {{{}}}, definition {{{}}}, alone {{{}}}", property, fmt::join(hits[property], ", "),
                               fmt::join(defined, ", "), fmt::join(alone, ", "));
        }
        joint += alone != defined ? 1 : 0;
    }
    definitional::SecondOpinion opinion{*judgement};
    for (const history::Record& record : records) opinion.on(record);
    const auto disagreements = opinion.disagreements();
    return disagreements.empty() ? std::string{} : disagreements.front();
}

RC_GTEST_PROP(Inference, NamesWhatTheDefinitionNames, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    int joint = 0;
    for (std::int64_t i = 0; i < effort(60); ++i) {
        const RandomHistory history = random_verdicts(RandomSequence{RandomStream{seed, std::to_string(i), "verdicts"}});
        if (disagreement(history, joint).empty()) continue;
        const RandomHistory smallest =
            shrink(history, [&](const RandomHistory& rest) { return !disagreement(rest, joint).empty(); });
        RC_FAIL(fmt::format("{}\n{}", disagreement(smallest, joint), show(smallest)));
    }
}

TEST(Inference, TheRandomHistoriesNeedAllClaimsTogetherNowAndThen) {
    int joint = 0;
    for (int i = 0; i < 4000; ++i) {
        const RandomHistory history = random_verdicts(RandomSequence{RandomStream{3, std::to_string(i), "verdicts"}});
        ASSERT_EQ(disagreement(history, joint), "") << show(history);
    }
    EXPECT_GT(joint, 5);
}

/// Some decisions of this history forget their revisions: what was right stays right, of each claim by itself and of all
/// together. (A claim that is kept while another is broken may be named for what only both together rule out.)
RC_GTEST_PROP(Inference, ForgettingRevisionsTurnsNoPassIntoAFail, ()) {
    RandomSequence random{RandomStream{*rc::gen::arbitrary<std::uint64_t>(), "forget", "verdicts"}};
    const Json all{{"monotonic-revisions", Json::object()}, {"monotonic-reads", Json::object()}, {"token-freshness", Json::object()},
                   {"pinned-snapshot", Json::object()}, {"bounded-staleness", {{"within", "6ms"}}}};
    std::vector<Claims> asserted{*parse_claims(all)};
    for (const auto& [property, parameters] : all.items()) asserted.push_back(*parse_claims(Json{{property, parameters}}));
    int passed_together = 0;
    for (int n = 0; n < 20; ++n) {
        HistoryBuilder history;
        history.run(Json::object(), {"a1", "a2"});
        std::vector<std::pair<bool, bool>> tables;
        for (int i = 1; i <= 4; ++i) {
            tables.emplace_back(random.below(2) == 0, random.below(2) == 0);
            history.publish("r" + std::to_string(i), i * 6, i * 6 + random.between(0, 3),
                            Json{{"base", nullptr}, {"verdicts", {{"x", tables.back().first}, {"y", tables.back().second}}}});
        }
        const bool orderly = random.below(2) == 0;
        std::int64_t inv = random.between(6, 20);
        for (std::uint64_t i = 6; i > 0; --i) {
            // The newest that was begun by then, or the one before; or else any.
            const auto newest = static_cast<std::uint64_t>(std::min<std::int64_t>(4, inv / 6));
            const auto number = static_cast<std::size_t>(orderly ? newest - (newest > 1 && random.below(6) == 0 ? 1 : 0) - 1 : random.below(newest));
            const bool x = random.below(2) == 0;
            Answered what = asked(x ? "x" : "y", x ? tables[number].first : tables[number].second, random.below(2) == 0 ? "s1" : "s2",
                                  random.below(4) == 0 ? "a2" : "a1");
            what.revisions = {{"main", "r" + std::to_string(number + 1)}};
            if (random.below(4) == 0) what.at_least = "r" + std::to_string(orderly ? random.below(number + 1) + 1 : random.below(4) + 1);
            if (random.below(8) == 0) what.exactly = "r" + std::to_string(orderly ? number + 1 : random.below(4) + 1);
            history.decide(inv, inv + random.between(0, 4), what);
            inv += random.between(0, 4);
        }
        const std::vector<history::Record> records = history.build();
        std::vector<history::Record> poorer = records;
        for (history::Record& record : poorer) {
            if (auto* decide = std::get_if<history::Decide>(&record.value); decide && random.below(2) == 0) decide->revisions.clear();
        }
        const auto fails = [](const std::vector<history::Record>& told, const Claims& claims) {
            Suite::Options options;
            options.claims = claims;
            options.only = constraining;
            const auto judgement = judge(told, options);
            RC_ASSERT(bool(judgement));
            return std::any_of(judgement->claims.begin(), judgement->claims.end(),
                               [](const ClaimResult& result) { return result.validity == Validity::invalid; });
        };
        for (const Claims& claims : asserted) {
            if (fails(records, claims)) continue;
            passed_together += claims.size() > 1 ? 1 : 0;
            if (!fails(poorer, claims)) continue;
            std::string shown = to_json(claims).dump();
            for (const history::Record& record : poorer) shown += "\n" + history::to_line(record);
            RC_FAIL(shown);
        }
    }
    RC_ASSERT(passed_together > 0);
}

}  // namespace
}  // namespace mistrial::checkers
