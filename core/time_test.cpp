#include "core/time.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mistrial {
namespace {

using namespace std::chrono_literals;

RC_GTEST_PROP(Duration, ParseUndoesFormat, (std::int64_t nanos)) {
    RC_PRE(nanos > std::numeric_limits<std::int64_t>::min());
    const Duration duration{nanos};
    RC_ASSERT(parse_duration(format_duration(duration)).value() == duration);
}

RC_GTEST_PROP(Duration, ParseUndoesShortFormat, ()) {
    const auto scale = *rc::gen::element<std::int64_t>(1, 1'000'000, 100'000'000, 1'000'000'000, 60'000'000'000);
    const Duration duration{scale * *rc::gen::inRange<std::int64_t>(-100'000, 100'000)};
    RC_ASSERT(parse_duration(format_short(duration)).value() == duration);
}

TEST(Duration, IsShortAsAPersonWouldWriteIt) {
    EXPECT_EQ(format_short(18400ms), "18.4s");
    EXPECT_EQ(format_short(90s), "90s");
    EXPECT_EQ(format_short(2min), "2m");
    EXPECT_EQ(format_short(250ms), "250ms");
    EXPECT_EQ(format_short(-1500ms), "-1.5s");
    EXPECT_EQ(format_short(0s), "0s");
}

TEST(Duration, ReadsWhatPeopleWrite) {
    EXPECT_EQ(*parse_duration("250ms"), 250ms);
    EXPECT_EQ(*parse_duration("1.5s"), 1500ms);
    EXPECT_EQ(*parse_duration("-1h"), -1h);
    EXPECT_EQ(*parse_duration("0s"), 0s);
    EXPECT_EQ(format_duration(90s), "90s");
    EXPECT_EQ(format_duration(1h), "1h");
}

TEST(Duration, RefusesTheRestWithAnExample) {
    for (const char* text : {"", "5", "s", "5 s", "1.s", ".5s", "1.2.3s", "5d", "--1s", "9223372036855s000", "1e3s"}) {
        const auto parsed = parse_duration(text);
        ASSERT_TRUE(parsed.has_error()) << text;
        EXPECT_NE(parsed.error().message.find("250ms"), std::string::npos) << parsed.error().message;
    }
    EXPECT_TRUE(parse_duration("99999999999h").has_error());
    EXPECT_TRUE(parse_duration("0.5ns").has_error());
}

TEST(Duration, PrintsForPeople) {
    EXPECT_EQ(format_seconds(12'031ms), "12.031 s");
    EXPECT_EQ(format_seconds(-4ms), "-0.004 s");
    EXPECT_EQ(format_wall(at_nanos<WallTime>(1'000'000'000'123'000'000)), "2001-09-09T01:46:40.123Z");
}

RC_GTEST_PROP(Rfc3339, ParseUndoesFormat, ()) {
    const auto time = at_nanos<WallTime>(*rc::gen::inRange<std::int64_t>(-9'200'000'000'000'000'000, 9'200'000'000'000'000'000));
    RC_ASSERT(parse_rfc3339(format_rfc3339(time)).value() == time);
}

TEST(Rfc3339, ReadsOffsetsAndWritesAsFewDecimalsAsNeeded) {
    EXPECT_EQ(nanos_of(*parse_rfc3339("2001-09-09T01:46:40Z")), 1'000'000'000'000'000'000);
    EXPECT_EQ(nanos_of(*parse_rfc3339("2001-09-09T03:46:40.5+02:00")), 1'000'000'000'500'000'000);
    EXPECT_EQ(nanos_of(*parse_rfc3339("2026-11-23T08:07:46.274935397Z")) % 1'000'000'000, 274'935'397);
    EXPECT_EQ(format_rfc3339(at_nanos<WallTime>(1'000'000'000'000'000'000)), "2001-09-09T01:46:40Z");
    EXPECT_EQ(format_rfc3339(at_nanos<WallTime>(1'000'000'000'120'000'000)), "2001-09-09T01:46:40.12Z");
}

TEST(Rfc3339, RefusesTheRest) {
    for (const char* text : {"", "2001-09-09", "2001-09-09T01:46:40", "2001-02-30T00:00:00Z", "2001-09-09T01:46:40.Z",
                             "2001-09-09T01:46:40Zx", "0001-01-01T00:00:00Z", "2001-09-09T01:46:40+2"})
        EXPECT_TRUE(parse_rfc3339(text).has_error()) << text;
}

template <class A, class B>
concept Addable = requires(A a, B b) { a - b; };
static_assert(!Addable<TrueTime, WallTime> && !Addable<WallTime, MonoTime> && Addable<TrueTime, TrueTime>);

}  // namespace
}  // namespace mistrial
