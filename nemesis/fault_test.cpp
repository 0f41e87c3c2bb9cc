#include "nemesis/fault.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mistrial::nemesis {
namespace {

using testing::HasSubstr;

FaultInterval drawn_interval() {
    const auto name = [] { return *rc::gen::element<std::string>("a1", "a2", "cdn1", "status"); };
    FaultInterval interval;
    interval.id = fmt::format("f{}", *rc::gen::inRange(1, 100));
    interval.kind = *rc::gen::element<std::string>("partition", "clock", "kill", "pause");
    for (int n = *rc::gen::inRange(0, 4); n > 0; --n) interval.target.push_back(name());
    interval.start = at_nanos<TrueTime>(*rc::gen::inRange<std::int64_t>(0, 100'000'000'000));
    interval.stop = interval.start + Duration{*rc::gen::inRange<std::int64_t>(0, 100'000'000'000)};
    interval.parameters = {{"offset", *rc::gen::arbitrary<std::int64_t>()}};
    for (int n = *rc::gen::inRange(0, 3); n > 0; --n) {
        interval.excuses[name()] = {{"main"}, *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>(),
                                    *rc::gen::arbitrary<bool>()};
        interval.skews[name()] = {Duration{*rc::gen::arbitrary<std::int64_t>()},
                                  Duration{*rc::gen::arbitrary<std::int64_t>()}};
    }
    return interval;
}

RC_GTEST_PROP(Fault, comes_back_from_json_as_it_was, ()) {
    const FaultInterval interval = drawn_interval();
    const auto again = fault_from_json(Json::parse(to_json(interval).dump()), "/faults/0");
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == interval);
}

TEST(Fault, names_the_pointer_of_what_is_wrong_with_it) {
    FaultInterval interval;
    interval.id = "f1";
    interval.kind = "pause";
    interval.excuses["a1"] = {{"main"}, true, true, true};

    Json json = to_json(interval);
    json["excuses"]["a1"]["log"] = "yes";
    EXPECT_EQ(fault_from_json(json, "/faults/3").error().message,
              "/faults/3/excuses/a1/log: expected true or false, got \"yes\"");

    json = to_json(interval);
    json["kind"] = "earthquake";
    EXPECT_EQ(fault_from_json(json, "/faults/3").error().message,
              "/faults/3/kind: expected one of partition, clock, kill, pause, got \"earthquake\"");

    json = to_json(interval);
    json["start"] = "2s";
    json["stop"] = "1s";
    EXPECT_THAT(fault_from_json(json, "").error().message, HasSubstr("/stop: expected a time at or after its start 2s"));

    json = to_json(interval);
    json.erase("target");
    EXPECT_THAT(fault_from_json(json, "").error().message, HasSubstr("/target: expected an array of names"));

    json = to_json(interval);
    json["extra"] = 1;
    EXPECT_THAT(fault_from_json(json, "").error().message, HasSubstr("/extra: expected one of id, kind"));
}

TEST(Fault, heals_under_a_name_of_its_own) {
    EXPECT_EQ(record_name("pause", Phase::starting), "pause");
    EXPECT_EQ(record_name("pause", Phase::in_force), "pause");
    EXPECT_EQ(record_name("pause", Phase::healing), "heal-pause");
    EXPECT_EQ(record_name("pause", Phase::healed), "heal-pause");
}

TEST(Fault, is_of_a_kind_that_can_be_looked_up) {
    for (const FaultKind& kind : fault_kinds()) EXPECT_EQ(find_fault_kind(kind.name), &kind);
    EXPECT_EQ(find_fault_kind("earthquake"), nullptr);
}

}  // namespace
}  // namespace mistrial::nemesis
