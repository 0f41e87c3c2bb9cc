#include "core/history/foreign/history_text.hpp"

#include "core/history/arbitrary_record.hpp"
#include "core/history/foreign/printer.hpp"
#include "core/history/writer.hpp"
#include "core/random.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mistrial::history::foreign {
namespace {

std::string lines_of(const std::vector<Record>& records) {
    std::string all;
    for (const Record& record : records) all += to_line(record) + "\n";
    return all;
}

/// The history as lines of ours, or the error.
std::string read_as(Format format, std::string_view text) {
    const auto history = parse(format, text, "file");
    return history.has_error() ? history.error().message : lines_of(history->records);
}

/// Operations of clients who do one thing at a time and are gone after an info, among observations and faults.
std::vector<Record> arbitrary_history(bool ties) {
    std::vector<Record> history;
    std::vector<std::int64_t> clients{0, 1, 2};
    std::map<std::int64_t, Record> doing;
    std::int64_t time = 0;
    const auto value_of = [](std::string& f, bool answered) -> Value {
        if (f.empty()) f = *rc::gen::element<std::string>("publish", "decide", "health", "read", "txn", "x y", "f");
        if (f == "publish")
            return Publish{arbitrary::a_name(),
                           arbitrary::a_name(),
                           arbitrary::maybe(arbitrary::a_text),
                           {},
                           arbitrary::maybe(arbitrary::a_json)};
        if (f == "decide") return arbitrary::a_decide(answered);
        if (f == "health")
            return Health{arbitrary::a_name(), arbitrary::a_text(), {}, arbitrary::maybe(arbitrary::a_text)};
        return Foreign{arbitrary::a_json()};
    };
    for (int step = *rc::gen::inRange(0, 12); step > 0; --step) {
        Record record;
        if (*rc::gen::inRange(0, 4) == 0) {
            do record = arbitrary::a_record();
            while (record.f == "run");
            record.type = Type::info;
            if (std::holds_alternative<std::int64_t>(record.process)) record.process = "observer";
        } else {
            std::int64_t& client = clients[*rc::gen::inRange<std::size_t>(0, clients.size())];
            record.process = client;
            if (const auto begun = doing.find(client); begun == doing.end()) {
                record.type = Type::invoke;
                record.value = value_of(record.f, false);
                doing.emplace(client, record);
            } else {
                record.f = begun->second.f;
                record.type = *rc::gen::element(Type::ok, Type::ok, Type::fail, Type::info);
                record.value = value_of(record.f, record.type == Type::ok);
                doing.erase(begun);
                if (record.type == Type::info) client += 3;
            }
            record.error = arbitrary::maybe(arbitrary::a_text);
            record.session = arbitrary::maybe(arbitrary::a_text);
            if (arbitrary::coin()) record.extra["x-" + arbitrary::a_text()] = arbitrary::a_json();
        }
        const bool may_tie =
            ties && (history.empty() || record.type != Type::invoke || history.back().type == Type::invoke);
        time += *rc::gen::inRange(may_tie ? 0 : 1, 3);
        record.time = at_nanos<TrueTime>(time);
        record.index = history.size();
        history.push_back(std::move(record));
    }
    return history;
}

void expect_same(Format format, const std::vector<Record>& written, const std::vector<Record>& expected,
                 Printer::Options options = {}) {
    const std::string text = print(format, written, options);
    const auto read = parse(format, text, "file");
    if (read.has_error()) RC_FAIL(read.error().message + "\n" + text);
    if (read->records != expected)
        RC_FAIL(lines_of(read->records) + "instead of\n" + lines_of(expected) + "from\n" + text);
}

RC_GTEST_PROP(Edn, AHistorySurvivesIt, ()) {
    const auto history = arbitrary_history(true);
    expect_same(Format::edn, history, history);
}

RC_GTEST_PROP(Elle, AHistorySurvivesIt, ()) {
    const auto history = arbitrary_history(true);
    expect_same(Format::elle, history, history);
    expect_same(Format::jsonl, history, history);
}

RC_GTEST_PROP(JepsenLog, WhatItCanSayOfAHistorySurvivesIt, ()) {
    const auto history = arbitrary_history(true);
    std::vector<Record> expected;
    for (const Record& record : history) {
        Record said;
        said.index = expected.size();
        said.time = at_nanos<TrueTime>(static_cast<std::int64_t>(said.index));
        said.type = record.type;
        said.process = record.process;
        said.f = record.f;
        said.value = record.value;
        said.value_extra = record.value_extra;
        said.error = record.error;
        expected.push_back(std::move(said));
    }
    expect_same(Format::jepsen_log, history, expected, {.log_lines = arbitrary::coin()});
}

RC_GTEST_PROP(Porcupine, WhatItCanSayOfAHistorySurvivesIt, ()) {
    const auto history = arbitrary_history(false);
    std::vector<Record> expected;
    for (std::size_t i = 0; i < history.size(); ++i) {
        const Record& record = history[i];
        if (!std::holds_alternative<std::int64_t>(record.process)) continue;
        const auto completion = std::find_if(history.begin() + static_cast<std::ptrdiff_t>(i) + 1, history.end(),
                                             [&](const Record& other) { return other.process == record.process; });
        const bool failed =
            record.type == Type::invoke && completion != history.end() && completion->type == Type::fail;
        if (failed || record.type == Type::fail || record.type == Type::info) continue;
        expected.push_back(record);
        expected.back().index = expected.size() - 1;
    }
    expect_same(Format::porcupine, history, expected);
}

RC_GTEST_PROP(Foreign, TheOrderOfTheFileDoesNotMatterWhereRecordsHaveIndexes, ()) {
    const auto history = arbitrary_history(true);
    auto shuffled = history;
    RandomSequence random(RandomStream(*rc::gen::arbitrary<std::uint64_t>(), "file", "order"));
    for (std::size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[random.below(i)]);
    const auto format = *rc::gen::element(Format::edn, Format::elle);
    expect_same(format, shuffled, history);
}

// Formats as other tools write them.

TEST(Edn, ReadsTaggedRecordsAndAVectorOfThem) {
    const std::string expected =
        R"({"index":0,"time":5,"type":"invoke","process":0,"f":"txn","value":[["append","x",1]]})"
        "\n"
        R"({"index":1,"time":9,"type":"ok","process":0,"f":"txn","value":[["append","x",1]]})"
        "\n";
    EXPECT_EQ(read_as(Format::edn,
                      "{:type :invoke, :f :txn, :value [[:append :x 1]], :time 5, :process 0, :index 0}\n"
                      "{:type :ok, :f :txn, :value [[:append :x 1]], :time 9, :process 0, :index 1}\n"),
              expected);
    EXPECT_EQ(
        read_as(Format::edn,
                "[#jepsen.history.Op{:index 0, :time 5, :type :invoke, :process 0, :f :txn, :value [[:append :x 1]]}\n"
                " #knossos.op.Op {:process 0 :type :ok :f :txn :value ([:append :x 1]) :index 1 :time 9}]"),
        expected);
}

TEST(Edn, WhatJsonHasNotBecomesWhatIsNearest) {
    EXPECT_EQ(
        read_as(
            Format::edn,
            R"({:process :nemesis, :type :info, :f :start, :value {:cut #{"n1"}, 1 \a, nil 1/2, :big 99999999999N}, :error [:timeout 5], :node 3})"),
        R"({"index":0,"time":0,"type":"info","process":"nemesis","f":"start","value":{"1":"a","big":99999999999,"cut":["n1"],"nil":"1/2"},"node":"3","error":"[\"timeout\",5]"})"
        "\n");
}

TEST(Edn, MicroOperationsArePrintedWithKeywords) {
    Record record;
    record.process = 0;
    record.type = Type::invoke;
    record.f = "txn";
    record.value = Foreign{Json::parse(R"([["append","main",1],["r","main",null]])")};
    EXPECT_EQ(
        print(Format::edn, {record}),
        "{:process 0, :type :invoke, :f :txn, :value [[:append \"main\" 1] [:r \"main\" nil]], :index 0, :time 0}\n");
}

TEST(JepsenLog, ReadsTheLinesOfAnEtcdTest) {
    EXPECT_EQ(
        read_as(Format::jepsen_log,
                "INFO  jepsen.core - Starting up\n"
                "INFO  jepsen.util - 0\t:invoke\t:cas\t[1 2]\n"
                "INFO  jepsen.util - 1   :invoke :read   nil\n"
                "WARN  jepsen.client - trouble\n\tat some.place\n"
                "INFO  jepsen.util - 1   :fail   :read   :timed-out\r\n"
                "INFO  jepsen.util - 5 nodes up\n"
                "INFO  jepsen.util - 0\t:info\t:cas\t[1 2]\tindeterminate: timed out\n"),
        R"({"index":0,"time":0,"type":"invoke","process":0,"f":"cas","value":[1,2]})"
        "\n"
        R"({"index":1,"time":1,"type":"invoke","process":1,"f":"read","value":null})"
        "\n"
        R"({"index":2,"time":2,"type":"fail","process":1,"f":"read","value":"timed-out"})"
        "\n"
        R"({"index":3,"time":3,"type":"info","process":0,"f":"cas","value":[1,2],"error":"indeterminate: timed out"})"
        "\n");
}

TEST(JepsenLog, ReadsHistoryTxt) {
    EXPECT_EQ(read_as(Format::jepsen_log, "0\t:invoke\t:write\t3\n:nemesis\t:info\t:start\tnil\n0\t:ok\t:write\t3\n"),
              R"({"index":0,"time":0,"type":"invoke","process":0,"f":"write","value":3})"
              "\n"
              R"({"index":1,"time":1,"type":"info","process":"nemesis","f":"start","value":null})"
              "\n"
              R"({"index":2,"time":2,"type":"ok","process":0,"f":"write","value":3})"
              "\n");
}

TEST(Elle, ReadsLinesAndArraysWithoutTimes) {
    const std::string one = R"({"type":"invoke","f":"txn","process":0,"value":[["r","x",null]]})";
    const std::string two = R"({"type":"ok","f":"txn","process":0,"index":null,"time":null,"value":[["r","x",[1]]]})";
    EXPECT_EQ(read_as(Format::elle, one + "\n" + two), read_as(Format::elle, "[" + one + ",\n" + two + "]"));
    EXPECT_EQ(read_as(Format::elle, one + two),
              R"({"index":0,"time":0,"type":"invoke","process":0,"f":"txn","value":[["r","x",null]]})"
              "\n"
              R"({"index":1,"time":1,"type":"ok","process":0,"f":"txn","value":[["r","x",[1]]]})"
              "\n");
}

TEST(Porcupine, AnInputThatNamesNoOperationIsACall) {
    const std::string text =
        R"([{"ClientId":2,"Input":{"Op":true,"Value":3},"Call":5,"Output":7,"Return":9,"Metadata":"why"}])";
    EXPECT_EQ(
        read_as(Format::porcupine, text),
        R"({"index":0,"time":5,"type":"invoke","process":2,"f":"call","value":{"Op":true,"Value":3},"metadata":"why"})"
        "\n"
        R"({"index":1,"time":9,"type":"ok","process":2,"f":"call","value":7})"
        "\n");
    EXPECT_EQ(
        print(Format::porcupine,
              parse(Format::porcupine, R"([{"ClientId":2,"Call":5,"Return":9,"Input":3,"Output":7}])", "")->records),
        "[\n"
        R"({"ClientId":2,"Call":5,"Return":9,"Input":3,"Output":7})"
        "\n]\n");
}

TEST(Porcupine, OverlappingOperationsOfOneClientGetClientsOfTheirOwn) {
    EXPECT_EQ(read_as(Format::porcupine, R"([{"Call":0,"Return":5,"Input":"a"},{"Call":5,"Return":9,"Input":"b"},
                                             {"Call":6,"Return":null,"Input":"c"},{"Call":7,"Return":8,"Input":"d"}])"),
              R"({"index":0,"time":0,"type":"invoke","process":0,"f":"call","value":"a"})"
              "\n"
              R"({"index":1,"time":5,"type":"ok","process":0,"f":"call","value":"a"})"
              "\n"
              R"({"index":2,"time":5,"type":"invoke","process":0,"f":"call","value":"b"})"
              "\n"
              R"({"index":3,"time":6,"type":"invoke","process":1,"f":"call","value":"c"})"
              "\n"
              R"({"index":4,"time":7,"type":"invoke","process":2,"f":"call","value":"d"})"
              "\n"
              R"({"index":5,"time":8,"type":"ok","process":2,"f":"call","value":"d"})"
              "\n"
              R"({"index":6,"time":9,"type":"ok","process":0,"f":"call","value":"b"})"
              "\n");
}

TEST(Foreign, OneOfOurNamesWithAnotherValueIsKept) {
    const std::string status =
        R"({"process":"observer","type":"info","f":"status","value":{"up":3},"time":1,"index":0})";
    EXPECT_EQ(read_as(Format::elle, status),
              R"({"index":0,"time":1,"type":"info","process":"observer","f":"status","value":{"up":3}})"
              "\n");
    EXPECT_EQ(read_as(Format::edn, "{:process 0, :type :ok, :f :publish, :value 3}"),
              R"({"index":0,"time":0,"type":"ok","process":0,"f":"publish","value":3})"
              "\n");
    EXPECT_EQ(read_as(Format::edn, "{:process 0, :type :ok,\n :f :publish, :value {:bundle \"main\" :revision 57}}"),
              "file:2:48: value.revision: expected a string, got 57");
}

// The order of records.

std::string order_of(std::string_view edn) {
    const auto history = parse(Format::edn, edn, "file");
    if (history.has_error()) return history.error().message;
    std::string order;
    for (const Record& record : history->records)
        order += fmt::format("{}{}{}@{} ", to_text(record.type).front(), to_text(record.process), record.f,
                             nanos_of(record.time));
    return order;
}

TEST(Order, InvokesComeFirstAmongEqualTimes) {
    EXPECT_EQ(order_of("{:process 0 :type :invoke :f a :time 1} {:process 0 :type :ok :f a :time 5} {:process 1 :type "
                       ":invoke :f b :time 5}"),
              "i0a@1 i1b@5 o0a@5 ");
}

TEST(Order, AProcessInvokesAgainOnlyAfterItCompleted) {
    EXPECT_EQ(order_of("{:process 0 :type :invoke :f a :time 5} {:process 0 :type :ok :f a :time 5} {:process 0 :type "
                       ":invoke :f b :time 5}"
                       "{:process 1 :type :invoke :f c :time 5} {:process 0 :type :ok :f b :time 5}"),
              "i0a@5 i1c@5 o0a@5 i0b@5 o0b@5 ");
}

TEST(Order, ARecordWithoutATimeIsAsLateAsTheOneBefore) {
    EXPECT_EQ(order_of("{:process 0 :type :invoke :f a} {:process 1 :type :invoke :f b :time 7} {:process 0 :type :ok "
                       ":f a :time -1}"),
              "i0a@0 i1b@7 o0a@7 ");
}

TEST(Order, WithoutAnyTimesTheLinesAre) {
    EXPECT_EQ(order_of("{:process 0 :type :invoke :f a} {:process 0 :type :ok :f a} {:process 1 :type :invoke :f b}"),
              "i0a@0 o0a@1 i1b@2 ");
}

TEST(Order, SparseIndexesStay) {
    EXPECT_EQ(read_as(Format::edn,
                      "{:index 7 :process 0 :type :ok :f a :time 2} {:index 4 :process 0 :type :ok :f a :time 1}"),
              R"({"index":4,"time":1,"type":"ok","process":0,"f":"a","value":null})"
              "\n"
              R"({"index":7,"time":2,"type":"ok","process":0,"f":"a","value":null})"
              "\n");
}

struct Refusal {
    Format format;
    const char* text;
    const char* says;
};

class ForeignRefuses : public testing::TestWithParam<Refusal> {};

TEST_P(ForeignRefuses, SayingWhereAndWhatWasExpected) {
    EXPECT_EQ(read_as(GetParam().format, GetParam().text), GetParam().says);
}

INSTANTIATE_TEST_SUITE_P(
    Readers, ForeignRefuses,
    testing::Values(
        Refusal{Format::edn, "{:process 0 :type :invoke :f a}\n{:process 0 :type :invoke :f b}",
                "file:2:1: process 0 is busy with a (invoked at 1:1) and cannot invoke b"},
        Refusal{Format::edn, "{:process 0 :type :invoke :f a}\n{:process 0 :type :ok :f b}",
                "file:2:1: process 0 is busy with a (invoked at 1:1) and cannot complete b"},
        Refusal{Format::edn, "{:process 0 :type :invoke :f a}\n{:process 1 :type :ok :f a}",
                "file:2:1: process 1 completes, but never invoked, a"},
        Refusal{Format::edn, "{:index 1 :process 0 :type :ok :f a}\n{:index 1 :process 0 :type :ok :f a}",
                "file:2:1: index: expected each once, got 1 again (it stands at 1:1)"},
        Refusal{Format::edn, "{:process 0\n :type :done :f a}",
                R"(file:2:8: type: expected "invoke", "ok", "fail" or "info", got "done")"},
        Refusal{Format::edn, "{:process 0.5 :type :ok :f a}",
                "file:1:11: process: expected a client's number or a name, got 0.5"},
        Refusal{Format::edn, "{:process 0 :type :ok :f a :time 1.5}",
                "file:1:34: time: expected integer nanoseconds, got 1.5"},
        Refusal{Format::edn, "\n  {:process 0 :f a}", "file:2:3: type: expected in every record, got none"},
        Refusal{Format::edn, "[{:process 0 :type :ok :f a}",
                "file:1:29: expected an operation or ']', got the end of the text (it begins at 1:1)"},
        Refusal{Format::edn, "[] 5", "file:1:4: expected the end after the operations, got 5"},
        Refusal{Format::edn, "5",
                "file:1:1: expected an operation, a map such as {:process 0, :type :invoke, …}, got 5"},
        Refusal{Format::edn, "{5 6}", "file:1:2: expected a key such as :process, got 5"},
        Refusal{Format::jepsen_log, "0\t:invoke\t:read\tnil\n0\t:ok\t:read",
                "file:2:12: expected the operation's value, got the end of the line"},
        Refusal{Format::jepsen_log, "hello there\n",
                "file:1:1: expected an operation, PROCESS :TYPE :F VALUE, got hello"},
        Refusal{Format::jepsen_log, "INFO  jepsen.util - 0\t:inv\t:read\tnil",
                R"(file:1:23: type: expected "invoke", "ok", "fail" or "info", got "inv")"},
        Refusal{Format::elle, "[{\"type\":\"ok\"},\n 5]", "file:1:2: process: expected in every record, got none"},
        Refusal{Format::elle, "[\n5]", "file:2:1: expected an operation, a JSON object, got 5"},
        Refusal{Format::elle, R"([{"type":"ok","f":"a","process":0})",
                "file:1:35: expected ',' or ']' after an operation, got the end of the text"},
        Refusal{Format::elle, "{\"type\":\"ok\",\n\"f\":7,\"process\":0}", "file:2:5: f: expected a string, got 7"},
        Refusal{Format::elle, R"({"type":"ok)",
                "file:1:12: expected the end of a string, got the end of the text (it begins at 1:9)"},
        Refusal{Format::elle, R"({"type":[)",
                "file:1:10: expected the end of an object, got the end of the text (it begins at 1:1)"},
        Refusal{Format::porcupine, R"({"ClientId":0})", "file:1:1: expected an array of operations, got {"},
        Refusal{Format::porcupine, R"([{"ClientId":0,"Input":1}])",
                "file:1:2: Call: expected in every operation, got none"},
        Refusal{Format::porcupine, "[{\"Call\":5,\n\"Return\":3,\"Input\":1}]",
                "file:2:10: Return: expected at least Call, 5, got 3"},
        Refusal{Format::porcupine, R"([{"Call":5.5,"Input":1}])",
                "file:1:10: Call: expected integer nanoseconds, got 5.5"},
        Refusal{Format::porcupine, R"([{"Call":5,"Call":6,"Input":1}])",
                "file:1:12: expected each key once, got Call again"},
        Refusal{Format::porcupine, R"([{"Call":5,"Input":{"f":"decide","value":{"agent":7}}}])",
                "file:1:51: value.agent: expected a string, got 7"}));

}  // namespace
}  // namespace mistrial::history::foreign
