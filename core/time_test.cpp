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

template <class A, class B>
concept Addable = requires(A a, B b) { a - b; };
static_assert(!Addable<TrueTime, WallTime> && !Addable<WallTime, MonoTime> && Addable<TrueTime, TrueTime>);

}  // namespace
}  // namespace mistrial
