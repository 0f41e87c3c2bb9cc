#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// O3 over the small histories by which one tells the fates of an element of a set: a publish adds an element, and a
/// decision under a revision reads every element at or before it.
namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

/// What became of every acknowledged publish, and what that makes of the claim.
struct Fates {
    std::int64_t stable = 0;
    std::int64_t lost = 0;
    std::int64_t never_read = 0;
    std::int64_t undecided = 0;
    Validity validity = Validity::unknown;
    Reason reason = Reason::none;
    friend bool operator==(const Fates&, const Fates&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Fates& fates) {
        return out << "stable " << fates.stable << ", lost " << fates.lost << ", never read " << fates.never_read << ", undecided "
                   << fates.undecided << ", validity " << static_cast<int>(fates.validity) << " (" << to_text(fates.reason) << ")";
    }
};

/// Within 100 ms.
struct Set {
    Set() { history.run(Json::object(), {"a1"}); }
    Set& add(const std::string& revision, std::int64_t inv, std::int64_t res, history::Type type = history::Type::ok) {
        history.publish(revision, inv, res, nullptr, type);
        return *this;
    }
    Set& read(std::int64_t inv, std::int64_t res, const std::string& revision, const std::string& agent = "a1") {
        history.shows(agent, inv, res, revision);
        return *this;
    }
    /// A read that never came back, or broke off.
    Set& read_without_answer(std::int64_t inv, std::int64_t res, history::Type type) {
        Answered lost;
        lost.type = type;
        history.decide(inv, res, lost);
        return *this;
    }

    [[nodiscard]] ClaimResult judged() const {
        Suite::Options options;
        options.claims = parse_claims({{"no-lost-publish", {{"within", "100ms"}}}}).value();
        const Result<Judgement> judgement = judge(history.build(), options);
        EXPECT_TRUE(judgement) << judgement.error().message;
        return claim(*judgement, "no-lost-publish");
    }
    [[nodiscard]] Fates fates() const {
        const ClaimResult result = judged();
        const Json counted = fates_json();
        Fates fates;
        fates.validity = result.validity;
        fates.reason = result.reason;
        for (const auto& [key, field] : {std::pair{"stable", &fates.stable}, std::pair{"lost", &fates.lost},
                                         std::pair{"never_read", &fates.never_read}, std::pair{"undecided", &fates.undecided}}) {
            *field = counted[key];
        }
        return fates;
    }
    /// As measured of a run whose settling phase grants the same bound.
    [[nodiscard]] Json fates_json() const {
        std::vector<history::Record> records = history.build();
        std::get<history::RunInfo>(records.front().value).settle = milliseconds{200};
        const Result<Judgement> judgement = judge(records);
        for (const Measured& one : judgement->measured) {
            if (one.property == "no-lost-publish") return one.values;
        }
        return {};
    }

    HistoryBuilder history;
};

constexpr Validity unknown = Validity::unknown;
constexpr Validity invalid = Validity::invalid;
const Fates nothing_known{0, 0, 1, 0, unknown, Reason::not_exercised};
const Fates one_stable{1, 0, 0, 0, unknown, Reason::not_exercised};  // too few obligations for more
const Fates one_lost{0, 1, 0, 0, invalid, Reason::none};

TEST(SetOfPublishes, NeverRead) { EXPECT_EQ(Set().add("r1", 0, 10).fates(), nothing_known); }

TEST(SetOfPublishes, NeverReadWhenTheOnlyReadFailed) {
    EXPECT_EQ(Set().add("r1", 0, 10).read_without_answer(300, 310, history::Type::fail).fates(), nothing_known);
}

TEST(SetOfPublishes, NeverReadWhenTheOnlyReadIsInDoubt) {
    EXPECT_EQ(Set().add("r1", 0, 10).read_without_answer(300, 310, history::Type::info).fates(), nothing_known);
}

TEST(SetOfPublishes, NeverReadWhenTheReadNeverEnded) {
    EXPECT_EQ(Set().add("r1", 0, 10).read_without_answer(300, 310, history::Type::invoke).fates(), nothing_known);
}

TEST(SetOfPublishes, StableWhenReadAfterwards) {
    EXPECT_EQ(Set().add("r1", 0, 10).read(300, 310, "r1").fates(), one_stable);
}

TEST(SetOfPublishes, StableWhenAbsentAtFirstAndPresentInTheEnd) {
    EXPECT_EQ(Set().add("r1", 0, 10).read(20, 30, "-").read(300, 310, "r1").fates(), one_stable);
}

TEST(SetOfPublishes, StableWhenReadAsPartOfANewerOne) {
    const Fates both{2, 0, 0, 0, unknown, Reason::not_exercised};
    EXPECT_EQ(Set().add("r1", 0, 10).add("r2", 20, 30).read(300, 310, "r2").fates(), both);
}

TEST(SetOfPublishes, StableAfterHavingFlickered) {
    EXPECT_EQ(Set().add("r1", 0, 10).read(20, 30, "r1").read(40, 50, "-").read(300, 310, "r1").fates(), one_stable);
}

TEST(SetOfPublishes, LostWhenAbsentFromAReadLongAfterItsAcknowledgement) {
    EXPECT_EQ(Set().add("r1", 0, 10).read(300, 310, "-").fates(), one_lost);
}

TEST(SetOfPublishes, LostWhenPresentAtFirstAndAbsentInTheEnd) {
    EXPECT_EQ(Set().add("r1", 0, 10).read(20, 30, "r1").read(300, 310, "-").fates(), one_lost);
}

TEST(SetOfPublishes, OneLostAndTheOtherStable) {
    const Fates half{1, 1, 0, 0, invalid, Reason::none};
    EXPECT_EQ(Set().add("r1", 0, 10).add("r2", 20, 30).read(40, 50, "r2").read(300, 310, "r1").fates(), half);
}

TEST(SetOfPublishes, NotYetLostWhenAbsentBeforeTheBoundHasPassed) {
    const Fates early{0, 0, 1, 0, unknown, Reason::pending};
    EXPECT_EQ(Set().add("r1", 0, 10).read(110, 120, "-").fates(), early);
    EXPECT_EQ(Set().add("r1", 0, 10).read(111, 120, "-").fates(), one_lost);
}

TEST(SetOfPublishes, AbsentFromAReadConcurrentWithAPresentOne) {
    const Fates seen{0, 0, 0, 1, unknown, Reason::no_evidence};
    EXPECT_EQ(Set().add("r1", 0, 10).read(300, 400, "r1").read(350, 360, "-").fates(), seen);
    EXPECT_EQ(Set().add("r1", 0, 10).read(300, 349, "r1").read(350, 360, "-").fates(), one_lost);
    EXPECT_EQ(Set().add("r1", 0, 10).read(300, 350, "r1").read(350, 360, "-").fates(), seen) << "equal times are concurrent";
}

TEST(SetOfPublishes, AbsentFromAReadConcurrentWithItsPublish) {
    EXPECT_EQ(Set().add("r1", 0, 500).read(100, 110, "-").fates(), (Fates{0, 0, 1, 0, unknown, Reason::pending}));
}

TEST(SetOfPublishes, AFailedPublishIsNoElement) {
    EXPECT_EQ(Set().add("r1", 0, 10, history::Type::fail).read(300, 310, "-").fates(),
              (Fates{0, 0, 0, 0, unknown, Reason::not_exercised}));
}

TEST(SetOfPublishes, APublishInDoubtMayBeAbsent) {
    EXPECT_EQ(Set().add("r1", 0, 10, history::Type::info).read(300, 310, "-").fates(),
              (Fates{0, 0, 0, 0, unknown, Reason::not_exercised}));
}

TEST(SetOfPublishes, APublishInDoubtMayStillBringALostOneBack) {
    EXPECT_EQ(Set().add("r1", 0, 10).add("r2", 20, 30, history::Type::info).read(300, 310, "-").fates(),
              (Fates{0, 0, 1, 0, unknown, Reason::no_evidence}));
}

TEST(SetOfPublishes, TwoAgentsThatDisagreeLeaveItOpen) {
    const Fates open{1, 0, 0, 1, unknown, Reason::no_evidence};
    EXPECT_EQ(Set().add("r1", 0, 10).add("r2", 20, 30).read(300, 310, "r2").read(300, 310, "r1", "a2").fates(), open);
}

TEST(SetOfPublishes, AnAgentThatIsCutOffInTheEndLeavesItOpen) {
    Set set;
    set.add("r1", 0, 10).read(20, 30, "r1", "a2").read(300, 310, "-");
    set.history.fault("f1", "partition", {"a2"}, {40, 41, -1, -1});
    set.read(300, 310, "-", "a2");
    EXPECT_EQ(set.fates(), (Fates{0, 0, 0, 1, unknown, Reason::pending}));
}

TEST(SetOfPublishes, TheBoundRunsAnewWhenAnAgentIsConnectedAgain) {
    Set set;
    set.add("r1", 0, 10).read(300, 310, "-");
    set.history.fault("f1", "partition", {"a1"}, {40, 41, 240, 250});
    EXPECT_EQ(set.fates().reason, Reason::pending);
    EXPECT_EQ(set.read(351, 360, "-").fates(), one_lost);
}

TEST(SetOfPublishes, AnElementThatMustBeRefusedIsNotMissed) {
    Set set;
    set.add("r1", 0, 10);
    set.history.publish("r2", 20, 30, {{"bad", "unsigned"}});
    set.add("r3", 40, 50).read(300, 310, "r3");
    EXPECT_EQ(set.fates(), (Fates{2, 0, 0, 0, unknown, Reason::not_exercised}));
}

TEST(SetOfPublishes, OverlappingPublishesOfOneAuthorityMayHaveEitherOrder) {
    EXPECT_EQ(Set().add("r1", 0, 30).add("r2", 10, 20).read(300, 310, "r1").fates(),
              (Fates{1, 0, 1, 0, unknown, Reason::no_evidence}));
}

TEST(NoLostPublish, IsValidWithEnoughOfThem) {
    Set set;
    for (int i = 1; i <= 10; ++i) set.add("r" + std::to_string(i), 20 * i, 20 * i + 10);
    set.read(400, 410, "r10").read(400, 410, "r10", "a2");
    const ClaimResult result = set.judged();
    EXPECT_EQ(result.validity, Validity::valid);
    EXPECT_EQ(result.obligations, 20);
}

TEST(NoLostPublish, IsBrokenWhenOneAuthoritysBranchIsNotPartOfWhereTheFleetEnds) {
    Set set;
    set.history.publish_by("east", "r1", 0, 10).publish_by("west", "s1", 20, 30, Json{{"east", "r1"}});
    set.history.publish_by("east", "r2", 40, 50);
    set.read(60, 70, "s1").read(300, 310, "r2").read(300, 310, "r2", "a2");
    const ClaimResult result = set.judged();
    ASSERT_EQ(result.violations.size(), 1U);
    EXPECT_EQ(result.violations[0].attribution, Attribution::source);
    EXPECT_THAT(result.violations[0].summary,
                AllOf(HasSubstr("s1 of bundle main (west) was acknowledged and lost"), HasSubstr("a1 and a2 with r2 of east")));
    EXPECT_THAT(result.violations[0].proof, Contains(HasSubstr("s1 had been in force before")));
    set.history.publish_by("east", "r3", 80, 90, Json{{"west", "s1"}});
    set.read(400, 410, "r3").read(400, 410, "r3", "a2");
    EXPECT_TRUE(set.judged().violations.empty()) << "r3 joins the branches";
}

TEST(NoLostPublish, KnowsNothingOfOrdersThatAuthoritiesDoNotTell) {
    Set set;
    set.history.publish_by("east", "r1", 0, 10).publish_by("west", "s1", 20, 30);
    set.read(300, 310, "r1");
    EXPECT_TRUE(set.judged().violations.empty());
    EXPECT_EQ(set.judged().reason, Reason::no_evidence);
}

TEST(NoLostPublish, StaysOpenWithoutABound) {
    HistoryBuilder history;
    history.run({{"no-lost-publish", Json::object()}}, {"a1"});
    history.publish("r1", 0, 10).shows("a1", 100'000, 100'010, "-");
    const Result<Judgement> judgement = judge(history.build());
    ASSERT_TRUE(judgement);
    EXPECT_EQ(claim(*judgement, "no-lost-publish").validity, Validity::unknown);
    EXPECT_EQ(claim(*judgement, "no-lost-publish").reason, Reason::pending);
}

}  // namespace
}  // namespace mistrial::checkers
