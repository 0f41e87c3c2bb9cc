#include "core/json.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

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

TEST(Pretty, PutsOnALineWhatFitsThereAndIndentsTheRest) {
    const OrderedJson value = {{"b", {1, 2}}, {"a", {{"long", std::string(30, 'x')}, {"list", {"p", "q"}}}}, {"none", OrderedJson::object()}};
    EXPECT_EQ(pretty(value, 40),
              "{\n  \"b\": [1, 2],\n  \"a\": {\n    \"long\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\",\n    \"list\": [\"p\", \"q\"]\n  },\n"
              "  \"none\": {}\n}\n");
    EXPECT_EQ(pretty(value, 200), "{ \"b\": [1, 2], \"a\": { \"long\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\", \"list\": [\"p\", \"q\"] }, \"none\": {} }\n");
}

/// Any JSON value, at most `depth` deep.
OrderedJson drawn(int depth) {
    const int kind = *rc::gen::inRange(0, depth > 0 ? 6 : 4);
    if (kind == 0) return nullptr;
    if (kind == 1) return *rc::gen::arbitrary<std::int64_t>();
    if (kind == 2) return *rc::gen::arbitrary<bool>();
    if (kind == 3) return *rc::gen::string<std::string>().as("text") == "" ? "" : std::string("a\"\n\\b");
    OrderedJson structured = kind == 4 ? OrderedJson::array() : OrderedJson::object();
    for (int n = *rc::gen::inRange(0, 5); n > 0; --n) {
        if (kind == 4) structured.push_back(drawn(depth - 1));
        else structured[fmt::format("key \"{}", n)] = drawn(depth - 1);
    }
    return structured;
}

RC_GTEST_PROP(Pretty, is_parsed_as_what_was_printed, ()) {
    const OrderedJson value = drawn(4);
    const std::string text = pretty(value, *rc::gen::inRange<std::size_t>(0, 160));
    RC_ASSERT(OrderedJson::parse(text) == value);
}

TEST(ReplaceFile, LeavesNothingBehindWhenItCannot) {
    EXPECT_TRUE(replace_file("/nonexistent/x", "text").has_error());
}

}  // namespace
}  // namespace mistrial
