#include "checkers/kernels/episodes.hpp"

#include "core/random.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>

namespace mistrial::checkers::kernels {
namespace {

TrueTime at(std::int64_t t) { return at_nanos<TrueTime>(t); }
using Ten = Episodes<int>;

Ten episodes() { return Ten{Duration{10}}; }

TEST(Episodes, OneCauseIsOneEpisodeHoweverManyOperationsItTouched) {
    Ten all = episodes();
    EXPECT_EQ(all.hit(1, 7, at(5), at(8)).count, 1);
    EXPECT_EQ(all.hit(1, 7, at(50), at(90)).count, 2);
    ASSERT_EQ(all.all().size(), 1U);
    EXPECT_EQ(all.all()[0].from, at(5));
    EXPECT_EQ(all.all()[0].to, at(90));
}

TEST(Episodes, AnotherCauseOrAnotherSubjectIsAnotherEpisode) {
    Ten all = episodes();
    all.hit(1, 7, at(5), at(8));
    all.hit(1, 8, at(6), at(8));
    all.hit(2, 7, at(6), at(8));
    EXPECT_EQ(all.all().size(), 3U);
}

TEST(Episodes, AnEpisodeEndsWhenItsSubjectWasCleanForLongEnough) {
    Ten all = episodes();
    all.hit(1, 7, at(0), at(1));
    all.clean(1, at(2));
    all.clean(1, at(9));
    EXPECT_EQ(all.hit(1, 7, at(11), at(11)).count, 2) << "clean since 2, for 9";
    all.clean(1, at(12));
    all.clean(1, at(20));
    EXPECT_EQ(all.hit(1, 7, at(22), at(22)).count, 1) << "clean since 12, for 10";
}

TEST(Episodes, CleanOperationsOfOthersDoNotEndIt) {
    Ten all = episodes();
    all.hit(1, 7, at(0), at(1));
    all.clean(2, at(2));
    EXPECT_EQ(all.hit(1, 7, at(90), at(90)).count, 2);
}

TEST(Episodes, AnEarlierOperationThatIsSeenLaterWidensItToTheLeft) {
    Ten all = episodes();
    all.hit(1, 7, at(20), at(21));
    all.hit(1, 7, at(15), at(22));
    EXPECT_EQ(all.all()[0].from, at(15));
}

TEST(Episodes, PastTheLimitHitsAreStillCounted) {
    Episodes<int> all{Duration{10}, 3};
    for (std::uint64_t cause = 0; cause < 50; ++cause) all.hit(cause % 5, cause, at(1), at(2));
    EXPECT_EQ(all.all().size(), 3U);
    std::int64_t count = 0;
    for (const auto& episode : all.all()) count += episode.count;
    EXPECT_EQ(count, 50);
}

/// Whatever the order of hits and clean operations: every hit belongs to one episode of its own subject and cause, whose
/// span holds it, and a new one begins exactly when the cause is another or the subject was clean for the quiet time.
TEST(Episodes, PartitionTheHits) {
    RandomSequence random{RandomStream{20'263, "episodes", "hits"}};
    for (int history = 0; history < 300; ++history) {
        Ten all = episodes();
        std::map<std::pair<std::uint64_t, std::uint64_t>, std::int64_t> hits;
        struct Last {
            std::uint64_t cause;
            std::optional<std::int64_t> clean_since;
        };
        std::map<std::uint64_t, Last> last;
        std::int64_t now = 0;
        for (int i = 0; i < 60; ++i) {
            now += random.between(0, 6);
            const std::uint64_t subject = random.below(2);
            if (random.chance(1, 2)) {
                all.clean(subject, at(now));
                if (last.contains(subject) && !last.at(subject).clean_since) last.at(subject).clean_since = now;
                continue;
            }
            const std::uint64_t cause = random.below(2);
            const auto before = last.find(subject);
            const bool goes_on = before != last.end() && before->second.cause == cause &&
                                 (!before->second.clean_since || now - *before->second.clean_since < 10);
            const auto& episode = all.hit(subject, cause, at(now), at(now + 1));
            ASSERT_EQ(episode.count > 1, goes_on);
            last.insert_or_assign(subject, Last{cause, std::nullopt});
            ASSERT_EQ(episode.subject, subject);
            ASSERT_EQ(episode.cause, cause);
            ASSERT_LE(episode.from, at(now));
            ASSERT_GE(episode.to, at(now + 1));
            ++hits[{subject, cause}];
        }
        std::map<std::pair<std::uint64_t, std::uint64_t>, std::int64_t> counted;
        for (const auto& episode : all.all()) counted[{episode.subject, episode.cause}] += episode.count;
        ASSERT_EQ(counted, hits);
    }
}

}  // namespace
}  // namespace mistrial::checkers::kernels
