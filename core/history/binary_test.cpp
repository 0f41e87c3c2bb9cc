#include "core/history/binary.hpp"

#include "core/history/arbitrary_record.hpp"
#include "core/history/foreign/printer.hpp"
#include "core/history/foreign/source.hpp"
#include "core/history/frame.hpp"
#include "core/history/line_rows.hpp"
#include "core/history/read_ahead.hpp"
#include "core/history/reader.hpp"
#include "core/history/rows.hpp"
#include "core/history/test_folder.hpp"
#include "core/history/writer.hpp"
#include "core/random.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace mistrial::history {
namespace {

std::string bytes_of(const std::filesystem::path& file) { return read_file(file).value(); }

/// Decisions as a run writes them, with everything that may differ: what is missing, what repeats, what does not.
class Decisions {
  public:
    explicit Decisions(std::uint64_t seed) : random_(RandomStream{seed, "history", "binary-test"}) {}

    std::vector<Record> make(std::size_t count) {
        std::vector<Record> records;
        std::vector<Record> open;
        while (records.size() < count) {
            time_ += random_.chance(1, 20) ? between(0, 9'000'000'000) : between(0, 3'000'000);
            if (random_.chance(1, 12)) {
                records.push_back(rare());
            } else if (random_.chance(1, 6)) {
                records.push_back(event());
            } else if (open.empty() || random_.chance(1, 2)) {
                open.push_back(begin());
                records.push_back(open.back());
            } else {
                const auto which = static_cast<std::ptrdiff_t>(random_.below(open.size()));
                records.push_back(end(open[static_cast<std::size_t>(which)]));
                open.erase(open.begin() + which);
            }
            if (random_.chance(1, 40)) ++index_;  // a history of another harness may leave some out
            records.back().index = index_++;
            records.back().time = at_nanos<TrueTime>(time_);
        }
        return records;
    }

  private:
    std::int64_t between(std::int64_t low, std::int64_t high) { return random_.between(low, high); }
    bool one_in(std::uint64_t n) { return random_.chance(1, n); }
    std::string text(const char* stem) { return fmt::format("{}{}", stem, random_.below(3)) + (one_in(15) ? "\"é\\\n" : ""); }

    Record rare() {
        Record record;
        record.type = Type::info;
        record.process = std::string("observer");
        record.f = "boot";
        record.value = Boot{text("a"), text("a1#"), std::nullopt};
        if (one_in(3)) {
            record.f = "else";
            record.value = Foreign{Json{{"any", {1, 2.5, nullptr}}}};
        }
        return record;
    }

    /// Of a decision log.
    Record event() {
        Record record;
        record.type = Type::info;
        record.process = std::string(one_in(30) ? "another" : "observer");
        record.f = "log";
        Log log;
        log.agent = text("a");
        if (!one_in(4)) log.incarnation = text("a1#");
        if (!one_in(4)) log.decision_id = one_in(12) ? "not-a-uuid" : format_uuid({random_.below(1U << 20) << 40, random_.below(1U << 30)});
        if (!one_in(4)) log.nonce = fmt::format("{}#{}", text("s"), random_.below(1000));
        if (!one_in(6)) log.path = text("p/");
        if (!one_in(6)) log.input_id = text("x");
        if (!one_in(6)) log.revisions = {{"main", text("r")}};
        if (!one_in(6)) log.verdict = Verdict{one_in(6) ? R"({"a":1,"agent_time":7,"upload":3})" : one_in(2) ? "true" : "false"};
        if (!one_in(3)) log.agent_time = at_nanos<WallTime>(1'790'000'000'000'000'000 + time_ + between(-1000, one_in(20) ? 100'000'000'000 : 1000));
        log.upload = one_in(30) ? between(-1, std::int64_t{1} << 33) : between(0, 5);
        record.value = log;
        if (one_in(30)) record.node = "a1";
        if (one_in(30)) record.extra = Json{{"host", "h"}};
        if (one_in(30)) record.value_extra = Json{{"more", text("m")}};
        return record;
    }

    Record begin() {
        Record record;
        record.type = Type::invoke;
        record.process = one_in(30) ? Process(text("named")) : Process(next_process_++);
        if (one_in(10)) next_process_ += 8192;
        record.f = "decide";
        Decide decide;
        decide.agent = text("a");
        if (!one_in(6)) decide.path = text("p/");
        if (one_in(2)) decide.input = Json{{"user", text("u")}, {"nested", {{"nonce", text("n")}}}};
        if (!one_in(6)) decide.input_id = text("x");
        if (!one_in(3)) decide.nonce = one_in(8) ? std::string(19, '7') : fmt::format("{}#{:0{}}", text("s"), random_.below(1000), static_cast<int>(1 + random_.below(6)));
        if (one_in(6)) decide.at_least = Json{{"main", text("r")}};
        if (one_in(12)) decide.exactly = one_in(2) ? Json(text("r")) : Json{{"main", text("r")}};
        if (!one_in(4)) decide.timeout = std::chrono::seconds{2};
        record.value = decide;
        if (!one_in(5)) record.node = one_in(10) ? "elsewhere" : decide.agent;
        if (!one_in(4)) record.session = text("s");
        if (!one_in(4)) record.sched = at_nanos<TrueTime>(time_ - between(-5, one_in(20) ? 9'000'000'000 : 1000));
        if (one_in(30)) record.extra = Json{{"host", "h"}};
        if (one_in(30)) record.value_extra = Json{{"more", text("m")}};
        return record;
    }

    Record end(Record record) {
        const auto how = random_.below(10);
        record.type = how < 7 ? Type::ok : how < 8 ? Type::fail : Type::info;
        auto& decide = std::get<Decide>(record.value);
        if (record.type != Type::ok) {
            if (!one_in(4)) record.error = text("refused ");
            return record;
        }
        const auto kind = random_.below(6);
        decide.answer = kind == 0   ? Answer{Undefined{}}
                        : kind == 1 ? Answer{Refused{503, one_in(2) ? std::optional<std::string>("busy") : std::nullopt}}
                        : kind == 2 ? Answer{Verdict{R"({"allow":true,"decision_id":"no"})"}}
                                    : Answer{Verdict{kind % 2 == 0 ? "true" : "false"}};
        if (!one_in(4)) decide.revisions = {{"main", text("r")}};
        if (!one_in(3)) decide.markers = {{"main/data", text("r")}, {"main/policy", text("r")}};
        if (!one_in(3)) decide.agent_time = at_nanos<WallTime>(1'790'000'000'000'000'000 + time_ + between(-1000, one_in(20) ? 100'000'000'000 : 1000));
        if (one_in(2)) decide.decision_id = one_in(6) ? "not-a-uuid" : format_uuid({random_.below(1U << 20) << 40, random_.below(1U << 30)});
        if (one_in(2)) decide.incarnation = text("a1#");
        if (one_in(25)) decide.path += "/moved";
        return record;
    }

    RandomSequence random_;
    std::int64_t time_ = 0;
    std::uint64_t index_ = 0;
    std::int64_t next_process_ = 0;
};

std::string lines_of(const std::vector<Record>& records) {
    std::string lines;
    for (const Record& record : records) lines += to_line(record) + "\n";
    return lines;
}

std::string binary_of(const std::vector<Record>& records) { return foreign::print(Format::mst, records); }

Result<std::vector<Record>> read_binary(const std::filesystem::path& file) {
    auto reader = BinaryReader::open(file);
    if (!reader) return reader.error();
    std::vector<Record> records;
    for (;;) {
        auto record = reader->next();
        if (!record) return record.error();
        if (!*record) return records;
        records.push_back(std::move(**record));
    }
}

RC_GTEST_PROP(Binary, LinesSurviveItByteForByte, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    const TestFolder folder;
    const std::string lines = lines_of(Decisions(seed).make(300));
    put(folder / "history.jsonl", lines);
    RC_ASSERT(write_binary(folder / "history.jsonl", folder / "history.mst").has_value());
    const auto back = read_binary(folder / "history.mst");
    if (!back) RC_FAIL(back.error().message);
    RC_ASSERT(*back == read_all(folder / "history.jsonl").value());
    RC_ASSERT(lines_of(*back) == lines);
}

RC_GTEST_PROP(Binary, ArbitraryRecordsSurviveIt, ()) {
    const TestFolder folder;
    std::vector<Record> records;
    const auto count = *rc::gen::inRange(1, 12);
    for (int i = 0; i < count; ++i) {
        Record record = arbitrary::a_record();
        record.index = records.empty() ? record.index % 3 : records.back().index + 1 + record.index % 2;
        if (auto* decide = std::get_if<Decide>(&record.value)) {
            if (decide->at_least) decide->at_least = Json(arbitrary::a_text());
            decide->exactly = arbitrary::maybe([] { return Json(arbitrary::text_by_text()); });
            if (record.type == Type::ok && !decide->answer) record.type = Type::fail;
        }
        records.push_back(std::move(record));
    }
    const std::string lines = lines_of(records);
    put(folder / "history.jsonl", lines);
    const auto read = read_all(folder / "history.jsonl");
    if (!read) RC_FAIL(read.error().message);
    put(folder / "history.mst", binary_of(*read));
    const auto back = read_binary(folder / "history.mst");
    if (!back) RC_FAIL(back.error().message);
    RC_ASSERT(*back == *read);
    RC_ASSERT(lines_of(*back) == lines_of(*read));
}

/// Every record of a source of batches, and how many of them were rows.
std::pair<std::vector<Record>, std::size_t> told(BatchSource& source) {
    std::vector<Record> records;
    std::size_t rows = 0;
    RowTeller teller;
    Batch batch;
    for (;;) {
        const auto more = source.next(batch);
        if (!more) ADD_FAILURE() << more.error().message;
        if (!more || !*more) return {records, rows};
        teller.learn(batch.added);
        auto other = batch.others.begin();
        for (const Row& row : batch.rows) {
            rows += row.kind != Row::Kind::other ? 1 : 0;
            records.push_back(row.kind == Row::Kind::other ? *other++ : teller.record(row));
            EXPECT_EQ(records.back().index, row.index);
            EXPECT_EQ(records.back().time, row.time);
        }
    }
}

RC_GTEST_PROP(Rows, OfLinesAndOfTheBinaryFormSayWhatTheRecordsSay, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    const TestFolder folder;
    const std::vector<Record> records = Decisions(seed).make(300);
    put(folder / "history.jsonl", lines_of(records));
    RC_ASSERT(write_binary(folder / "history.jsonl", folder / "history.mst").has_value());
    auto binary = BinaryReader::open(folder / "history.mst");
    RC_ASSERT(told(*binary).first == records);
    auto lines = LineRows::open(folder / "history.jsonl");
    const auto [of_lines, rows] = told(*lines);
    RC_ASSERT(of_lines == records);
    RC_ASSERT(rows > records.size() / 4);
    ReadAhead ahead(std::make_unique<LineRows>(std::move(*LineRows::open(folder / "history.jsonl"))));
    RC_ASSERT(told(ahead).first == records);
}

TEST(Rows, ALineThatOnlyLooksLikeOneThatWasReadIsReadItself) {
    // The nonce deep in the input is not the decision's, and what looks like a clock stands inside the verdict.
    const TestFolder folder;
    std::string lines;
    for (int i = 0; i < 3; ++i) {
        const std::string value = fmt::format(R"({{"agent":"a1","path":"p","input":{{"x":1,"nonce":"s#{}"}})", i);
        lines += fmt::format(R"({{"index":{},"time":{},"type":"invoke","process":0,"f":"decide","value":{}}}}})" "\n", 2 * i, 2 * i, value);
        lines += fmt::format(R"({{"index":{},"time":{},"type":"ok","process":0,"f":"decide","value":{},"verdict":{{"a":1,"agent_time":{}}}}}}})" "\n",
                             2 * i + 1, 2 * i + 1, value, i);
    }
    put(folder / "history.jsonl", lines);
    auto source = LineRows::open(folder / "history.jsonl");
    EXPECT_EQ(told(*source).first, read_all(folder / "history.jsonl").value());
}

TEST(Binary, MostDecisionsAreRows) {
    RowMaker maker;
    std::size_t rows = 0;
    const std::vector<Record> records = Decisions(3).make(1000);
    Vocabulary added;
    for (const Record& record : records) rows += maker.make(record, added).kind != Row::Kind::other ? 1 : 0;
    EXPECT_GT(rows, records.size() / 4);
}

TEST(Binary, IsOneOfTheFormatsOfASource) {
    const TestFolder folder;
    const std::vector<Record> records = Decisions(5).make(20);
    put(folder / "history", binary_of(records));
    ASSERT_EQ(guess_format(folder / "history").value(), Format::mst);
    auto source = Source::open(folder / "history", Format::mst);
    ASSERT_TRUE(source.has_value()) << source.error().message;
    for (const Record& record : records) {
        const auto read = source->next();
        ASSERT_TRUE(read.has_value() && *read) << (read ? "" : read.error().message);
        EXPECT_EQ(**read, record);
        EXPECT_EQ(source->place(), fmt::format("{}: record {}, in the frame at byte 16", (folder / "history").string(),
                                               record.index));
    }
    EXPECT_FALSE(source->next().value());
    EXPECT_FALSE(source->torn());
}

/// The file with a frame every 20 records, and where each frame ends.
struct Framed {
    std::string bytes;
    std::vector<std::pair<std::size_t, std::size_t>> ends;  ///< bytes, records
};
Framed framed(const std::vector<Record>& records) {
    Framed file;
    BinaryEncoder encoder;
    BinaryEncoder::begin(file.bytes);
    file.ends.emplace_back(file.bytes.size(), 0);
    for (std::size_t i = 0; i < records.size(); ++i) {
        encoder.add(file.bytes, records[i]);
        if (i % 20 != 19) continue;
        encoder.flush(file.bytes);
        file.ends.emplace_back(file.bytes.size(), i + 1);
    }
    encoder.flush(file.bytes);
    return file;
}

TEST(Binary, CutAnywhereLeavesWholeFrames) {
    const TestFolder folder;
    const std::vector<Record> records = Decisions(7).make(60);
    const auto [whole, ends] = framed(records);
    const auto near_an_edge = [&, &edges = ends](std::size_t cut) {
        return std::any_of(edges.begin(), edges.end(), [&](const auto& end) { return cut + 9 > end.first && cut < end.first + 57; });
    };
    for (std::size_t cut = ends[0].first; cut <= whole.size(); ++cut) {
        if (cut % 7 != 0 && !near_an_edge(cut)) continue;
        put(folder / "cut.mst", whole.substr(0, cut));
        auto reader = BinaryReader::open(folder / "cut.mst");
        ASSERT_TRUE(reader.has_value());
        std::size_t count = 0;
        for (auto record = reader->next(); ; record = reader->next()) {
            ASSERT_TRUE(record.has_value()) << cut << ": " << record.error().message;
            if (!*record) break;
            ASSERT_EQ(**record, records[count]) << cut;
            ++count;
        }
        std::size_t expected = 0;
        bool at_an_edge = false;
        for (const auto& [bytes, until] : ends) {
            if (bytes <= cut) expected = until;
            at_an_edge = at_an_edge || bytes == cut;
        }
        EXPECT_EQ(count, expected) << cut;
        EXPECT_EQ(reader->torn(), !at_an_edge) << cut;
    }
}

TEST(Binary, RoomThatAFileSystemMadeAndNeverFilledIsTorn) {
    const TestFolder folder;
    const auto [whole, ends] = framed(Decisions(7).make(60));
    for (const std::size_t zeros : {1, 8, 47, 48, 49, 200, 70'000}) {
        put(folder / "zeros.mst", whole.substr(0, ends[1].first) + std::string(zeros, '\0'));
        const auto read = read_binary(folder / "zeros.mst");
        ASSERT_TRUE(read.has_value()) << read.error().message;
        EXPECT_EQ(read->size(), ends[1].second) << zeros;
    }
}

TEST(Binary, ADamagedFrameIsAnErrorThatNamesFileAndByte) {
    const TestFolder folder;
    const auto [whole, ends] = framed(Decisions(8).make(40));
    const std::size_t last = ends[1].first;  // where the last frame begins
    for (std::size_t at = 16; at < whole.size(); ++at) {
        std::string bytes = whole;
        bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
        put(folder / "bad.mst", bytes);
        const auto read = read_binary(folder / "bad.mst");
        if (at >= last + sizeof(FrameHead)) {
            // What follows the head of the last frame may never have been written.
            ASSERT_TRUE(read.has_value()) << at << ": " << read.error().message;
            EXPECT_EQ(read->size(), 20U) << at;
            continue;
        }
        ASSERT_FALSE(read.has_value()) << at << ": a flipped bit went unseen";
        EXPECT_TRUE(read.error().message.starts_with(
            fmt::format("{}: byte {}: ", (folder / "bad.mst").string(), at < last ? 16 : last)))
            << read.error().message;
    }
}

TEST(Binary, SaysWhatAFileIsThatItDoesNotRead) {
    const TestFolder folder;
    put(folder / "lines", "{\"index\":0}\n");
    EXPECT_EQ(BinaryReader::open(folder / "lines").error().message,
              (folder / "lines").string() + ": byte 0: is no binary history (history.mst)");
    put(folder / "history.mst", binary_of({}));
    EXPECT_EQ(read_binary(folder / "history.mst").value(), std::vector<Record>());
    std::string newer = bytes_of(folder / "history.mst");
    newer[8] = 2;
    put(folder / "newer.mst", newer);
    EXPECT_EQ(BinaryReader::open(folder / "newer.mst").error().message,
              (folder / "newer.mst").string() + ": byte 8: is of version 2; this program reads version 1");
    EXPECT_TRUE(BinaryReader::open(folder / "missing").has_error());
    EXPECT_TRUE(write_binary(folder / "lines", folder / "of-no-history.mst").has_error());
    EXPECT_FALSE(std::filesystem::exists(folder / "of-no-history.mst"));
    EXPECT_EQ(write_binary(folder / "lines", folder / "history.mst").error().message,
              (folder / "history.mst").string() + ": exists; a history is never written over");
}

TEST(Binary, MostEventsOfALogAreRows) {
    RowMaker maker;
    std::size_t rows = 0;
    std::size_t events = 0;
    Vocabulary added;
    for (const Record& record : Decisions(4).make(1000)) {
        events += record.f == "log" ? 1 : 0;
        rows += maker.make(record, added).kind == Row::Kind::log ? 1 : 0;
    }
    EXPECT_GT(rows, events / 3);
    EXPECT_GT(events, 100U);
}

TEST(Binary, TakesAboutFiftyBytesForADecision) {
    const TestFolder folder;
    std::vector<Record> records;
    for (std::int64_t i = 0; i < 2000; ++i) {
        Record record;
        record.index = static_cast<std::uint64_t>(i);
        record.time = at_nanos<TrueTime>(i * 1000);
        record.process = std::int64_t{3};
        record.f = "decide";
        record.node = "a1";
        record.session = "s1";
        record.sched = at_nanos<TrueTime>((i - i % 2) * 1000);
        Decide decide;
        decide.agent = "a1";
        decide.path = "p";
        decide.input_id = "x";
        record.type = i % 2 == 0 ? Type::invoke : Type::ok;
        if (i % 2 == 1) {
            decide.answer = Verdict{"true"};
            decide.markers = {{"main/data", "r1"}};
            decide.agent_time = at_nanos<WallTime>(1'790'000'000'000'000'000 + i * 1000);
            decide.incarnation = "a1#1";
        }
        record.value = decide;
        records.push_back(record);
    }
    put(folder / "history.mst", binary_of(records));
    EXPECT_LT(std::filesystem::file_size(folder / "history.mst"), 1000 * 48 + 1000);
    EXPECT_EQ(read_binary(folder / "history.mst").value(), records);
}

}  // namespace
}  // namespace mistrial::history
