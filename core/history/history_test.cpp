#include "core/history/arbitrary_record.hpp"
#include "core/history/reader.hpp"
#include "core/history/test_folder.hpp"
#include "core/history/writer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace mistrial::history {
namespace {

using namespace arbitrary;

std::string text_of(const Error& error) { return error.message; }
std::string text_of(const Result<Record>& record) {
    return record.has_error() ? text_of(record.error()) : "no error: " + to_line(*record);
}

/// The same JSON with the members of every object in another order.
std::string shuffled(const Json& value, std::uint64_t seed) {
    if (!value.is_object()) return value.dump();
    std::vector<std::string> members;
    for (const auto& [key, member] : value.items())
        members.push_back(Json(key).dump() + " : " + shuffled(member, seed * 31 + 7));
    for (std::size_t i = members.size(); i > 1; --i) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        std::swap(members[i - 1], members[(seed >> 33) % i]);
    }
    std::string out = "{";
    for (const auto& member : members) out += (out.size() > 1 ? " , " : " ") + member;
    return out + " }";
}

RC_GTEST_PROP(Line, WhatIsWrittenIsWhatIsRead, ()) {
    const Record record = a_record();
    const std::string line = to_line(record);
    RC_ASSERT(line.find('\n') == std::string::npos);
    const auto read = parse_line(line);
    if (read.has_error()) RC_FAIL(text_of(read) + " in " + line);
    RC_ASSERT(to_line(*read) == line);
    RC_ASSERT(*read == record);
}

RC_GTEST_PROP(Line, IsJsonWithJepsensSixKeysFirst, ()) {
    const Record record = a_record();
    const auto line = OrderedJson::parse(to_line(record));
    const std::vector<std::string> expected{"index", "time", "type", "process", "f", "value"};
    std::vector<std::string> keys;
    for (const auto& [key, member] : line.items()) keys.push_back(key);
    keys.resize(6);
    RC_ASSERT(keys == expected);
}

RC_GTEST_PROP(Line, TheOrderOfKeysDoesNotMatter, ()) {
    const Record record = a_record();
    const std::string other = shuffled(Json::parse(to_line(record)), *rc::gen::arbitrary<std::uint64_t>());
    const auto read = parse_line(other);
    if (read.has_error()) RC_FAIL(text_of(read) + " in " + other);
    RC_ASSERT(*read == record);
}

RC_GTEST_PROP(Line, FollowsThePublishedSchema, ()) {
    using Adapter = valijson::adapters::NlohmannJsonAdapter;
    static const auto kSchema = [] {
        const auto json =
            read_json(std::string(MISTRIAL_SOURCE_DIR) + "/scenarios/schema/history.schema.json");
        MISTRIAL_INVARIANT(json.has_value(), "{}", json.error().message);
        auto schema = std::make_unique<valijson::Schema>();
        valijson::SchemaParser().populateSchema(Adapter(*json), *schema);
        return schema;
    }();
    Record record = a_record();
    record.index %= 1U << 30U;  // valijson compares integers as doubles
    const Json line = Json::parse(to_line(record));
    valijson::Validator validator;
    valijson::ValidationResults found;
    if (validator.validate(*kSchema, Adapter(line), &found)) return;
    std::string all = line.dump();
    for (const auto& error : found)
        all += fmt::format("\n{}: {}", fmt::join(error.context, ""), error.description);
    RC_FAIL(all);
}

RC_GTEST_PROP(Line, AnyBytesAreReadOrRefusedButNeverMore, ()) {
    std::string line = to_line(a_record());
    const int changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes; ++i) {
        const auto at = *rc::gen::inRange<std::size_t>(0, line.size());
        line[at] = *rc::gen::arbitrary<char>();
    }
    const auto read = parse_line(line);
    if (!read) return;
    const auto again = parse_line(to_line(*read));
    if (again.has_error()) RC_FAIL(text_of(again) + " in " + to_line(*read));
}

TEST(Line, ReadsAsInterfaceSays) {
    Record record;
    record.index = 7;
    record.time = at_nanos<TrueTime>(1'500'000'000);
    record.type = Type::ok;
    record.process = 3;
    record.f = "decide";
    Decide decide;
    decide.agent = "a1";
    decide.path = "grants/allow";
    decide.input = Json{{"user", "alice"}};
    decide.input_id = "q1";
    decide.nonce = "s1-9";
    decide.timeout = std::chrono::seconds(2);
    decide.answer = Verdict("true");
    decide.revisions = {{"main", "r57"}};
    decide.markers = {{"main/policy", "r57"}};
    decide.agent_time = at_nanos<WallTime>(1'700'000'000'000'000'000);
    decide.incarnation = "a1#2";
    record.value = decide;
    record.session = "s1";
    record.sched = at_nanos<TrueTime>(1'499'000'000);
    EXPECT_EQ(
        to_line(record),
        R"({"index":7,"time":1500000000,"type":"ok","process":3,"f":"decide","value":{"agent":"a1",)"
        R"("path":"grants/allow","input":{"user":"alice"},"input_id":"q1","nonce":"s1-9","timeout":2000000000,)"
        R"("verdict":true,"revisions":{"main":"r57"},"markers":{"main/policy":"r57"},)"
        R"("agent_time":1700000000000000000,"incarnation":"a1#2"},"session":"s1","sched":1499000000})");

    record.process = "nemesis";
    record.type = Type::info;
    record.f = "partition";
    record.session = {};
    record.sched = {};
    Fault fault;
    fault.fault = "f1";
    fault.kind = "partition";
    fault.target = {"a1"};
    fault.excuses["a1"] = {{"main"}, true, true, false};
    fault.skews["a1"] = {Duration{-5}, Duration{5}};
    record.value = fault;
    EXPECT_EQ(
        to_line(record),
        R"({"index":7,"time":1500000000,"type":"info","process":"nemesis","f":"partition","value":{"fault":"f1",)"
        R"("kind":"partition","target":["a1"],"parameters":{},"excuses":{"a1":{"bundles":["main"],"status":true,)"
        R"("log":true,"answers":false}},"skews":{"a1":{"wall":[-5,5]}}}})");
}

TEST(Line, BytesThatAreNoTextAreReplaced) {
    Record record;
    record.process = 1;
    record.f = "x";
    record.error = "\xFF\xC0\x80 broken \xE2\x82";
    const auto read = parse_line(to_line(record));
    ASSERT_TRUE(read.has_value()) << text_of(read);
    EXPECT_EQ(read->error, "\uFFFD\uFFFD\uFFFD broken \uFFFD\uFFFD");
}

TEST(Line, AnotherHarnessesRecordsStayAsTheyAre) {
    const std::string line =
        R"({"index":0,"time":1,"type":"info","process":"nemesis","f":"start","value":["isolated",{"n1":["n2"]}]})";
    const auto read = parse_line(line);
    ASSERT_TRUE(read.has_value()) << text_of(read);
    EXPECT_TRUE(std::holds_alternative<Foreign>(read->value));
    EXPECT_EQ(to_line(*read), line);
}

TEST(Line, WhatIsUnknownIsKept) {
    const std::string line =
        R"({"index":0,"time":1,"type":"ok","process":0,"f":"health","value":{"agent":"a1","status":200,"more":[1]},"host":"h"})";
    const auto read = parse_line(line);
    ASSERT_TRUE(read.has_value()) << text_of(read);
    EXPECT_EQ(to_line(*read), line);
}

struct Refusal {
    const char* line;
    const char* says;
};

class Refuses : public testing::TestWithParam<Refusal> {};

TEST_P(Refuses, SayingWhereAndWhatWasExpected) {
    const auto read = parse_line(GetParam().line);
    EXPECT_EQ(text_of(read), GetParam().says);
}

INSTANTIATE_TEST_SUITE_P(
    Line, Refuses,
    testing::Values(
        Refusal{
            R"({"time":1,"type":"ok","process":0,"f":"decide","value":{"agent":"a1","at_least":12,"verdict":true}})",
            "column 81: value.at_least: expected a revision, or an object of revisions by bundle, got 12"},
        Refusal{R"({"time":"1s","type":"ok","process":0,"f":"x"})",
                R"(column 9: time: expected integer nanoseconds, got "1s")"},
        Refusal{R"({"time":1,"type":"maybe","process":0,"f":"x"})",
                R"(column 18: type: expected "invoke", "ok", "fail" or "info", got "maybe")"},
        Refusal{R"({"time":1,"type":"ok","process":0.5,"f":"x"})",
                "column 33: process: expected a client's number or a name, got 0.5"},
        Refusal{R"({"time":1,"type":"ok","process":0})", "column 1: f: expected in every record, got none"},
        Refusal{R"([1])", "column 1: expected a record, a JSON object"},
        // Its value would have been read as what the first f says.
        Refusal{R"({"time":1,"type":"ok","process":0,"f":"x","value":1,"f":"status"})",
                "column 57: f: expected once in a record, got twice"},
        Refusal{
            R"({"time":1,"type":"ok","process":0,"f":"decide","value":{"agent":"a1","timeout":"2s","verdict":true}})",
            R"(column 80: value.timeout: expected integer nanoseconds, got "2s")"},
        Refusal{R"({"time":1,"type":"ok","process":0,"f":"decide","value":{"agent":"a1"}})",
                "column 1: value: expected one of verdict, undefined and refused in an ok, got none"},
        Refusal{
            R"({"time":1,"type":"ok","process":0,"f":"decide","value":{"agent":"a1","verdict":true,"undefined":true}})",
            "column 97: value: expected one of verdict, undefined and refused, got two"},
        Refusal{R"({"time":1,"type":"ok","process":0,"f":"decide","value":{"verdict":true}})",
                "column 56: value.agent: is needed and is not there"},
        Refusal{R"({"time":1,"type":"ok","process":0,"f":"decide","value":"a1"})",
                R"(column 56: value: expected an object, got "a1")"},
        Refusal{R"({"time":1,"type":"ok","process":0,"f":"publish","value":{"bundle":"main","revision":57}})",
                "column 85: value.revision: expected a string, got 57"},
        Refusal{
            R"({"time":1,"type":"info","process":"o","f":"clock-sample","value":{"agent":"a","wall_offset":[5,4]}})",
            "column 93: value.wall_offset: expected [low, high] in nanoseconds, low first"},
        Refusal{R"({"time":1,"type":"ok","process":0,"f":"x"} {})",
                "column 44: not JSON: more after the record's end"}));

TEST(Line, DeepNestingIsRefused) {
    const std::string deep = R"({"time":1,"type":"ok","process":0,"f":"x","value":)" +
                             std::string(100000, '[') + std::string(100000, ']') + "}";
    EXPECT_TRUE(parse_line(deep).has_error());
}

RC_GTEST_PROP(File, GivesBackWhatWasAppended, ()) {
    const TestFolder folder;
    const auto count = *rc::gen::inRange<std::size_t>(0, 4);
    std::vector<Record> written;
    {
        auto writer = Writer::create(folder / "history.jsonl");
        RC_ASSERT(writer.has_value());
        for (std::size_t i = 0; i < count; ++i) {
            auto record = writer->append(a_record());
            RC_ASSERT(record.has_value());
            RC_ASSERT(record->index == i);
            written.push_back(*record);
        }
        RC_ASSERT(writer->close().has_value());
    }
    const auto read = read_all(folder / "history.jsonl");
    if (read.has_error()) RC_FAIL(text_of(read.error()));
    RC_ASSERT(*read == written);
}

Record small(std::string_view f, std::string_view session) {
    Record record;
    record.process = 1;
    record.f = f;
    record.session = session;
    return record;
}

TEST(File, CutAnywhereLeavesAReadablePrefix) {
    const TestFolder folder;
    const std::vector<Record> records{small("x", "é{\"}\\"), small("y", "second"), small("z", "")};
    std::string whole;
    std::vector<std::size_t> ends;
    for (const Record& record : records) {
        whole += to_line(record);
        ends.push_back(whole.size());
        whole += '\n';
    }
    // Records of one index each would be refused; the reader numbers lines that have none.
    for (std::size_t at; (at = whole.find("\"index\":0,")) != std::string::npos;) {
        whole.erase(at, 10);
        for (auto& end : ends)
            if (end > at) end -= 10;
    }
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
        const auto file = folder / "cut.jsonl";
        put(file, whole.substr(0, cut));
        auto reader = Reader::open(file);
        ASSERT_TRUE(reader.has_value());
        std::size_t count = 0;
        for (;;) {
            const auto record = reader->next();
            ASSERT_TRUE(record.has_value()) << "cut at " << cut << ": " << text_of(record.error());
            if (!*record) break;
            EXPECT_EQ((*record)->session, records[count].session);
            EXPECT_EQ((*record)->index, count);
            ++count;
        }
        const auto whole_lines =
            std::count_if(ends.begin(), ends.end(), [&](auto end) { return end <= cut; });
        EXPECT_EQ(count, static_cast<std::size_t>(whole_lines)) << "cut at " << cut;
        const bool at_an_edge = cut == 0 || std::any_of(ends.begin(), ends.end(), [&](auto end) {
                                    return cut == end || cut == end + 1;
                                });
        EXPECT_EQ(reader->torn(), !at_an_edge) << "cut at " << cut;
    }
}

TEST(File, ABadLineInTheMiddleIsAnErrorWithItsPlace) {
    const TestFolder folder;
    const auto file = folder / "history.jsonl";
    const std::string good = R"({"time":1,"type":"info","process":0,"f":"x"})";
    put(file, good + "\n{\"time\":1,\"type\":\n" + good + "\n");
    const auto read = read_all(file);
    ASSERT_TRUE(read.has_error());
    EXPECT_TRUE(text_of(read.error()).starts_with(file.string() + ":2:")) << text_of(read.error());
}

TEST(File, AWholeLastLineOfTheWrongShapeIsNoTear) {
    const TestFolder folder;
    put(folder / "history.jsonl", R"({"time":1,"type":"info","process":0})");
    EXPECT_TRUE(read_all(folder / "history.jsonl").has_error());
}

TEST(File, IndexesOnlyGrow) {
    const TestFolder folder;
    const auto file = folder / "history.jsonl";
    put(file,
        "{\"index\":4,\"time\":1,\"type\":\"info\",\"process\":0,\"f\":\"x\"}\n"
        "{\"index\":4,\"time\":1,\"type\":\"info\",\"process\":0,\"f\":\"x\"}\n");
    const auto read = read_all(file);
    ASSERT_TRUE(read.has_error());
    EXPECT_EQ(text_of(read.error()),
              file.string() + ":2:1: index: expected at least 5, one more than the record before, got 4");
}

TEST(File, LinesLongerThanABlockAreRead) {
    const TestFolder folder;
    const auto file = folder / "history.jsonl";
    const std::string long_text(std::size_t{3} << 20, 'x');
    auto writer = Writer::create(file);
    ASSERT_TRUE(writer.has_value());
    ASSERT_TRUE(writer->append(small("x", "short")).has_value());
    ASSERT_TRUE(writer->append(small("x", long_text)).has_value());
    ASSERT_TRUE(writer->append(small("x", "short")).has_value());
    ASSERT_TRUE(writer->close().has_value());
    const auto read = read_all(file);
    ASSERT_TRUE(read.has_value());
    ASSERT_EQ(read->size(), 3U);
    EXPECT_EQ((*read)[1].session, long_text);
}

TEST(File, WhatWasFlushedIsThereForAnotherReader) {
    const TestFolder folder;
    const auto file = folder / "history.jsonl";
    auto writer = Writer::create(file);
    ASSERT_TRUE(writer.has_value());
    ASSERT_TRUE(writer->append(small("x", "one")).has_value());
    ASSERT_TRUE(writer->flush().has_value());
    EXPECT_EQ(read_all(file)->size(), 1U);
}

TEST(File, IsNeverWrittenOver) {
    const TestFolder folder;
    const auto file = folder / "history.jsonl";
    put(file, "");
    const auto writer = Writer::create(file);
    ASSERT_TRUE(writer.has_error());
    EXPECT_EQ(text_of(writer.error()), file.string() + ": exists; a history is never written over");
}

TEST(File, AFullDiskIsAnErrorAndClosedIsClosed) {
    auto full = Writer::create("/dev/full/x");
    EXPECT_TRUE(full.has_error());
    const TestFolder folder;
    auto writer = Writer::create(folder / "history.jsonl");
    ASSERT_TRUE(writer.has_value());
    ASSERT_TRUE(writer->close().has_value());
    EXPECT_TRUE(writer->append(small("x", "late")).has_error());
}

TEST(File, AFolderIsNoHistory) {
    const TestFolder folder;
    EXPECT_TRUE(Reader::open(folder / "").has_error());
    EXPECT_TRUE(Reader::open(folder / "missing").has_error());
}

}  // namespace
}  // namespace mistrial::history
