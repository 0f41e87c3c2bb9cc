#include "checkers/testing/effort.hpp"
#include "checkers/testing/valid_history.hpp"

#include "checkers/testing/history_builder.hpp"
#include "checkers/testing/soak.hpp"

#include "core/history/writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

/// Histories that are valid by construction are never accused. `scripts/soak` does the same for as long as one likes.
namespace mistrial::checkers {
namespace {

using namespace testing;

TEST(ValidHistories, AreNeverAccused) {
    const auto histories = static_cast<std::uint64_t>(effort(400));
    Soak soak;
    for (std::uint64_t seed = 1; seed <= histories; ++seed) soak.judge(valid_history(seed, 500));
    EXPECT_EQ(soak.failures, 0) << soak.report();
    EXPECT_GE(soak.operations, static_cast<std::int64_t>(histories) * 500);
    for (const auto& [property, claimed] : soak.claims) {
        if (!find_property(property)->judged) continue;
        EXPECT_GT(claimed.valid, static_cast<std::int64_t>(histories / 10)) << property << " is put to the test too seldom\n" << soak.report();
    }
}

TEST(ValidHistories, AreFullOfWhatMakesJudgingHard) {
    std::map<std::string, std::int64_t> seen;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        std::set<std::string> lives;
        TrueTime last{};
        valid_history(seed, 400).generate([&](const history::Record& record, const Truth* truth) {
            seen[record.f + " " + std::string(history::to_text(record.type))]++;
            if (record.time == last) ++seen["tie"];
            last = record.time;
            if (truth == nullptr) return;
            const auto& decide = std::get<history::Decide>(record.value);
            if (truth->state.empty()) ++seen["cold answer"];
            if (decide.markers.empty()) ++seen["no provenance"];
            if (lives.insert(truth->incarnation).second) ++seen["life"];
        });
    }
    for (const char* what : {"publish ok", "publish info", "publish fail", "decide ok", "decide info", "decide fail", "boot info",
                             "death info", "serve info", "status info", "log info", "partition info", "pause info",
                             "kill info", "clock info", "tie", "cold answer", "no provenance", "life"}) {
        EXPECT_GE(seen[what], 10) << what;
    }
}

TEST(ValidHistories, AreTheSameForTheSameSeed) {
    const auto once = valid_history(7, 300).records();
    const auto again = valid_history(7, 300).records();
    ASSERT_EQ(once.size(), again.size());
    for (std::size_t i = 0; i < once.size(); ++i) ASSERT_EQ(history::to_line(once[i]), history::to_line(again[i]));
}

TEST(ValidHistories, AreInHistoryOrder) {
    const auto records = valid_history(11, 500).records();
    for (std::size_t i = 0; i < records.size(); ++i) {
        ASSERT_EQ(records[i].index, i);
        if (i < 2) continue;
        ASSERT_GE(records[i].time, records[i - 1].time);
        const bool late_invoke = records[i].time == records[i - 1].time && records[i].type == history::Type::invoke &&
                                 records[i - 1].type != history::Type::invoke;
        ASSERT_FALSE(late_invoke) << "record " << i << ": at equal times invokes come first";
    }
}

TEST(ValidHistories, TellTheTruthBesideEveryAnswer) {
    std::int64_t answers = 0;
    std::map<history::Process, TrueTime> invoked;
    valid_history(3, 500).generate([&](const history::Record& record, const Truth* truth) {
        if (record.type == history::Type::invoke) invoked[record.process] = record.time;
        if (truth == nullptr) return;
        ++answers;
        const auto& decide = std::get<history::Decide>(record.value);
        EXPECT_EQ(truth->index, record.index);
        EXPECT_LE(invoked[record.process], truth->decided);
        EXPECT_LE(truth->decided, record.time);
        for (const auto& [key, marker] : decide.markers) {
            if (marker == "-") continue;
            EXPECT_TRUE(truth->state.contains(key.substr(0, key.find('/'))));
        }
        if (decide.agent_time) {
            EXPECT_EQ(*decide.agent_time, at_nanos<WallTime>(10'000'000LL * 1'000'000) + truth->decided.time_since_epoch() +
                                              truth->clock_offset);
        }
    });
    EXPECT_GT(answers, 300);
}

/// The bound is the true one: half of it is too little for somebody.
TEST(ValidHistories, BreakABoundThatIsTooSmall) {
    int broken = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        const ValidHistory history = valid_history(seed, 400);
        Claims claims = history.claims();
        for (auto& [name, claim] : claims) {
            if (claim.within) claim.within = std::max<Duration>(*claim.within / 4, Duration{1});
        }
        const auto judged = judge(history.records(), {claims, {}, {}});
        ASSERT_TRUE(judged) << judged.error().message;
        broken += claim(*judged, "bounded-staleness").validity == Validity::invalid ? 1 : 0;
    }
    EXPECT_GT(broken, 10);
}

}  // namespace
}  // namespace mistrial::checkers
