#include "checkers/fleet.hpp"

#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Who answered, and when it cannot be told. The law: operations that count as one incarnation's are of one process.
namespace mistrial::checkers {
namespace {

using testing::at_ms;
using testing::HistoryBuilder;
using ::testing::IsEmpty;

struct Life {
    kernels::Acknowledged none;
    Excuses excuses{[](const void* self, BundleId) -> const kernels::Acknowledged& {
                        return static_cast<const Life*>(self)->none;
                    },
                    this};
    Fleet fleet{excuses};
    AgentId a1 = fleet.intern("a1");

    void boot(const std::string& name, std::int64_t ms) { fleet.boots(a1, {"a1", name, std::nullopt}, at_ms(ms)); }
    void death(const std::string& name, std::int64_t ms) { fleet.dies(a1, {"a1", name, "killed"}, at_ms(ms)); }
    IncarnationId of(std::int64_t inv, std::int64_t res, std::optional<std::string> echo = std::nullopt) {
        (void)fleet.heard_of(a1, echo, at_ms(inv), at_ms(res));
        const IncarnationId id = fleet.incarnation_of(a1, echo, at_ms(inv), at_ms(res));
        fleet.answers(a1, at_ms(res));
        return id;
    }
    std::string name_of(IncarnationId id) { return id == no_incarnation ? "none" : fleet.incarnation_name(id); }
};

TEST(Incarnations, TheEchoDecides) {
    Life life;
    life.boot("a1#1", 0);
    EXPECT_EQ(life.name_of(life.of(10, 20, "a1#1")), "a1#1");
    EXPECT_EQ(life.name_of(life.of(10, 20, "-")), "a1#1") << "a dash is no name";
}

TEST(Incarnations, WithoutAnEchoItIsTheOneThatLivedAllTheWhile) {
    Life life;
    life.boot("a1#1", 10);
    EXPECT_EQ(life.name_of(life.of(5, 20)), "none") << "asked before the boot";
    EXPECT_EQ(life.name_of(life.of(10, 20)), "a1#1") << "asked at the boot";
    life.death("a1#1", 50);
    EXPECT_EQ(life.name_of(life.of(40, 50)), "a1#1") << "over at the death";
    EXPECT_EQ(life.name_of(life.of(40, 51)), "none");
    life.boot("a1#2", 60);
    EXPECT_EQ(life.name_of(life.of(40, 60)), "none");
    EXPECT_EQ(life.name_of(life.of(55, 70)), "none");
    EXPECT_EQ(life.name_of(life.of(60, 70)), "a1#2");
}

TEST(Incarnations, ABootThatNobodySawComingEndsTheLifeBefore) {
    Life life;
    life.boot("a1#1", 0);
    life.boot("a1#2", 50);
    EXPECT_EQ(life.name_of(life.of(40, 49)), "a1#1");
    EXPECT_EQ(life.name_of(life.of(40, 50)), "none") << "over as the next one booted: either may have given it";
    EXPECT_EQ(life.name_of(life.of(50, 60)), "a1#2");
}

TEST(Incarnations, AgentsMayCallTheirLivesAlike) {
    Life life;
    const AgentId a2 = life.fleet.intern("a2");
    const IncarnationId mine = life.of(0, 1, "1");
    EXPECT_NE(mine, life.fleet.incarnation_of(a2, "1", at_ms(0), at_ms(1)));
    EXPECT_EQ(mine, life.of(2, 3, "1"));
}

TEST(Incarnations, WithoutBootRecordsAnAgentIsOneLifeUntilItRefusesAConnection) {
    Life life;
    const IncarnationId first = life.of(0, 10);
    EXPECT_EQ(first, life.of(20, 30));
    EXPECT_TRUE(life.fleet.loses_connection(life.a1, at_ms(40)));
    EXPECT_EQ(life.name_of(life.of(40, 45)), "none") << "asked while it was refusing: either process";
    const IncarnationId second = life.of(41, 46);
    EXPECT_NE(second, no_incarnation);
    EXPECT_NE(second, first);
}

TEST(Incarnations, AnOutageIsOverOnceSomebodyAnswersWhatWasAskedAfterIt) {
    Life life;
    (void)life.of(0, 10);
    EXPECT_TRUE(life.fleet.loses_connection(life.a1, at_ms(40)));
    EXPECT_FALSE(life.fleet.loses_connection(life.a1, at_ms(50))) << "the same outage";
    (void)life.fleet.heard_of(life.a1, std::nullopt, at_ms(50), at_ms(55));
    ASSERT_EQ(life.excuses.windows().size(), 2U) << "asked before it was over: it goes on, but that answer owes nothing";
    EXPECT_EQ(life.excuses.windows()[1].to, at_ms(55));
    EXPECT_EQ(life.excuses.windows()[0].from, at_ms(10));
    EXPECT_FALSE(life.excuses.windows()[0].to);
    EXPECT_TRUE(life.fleet.heard_of(life.a1, std::nullopt, at_ms(51), at_ms(60)));
    EXPECT_EQ(life.excuses.windows()[0].to, at_ms(60)) << "the new process may have begun as late as this";
}

TEST(Incarnations, AStrangersEchoTellsOfARestartThatNobodyRecorded) {
    Life life;
    life.boot("a1#1", 0);
    const IncarnationId before = life.of(10, 20);
    EXPECT_FALSE(life.fleet.heard_of(life.a1, "a1#1", at_ms(30), at_ms(30)));
    EXPECT_TRUE(life.fleet.heard_of(life.a1, "a1#2", at_ms(39), at_ms(40)));
    EXPECT_FALSE(life.fleet.heard_of(life.a1, "a1#1", at_ms(45), at_ms(50))) << "replicas behind one name restart once each";
    EXPECT_NE(before, no_incarnation);
    EXPECT_EQ(life.of(45, 55), no_incarnation) << "without an echo it is not taken for the one of the record";
    ASSERT_FALSE(life.excuses.windows().empty());
    EXPECT_EQ(life.excuses.windows().back().from, at_ms(20)) << "it was last heard of then";
    EXPECT_EQ(life.excuses.windows().back().to, at_ms(40));
}

TEST(Incarnations, TheFirstEchoOfAllIsNoRestart) {
    Life life;
    EXPECT_FALSE(life.fleet.heard_of(life.a1, "x", at_ms(30), at_ms(40)));
    EXPECT_THAT(life.excuses.windows(), IsEmpty());
}

TEST(Incarnations, AReportIsTheWritersAndNotOfWhoRunsWhenItArrives) {
    Life life;
    life.boot("a1#1", 0);
    EXPECT_EQ(life.name_of(life.fleet.incarnation_at(life.a1, std::nullopt, at_ms(5))), "a1#1");
    life.death("a1#1", 10);
    life.boot("a1#2", 20);
    EXPECT_EQ(life.name_of(life.fleet.incarnation_at(life.a1, std::nullopt, at_ms(25))), "none");
    EXPECT_EQ(life.name_of(life.fleet.incarnation_at(life.a1, "a1#1", at_ms(25))), "a1#1");
}

TEST(Incarnations, TimeBetweenDeathAndBootIsExcusedAndBeforeTheFirstBoot) {
    Life life;
    life.boot("a1#1", 10);
    life.death("a1#1", 50);
    life.boot("a1#2", 60);
    const auto& windows = life.excuses.windows();
    ASSERT_EQ(windows.size(), 2U);
    EXPECT_EQ(windows[0].from, TrueTime::min());
    EXPECT_EQ(windows[0].to, at_ms(10));
    EXPECT_EQ(windows[1].from, at_ms(50));
    EXPECT_EQ(windows[1].to, at_ms(60));
}

TEST(Deliveries, ExposeWhatHadBegunToArriveAndWhatWasPersisted) {
    Agent agent{"a1"};
    EXPECT_FALSE(agent.deliveries_tracked());
    agent.delivered(0, {at_ms(10), at_ms(20), 3, "cdn1", 0, true});
    EXPECT_TRUE(agent.deliveries_tracked());
    EXPECT_FALSE(agent.exposed(0, 3, at_ms(9)));
    EXPECT_TRUE(agent.exposed(0, 3, at_ms(10))) << "begun at that instant";
    EXPECT_FALSE(agent.exposed(0, 2, at_ms(99)));
    EXPECT_FALSE(agent.exposed(1, 3, at_ms(99)));
    agent.persisted(1, 3);
    EXPECT_TRUE(agent.exposed(1, 3, at_ms(0)));
}

}  // namespace
}  // namespace mistrial::checkers
