#include "core/history/foreign/edn.hpp"

#include "core/history/arbitrary_record.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mistrial::history::foreign::edn {
namespace {

Value scalar(Kind kind, std::string text) { return {kind, std::move(text), {}, 0}; }

Value arbitrary_value(int depth) {
    const auto word = [] {
        return *rc::gen::element<std::string>("a", "jepsen.history/Op", "valid?", "G-single", "*x*", "+",
                                              "end-process?");
    };
    const int kinds = depth > 0 ? 14 : 9;
    switch (*rc::gen::inRange(0, kinds)) {
        case 0:
            return {};
        case 1:
            return scalar(Kind::boolean, arbitrary::coin() ? "true" : "false");
        case 2:
            return scalar(Kind::integer, fmt::format("{}{}", *arbitrary::wide(), arbitrary::coin() ? "N" : ""));
        case 3:
            return scalar(Kind::decimal,
                          *rc::gen::element<std::string>("1.5", "-0.25M", "1e9", "6.02e+23", "1.", "5M"));
        case 4:
            return scalar(Kind::ratio, *rc::gen::element<std::string>("1/3", "-22/7"));
        case 5:
            return text(arbitrary::a_text());
        case 6:
            return scalar(Kind::character, *rc::gen::element<std::string>("a", " ", "\n", "\\", "\"", "é", "🔥", ",",
                                                                          "(", std::string(1, '\0')));
        case 7:
            return scalar(Kind::symbol, word());
        case 8:
            return scalar(Kind::keyword, word());
        case 13:
            return {Kind::tagged, word() == "+" ? "inst" : "jepsen.history.Op", {arbitrary_value(depth - 1)}, 0};
        case 12: {
            Value map{Kind::map, {}, {}, 0};
            for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
                Value key{Kind::vector, {}, {scalar(Kind::integer, fmt::format("{}", i)), arbitrary_value(0)}, 0};
                map.items.push_back(std::move(key));
                map.items.push_back(arbitrary_value(depth - 1));
            }
            return map;
        }
        default: {
            Value sequence{*rc::gen::element(Kind::list, Kind::vector, Kind::set), {}, {}, 0};
            for (int i = *rc::gen::inRange(0, 4); i > 0; --i) sequence.items.push_back(arbitrary_value(depth - 1));
            return sequence;
        }
    }
}

RC_GTEST_PROP(Edn, WhatIsPrintedIsWhatIsRead, ()) {
    const Value value = arbitrary_value(3);
    const std::string printed = print(value);
    const auto read = parse(printed);
    if (read.has_error()) RC_FAIL(read.error().message + " in " + printed);
    if (!(*read == value)) RC_FAIL(print(*read) + " instead of " + printed);
}

std::string again(std::string_view text) {
    const auto read = parse(text);
    return read.has_error() ? read.error().message : print(*read);
}

TEST(Edn, CommasCommentsAndDiscardedFormsAreWhiteSpace) {
    EXPECT_EQ(again(" ,; all of it\n {:a #_ #{gone} 1,,:b #_#_ 1 2 [] } ; end"), "{:a 1, :b []}");
    EXPECT_EQ(again("[1 #_2]"), "[1]");
}

TEST(Edn, NumbersKeepTheirSpelling) {
    EXPECT_EQ(again("[+5 -0 12N 1/3 1.50M 1e-7 ##Inf ##-Inf ##NaN]"), "[5 -0 12N 1/3 1.50M 1e-7 ##Inf ##-Inf ##NaN]");
}

TEST(Edn, CharactersAreNamedWhereTheyDoNotShow) {
    EXPECT_EQ(again(R"([\a \newline \u0041 \é \, \( \space])"), R"([\a \newline \A \é \, \( \space])");
}

TEST(Edn, EscapesBecomeCharactersAndPairsOfSurrogatesOne) {
    EXPECT_EQ(again(R"("A\t\"\\\ud83d\udd25")"), R"("A\t\"\\🔥")");
}

struct Refusal {
    const char* text;
    const char* says;
};

class EdnRefuses : public testing::TestWithParam<Refusal> {};

TEST_P(EdnRefuses, SayingWhereAndWhatWasExpected) { EXPECT_EQ(again(GetParam().text), GetParam().says); }

INSTANTIATE_TEST_SUITE_P(
    Edn, EdnRefuses,
    testing::Values(
        Refusal{"", "EDN:1:1: expected a form, got the end of the text"},
        Refusal{"{:a\n [1 2", "EDN:2:6: expected a form or ']', got the end of the text (it begins at 2:2)"},
        Refusal{"{:a}", "EDN:1:4: expected a value for the map's last key, got '}' (it begins at 1:1)"},
        Refusal{"{:a 1 :a 2}", "EDN:1:7: expected each key of a map once, got :a again"},
        Refusal{"[1 2)", "EDN:1:5: expected a form, got )"},
        Refusal{"\"abc", "EDN:1:5: expected the end of a string, got the end of the text (it begins at 1:1)"},
        Refusal{R"("\x")", R"(EDN:1:2: expected one of \t \r \n \b \f \" \\ \uXXXX, got another escape)"},
        Refusal{R"("\ud800")", "EDN:1:2: expected a code point, got half of a surrogate pair"},
        Refusal{"\"\xff\"", "EDN:1:2: expected UTF-8, got a byte that is none"},
        Refusal{"12x", "EDN:1:1: expected a number, got 12x"}, Refusal{"007", "EDN:1:1: expected a number, got 007"},
        Refusal{":", "EDN:1:1: expected a keyword such as :ok, got :"},
        Refusal{"1 2", "EDN:1:3: expected the end, got 2"},
        Refusal{"#_", "EDN:1:3: expected the form that #_ discards, got the end of the text (it begins at 1:1)"},
        Refusal{"#inst", "EDN:1:6: expected the form that the tag is for, got the end of the text (it begins at 1:1)"},
        Refusal{"##Info", "EDN:1:1: expected ##Inf, ##-Inf or ##NaN, got ##Info"},
        Refusal{"@x", "EDN:1:1: expected a form of EDN, got @x"}));

TEST(Edn, DeepNestingIsRefusedWhereverItIs) {
    for (const char* opening : {"[", "{:a ", "#tag ", "#_[", "#{"}) {
        std::string deep;
        for (int i = 0; i < 100000; ++i) deep += opening;
        EXPECT_TRUE(parse(deep).has_error()) << opening;
    }
}

}  // namespace
}  // namespace mistrial::history::foreign::edn
