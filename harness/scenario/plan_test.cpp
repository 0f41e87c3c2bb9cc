#include "harness/scenario/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mistrial::scenario {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string drawn_name() { return *rc::gen::element<std::string>("a1", "a2", "main", "x/y", "ключ", "\"~\n"); }
Duration drawn_duration() { return Duration{*rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000)}; }
TrueTime drawn_time() { return TrueTime{drawn_duration()}; }
std::vector<std::string> drawn_names() {
    std::vector<std::string> names;
    for (int n = *rc::gen::inRange(0, 4); n > 0; --n) names.push_back(drawn_name());
    return names;
}
Json drawn_object() {
    Json object = Json::object();
    for (int n = *rc::gen::inRange(0, 3); n > 0; --n)
        object[drawn_name()] = *rc::gen::element<Json>(true, nullptr, 7, -1.5, "text", Json::array({1, "b"}));
    return object;
}
template <class Make>
auto drawn_optional(Make make) -> std::optional<decltype(make())> {
    if (!*rc::gen::arbitrary<bool>()) return std::nullopt;
    return make();
}

AgentNode drawn_agent() {
    AgentNode agent;
    agent.name = drawn_name();
    agent.group = drawn_name();
    agent.driver = drawn_name();
    agent.from = drawn_name();
    agent.poll_min = drawn_duration();
    agent.poll_max = drawn_duration();
    agent.long_poll = drawn_optional(drawn_duration);
    agent.persist = *rc::gen::arbitrary<bool>();
    agent.bundles = drawn_names();
    agent.version = drawn_optional(drawn_name);
    agent.binary = drawn_optional(drawn_name);
    agent.defect = drawn_optional(drawn_name);
    agent.config = drawn_object();
    for (const std::string& name : drawn_names()) agent.env[name] = drawn_name();
    return agent;
}

nemesis::FaultInterval drawn_fault() {
    nemesis::FaultInterval fault;
    fault.id = drawn_name();
    fault.kind = *rc::gen::element<std::string>("partition", "clock", "kill", "pause");
    fault.target = drawn_names();
    fault.start = drawn_time();
    fault.stop = fault.start + drawn_duration();
    fault.parameters = drawn_object();
    fault.excuses[drawn_name()] = {drawn_names(), true, false, *rc::gen::arbitrary<bool>()};
    fault.skews[drawn_name()] = {-drawn_duration(), drawn_duration()};
    return fault;
}

checkers::Claim drawn_claim(const std::string& property) {
    checkers::Claim claim;
    claim.property = property;
    claim.within = drawn_optional(drawn_duration);
    claim.terms = drawn_names();
    claim.excused = *rc::gen::arbitrary<bool>();
    claim.agents = drawn_names();
    claim.bundles = drawn_names();
    claim.parameters = drawn_object();
    return claim;
}

NumberRanges drawn_ranges() {
    NumberRanges ranges;
    std::uint64_t next = 0;
    for (int n = *rc::gen::inRange(0, 3); n > 0; --n) {
        const std::uint64_t first = next + *rc::gen::inRange<std::uint64_t>(0, 9), last = first + *rc::gen::inRange<std::uint64_t>(0, 9);
        ranges.emplace_back(first, last);
        next = last + 1;
    }
    return ranges;
}

Plan drawn_plan() {
    Plan plan;
    plan.scenario = drawn_name();
    plan.about = drawn_name();
    plan.seed = *rc::gen::arbitrary<std::uint64_t>();
    plan.duration = drawn_duration();
    plan.settle = drawn_duration();
    plan.fleet.authorities.push_back({drawn_name(), drawn_optional(drawn_name)});
    plan.fleet.mirrors.push_back(
        {drawn_name(), drawn_name(), drawn_name(), drawn_duration(), drawn_optional(drawn_name)});
    plan.fleet.status.defect = drawn_optional(drawn_name);
    plan.fleet.logs.defect = drawn_optional(drawn_name);
    for (int n = *rc::gen::inRange(0, 3); n > 0; --n) plan.fleet.agents.push_back(drawn_agent());
    plan.workload.kind = drawn_name();
    plan.workload.parameters = drawn_object();
    plan.workload.path = drawn_name();
    for (const std::string& id : drawn_names()) plan.workload.pool[id] = drawn_object();
    plan.workload.special = drawn_object();
    for (int n = *rc::gen::inRange(0, 3); n > 0; --n)
        plan.workload.publishes.push_back({*rc::gen::inRange<std::size_t>(1, 5), drawn_time(), drawn_name(), drawn_name(), drawn_name(), drawn_name(),
                                           drawn_optional(drawn_object)});
    for (int n = *rc::gen::inRange(0, 3); n > 0; --n) {
        const bool roams = *rc::gen::arbitrary<bool>();
        plan.workload.decisions.push_back({drawn_name(), roams ? "" : drawn_name(),
                                           roams ? std::vector<std::string>{drawn_name(), drawn_name()} : std::vector<std::string>{},
                                           drawn_time(), drawn_time(), drawn_duration(),
                                           *rc::gen::arbitrary<std::vector<std::uint64_t>>(), drawn_ranges()});
    }
    for (int n = *rc::gen::inRange(0, 3); n > 0; --n)
        plan.workload.health.push_back({drawn_name(), drawn_name(), *rc::gen::element<std::string>("", "bundles"), drawn_time(),
                                        drawn_time(), drawn_duration(), *rc::gen::arbitrary<std::vector<std::uint64_t>>()});
    plan.workload.timeout = drawn_duration();
    plan.workload.concurrency = *rc::gen::inRange(0, 4096);
    for (int n = *rc::gen::inRange(0, 3); n > 0; --n) plan.faults.push_back(drawn_fault());
    for (const std::string& name : drawn_names()) plan.claims[name] = drawn_claim(name);
    plan.atomic.push_back(drawn_names());
    plan.simulation = {*rc::gen::arbitrary<std::uint64_t>(), drawn_duration(), drawn_duration()};
    return plan;
}

RC_GTEST_PROP(Plan, comes_back_from_its_file_as_it_was, ()) {
    const Plan plan = drawn_plan();
    const auto again = plan_from_json(Json::parse(to_json(plan).dump(2)), "plan.json");
    if (!again) RC_FAIL(again.error().message);
    RC_ASSERT(*again == plan);
}

RC_GTEST_PROP(Plan, is_written_in_one_way_only, ()) {
    const Plan plan = drawn_plan();
    const auto again = plan_from_json(Json::parse(to_json(plan).dump(2)), "plan.json");
    RC_ASSERT(again.has_value());
    RC_ASSERT(to_json(*again).dump(2) == to_json(plan).dump(2));
}

TEST(Plan, names_everything_that_is_wrong_with_its_file_in_one_go) {
    Json json = Json::parse(to_json(Plan{}).dump());
    json["duration"] = 5;
    json["sede"] = 1;
    json["fleet"]["agents"] = Json::array({Json{{"name", "a1"}}});
    json["faults"] = Json::array({Json{{"id", 3}}});
    const std::string message = plan_from_json(json, "plan.json").error().message;
    EXPECT_THAT(message, AllOf(HasSubstr("plan.json: /duration: expected a duration"),
                               HasSubstr("plan.json: /sede: no such key here; did you mean \"seed\"?"),
                               HasSubstr("plan.json: /fleet/agents/0/from: expected a string, got nothing"),
                               HasSubstr("plan.json: /faults/0/id: expected the fault's id, got 3")));
}

TEST(Plan, of_another_format_is_refused) {
    Json json = Json::parse(to_json(Plan{}).dump());
    json["format"] = 2;
    EXPECT_THAT(plan_from_json(json, "plan.json").error().message,
                HasSubstr("/format: expected 1, the only format that this version reads, got 2"));
}

TEST(Plan, finds_its_agents_by_name) {
    Plan plan;
    plan.fleet.agents.resize(2);
    plan.fleet.agents[1].name = "a2";
    EXPECT_EQ(plan.find_agent("a2"), &plan.fleet.agents[1]);
    EXPECT_EQ(plan.find_agent("a9"), nullptr);
}

}  // namespace
}  // namespace mistrial::scenario
