#include "core/utf8.hpp"

#include <gtest/gtest.h>

namespace mistrial {
namespace {

TEST(Utf8, KnowsWhatIsNoText) {
    EXPECT_EQ(utf8_sequence("\xF0\x9F\x94\xA5", 0), 4U);
    EXPECT_EQ(utf8_sequence("\xC0\x80", 0), 0U) << "overlong";
    EXPECT_EQ(utf8_sequence("\xED\xA0\x80", 0), 0U) << "a surrogate";
    EXPECT_EQ(utf8_sequence("\xE2\x82", 0), 0U) << "cut";
    EXPECT_EQ(utf8_sequence("\xF4\x90\x80\x80", 0), 0U) << "beyond the last code point";
}

TEST(Utf8, ReadsCodePoints) {
    EXPECT_EQ(utf8_code_point("a"), U'a');
    EXPECT_EQ(utf8_code_point("\xC3\xA9"), U'\u00E9');
    EXPECT_EQ(utf8_code_point("\xE2\x86\x92"), U'\u2192');
    EXPECT_EQ(utf8_code_point("\xF0\x9F\x94\xA5"), U'\U0001F525');
}

TEST(Printable, LeavesNothingThatMovesACursor) {
    EXPECT_EQ(printable("a\x1B[31mb\n\xC2\x9B"
                        "c\xFF"),
              "a\uFFFD[31mb \uFFFDc\uFFFD");
    EXPECT_EQ(printable("\u202Etxt"), "\uFFFDtxt");
    EXPECT_EQ(printable("é → 🔥"), "é → 🔥");
}

TEST(Utf8, CountsCodePoints) { EXPECT_EQ(utf8_length("é→x"), 3U); }

}  // namespace
}  // namespace mistrial
