#include "checkers/linearizability.hpp"

#include "checkers/definitional/definition.hpp"
#include "checkers/definitional/second_opinion.hpp"
#include "checkers/testing/history_builder.hpp"
#include "checkers/testing/register_history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

/// B4 of whole histories.
namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::HasSubstr;

struct Judged {
    Judgement judgement;
    std::vector<std::uint64_t> hits;
    const ClaimResult& result() const { return claim(judgement, "linearizability"); }
};

Judged judged(const std::vector<history::Record>& records, const Json& parameters = Json::object()) {
    Judged judged;
    Suite::Options options;
    options.only = {"linearizability"};
    options.claims = parse_claims(Json{{"linearizability", parameters}}).value();
    options.on_hit = [&](std::string_view, std::uint64_t index) { judged.hits.push_back(index); };
    auto judgement = judge(records, options);
    EXPECT_TRUE(judgement) << judgement.error().message;
    judged.judgement = std::move(*judgement);
    definitional::SecondOpinion opinion(judged.judgement);
    for (const history::Record& record : records) opinion.on(record);
    EXPECT_THAT(opinion.disagreements(), ::testing::IsEmpty());
    return judged;
}

HistoryBuilder two_publishes() {
    HistoryBuilder history;
    history.run(Json::object(), {"a1", "a2"}).publish("r1", 0, 10).publish("r2", 20, 30);
    return history;
}

HistoryBuilder& enough(HistoryBuilder& history) {
    for (int i = 0; i < 12; ++i) {
        history.shows("a1", 200 + i, 201 + i, "r2");
        history.shows("a2", 200 + i, 201 + i, "r2");
    }
    return history;
}

TEST(Linearizability, IsViolatedByADecisionThatBeganAfterANewerRevisionWasAcknowledged) {
    HistoryBuilder history = two_publishes().shows("a1", 31, 32, "r1");
    const Judged result = judged(enough(history).build());
    EXPECT_EQ(result.result().validity, Validity::invalid);
    ASSERT_EQ(result.result().violations.size(), 1U);
    const Violation& violation = result.result().violations[0];
    EXPECT_EQ(violation.agent, "a1");
    EXPECT_EQ(violation.count, 1);
    EXPECT_LE(violation.witness.size(), 8U);
    EXPECT_THAT(violation.summary, HasSubstr("a1 answered with r1 of bundle main although r2 had been acknowledged before"));
}

TEST(Linearizability, HoldsOfADecisionThatBeganJustWhenItWasAcknowledged) {
    HistoryBuilder history = two_publishes().shows("a1", 30, 32, "r1");
    EXPECT_EQ(judged(enough(history).build()).result().validity, Validity::valid);
}

TEST(Linearizability, IsViolatedOnceAnotherAgentShowedTheNewerRevision) {
    HistoryBuilder history = two_publishes().shows("a2", 21, 24, "r2").shows("a1", 25, 26, "r1");
    const Judged result = judged(enough(history).build());
    ASSERT_EQ(result.result().violations.size(), 1U);
    EXPECT_THAT(result.result().violations[0].summary, HasSubstr("although r2 had been shown before"));
    HistoryBuilder twin = two_publishes().shows("a2", 21, 25, "r2").shows("a1", 25, 26, "r1");
    EXPECT_EQ(judged(enough(twin).build()).result().validity, Validity::valid);
}

TEST(Linearizability, AccusesNobodyOfAPublishWhoseOutcomeNobodyKnows) {
    HistoryBuilder history;
    history.run(Json::object(), {"a1", "a2"}).publish("r1", 0, 10).publish("r2", 20, 30, nullptr, history::Type::info);
    for (int i = 0; i < 12; ++i) history.shows("a1", 40 + i, 41 + i, "r1").shows("a2", 40 + i, 41 + i, "r1");
    EXPECT_EQ(judged(history.build()).result().validity, Validity::valid);
}

TEST(Linearizability, AccusesNobodyOfPublishesThatOverlapped) {
    HistoryBuilder history;
    history.run(Json::object(), {"a1", "a2"}).publish("r1", 0, 25).publish("r2", 20, 30);
    for (int i = 0; i < 12; ++i) history.shows("a1", 40 + i, 41 + i, "r1").shows("a2", 40 + i, 41 + i, "r1");
    EXPECT_EQ(judged(history.build()).result().validity, Validity::valid);
}

TEST(Linearizability, AsksNobodyToTakeUpWhatMustBeRefused) {
    HistoryBuilder history;
    history.run(Json::object(), {"a1", "a2"}).publish("r1", 0, 10).publish("r2", 20, 30, Json{{"bad", "unsigned"}});
    for (int i = 0; i < 12; ++i) history.shows("a1", 40 + i, 41 + i, "r1").shows("a2", 40 + i, 41 + i, "r1");
    EXPECT_EQ(judged(history.build()).result().validity, Validity::valid);
}

TEST(Linearizability, IsOneViolationForAsLongAsAnAgentKeepsARevision) {
    HistoryBuilder history = two_publishes();
    history.publish("r3", 40, 50);
    for (int i = 0; i < 20; ++i) history.shows("a1", 60 + i, 61 + i, "r1");
    const Judged result = judged(enough(history).build());
    EXPECT_EQ(result.hits.size(), 20U + 24U) << "r2 is behind r3 as well";
    EXPECT_EQ(result.result().violations.size(), 3U);
}

/// A register of another system: 20 reads of 1, and then whatever a test wants.
std::vector<history::Record> foreign(const std::vector<std::tuple<std::int64_t, history::Type, const char*, Json>>& then) {
    HistoryBuilder history;
    using history::Foreign;
    history.record(at_ms(0), history::Type::invoke, "write", std::int64_t{0}, Foreign{1});
    history.record(at_ms(1), history::Type::ok, "write", std::int64_t{0}, Foreign{1});
    std::int64_t at = 2;
    for (int i = 0; i < 20; ++i) {
        history.record(at_ms(at++), history::Type::invoke, "read", std::int64_t{0}, Foreign{nullptr});
        history.record(at_ms(at++), history::Type::ok, "read", std::int64_t{0}, Foreign{1});
    }
    for (const auto& [process, type, f, value] : then) history.record(at_ms(at++), type, f, process, Foreign{value});
    return history.build();
}

using history::Type;

TEST(Linearizability, JudgesTheRegisterOfAnotherSystem) {
    EXPECT_EQ(judged(foreign({}), Json{{"model", "register"}}).result().validity, Validity::valid);
    const Judged wrong = judged(foreign({{1, Type::invoke, "write", 2}, {1, Type::ok, "write", 2},
                                         {2, Type::invoke, "read", nullptr}, {2, Type::ok, "read", 1}}));
    EXPECT_EQ(wrong.result().validity, Validity::invalid);
    EXPECT_EQ(wrong.hits, (std::vector<std::uint64_t>{45}));
    const Violation& violation = wrong.result().violations.at(0);
    EXPECT_THAT(violation.summary, HasSubstr("read 1 of record 45 (process 2)"));
    EXPECT_THAT(violation.witness, ::testing::IsSupersetOf({44U, 45U}));
}

TEST(Linearizability, ARegisterHoldsAtFirstWhatTheClaimSaysAndTheSentenceNamesIt) {
    HistoryBuilder history;
    for (std::int64_t i = 0; i < 30; ++i) {
        history.record(at_ms(2 * i), Type::invoke, "read", std::int64_t{0}, history::Foreign{nullptr});
        history.record(at_ms(2 * i + 1), Type::ok, "read", std::int64_t{0}, history::Foreign{0});
    }
    const auto records = history.build();
    const Judged empty = judged(records);
    ASSERT_EQ(empty.result().validity, Validity::invalid);
    EXPECT_THAT(empty.result().violations.at(0).summary, HasSubstr("of a register that holds null at first"));
    EXPECT_EQ(judged(records, Json{{"initial", 0}}).result().validity, Validity::valid);
    EXPECT_EQ(judged(records, Json{{"model", "cas-register"}, {"initial", 0}}).result().validity, Validity::valid);
    const Judged other = judged(records, Json{{"initial", 3}});
    ASSERT_EQ(other.result().validity, Validity::invalid);
    EXPECT_THAT(other.result().violations.at(0).summary, HasSubstr("of a register that holds 3 at first"));
}

TEST(Linearizability, OneHardKeyDoesNotTakeTheTimeOfTheOthers) {
    HistoryBuilder history;
    std::int64_t at = 0;
    for (std::int64_t i = 0; i < 24; ++i) history.record(at_ms(at++), Type::invoke, "write", 100 + i, history::Foreign{Json{"hard", i % 12}});
    for (std::int64_t i = 0; i < 24; ++i) history.record(at_ms(at++), Type::ok, "write", 100 + i, history::Foreign{Json{"hard", i % 12}});
    history.record(at_ms(at++), Type::invoke, "cas", std::int64_t{1}, history::Foreign{Json{"hard", Json{77, 78}}});
    history.record(at_ms(at++), Type::ok, "cas", std::int64_t{1}, history::Foreign{Json{"hard", Json{77, 78}}});
    history.record(at_ms(at++), Type::invoke, "write", std::int64_t{1}, history::Foreign{Json{"torn", 1}});
    history.record(at_ms(at++), Type::ok, "write", std::int64_t{1}, history::Foreign{Json{"torn", 1}});
    history.record(at_ms(at++), Type::invoke, "cas", std::int64_t{1}, history::Foreign{Json{"torn", Json{2, 3}}});
    history.record(at_ms(at++), Type::ok, "cas", std::int64_t{1}, history::Foreign{Json{"torn", Json{2, 3}}});
    const Judged result = judged(history.build(), Json{{"time", "20ms"}});
    ASSERT_EQ(result.result().validity, Validity::invalid) << "the key that sorts after the hard one";
    EXPECT_THAT(result.result().violations.at(0).summary, HasSubstr("on key \"torn\""));
    EXPECT_THAT(result.judgement.notes, ::testing::Contains(HasSubstr("of key \"hard\": ended by its share of the limit of 20ms")));
}

TEST(Linearizability, TellsTheLongestOrderThatASearchFound) {
    const Judged wrong = judged(foreign({{1, Type::invoke, "cas", Json{1, 3}}, {1, Type::ok, "cas", Json{1, 3}},
                                         {3, Type::invoke, "write", 5},
                                         {2, Type::invoke, "read", nullptr}, {2, Type::ok, "read", 4}}),
                                Json{{"model", "cas-register"}});
    ASSERT_EQ(wrong.result().validity, Validity::invalid);
    const std::string proof = fmt::format("{}", fmt::join(wrong.result().violations.at(0).proof, "\n"));
    EXPECT_THAT(proof, HasSubstr("The longest order found has 22 operations"));
    EXPECT_THAT(proof, HasSubstr("the cas-register then holds 3"));
    EXPECT_THAT(proof, HasSubstr("What has no place is read 4 (record 46, process 2"));
}

TEST(Linearizability, IsUnknownForTimeWhereALimitEndedIt) {
    std::vector<std::tuple<std::int64_t, Type, const char*, Json>> then;
    for (std::int64_t i = 0; i < 24; ++i) then.emplace_back(100 + i, Type::invoke, "write", i % 12);
    for (std::int64_t i = 0; i < 24; ++i) then.emplace_back(100 + i, Type::ok, "write", i % 12);
    then.insert(then.end(), {{1, Type::invoke, "cas", Json{77, 78}}, {1, Type::ok, "cas", Json{77, 78}}});
    const Judged limited = judged(foreign(then), Json{{"time", "5ms"}});
    EXPECT_EQ(limited.result().validity, Validity::unknown);
    EXPECT_EQ(limited.result().reason, Reason::time);
    EXPECT_THAT(limited.judgement.notes, ::testing::Contains(HasSubstr("ended by its limit of 5ms")));
    const Judged small = judged(foreign(then), Json{{"memory", "256KiB"}});
    EXPECT_EQ(small.result().reason, Reason::time);
    EXPECT_THAT(small.judgement.notes, ::testing::Contains(HasSubstr("ended by its limit of 262144 bytes")));
}

TEST(Linearizability, HasNoEvidenceWhereTheModelDoesNotFit) {
    const Judged result = judged(foreign({{1, Type::invoke, "cas", Json{1, 2}}}), Json{{"model", "register"}});
    EXPECT_EQ(result.result().validity, Validity::unknown);
    EXPECT_EQ(result.result().reason, Reason::no_evidence);
    EXPECT_THAT(result.judgement.notes, ::testing::Contains(HasSubstr("the model register has no cas")));
}

TEST(Linearizability, IsAskedForWithAModelAndLimitsThatThereAre) {
    const auto error = [](const Json& parameters) {
        const auto claims = parse_claims(Json{{"linearizability", parameters}});
        return claims ? std::string{} : claims.error().message;
    };
    EXPECT_EQ(error(Json{{"model", "key-value"}, {"time", "1s"}, {"memory", "1GiB"}}), "");
    EXPECT_THAT(error(Json{{"model", "queue"}}), HasSubstr("/claims/linearizability/model: expected register, cas-register or key-value"));
    EXPECT_THAT(error(Json{{"memory", "lots"}}), HasSubstr("expected a size such as \"4GiB\""));
}

TEST(Linearizability, RefusesAClientThatDoesTwoThingsAtOnce) {
    Suite suite;
    bool refused = false;
    for (const history::Record& record : foreign({{1, Type::invoke, "write", 2}, {1, Type::invoke, "read", nullptr}})) {
        refused = refused || !suite.on(record);
    }
    EXPECT_TRUE(refused);
}

RC_GTEST_PROP(Linearizability, NamesTheCallsThatTheDefinitionNames, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    for (int i = 0; i < 20; ++i) {
        RandomSequence random{RandomStream{seed, std::to_string(i), "calls"}};
        linearizability::Values values;
        RegisterKind kind;
        kind.cas = i % 3 == 0;
        kind.distinct = i % 3 == 1;
        kind.store = i % 5 == 0;
        std::vector<linearizability::Object> objects;
        for (const char* key : {"1", "2"}) {
            const bool keyed = kind.store || i % 2 == 0;
            if (keyed || objects.empty()) objects.push_back({keyed ? std::optional<std::string>(key) : std::nullopt, random_register(random, kind, values)});
        }
        const auto records = records_of(objects, values, kind.store);
        Suite::Options options;
        options.claims = parse_claims(Json{{"linearizability", {{"initial", i % 4 == 2 ? Json(1) : Json()}}}}).value();
        std::set<std::uint64_t> hits;
        options.on_hit = [&](std::string_view property, std::uint64_t index) {
            if (property == "linearizability") hits.insert(index);
        };
        const auto judgement = judge(records, options);
        RC_ASSERT(judgement.has_value());
        const auto defined = definitional::violating(definitional::view_of(records), options.claims->at("linearizability"));
        definitional::SecondOpinion opinion(*judgement);
        for (const history::Record& record : records) opinion.on(record);
        if (hits != defined || !opinion.disagreements().empty()) {
            std::string text;
            for (const auto& object : objects) text += object.key.value_or("one") + "\n" + show(object.operations, values);
            RC_FAIL(fmt::format("checker {}, definition {}, {}\n{}", fmt::join(hits, " "), fmt::join(defined, " "),
                                fmt::join(opinion.disagreements(), " "), text));
        }
    }
}

}  // namespace
}  // namespace mistrial::checkers
