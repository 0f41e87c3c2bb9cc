#include "core/history/foreign/policy_export.hpp"

#include "core/history/foreign/format.hpp"
#include "core/history/writer.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace mistrial::history::foreign {
namespace {

using std::chrono::milliseconds;

class Builder {
  public:
    Builder& publish(const std::string& bundle, const std::string& revision, int inv, int res, Type type = Type::ok) {
        const Process process = next_process_++;
        add(inv, Type::invoke, process, "publish", Publish{bundle, revision, {}, {}, {}});
        if (type != Type::invoke) add(res, type, process, "publish", Publish{bundle, revision, {}, {}, {}});
        return *this;
    }
    Builder& decide(int inv, int res, Markers markers, Revisions revisions = {}, Type type = Type::ok) {
        const Process process = next_process_++;
        Decide decide;
        decide.agent = "a1";
        add(inv, Type::invoke, process, "decide", decide);
        if (type == Type::ok) {
            decide.answer = Verdict{"true"};
            decide.markers = std::move(markers);
            decide.revisions = std::move(revisions);
        }
        add(res, type, process, "decide", decide);
        return *this;
    }
    [[nodiscard]] std::vector<Record> build() const {
        auto sorted = records_;
        std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
        for (std::size_t i = 0; i < sorted.size(); ++i) sorted[i].index = i;
        return sorted;
    }

  private:
    void add(int ms, Type type, const Process& process, const std::string& f, Value value) {
        Record record;
        record.time = TrueTime{milliseconds{ms}};
        record.type = type;
        record.process = process;
        record.f = f;
        record.value = std::move(value);
        records_.push_back(std::move(record));
    }
    std::vector<Record> records_;
    std::int64_t next_process_ = 0;
};

/// "TIME TYPE PROCESS f VALUE" a line, times in ms.
std::string lines(const Result<std::vector<Record>>& records) {
    if (records.has_error()) return records.error().message;
    std::string all;
    for (const Record& record : *records)
        all += fmt::format("{} {} {} {} {}\n", nanos_of(record.time) / 1000000, to_text(record.type),
                           to_text(record.process), record.f, std::get<Foreign>(record.value).value.dump());
    return all;
}

TEST(ListAppend, ADecisionReadsAllRevisionsUpToItsOwn) {
    EXPECT_EQ(lines(list_append(Builder()
                                    .publish("main", "r1", 0, 1)
                                    .publish("main", "r2", 2, 3)
                                    .decide(4, 5, {{"main/policy", "r2"}})
                                    .build())),
              R"(0 invoke 0 txn [["append","main",1]]
1 ok 0 txn [["append","main",1]]
2 invoke 1 txn [["append","main",2]]
3 ok 1 txn [["append","main",2]]
4 invoke 2 txn [["r","main",null]]
5 ok 2 txn [["r","main",[1,2]]]
)");
}

TEST(ListAppend, AFailedPublishIsInNoListButItsOwn) {
    const auto history = [](const char* shown) {
        return lines(list_append(Builder()
                                     .publish("main", "r1", 0, 1, Type::fail)
                                     .publish("main", "r2", 2, 3)
                                     .decide(4, 5, {{"main/policy", shown}})
                                     .build()));
    };
    EXPECT_NE(history("r2").find(R"(5 ok 2 txn [["r","main",[2]]])"), std::string::npos) << history("r2");
    EXPECT_NE(history("r1").find(R"(5 ok 2 txn [["r","main",[1]]])"), std::string::npos)
        << "an aborted read, for Elle to find";
    EXPECT_NE(history("r9").find(R"(5 ok 2 txn [["r","main",["r9"]]])"), std::string::npos) << "nobody published it";
}

TEST(ListAppend, SeveralBundlesAreOneTransactionAndATornAnswerReadsTwice) {
    const auto exported =
        lines(list_append(Builder()
                              .publish("main", "r1", 0, 1)
                              .publish("other", "q1", 0, 1)
                              .publish("main", "r2", 2, 3)
                              .decide(4, 5, {{"main/policy", "r1"}, {"main/data", "r2"}}, {{"other", "q1"}})
                              .build()));
    EXPECT_NE(exported.find(R"(5 ok 3 txn [["r","main",[1]],["r","main",[1,2]],["r","other",[1]]])"), std::string::npos)
        << exported;
}

TEST(ListAppend, WhatShowsNothingIsLeftOutAndInfoStays) {
    EXPECT_EQ(lines(list_append(Builder()
                                    .publish("main", "r1", 0, 1, Type::info)
                                    .decide(4, 5, {})
                                    .decide(6, 7, {}, {}, Type::info)
                                    .build())),
              R"(0 invoke 0 txn [["append","main",1]]
1 info 0 txn [["append","main",1]]
)");
}

TEST(ListAppend, ARevisionPublishedTwiceIsRefusedUnlessOneFailed) {
    EXPECT_EQ(lines(list_append(Builder().publish("main", "r1", 0, 1).publish("main", "r1", 2, 3).build())),
              "record 2: revision r1 of main is published a second time; other tools need each written once");
    const auto retried = lines(list_append(Builder()
                                               .publish("main", "r1", 0, 1, Type::fail)
                                               .publish("main", "r1", 2, 3)
                                               .decide(4, 5, {{"main/p", "r1"}})
                                               .build()));
    EXPECT_NE(retried.find(R"(txn [["r","main",[2]]])"), std::string::npos) << retried;
}

TEST(Register, WritesAndReadsNumbersAndDropsWhatFailedOrDidNotAnswer) {
    EXPECT_EQ(lines(register_history(Builder()
                                         .publish("main", "r1", 0, 1)
                                         .publish("main", "r2", 2, 3, Type::fail)
                                         .publish("main", "r3", 4, 5, Type::info)
                                         .decide(6, 7, {{"main/policy", "r3"}})
                                         .decide(6, 8, {}, {}, Type::info)
                                         .build(),
                                     Duration::zero())),
              R"(0 invoke 0 write 1
1 ok 0 write 1
4 invoke 0 write 3
6 invoke 1 read null
7 ok 1 read 3
)");
}

TEST(Register, WithSeveralBundlesAValueSaysWhich) {
    EXPECT_EQ(lines(register_history(Builder()
                                         .publish("main", "r1", 0, 1)
                                         .publish("other", "q1", 2, 3)
                                         .decide(6, 7, {{"other/policy", "q1"}})
                                         .build(),
                                     Duration::zero())),
              R"(0 invoke 0 write ["main",1]
1 ok 0 write ["main",1]
2 invoke 0 write ["other",1]
3 ok 0 write ["other",1]
6 invoke 0 read ["other",null]
7 ok 0 read ["other",1]
)");
}

/// By Theorem 1 of properties.md, for writes that follow one another: no read may miss what was over before it began.
bool is_linearizable(const std::vector<Record>& records) {
    std::map<Process, Record> invokes;
    std::vector<std::tuple<TrueTime, TrueTime, std::int64_t>> operations;
    for (const Record& record : records) {
        if (record.type == Type::invoke) invokes[record.process] = record;
        if (record.type == Type::ok)
            operations.emplace_back(invokes[record.process].time, record.time,
                                    std::get<Foreign>(record.value).value.get<std::int64_t>());
    }
    for (const auto& [inv, res, value] : operations)
        for (const auto& [other_inv, other_res, other] : operations)
            if (other_res < inv && other > value) return false;
    return true;
}

TEST(Register, IsLinearizableOnceShiftedByTheGreatestStalenessAndNotBefore) {
    // r2 is acknowledged at 30; a decision that begins at 80 still shows r1: stale by 50.
    const auto history = Builder()
                             .publish("main", "r1", 0, 10)
                             .publish("main", "r2", 20, 30)
                             .decide(80, 90, {{"main/policy", "r1"}})
                             .build();
    EXPECT_FALSE(is_linearizable(*register_history(history, Duration::zero())));
    EXPECT_FALSE(is_linearizable(*register_history(history, milliseconds(50) - Duration{1})));
    EXPECT_TRUE(is_linearizable(*register_history(history, milliseconds(50))));
    EXPECT_TRUE(is_linearizable(*register_history(history, std::chrono::hours(1)))) << "no call before the run began";
}

TEST(Register, ShiftedDecisionsThatOverlapHaveProcessesOfTheirOwn) {
    const auto shifted = register_history(Builder()
                                              .publish("main", "r1", 0, 10)
                                              .decide(20, 21, {{"main/policy", "r1"}})
                                              .decide(22, 23, {{"main/policy", "r1"}})
                                              .build(),
                                          milliseconds(5));
    EXPECT_EQ(lines(shifted), R"(0 invoke 0 write 1
10 ok 0 write 1
15 invoke 0 read null
17 invoke 1 read null
21 ok 0 read 1
23 ok 1 read 1
)");
}

}  // namespace
}  // namespace mistrial::history::foreign
