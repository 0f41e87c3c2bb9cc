#include "harness/scenario/bounds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mistrial::scenario {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;

Fleet small_fleet(Duration poll_max, std::optional<Duration> long_poll = {}) {
    Fleet fleet;
    fleet.authorities = {{"primary"}};
    fleet.mirrors = {{"cdn", "cdn", "primary", 1s}};
    for (const char* name : {"direct", "mirrored"}) {
        AgentNode agent;
        agent.name = name;
        agent.group = name;
        agent.from = agent.name == "direct" ? "primary" : "cdn";
        agent.poll_min = agent.poll_max = poll_max;
        agent.long_poll = long_poll;
        agent.bundles = {"main"};
        fleet.agents.push_back(agent);
    }
    return fleet;
}

std::vector<FaultSpec> faults_of(const Fleet& fleet, const std::string& text) {
    Mistakes mistakes;
    const Json json = Json::parse(text);
    auto faults = read_faults(Reader(json, mistakes), fleet, Roster(fleet));
    EXPECT_TRUE(mistakes.empty()) << mistakes.report({}).message;
    return faults;
}

Bound bound_of(const Fleet& fleet, std::size_t agent, const std::string& faults = "[]") {
    return propagation_bound(fleet.agents[agent], fleet, faults_of(fleet, faults));
}

constexpr std::size_t kDirect = 0, kMirrored = 1;

TEST(Bound, of_an_agent_that_polls_is_the_longest_way_of_a_revision) {
    // fetch + activate the old, 1.2 x max, fetch + activate the new, margin
    EXPECT_EQ(bound_of(small_fleet(1s), kDirect).value, 100ms + 100ms + 1200ms + 100ms + 100ms + 1s);
    EXPECT_EQ(bound_of(small_fleet(10s), kDirect).value, 100ms + 100ms + 12s + 100ms + 100ms + 1s);
}

TEST(Bound, behind_a_mirror_has_its_ttl_and_its_fetch_too) {
    const Fleet fleet = small_fleet(2s);
    EXPECT_EQ(bound_of(fleet, kMirrored).value, bound_of(fleet, kDirect).value + 1s + 100ms);
}

TEST(Bound, with_long_polling_waits_for_no_poll) {
    EXPECT_EQ(bound_of(small_fleet(60s, 30s), kDirect).value, 100ms + 100ms + 100ms + 100ms + 1s);
    EXPECT_EQ(bound_of(small_fleet(60s, 30s), kMirrored).value, bound_of(small_fleet(60s), kMirrored).value)
        << "mirrors know no long polling";
}

TEST(Bound, with_long_polling_has_the_back_off_where_a_request_may_fail) {
    const Fleet fleet = small_fleet(2s, 30s);
    EXPECT_EQ(bound_of(fleet, kDirect, R"([{ "at": "1s", "for": "1s", "pause": { "on": "direct" } }])").value,
              bound_of(fleet, kDirect).value + 2400ms);
    EXPECT_EQ(bound_of(fleet, kDirect, R"([{ "at": "1s", "for": "1s", "pause": { "on": "mirrored" } }])").value,
              bound_of(fleet, kDirect).value);
}

TEST(Bound, after_a_black_hole_waits_for_the_next_syn_where_that_is_longer_than_the_next_poll) {
    const Fleet fleet = small_fleet(1s);
    const std::string hole = R"([{ "at": "1s", "for": "15s", "partition": { "on": "direct", "from": "primary" } }])";
    EXPECT_EQ(bound_of(fleet, kDirect, hole).value, 8s + 100ms + 100ms + 1s);
    EXPECT_EQ(bound_of(small_fleet(60s), kDirect, hole).value, bound_of(small_fleet(60s), kDirect).value);
    EXPECT_EQ(bound_of(fleet, kMirrored, hole).value, bound_of(fleet, kMirrored).value) << "another's path";
}

TEST(Bound, after_a_stall_or_a_reset_waits_for_no_syn) {
    const Fleet fleet = small_fleet(1s);
    for (const std::string mode : {"stall", "reset", "refuse"})
        EXPECT_EQ(bound_of(fleet, kDirect, R"([{ "at": "1s", "for": "15s", "partition": { "on": "direct", "from": "primary",
                                             "mode": ")" + mode + R"(" } }])").value,
                  bound_of(fleet, kDirect).value);
}

TEST(Bound, behind_a_mirror_that_was_cut_off_has_the_mirrors_wait_too) {
    const Fleet fleet = small_fleet(1s);
    const Bound bound =
        bound_of(fleet, kMirrored, R"([{ "at": "1s", "for": "3s", "partition": { "on": "cdn", "from": "primary" } }])");
    EXPECT_EQ(bound.value, bound_of(fleet, kMirrored).value + 2s);
    EXPECT_THAT(bound.terms, Contains(HasSubstr("a SYN of the mirror")));
}

Bound progress_of(const Fleet& fleet, std::size_t agent, const std::string& faults = "[]") {
    return progress_bound(fleet.agents[agent], fleet, faults_of(fleet, faults));
}

Bound report_of(const Fleet& fleet, std::size_t agent, const std::string& faults = "[]") {
    return report_bound(fleet.agents[agent], fleet, faults_of(fleet, faults));
}

TEST(ProgressBound, is_the_longest_way_from_one_poll_to_the_next) {
    // activate, 1.2 x max, answer, margin
    EXPECT_EQ(progress_of(small_fleet(1s), kDirect).value, 100ms + 1200ms + 100ms + 1s);
    EXPECT_EQ(progress_of(small_fleet(1s), kMirrored).value, progress_of(small_fleet(1s), kDirect).value + 100ms)
        << "the mirror asks first; how old its copy is does not matter";
}

TEST(ProgressBound, with_long_polling_is_the_long_polls_timeout) {
    EXPECT_EQ(progress_of(small_fleet(60s, 30s), kDirect).value, 100ms + 30s + 100ms + 1s);
    EXPECT_EQ(progress_of(small_fleet(60s, 30s), kMirrored).value, progress_of(small_fleet(60s), kMirrored).value)
        << "mirrors know no long polling";
}

TEST(ProgressBound, after_a_black_hole_waits_for_the_next_syn_where_that_is_longer_than_the_next_poll) {
    const std::string hole = R"([{ "at": "1s", "for": "15s", "partition": { "on": "direct", "from": "primary" } }])";
    EXPECT_EQ(progress_of(small_fleet(1s), kDirect, hole).value, 8s + 100ms + 1s);
    EXPECT_EQ(progress_of(small_fleet(60s), kDirect, hole).value, progress_of(small_fleet(60s), kDirect).value);
    EXPECT_EQ(progress_of(small_fleet(1s), kMirrored, hole).value, progress_of(small_fleet(1s), kMirrored).value);
}

TEST(ReportBound, has_a_report_lost_and_made_up_for_by_the_next_poll) {
    EXPECT_EQ(report_of(small_fleet(1s), kDirect).value, progress_of(small_fleet(1s), kDirect).value + 100ms + 100ms);
}

TEST(ReportBound, after_a_black_hole_to_the_status_sink_waits_for_the_next_syn) {
    const Fleet fleet = small_fleet(1s);
    const std::string hole = R"([{ "at": "1s", "for": "3s", "partition": { "on": "direct", "from": "status" } }])";
    EXPECT_EQ(report_of(fleet, kDirect, hole).value, report_of(fleet, kDirect).value + 2s);
    EXPECT_EQ(report_of(fleet, kMirrored, hole).value, report_of(fleet, kMirrored).value) << "another's path";
    EXPECT_EQ(progress_of(fleet, kDirect, hole).value, progress_of(fleet, kDirect).value) << "polls go elsewhere";
    EXPECT_THAT(report_of(fleet, kDirect, hole).terms, Contains(HasSubstr("SYN of a report")));
}

TEST(LogBound, of_an_agent_that_reports_is_the_longest_way_of_an_event) {
    Fleet fleet = small_fleet(1s);
    // the upload under way, 1.2 x max, the upload that brings it, margin
    EXPECT_EQ(log_bound(fleet.agents[kDirect], fleet, {}).value, 500ms + 1200ms + 500ms + 1s);
    fleet.agents[kDirect].config = Json::parse(R"({"decision_logs": {"reporting": {"max_delay_seconds": 10}}})");
    const Bound slow = log_bound(fleet.agents[kDirect], fleet, {});
    EXPECT_EQ(slow.value, 500ms + 12s + 500ms + 1s);
    EXPECT_THAT(slow.terms, Contains(HasSubstr("1.2 x max (10s)")));
}

TEST(LogBound, after_a_black_hole_waits_for_the_next_syn_where_that_is_longer) {
    const Fleet fleet = small_fleet(1s);
    const auto hole = [&](const std::string& to) {
        return faults_of(fleet, R"([{ "at": "1s", "for": "15s", "partition": { "on": "direct", "from": ")" + to + R"(" } }])");
    };
    EXPECT_EQ(log_bound(fleet.agents[kDirect], fleet, hole("logs")).value, 8s + 500ms + 1s);
    EXPECT_EQ(log_bound(fleet.agents[kDirect], fleet, hole("primary")).value, 3200ms) << "another path";
}

TEST(SynWait, is_the_gap_between_repeats_in_which_the_black_hole_ends) {
    EXPECT_EQ(longest_syn_wait(0s), 0s);
    EXPECT_EQ(longest_syn_wait(500ms), 1s);
    EXPECT_EQ(longest_syn_wait(2s), 2s);
    EXPECT_EQ(longest_syn_wait(6s), 4s);
    EXPECT_EQ(longest_syn_wait(15s), 8s);
    EXPECT_EQ(longest_syn_wait(10min), 15s) << "Go gives up after 30 s";
}

RC_GTEST_PROP(SynWait, covers_every_attempt_inside_the_black_hole, ()) {
    const Duration hole{*rc::gen::inRange<std::int64_t>(1, 25'000'000'000)};
    const Duration age{*rc::gen::inRange<std::int64_t>(0, hole.count())};  // of the attempt when the black hole ends
    Duration wait = 30s - age;                                            // then it is given up
    for (const Duration repeat : {Duration(1s), Duration(3s), Duration(7s), Duration(15s)})
        if (repeat > age) wait = std::min(wait, repeat - age);
    RC_ASSERT(wait <= longest_syn_wait(hole));
}

RC_GTEST_PROP(Bound, is_the_sum_of_its_terms, ()) {
    const std::size_t agent = *rc::gen::inRange<std::size_t>(0, 2);
    const bool long_polls = *rc::gen::arbitrary<bool>();
    const Fleet fleet = small_fleet(std::chrono::seconds(*rc::gen::inRange(1, 20)),
                                    long_polls ? std::optional<Duration>(30s) : std::nullopt);
    const std::string name = fleet.agents[agent].name, from = fleet.agents[agent].from;
    const Bound bound = bound_of(fleet, agent,
                                 fmt::format(R"([{{ "at": "1s", "for": "{}s", "partition": {{ "on": "{}", "from": "{}" }} }}])",
                                             *rc::gen::inRange(1, 40), name, from));
    const auto faults =
        faults_of(fleet, fmt::format(R"([{{ "at": "1s", "for": "{}s", "partition": {{ "on": "{}", "from": "{}" }} }}])",
                                     *rc::gen::inRange(1, 40), name, from));
    for (const Bound& one : {bound, progress_bound(fleet.agents[agent], fleet, faults),
                             report_bound(fleet.agents[agent], fleet, faults)}) {
        Duration sum{};
        for (const std::string& term : one.terms) sum += parse_duration(term.substr(0, term.find(':'))).value();
        RC_ASSERT(sum == one.value);
    }
}

}  // namespace
}  // namespace mistrial::scenario
