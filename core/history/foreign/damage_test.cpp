#include "core/history/foreign/history_text.hpp"
#include "core/history/foreign/printer.hpp"
#include "core/random.hpp"

#include <gtest/gtest.h>

#include <regex>

namespace mistrial::history::foreign {
namespace {

// Whatever is done to a file, it is read or refused with its place.

std::vector<Record> sample() {
    std::vector<Record> records;
    const auto add = [&](std::int64_t time, Type type, Process process, std::string f, Value value) {
        Record record;
        record.index = records.size();
        record.time = at_nanos<TrueTime>(time);
        record.type = type;
        record.process = std::move(process);
        record.f = std::move(f);
        record.value = std::move(value);
        records.push_back(std::move(record));
    };
    add(0, Type::info, "harness", "run", RunInfo{});
    add(10, Type::invoke, 0, "publish", Publish{"main", "r1", {}, {}, Json{{"verdicts", {{"é", true}}}}});
    Decide decide;
    decide.agent = "a1";
    decide.timeout = Duration{5};
    add(10, Type::invoke, 1, "decide", decide);
    add(20, Type::ok, 0, "publish", Publish{"main", "r1", {}, {}, {}});
    decide.answer = Verdict{R"({"allow":[true,1.5,"\"\n"]})"};
    decide.markers = {{"main/policy", "r1"}};
    add(30, Type::ok, 1, "decide", decide);
    records.back().error = "a \"b\"\tc";
    add(31, Type::info, "nemesis", "start", Foreign{Json{{"cut", {-7, "n2"}}}});
    add(40, Type::invoke, 2, "txn", Foreign{Json::parse(R"([["append",1,2]])")});
    return records;
}

class Damaged : public testing::TestWithParam<Format> {
  protected:
    static void expect_read_or_refused(const std::string& text) {
        static const std::regex kPlaced(R"(file:[1-9][0-9]*:[1-9][0-9]*: [^]+)");
        const auto history = parse(GetParam(), text, "file");
        if (!history.has_error()) return;
        EXPECT_TRUE(std::regex_match(history.error().message, kPlaced)) << history.error().message << "\nof\n" << text;
    }
};

TEST_P(Damaged, CutAnywhere) {
    const std::string whole = print(GetParam(), sample(), {.log_lines = true});
    ASSERT_FALSE(parse(GetParam(), whole, "file").has_error());
    for (std::size_t cut = 0; cut < whole.size(); ++cut) expect_read_or_refused(whole.substr(0, cut));
}

TEST_P(Damaged, BytesChangedAtRandom) {
    const std::string whole = print(GetParam(), sample());
    RandomSequence random(RandomStream(7, "damage", to_text(GetParam())));
    for (int round = 0; round < 2000; ++round) {
        std::string damaged = whole;
        for (std::uint64_t flips = 1 + random.below(4); flips > 0; --flips)
            damaged[random.below(damaged.size())] =
                random.below(2) == 0 ? static_cast<char>(random.below(256)) : whole[random.below(whole.size())];
        expect_read_or_refused(damaged);
    }
}

INSTANTIATE_TEST_SUITE_P(EachFormat, Damaged,
                         testing::Values(Format::jsonl, Format::edn, Format::jepsen_log, Format::elle,
                                         Format::porcupine),
                         [](const auto& which) {
                             return which.param == Format::jepsen_log ? "jepsen_log"
                                                                      : std::string(to_text(which.param));
                         });

// Which format a file has.

TEST(Guess, ByContent) {
    EXPECT_EQ(format_of_content(""), Format::jsonl);
    for (const Format format :
         {Format::jsonl, Format::mst, Format::edn, Format::jepsen_log, Format::elle, Format::porcupine})
        EXPECT_EQ(format_of_content(print(format, sample())), format) << to_text(format);
    EXPECT_EQ(format_of_content(R"({"type":"invoke","f":"txn","process":0,"value":[]})"), Format::elle);
    EXPECT_EQ(format_of_content("; a comment\n{:process 0}"), Format::edn);
    EXPECT_EQ(format_of_content("#jepsen.history.Op{:process 0}"), Format::edn);
    EXPECT_EQ(format_of_content("[]"), Format::elle);
    EXPECT_EQ(format_of_content("INFO  jepsen.util - 0\t:invoke"), Format::jepsen_log);
}

TEST(Guess, ByName) {
    EXPECT_EQ(format_of_name("store/latest/history.jsonl"), Format::jsonl);
    EXPECT_EQ(format_of_name("history.mst"), Format::mst);
    EXPECT_EQ(format_of_name("history.edn"), Format::edn);
    EXPECT_EQ(format_of_name("history.txt"), Format::jepsen_log);
    EXPECT_EQ(format_of_name("etcd_000.log"), Format::jepsen_log);
    EXPECT_EQ(format_of_name("history.json"), std::nullopt);
}

}  // namespace
}  // namespace mistrial::history::foreign
