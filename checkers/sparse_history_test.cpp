#include "checkers/definitional/definition.hpp"
#include "checkers/definitional/second_opinion.hpp"
#include "checkers/lattice.hpp"
#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Histories that others recorded: publishes by their completions alone, no boots, no provenance, bundles that come late.
/// What they do not tell accuses nobody, and checkers and definitions read the rest of it alike.
namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Judges, asks the definitions about what is found and about all else, and the results whether they agree.
Judgement judged(const HistoryBuilder& history, const Json& claims) {
    const std::vector<history::Record> records = history.build();
    Suite::Options options;
    options.claims = parse_claims(claims).value();
    std::map<std::string, std::set<std::uint64_t>> hits;
    options.on_hit = [&](std::string_view property, std::uint64_t index) { hits[std::string(property)].insert(index); };
    auto judgement = judge(records, options);
    EXPECT_TRUE(judgement) << judgement.error().message;
    definitional::SecondOpinion opinion{*judgement};
    for (const history::Record& record : records) opinion.on(record);
    EXPECT_THAT(opinion.disagreements(), IsEmpty());
    EXPECT_THAT(contradictions(*judgement), IsEmpty());
    definitional::View view = definitional::view_of(records);
    view.asserted = *options.claims;
    for (const auto& [property, made] : *options.claims) {
        EXPECT_EQ(definitional::violating(view, made).empty(), claim(*judgement, property).violations.empty()) << property;
    }
    return *judgement;
}

/// The publish of `revision` as its completion alone tells it.
void completes(HistoryBuilder& history, const std::string& revision, std::int64_t at, std::int64_t process) {
    history::Publish value;
    value.bundle = "main";
    value.revision = revision;
    history.record(at_ms(at), history::Type::ok, "publish", process, value);
}

const Json deliveries{{"source-fidelity", Json::object()}, {"revision-validity", Json::object()}};

TEST(SparseHistories, ADeliveryMayBeRecordedBeforeTheCompletionThatAloneTellsOfItsPublish) {
    HistoryBuilder history;
    completes(history, "r1", 10, 100);
    history.serve("a1", "r1", 20, 21).serve("a1", "r2", 48, 49);
    completes(history, "r2", 50, 100);
    for (std::int64_t at = 60; at < 90; at += 2) history.shows("a1", at, at + 1, "r2");
    const Judgement judgement = judged(history, deliveries);
    EXPECT_THAT(claim(judgement, "source-fidelity").violations, IsEmpty());
    EXPECT_THAT(claim(judgement, "revision-validity").violations, IsEmpty());

    HistoryBuilder never;
    completes(never, "r1", 10, 100);
    never.serve("a1", "r1", 20, 21);
    completes(never, "r2", 50, 100);
    for (std::int64_t at = 60; at < 90; at += 2) never.shows("a1", at, at + 1, "r2");
    EXPECT_EQ(claim(judged(never, deliveries), "revision-validity").violations.size(), 1U) << "r2 was never served";
}

TEST(SparseHistories, ADeliveryMayBeRecordedJustBeforeItsPublishAtTheSameInstant) {
    HistoryBuilder history;
    history.publish("r1", 1, 2).serve("a1", "r1", 3, 4);
    std::vector<history::Record> records;
    history.serve("a1", "r2", 50, 50).publish("r2", 50, 52);
    for (std::int64_t at = 60; at < 70; at += 2) history.shows("a1", at, at + 1, "r2");
    records = history.build();
    // Invokes come first at equal times; others need not keep to that.
    for (std::size_t i = 0; i + 1 < records.size(); ++i) {
        if (records[i].time != at_ms(50) || records[i].type != history::Type::invoke) continue;
        std::swap(records[i], records[i + 1]);
        break;
    }
    for (std::size_t i = 0; i < records.size(); ++i) records[i].index = i;
    Suite::Options options;
    options.claims = parse_claims(deliveries).value();
    const auto judgement = judge(records, options);
    ASSERT_TRUE(judgement);
    EXPECT_THAT(claim(*judgement, "source-fidelity").violations, IsEmpty());
    EXPECT_THAT(claim(*judgement, "revision-validity").violations, IsEmpty());
    const definitional::View view = definitional::view_of(records);
    for (const auto& [property, made] : *options.claims) EXPECT_THAT(definitional::violating(view, made), IsEmpty());
}

TEST(SparseHistories, WhatABootFoundMayBePublishedByALaterRecord) {
    HistoryBuilder history;
    completes(history, "r1", 10, 100);
    history.serve("a1", "r1", 20, 21).boot("a1", "a1#2", 40, history::Revisions{{"main", "r2"}});
    completes(history, "r2", 50, 101);
    for (std::int64_t at = 60; at < 70; at += 2) history.shows("a1", at, at + 1, "r2");
    const Judgement judgement = judged(history, deliveries);
    EXPECT_THAT(claim(judgement, "source-fidelity").violations, IsEmpty());
    EXPECT_THAT(claim(judgement, "revision-validity").violations, IsEmpty());
}

/// A bundle that tells x, published by `inv`.
void publish(HistoryBuilder& history, const std::string& bundle, const std::string& revision, std::int64_t inv, bool x,
             Json content = Json::object()) {
    content["base"] = nullptr;
    content["verdicts"]["x"] = x;
    history.publish(revision, inv, inv + 1, content, history::Type::ok, bundle);
}

Answered asked(bool verdict, const std::string& main = "") {
    Answered what;
    what.input_id = "x";
    what.answer = history::Verdict{verdict ? "true" : "false"};
    if (!main.empty()) what.revisions = {{"main", main}};
    return what;
}

TEST(SparseHistories, ABundleThatComesLaterSaysNothingOfWhatWasDecidedBeforeIt) {
    const auto with = [](const Json& claims, bool bad, const std::string& shown, bool verdict) {
        HistoryBuilder history;
        publish(history, "main", "m1", 0, false, bad ? Json{{"bad", "unsigned"}} : Json::object());
        history.decide(10, 11, asked(verdict, shown));
        publish(history, "aux", "a1", 20, verdict);
        return claim(judged(history, claims), claims.begin().key()).violations.size();
    };
    EXPECT_EQ(with(Json{{"oracle-correctness", Json::object()}}, false, "m1", true), 1U);
    EXPECT_EQ(with(Json{{"revision-validity", Json::object()}}, false, "", true), 1U);
    EXPECT_EQ(with(Json{{"fail-closed", Json::object()}}, false, "", true), 1U);
    EXPECT_EQ(with(Json{{"authentic-activation", Json::object()}}, true, "", false), 1U);
    EXPECT_EQ(with(Json{{"oracle-correctness", Json::object()}}, false, "m1", false), 0U);
}

TEST(SparseHistories, WhatNoBundleTellsMayDependOnOneThatIsNotShown) {
    const auto with = [](const std::vector<std::string>& bundles) {
        HistoryBuilder history;
        history::RunInfo info;
        info.agents["a1"] = {"embedded", "1", bundles, false};
        history.record(TrueTime{}, history::Type::info, "run", "harness", info);
        history.publish("a1", 0, 1, nullptr, history::Type::ok, "aux");
        for (const char* verdict : {"true", "false"}) {
            Answered what;
            what.input_id = "y";
            what.answer = history::Verdict{verdict};
            what.revisions = {{"aux", "a1"}};
            history.decide(10, 11, what);
        }
        history.publish("m1", 20, 21, Json{{"base", nullptr}, {"verdicts", {{"y", true}}}});
        return claim(judged(history, Json{{"determinism", Json::object()}}), "determinism").violations.size();
    };
    EXPECT_EQ(with({"aux"}), 1U);
    EXPECT_EQ(with({"main", "aux"}), 0U) << "main may have been there from before";
}

TEST(SparseHistories, AConnectionThatBrokeMayHaveBeenARestartWhereNoBootIsRecorded) {
    const auto back = [](const std::optional<std::string>& error, history::Type type, bool booted) {
        HistoryBuilder history;
        history.publish("r1", 1, 2).publish("r2", 3, 4);
        if (booted) history.boot("a1", "a1#1", 0);
        for (std::int64_t at = 10; at < 50; at += 2) history.shows("a1", at, at + 1, "r2");
        Answered lost;
        lost.type = type;
        lost.error = error;
        history.decide(50, 51, lost);
        history.shows("a1", 60, 61, "r1");
        return claim(judged(history, Json{{"monotonic-revisions", Json::object()}}), "monotonic-revisions").violations.size();
    };
    using history::Type;
    EXPECT_EQ(back("refused", Type::fail, false), 0U);
    EXPECT_EQ(back("connection reset by peer", Type::info, false), 0U);
    EXPECT_EQ(back(std::nullopt, Type::info, false), 1U) << "nobody says that anything broke";
    EXPECT_EQ(back("Timeout", Type::info, false), 1U);
    EXPECT_EQ(back("no complete response within 2s", Type::info, false), 1U);
    EXPECT_EQ(back("no-process", Type::fail, false), 1U) << "nothing was sent";
    EXPECT_EQ(back("connection reset by peer", Type::info, true), 1U) << "boots are recorded, and there was none";
}

TEST(SparseHistories, ASmallestKOfNoReadsProvesNothing) {
    HistoryBuilder silent;
    for (std::int64_t i = 1; i <= 2; ++i) {
        silent.publish("r" + std::to_string(i), i * 4, i * 4 + 1, Json{{"base", nullptr}, {"verdicts", {{"x", i == 1}}}});
    }
    silent.decide(20, 21, asked(false)).decide(22, 23, asked(true));
    const Judgement without = judged(silent, Json{{"monotonic-revisions", Json::object()}});
    EXPECT_EQ(claim(without, "monotonic-revisions").violations.size(), 1U);

    HistoryBuilder forked;
    forked.publish_by("east", "e1", 1, 2, Json::object()).publish_by("north", "n1", 3, 4, Json{{"east", "e1"}});
    forked.shows("a1", 10, 11, "n1").shows("a1", 12, 13, "e1");
    EXPECT_EQ(claim(judged(forked, Json{{"monotonic-revisions", Json::object()}}), "monotonic-revisions").violations.size(), 1U);

    HistoryBuilder none;
    none.publish("r1", 1, 2);
    const Judgement nothing = judged(none, Json{{"revision-validity", Json::object()}});
    for (const Measured& measured : nothing.measured) {
        if (measured.property != "k-atomicity") continue;
        EXPECT_FALSE(measured.values.contains("smallest_k"));
    }
}

}  // namespace
}  // namespace mistrial::checkers
