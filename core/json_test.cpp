#include "core/json.hpp"

#include <gtest/gtest.h>

namespace mistrial {
namespace {

TEST(Canonical, NumbersByValueAndKeysSorted) {
    EXPECT_EQ(*canonical_text(R"({"b": 1.0, "a": [1e0, 2.5, "x"]})"), R"({"a":[1,2.5,"x"],"b":1})");
    EXPECT_EQ(*canonical_text("true"), "true");
}

TEST(ParseJson, NamesTheLineAndColumn) {
    const auto parsed = parse_json("{\n  \"a\": ,\n}", "plan.json");
    ASSERT_TRUE(parsed.has_error());
    EXPECT_EQ(parsed.error().message.substr(0, 13), "plan.json:2:8") << parsed.error().message;
}

TEST(ReplaceFile, LeavesNothingBehindWhenItCannot) {
    EXPECT_TRUE(replace_file("/nonexistent/x", "text").has_error());
}

}  // namespace
}  // namespace mistrial
