#include "checkers/model.hpp"

#include "checkers/oracle.hpp"
#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// What an answer shows, and what the publishes say of it.
namespace mistrial::checkers {
namespace {

using testing::at_ms;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using State_ = Seen::State;

class ModelTest : public ::testing::Test {
  protected:
    void run(const Json& inputs, std::vector<std::vector<std::string>> atomic = {}) {
        history::RunInfo info;
        info.inputs = inputs;
        info.atomic = std::move(atomic);
        const auto read = model.run_record(info);
        ASSERT_TRUE(read) << read.error().message;
    }
    void publish(const std::string& revision, const Json& content = nullptr, history::Type how = history::Type::ok,
                 const std::string& bundle = "main") {
        history::Publish value;
        value.bundle = bundle;
        value.revision = revision;
        if (!content.is_null()) value.content = content;
        model.at(at_ms(now += 10), index);
        const auto begun = model.publish_begins(value, index++, at_ms(now));
        ASSERT_TRUE(begun) << begun.error().message;
        if (how == history::Type::invoke) return;
        history::Record record;
        record.index = index++;
        record.time = at_ms(now += 10);
        record.type = how;
        (void)model.publish_ends(value, record);
        model.at(at_ms(now += 10), index);
    }
    Seen show(const history::Markers& markers, const history::Revisions& revisions = {}) {
        const std::vector<Seen>& seen = model.resolve(a1, revisions, markers);
        EXPECT_EQ(seen.size(), 1U);
        return seen.front();
    }
    std::vector<std::string> may_answer(const std::string& input, std::vector<RevisionNumber> state,
                                        std::optional<WallTime> clock = std::nullopt) {
        std::vector<std::string> texts;
        for (const AnswerId answer : possible_answers(model, model.intern_input(input), state, clock)) {
            texts.push_back(model.answers().text(answer));
        }
        return texts;
    }

    Model model;
    AgentId a1 = model.intern_agent("a1");
    std::int64_t now = 0;
    std::uint64_t index = 0;
};

TEST_F(ModelTest, MarkersNameTheRevisionWhoseNameTheyAllCarry) {
    publish("r1");
    publish("r2");
    const Seen seen = show({{"main/policy", "r2"}, {"main/data", "r2"}});
    EXPECT_EQ(seen.state, State_::known);
    EXPECT_EQ(seen.number, 2U);
    EXPECT_TRUE(seen.from_markers);
    EXPECT_FALSE(seen.misreported);
}

TEST_F(ModelTest, MarkersOfTwoRevisionsAreTornUnlessAPublishPromisesThemTogether) {
    publish("r1");
    publish("r2");
    EXPECT_EQ(show({{"main/policy", "r1"}, {"main/data", "r2"}}).state, State_::torn);
    publish("r3", {{"markers", {{"policy", "r1"}, {"data", "r2"}}}});
    const Seen seen = show({{"main/policy", "r1"}, {"main/data", "r2"}});
    EXPECT_EQ(seen.state, State_::known);
    EXPECT_EQ(seen.number, 3U);
}

TEST_F(ModelTest, ARootOfWhichNothingIsPromisedShowsTheName) {
    publish("r1");
    publish("r2", {{"markers", {{"policy", "r1"}}}});
    EXPECT_EQ(show({{"main/policy", "r1"}, {"main/data", "r2"}}).number, 2U);
    EXPECT_EQ(show({{"main/policy", "r2"}, {"main/data", "r2"}}).state, State_::torn) << "r2 shows policy r1";
}

TEST_F(ModelTest, MarkersThatSeveralRevisionsShowProveNothingOfWhichItWas) {
    publish("r1", {{"markers", {{"policy", "p1"}, {"data", "d1"}}}});
    publish("r2", {{"markers", {{"policy", "p1"}, {"data", "d2"}}}});
    EXPECT_EQ(show({{"main/policy", "p1"}}).state, State_::ambiguous);
    EXPECT_EQ(show({{"main/policy", "p1"}, {"main/data", "d1"}}).number, 1U);
}

TEST_F(ModelTest, ALaterPublishMayPromiseWhatAnEarlierOneShowed) {
    publish("r1");
    EXPECT_EQ(show({{"main/policy", "r1"}, {"main/data", "r1"}}).number, 1U);
    publish("r2", {{"markers", {{"policy", "r1"}, {"data", "r1"}}}});
    EXPECT_EQ(show({{"main/policy", "r1"}, {"main/data", "r1"}}).state, State_::ambiguous) << "asked again, not remembered";
}

TEST_F(ModelTest, TheReportTellsWhichOfSeveralItWasOrLies) {
    publish("r1", {{"markers", {{"policy", "p1"}}}});
    publish("r2", {{"markers", {{"policy", "p1"}}}});
    publish("r3");
    const Seen told = show({{"main/policy", "p1"}}, {{"main", "r1"}});
    EXPECT_EQ(told.number, 1U);
    EXPECT_FALSE(told.misreported);
    const Seen lied = show({{"main/policy", "p1"}}, {{"main", "r3"}});
    EXPECT_EQ(lied.state, State_::ambiguous);
    EXPECT_TRUE(lied.misreported);
}

TEST_F(ModelTest, APublishThatFailedExplainsMarkersOnlyWhenNoOtherDoes) {
    publish("r1", {{"markers", {{"policy", "p1"}}}}, history::Type::fail);
    EXPECT_EQ(show({{"main/policy", "p1"}}).number, 1U);
    publish("r2", {{"markers", {{"policy", "p1"}}}});
    EXPECT_EQ(show({{"main/policy", "p1"}}).number, 2U);
}

TEST_F(ModelTest, AFailedPublishMayBeTriedAgainUnderItsName) {
    publish("r1", nullptr, history::Type::fail);
    publish("r1");
    EXPECT_EQ(show({{"main/policy", "r1"}}).number, 2U);
    history::Publish again;
    again.bundle = "main";
    again.revision = "r1";
    EXPECT_THAT(model.publish_begins(again, 9, at_ms(99)).error().message, HasSubstr("r1 of bundle main is published again"));
}

TEST_F(ModelTest, AReportThatContradictsTheMarkersIsMisreported) {
    publish("r1");
    publish("r2");
    EXPECT_FALSE(show({{"main/policy", "r2"}}, {{"main", "r2"}}).misreported);
    EXPECT_TRUE(show({{"main/policy", "r2"}}, {{"main", "r1"}}).misreported);
    EXPECT_TRUE(show({{"main/policy", "-"}}, {{"main", "r1"}}).misreported);
    EXPECT_FALSE(show({{"main/policy", "-"}}, {{"main", ""}}).misreported) << "two words for nothing";
}

TEST_F(ModelTest, AReportAloneIsAllThereIs) {
    publish("r1");
    const Seen seen = show({}, {{"main", "r1"}});
    EXPECT_EQ(seen.number, 1U);
    EXPECT_FALSE(seen.from_markers);
    EXPECT_EQ(show({}, {{"main", "r7"}}).state, State_::unpublished);
    EXPECT_EQ(show({}, {{"main", ""}}).number, nothing_active);
}

TEST_F(ModelTest, WhatNobodyPublishedYetIsAskedAgain) {
    publish("r1");
    EXPECT_EQ(show({{"main/policy", "r2"}}).state, State_::unpublished);
    publish("r2");
    EXPECT_EQ(show({{"main/policy", "r2"}}).number, 2U);
}

TEST_F(ModelTest, AnAcknowledgedPublishPrecedesOnlyWhatWasAskedForLater) {
    publish("r1");
    publish("r2", nullptr, history::Type::invoke);
    publish("r3");
    const Bundle& main = model.bundle(0);
    EXPECT_TRUE(main.certainly_before(1, 2));
    EXPECT_FALSE(main.certainly_before(2, 3)) << "r2 may take effect after r3";
    EXPECT_TRUE(main.certainly_before(nothing_active, 1));
    EXPECT_FALSE(main.certainly_before(2, 2));
    EXPECT_THAT(main.unordered(), ElementsAre(2));
}

TEST_F(ModelTest, AnIndeterminatePublishIsAcknowledgedByItsFirstSight) {
    publish("r1");
    publish("r2", nullptr, history::Type::info);
    EXPECT_EQ(model.bundle(0).acknowledged().until(at_ms(now)), 1U);
    model.observed(0, 2, 77, at_ms(now + 5));
    EXPECT_EQ(model.bundle(0).acknowledged().before(at_ms(now + 5)), 1U);
    EXPECT_EQ(model.bundle(0).acknowledged().until(at_ms(now + 5)), 2U);
    EXPECT_EQ(model.bundle(0).revision(2).first_shown_index, 77U);
}

TEST_F(ModelTest, ABadRevisionIsNeverDueAndExcusesWhatItHides) {
    publish("r1");
    publish("r2", {{"bad", "unsigned"}});
    EXPECT_EQ(model.bundle(0).acknowledged().until(at_ms(now)), 1U);
    ASSERT_EQ(model.excuses().windows().size(), 1U);
    EXPECT_FALSE(model.excuses().windows()[0].to);
    publish("r3");
    EXPECT_TRUE(model.excuses().windows()[0].to) << "until the next good one is acknowledged";
}

TEST_F(ModelTest, TheOracleIsTheTableOfTheRevisionAndOfItsBases) {
    publish("r1", {{"base", nullptr}, {"verdicts", {{"x", true}, {"y", false}}}});
    publish("r2", {{"base", "r1"}, {"verdicts", {{"y", true}}}});
    publish("r3", {{"base", nullptr}, {"verdicts", {{"y", false}}}});
    publish("r4", {{"base", "r1"}, {"verdicts", Json::object()}});
    publish("r5");
    EXPECT_THAT(may_answer("x", {1}), ElementsAre("true"));
    EXPECT_THAT(may_answer("x", {2}), ElementsAre("true"));
    EXPECT_THAT(may_answer("y", {2}), ElementsAre("true"));
    EXPECT_THAT(may_answer("x", {3}), IsEmpty()) << "a table without a base says all that it says";
    EXPECT_THAT(may_answer("y", {4}), ElementsAre("false")) << "an old base is as good as a new one";
    EXPECT_THAT(may_answer("x", {4}), ElementsAre("true"));
    EXPECT_THAT(may_answer("x", {5}), IsEmpty());
    EXPECT_THAT(may_answer("x", {0}), ElementsAre("undefined")) << "nothing is active";
    EXPECT_THAT(may_answer("unheard", {1}), IsEmpty());
}

TEST_F(ModelTest, VerdictsHaveBeenUnchangedSinceTheNewestPublishThatChangesThem) {
    publish("r1", {{"base", nullptr}, {"verdicts", {{"x", true}, {"y", true}}}});
    publish("r2", {{"base", "r1"}, {"verdicts", {{"y", false}}}});
    publish("r3", {{"base", "r2"}, {"verdicts", {{"x", true}}}});
    const Bundle& main = model.bundle(0);
    EXPECT_EQ(main.unchanged_since(model.intern_input("x")), 1U);
    EXPECT_EQ(main.unchanged_since(model.intern_input("y")), 2U);
    publish("r4");
    EXPECT_EQ(main.unchanged_since(model.intern_input("x")), 4U) << "a publish that says nothing may change everything";
}

TEST_F(ModelTest, CombinedInputsJoinWhatTheirBundlesSay) {
    run({{"both", {{"combine", "and"}, {"bundles", {"main", "extra"}}}},
         {"either", {{"combine", "or"}, {"bundles", {"main", "extra"}}, {"inactive", false}}}});
    const auto table = [](bool verdict) { return Json{{"base", nullptr}, {"verdicts", {{"both", verdict}, {"either", verdict}}}}; };
    publish("r1", table(true));
    publish("e1", table(false), history::Type::ok, "extra");
    publish("e2", table(true), history::Type::ok, "extra");
    EXPECT_THAT(may_answer("both", {1, 1}), ElementsAre("false"));
    EXPECT_THAT(may_answer("both", {1, 2}), ElementsAre("true"));
    EXPECT_THAT(may_answer("both", {0, 2}), ElementsAre("undefined")) << "the first bundle holds the rule";
    EXPECT_THAT(may_answer("both", {1, 0}), ElementsAre("false"));
    EXPECT_THAT(may_answer("either", {0, 2}), ElementsAre("true"));
    EXPECT_THAT(may_answer("either", {0, 1}), ElementsAre("false"));
    EXPECT_THAT(may_answer("both", {1}), IsEmpty()) << "a state is one revision for each bundle";
}

TEST_F(ModelTest, AVerdictWithoutProvenanceIsExplainedByARevisionThatMayHaveBeenThere) {
    publish("r1", {{"base", nullptr}, {"verdicts", {{"x", true}}}});
    publish("r2", {{"base", "r1"}, {"verdicts", {{"x", false}}}});
    const InputId x = model.intern_input("x");
    EXPECT_EQ(explained_by_some(model, x, model.answers().boolean(true), nothing_active), true);
    EXPECT_EQ(explained_by_some(model, x, model.answers().boolean(true), 2), false) << "r1 is certainly older than r2";
    EXPECT_EQ(explained_by_some(model, x, model.answers().boolean(false), 2), true);
    EXPECT_EQ(explained_by_some(model, x, undefined_answer, nothing_active), true) << "an agent may be cold";
    EXPECT_EQ(explained_by_some(model, model.intern_input("unheard"), undefined_answer, 2), std::nullopt);
    publish("r3");
    EXPECT_EQ(explained_by_some(model, x, model.answers().boolean(true), 3), std::nullopt) << "r3 does not say";
}

TEST_F(ModelTest, NothingIsSaidOfEveryRevisionWherePublishesHaveNoInvokes) {
    publish("r1", {{"base", nullptr}, {"verdicts", {{"x", false}}}});
    const InputId x = model.intern_input("x");
    EXPECT_FALSE(may_be_allowed(model, x));
    EXPECT_EQ(explained_by_some(model, x, model.answers().boolean(true), nothing_active), false);
    model.publishes_begin_unseen();
    EXPECT_TRUE(may_be_allowed(model, x)) << "one may be under way that allows it";
    EXPECT_EQ(explained_by_some(model, x, model.answers().boolean(true), nothing_active), std::nullopt);
    EXPECT_EQ(show({{"main/policy", "p"}, {"main/data", "d"}}).state, State_::ambiguous) << "or that shows these together";
}

TEST_F(ModelTest, OnlyGoodRevisionsThatMayHaveTakenEffectAllow) {
    run({{"canary", {{"canary", "deny"}}}});
    publish("r1", {{"base", nullptr}, {"verdicts", {{"x", false}, {"canary", true}}}});
    publish("r2", {{"base", "r1"}, {"verdicts", {{"x", true}}}}, history::Type::fail);
    publish("r3", {{"base", "r1"}, {"verdicts", {{"x", true}}}, {"bad", "unsigned"}});
    EXPECT_FALSE(may_be_allowed(model, model.intern_input("x")));
    EXPECT_FALSE(may_be_allowed(model, model.intern_input("canary"))) << "whatever a table says";
    EXPECT_TRUE(may_be_allowed(model, model.intern_input("unheard")));
    publish("r4", {{"base", "r1"}, {"verdicts", {{"x", true}}}}, history::Type::info);
    EXPECT_TRUE(may_be_allowed(model, model.intern_input("x")));
}

TEST_F(ModelTest, BundlesSwitchAtOnceUnlessTheRunNamesThoseThatDo) {
    publish("r1");
    publish("e1", nullptr, history::Type::ok, "extra");
    EXPECT_TRUE(model.atomic(0));
    run(Json::object(), {{"extra"}});
    EXPECT_FALSE(model.atomic(0));
    EXPECT_TRUE(model.atomic(1));
}

TEST_F(ModelTest, ContentThatMakesNoSenseIsRefusedWithItsRevision) {
    history::Publish value;
    value.bundle = "main";
    value.revision = "r1";
    value.content = Json{{"base", "r0"}, {"verdicts", Json::object()}};
    EXPECT_EQ(model.publish_begins(value, 0, at_ms(0)).error().message,
              "content of revision r1 of bundle main: its base \"r0\" was not published before");
    value.content = Json{{"verdicts", 7}};
    EXPECT_EQ(model.publish_begins(value, 0, at_ms(0)).error().message,
              "content of revision r1 of bundle main: \"verdicts\" is not an object");
}

}  // namespace
}  // namespace mistrial::checkers
