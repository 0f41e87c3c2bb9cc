#include "checkers/operations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mistrial::checkers {
namespace {

using history::Type;
using ::testing::HasSubstr;

TrueTime at(std::int64_t t) { return at_nanos<TrueTime>(t); }

history::Record record(std::uint64_t index, std::int64_t time, Type type, history::Process process,
                       const std::string& f = "decide") {
    history::Record made;
    made.index = index;
    made.time = at(time);
    made.type = type;
    made.process = std::move(process);
    made.f = f;
    if (f == "decide") made.value = history::Decide{};
    return made;
}

TEST(Operations, ACompletionBelongsToTheInvokeOfItsProcess) {
    Operations operations;
    ASSERT_TRUE(operations.invoke(record(0, 5, Type::invoke, 1)));
    ASSERT_TRUE(operations.invoke(record(1, 6, Type::invoke, 2)));
    const auto second = operations.complete(record(2, 9, Type::ok, 2));
    ASSERT_TRUE(second);
    EXPECT_EQ(second->inv, at(6));
    EXPECT_EQ(second->invoke_index, 1U);
    EXPECT_EQ(operations.unfinished(), 1);
    EXPECT_EQ(operations.complete(record(3, 9, Type::fail, 1))->inv, at(5));
    EXPECT_EQ(operations.unfinished(), 0);
    EXPECT_EQ(operations.without_invoke(), 0);
}

TEST(Operations, AProcessDoesOneThingAtATime) {
    Operations operations;
    ASSERT_TRUE(operations.invoke(record(0, 5, Type::invoke, 1)));
    EXPECT_THAT(operations.invoke(record(1, 6, Type::invoke, 1)).error().message,
                HasSubstr("record 1: process 1 invokes decide before its decide of record 0 is over"));
    EXPECT_THAT(operations.complete(record(2, 7, Type::ok, 1, "publish")).error().message,
                HasSubstr("process 1 completes publish, but is busy with decide of record 0"));
}

TEST(Operations, ACompletionThatWasNeverInvokedIsAnErrorWhereOthersAre) {
    Operations operations;
    ASSERT_TRUE(operations.invoke(record(0, 5, Type::invoke, 1)));
    EXPECT_THAT(operations.complete(record(1, 6, Type::ok, 2)).error().message,
                HasSubstr("record 1: process 2 completes decide that it never invoked"));
}

TEST(Operations, EachKindOfOperationMayLeaveItsInvokesOut) {
    Operations operations;
    ASSERT_TRUE(operations.invoke(record(0, 5, Type::invoke, 1, "publish")));
    ASSERT_TRUE(operations.complete(record(1, 6, Type::ok, 2)));
    ASSERT_TRUE(operations.complete(record(2, 7, Type::ok, 1, "publish")));
    EXPECT_EQ(operations.without_invoke(), 1);
}

TEST(Operations, WithoutAnInvokeTheWidestIntervalThatAccusesNobodyIsTaken) {
    Operations operations;
    EXPECT_EQ(operations.complete(record(0, 50, Type::ok, 1))->inv, TrueTime::min()) << "nothing is known";
    EXPECT_EQ(operations.complete(record(1, 70, Type::ok, 1))->inv, at(50)) << "its process was busy until then";
    history::Record due = record(2, 90, Type::ok, 1);
    due.sched = at(80);
    EXPECT_EQ(operations.complete(due)->inv, at(80)) << "it was not due before";
    history::Record late = record(3, 200, Type::ok, 1);
    std::get<history::Decide>(late.value).timeout = Duration{30};
    EXPECT_EQ(operations.complete(late)->inv, at(170)) << "it would have timed out";
    history::Record odd = record(4, 210, Type::ok, 1);
    odd.sched = at(300);
    EXPECT_EQ(operations.complete(odd)->inv, at(210)) << "never after its end";
}

TEST(Operations, NamedProcessesArePairedToo) {
    Operations operations;
    ASSERT_TRUE(operations.invoke(record(0, 5, Type::invoke, std::string("prober"))));
    EXPECT_EQ(operations.complete(record(1, 6, Type::info, std::string("prober")))->invoke_index, 0U);
    EXPECT_TRUE(operations.invoke(record(2, 7, Type::invoke, std::string("prober"))));
}

}  // namespace
}  // namespace mistrial::checkers
