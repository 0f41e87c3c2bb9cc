#include "checkers/testing/history_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mistrial::checkers {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::HasSubstr;

HistoryBuilder fleet(const Json& claims) {
    HistoryBuilder history;
    history.run(claims, {"a1"});
    history.publish("r1", 0, 1).publish("r2", 2, 3);
    return history;
}

ClaimResult result_of(const HistoryBuilder& history, std::string_view property) {
    const auto judgement = judge(history.build());
    EXPECT_TRUE(judgement) << judgement.error().message;
    return claim(*judgement, property);
}

const Json truth{{"status-truth", Json::object()}};

TEST(StatusTruth, IsBrokenByADecisionThatBeganAfterTheReportArrived) {
    const auto after = [](std::int64_t inv) {
        return result_of(fleet(truth).status("a1", 100, "r2").shows("a1", inv, 200, "r1"), "status-truth").validity;
    };
    EXPECT_NE(after(100), Validity::invalid);
    EXPECT_EQ(after(101), Validity::invalid);
}

TEST(StatusTruth, TellsALieFromAWayBack) {
    HistoryBuilder history = fleet(truth).status("a1", 100, "r2").shows("a1", 110, 120, "r1");
    EXPECT_THAT(result_of(history, "status-truth").violations[0].summary, HasSubstr("had never enforced it"));
    history.shows("a1", 80, 90, "r2");
    const Violation violation = result_of(history, "status-truth").violations[0];
    EXPECT_THAT(violation.proof, Contains(HasSubstr("It was no lie when it was made")));
    EXPECT_EQ(violation.attribution, Attribution::agent);
    history.serve("a1", "r2", 70, 75).serve("a1", "r1", 95, 99);
    EXPECT_EQ(result_of(history, "status-truth").violations[0].attribution, Attribution::source);
}

TEST(StatusTruth, HoldsNoProcessToWhatAnotherReported) {
    HistoryBuilder history = fleet(truth).boot("a1", "a1#1", 10).death("a1", "a1#1", 50).boot("a1", "a1#2", 60);
    history.status("a1", 100, "r2").shows("a1", 110, 120, "r1");
    EXPECT_NE(result_of(history, "status-truth").validity, Validity::invalid)
        << "the report names no process: it may have been on its way since before the restart";
    history.status("a1", 101, "r2", "a1#2");
    EXPECT_EQ(result_of(history, "status-truth").validity, Validity::invalid);
}

const Json fresh{{"status-freshness", {{"within", "100ms"}}}};

TEST(StatusFreshness, IsOwedFromTheFirstDecisionUnderTheRevision) {
    const auto reported = [](std::int64_t at) {
        HistoryBuilder history = fleet(fresh).status("a1", 5, "r1").shows("a1", 10, 20, "r2").shows("a1", 90, 95, "r2");
        return result_of(history.status("a1", at, "r2"), "status-freshness").validity;
    };
    EXPECT_NE(reported(120), Validity::invalid);
    EXPECT_EQ(reported(121), Validity::invalid);
}

TEST(StatusFreshness, IsPaidByAnErrorToo) {
    HistoryBuilder history = fleet(fresh).status("a1", 5, "r1").shows("a1", 10, 20, "r2").status_error("a1", 100);
    EXPECT_NE(result_of(history.shows("a1", 400, 410, "r2"), "status-freshness").validity, Validity::invalid);
}

TEST(StatusFreshness, RestsWhileTheSinkOrTheSourceIsCutOff) {
    const auto with = [](const history::Excuse& excuse, std::int64_t at) {
        HistoryBuilder history = fleet(fresh).status("a1", 5, "r1").shows("a1", 10, 20, "r2").status("a1", at, "r2");
        history.fault("f1", "partition", {"a1"}, {100, 100, 200, 200}, true, excuse);
        return result_of(history, "status-freshness").validity;
    };
    EXPECT_NE(with({{}, true, false, false}, 300), Validity::invalid);
    EXPECT_EQ(with({{}, true, false, false}, 301), Validity::invalid);
    EXPECT_NE(with({{"main"}, false, false, false}, 300), Validity::invalid) << "reports go out with polls";
    EXPECT_EQ(with({{}, false, true, true}, 121), Validity::invalid);
}

TEST(StatusFreshness, IsOwedByNoProcessThatHasEnded) {
    HistoryBuilder history = fleet(fresh).boot("a1", "a1#1", 1).status("a1", 5, "r1", "a1#1").shows("a1", 10, 20, "r2");
    history.death("a1", "a1#1", 120).boot("a1", "a1#2", 150).shows("a1", 400, 410, "r1");
    EXPECT_NE(result_of(history, "status-freshness").validity, Validity::invalid);
    history = fleet(fresh).boot("a1", "a1#1", 1).status("a1", 5, "r1", "a1#1").shows("a1", 10, 20, "r2");
    EXPECT_EQ(result_of(history.death("a1", "a1#1", 121), "status-freshness").validity, Validity::invalid);
}

TEST(StatusFreshness, IsNotExpectedOfAgentsThatNeverReport) {
    EXPECT_NE(result_of(fleet(fresh).shows("a1", 10, 20, "r2").shows("a1", 400, 410, "r2"), "status-freshness").validity,
              Validity::invalid);
}

const Json health{{"health-truth", Json::object()}};

TEST(HealthTruth, IsBrokenByADecisionWithoutARevisionAfterReadyWasSaid) {
    const auto after = [](std::int64_t inv, int status, const std::string& query) {
        return result_of(fleet(health).health("a1", 80, 100, status, query).shows("a1", inv, 200, "-"), "health-truth").validity;
    };
    EXPECT_NE(after(100, 200, "bundles"), Validity::invalid);
    EXPECT_EQ(after(101, 200, "bundles"), Validity::invalid);
    EXPECT_NE(after(101, 500, "bundles"), Validity::invalid);
    EXPECT_NE(after(101, 200, ""), Validity::invalid) << "a plain health query promises nothing of bundles";
}

TEST(HealthTruth, SaysNothingOfTheNextProcess) {
    HistoryBuilder history = fleet(health).boot("a1", "a1#1", 10).health("a1", 20, 30);
    history.death("a1", "a1#1", 40).boot("a1", "a1#2", 50).shows("a1", 60, 70, "-");
    EXPECT_NE(result_of(history, "health-truth").validity, Validity::invalid);
}

TEST(HealthTruth, MeasuresHowLongAnActiveAgentSaidItWasNotReady) {
    HistoryBuilder history = fleet(Json::object()).shows("a1", 10, 20, "r1").health("a1", 70, 80, 500);
    const auto judgement = judge(history.build());
    ASSERT_TRUE(judgement);
    for (const Measured& measured : judgement->measured) {
        if (measured.property == "health-truth") {
            EXPECT_EQ(measured.values["longest_unready_while_active_ns"], 50'000'000);
        }
    }
}

}  // namespace
}  // namespace mistrial::checkers
