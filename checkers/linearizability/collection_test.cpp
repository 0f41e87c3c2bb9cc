#include "checkers/linearizability/collection.hpp"

#include "checkers/testing/references.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mistrial::checkers::linearizability {
namespace {

using history::Type;

/// Records by hand, each one nanosecond after the last.
class Told {
  public:
    Told& operator()(std::int64_t process, Type type, const char* f, Json value, Json extra = nullptr) {
        history::Record record;
        record.index = records.size();
        record.time = at_nanos<TrueTime>(static_cast<std::int64_t>(records.size()));
        record.process = process;
        record.type = type;
        record.f = f;
        record.value = history::Foreign{std::move(value)};
        record.extra = std::move(extra);
        records.push_back(record);
        return *this;
    }
    Told& ok(const char* f, const Json& asked, const Json& answered, const Json& extra = nullptr) {
        return (*this)(0, Type::invoke, f, asked, extra)(0, Type::ok, f, answered, extra);
    }
    /// The operations as text, an object a line.
    std::string gathered(const std::string& model = "") {
        Collection collection;
        const auto all = testing::gather(collection, records, model);
        if (!all) return all.error().message;
        std::string text(all->model->name);
        for (const Object& object : all->objects) {
            text += "; " + object.key.value_or("one") + ":";
            for (const Operation& operation : object.operations) {
                text += " " + describe(collection.values(), operation.call) + (operation.is_open() ? "?" : "");
            }
        }
        return text;
    }
    std::vector<history::Record> records;
};

TEST(Collection, ReadsARegister) {
    EXPECT_EQ(Told{}.ok("read", nullptr, nullptr).ok("write", 3, 3).ok("read", nullptr, 3).gathered(),
              "register; one: read null write 3 read 3");
}

TEST(Collection, ReadsCompareAndSet) {
    EXPECT_EQ(Told{}.ok("write", 1, 1).ok("cas", Json{1, 2}, Json{1, 2}).gathered(), "cas-register; one: write 1 cas 1 -> 2");
}

TEST(Collection, ReadsIndependentKeys) {
    EXPECT_EQ(Told{}.ok("write", Json{7, 1}, Json{7, 1}).ok("read", Json{8, nullptr}, Json{8, nullptr}).ok("cas", Json{7, Json{1, 2}}, Json{7, Json{1, 2}}).gathered(),
              "cas-register; 7: write 1 cas 1 -> 2; 8: read null");
}

TEST(Collection, TakesPairsForValuesWhereAReadWasAskedWithoutAKey) {
    EXPECT_EQ(Told{}.ok("write", Json{7, 1}, Json{7, 1}).ok("read", nullptr, Json{7, 1}).gathered(),
              "register; one: write [7,1] read [7,1]");
}

TEST(Collection, ReadsAStoreByTuplesByMembersAndByKeysOfTheRecord) {
    EXPECT_EQ(Told{}.ok("put", Json{"k", "a"}, nullptr).ok("append", Json{"k", "b"}, nullptr).ok("get", Json{"k", nullptr}, Json{"k", "ab"}).gathered(),
              "key-value; \"k\": write \"a\" append \"b\" read \"ab\"");
    EXPECT_EQ(Told{}.ok("put", Json{{"key", "k"}, {"value", "a"}}, nullptr).ok("get", Json{{"key", "k"}}, Json{{"key", "k"}, {"value", "a"}}).gathered(),
              "key-value; \"k\": write \"a\" read \"a\"");
    EXPECT_EQ(Told{}.ok("put", "a", "a", Json{{"key", "k"}}).ok("get", nullptr, "a", Json{{"key", "k"}}).gathered(),
              "key-value; \"k\": write \"a\" read \"a\"");
}

TEST(Collection, LeavesOutWhatFailedAndWhatSaysNothing) {
    EXPECT_EQ(Told{}(0, Type::invoke, "write", 1)(0, Type::fail, "write", 1)(1, Type::invoke, "read", nullptr)(1, Type::info, "read", nullptr).gathered(),
              "register");
}

TEST(Collection, KeepsOpenWhatNobodyKnowsTheOutcomeOf) {
    EXPECT_EQ(Told{}(0, Type::invoke, "write", 1)(0, Type::info, "write", "timed-out")(1, Type::invoke, "cas", Json{1, 2}).gathered(),
              "cas-register; one: write 1? cas 1 -> 2?");
}

TEST(Collection, ReadsCompletionsAlone) {
    Told told;
    told(0, Type::ok, "write", 1)(0, Type::ok, "read", 1);
    EXPECT_EQ(told.gathered(), "register; one: write 1 read 1");
    Collection collection;
    const auto gathered = testing::gather(collection, told.records, "");
    EXPECT_EQ(gathered->objects[0].operations[1].inv, at_nanos<TrueTime>(0)) << "not before its process was done";
}

TEST(Collection, RefusesWhatTheModelDoesNotHave) {
    EXPECT_THAT(Told{}.ok("cas", Json{1, 2}, Json{1, 2}).gathered("register"),
                ::testing::HasSubstr("the model register has no cas, but record 1 is one"));
    EXPECT_THAT(Told{}.ok("put", "a", "a").gathered(), ::testing::HasSubstr("expected [key, value]"));
    EXPECT_THAT(Told{}.ok("cas", 3, 3).gathered(), ::testing::HasSubstr("expected [old, new]"));
}

TEST(Collection, TakesOnlyWhatClientsDid) {
    history::Record record;
    record.f = "read";
    record.process = std::string("nemesis");
    record.value = history::Foreign{Json()};
    EXPECT_FALSE(is_call(record));
    record.process = std::int64_t{1};
    EXPECT_TRUE(is_call(record));
    record.f = "txn";
    EXPECT_FALSE(is_call(record));
}

}  // namespace
}  // namespace mistrial::checkers::linearizability
