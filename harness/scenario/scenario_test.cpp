#include "harness/scenario/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace mistrial::scenario {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

/// A scenario file in a directory of its own.
class File {
  public:
    explicit File(const std::string& text) {
        std::string pattern = (std::filesystem::temp_directory_path() / "mistrial-scenario-XXXXXX").string();
        directory_ = mkdtemp(pattern.data());
        std::ofstream(path()) << text;
    }
    ~File() {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    [[nodiscard]] std::string path() const { return (directory_ / "s.json").string(); }

  private:
    std::filesystem::path directory_;
};

/// Every line of what `load` says, without the directory of the file.
std::vector<std::string> mistakes_of(const std::string& text, const Overrides& overrides = {}) {
    const File file(text);
    const auto loaded = load(file.path(), overrides);
    std::vector<std::string> lines;
    if (loaded) return lines;
    std::istringstream all(loaded.error().message);
    const std::string directory = std::filesystem::path(file.path()).parent_path().string() + "/";
    for (std::string line; std::getline(all, line);) {
        if (const auto at = line.find(directory); at != std::string::npos) line.erase(at, directory.size());
        lines.push_back(line);
    }
    return lines;
}

std::string scenario(const std::string& faults = "", const std::string& claims = "", const std::string& rest = "") {
    return R"({ "name": "s", "duration": "60s",
  "fleet": {
    "authorities": [{ "name": "primary" }],
    "mirrors": [{ "name": "cdn", "count": 2 }],
    "agents": [{ "name": "a", "count": 5 }]
  },
  "workload": { "kind": "grants" },
  "faults": [)" + faults + R"(],
  "claims": {)" + claims + "}" + rest + "}\n";
}

TEST(ScenarioFile, of_the_library_loads_and_resolves) {
    ASSERT_FALSE(library().empty());
    for (const LibraryEntry& entry : library()) {
        const auto loaded = load(entry.name);
        ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
        EXPECT_EQ(loaded->name, entry.name);
        EXPECT_THAT(entry.about, testing::Not(IsEmpty())) << entry.name;
        const auto plan = resolve(*loaded);
        ASSERT_TRUE(plan.has_value()) << plan.error().message;
        EXPECT_FALSE(plan->workload.publishes.empty());
        const auto again = plan_from_json(Json::parse(to_json(*plan).dump()), "plan.json");
        ASSERT_TRUE(again.has_value()) << again.error().message;
        EXPECT_EQ(*again, *plan);
    }
}

TEST(ScenarioFile, with_five_mistakes_tells_all_five_with_line_and_pointer) {
    EXPECT_THAT(mistakes_of(R"({
  "name": "s",            // comments are allowed
  "duratoin": "60s",
  "fleet": {
    "authorities": [{ "name": "primary" }],
    "agents": [
      { "name": "a", "count": "five" }
    ]
  },
  "workload": {
    "kind": "grunts",
    "decide": { "timeout": "2 seconds" }
  },
  "faults": [
    { "at": "5s", "for": "2s", "disk": { "on": "a1" } }
  ]
}
)"),
                ElementsAre("s.json:3: /duratoin: expected one of the keys $schema, about, claims, duration, faults, fleet, "
                            "name, seed, settle, simulation, workload, got \"duratoin\"; did you mean \"duration\"?",
                            "s.json:7: /fleet/agents/0/count: expected an integer, got \"five\"",
                            "s.json:11: /workload/kind: expected \"grants\" or \"own\", got \"grunts\"; did you mean "
                            "\"grants\"?",
                            "s.json:12: /workload/decide/timeout: expected a duration such as \"250ms\", \"5s\", \"2m\" or "
                            "\"1h\", got \"2 seconds\"",
                            "s.json:15: /faults/0/disk: expected one of partition, clock, kill, pause, got \"disk\", a "
                            "fault that this version does not have"));
}

TEST(ScenarioFile, without_a_mistake_tells_none) { EXPECT_THAT(mistakes_of(scenario()), IsEmpty()); }

TEST(ScenarioFile, that_is_no_json_names_the_place) {
    EXPECT_THAT(mistakes_of("{ \"name\": \"s\",\n  \"duration\" 5 }"), ElementsAre(HasSubstr("s.json:2:14: not JSON")));
}

TEST(ScenarioFile, with_a_key_twice_says_where_the_first_is) {
    EXPECT_THAT(mistakes_of(scenario("", "", ",\n\"duration\": \"50s\"")),
                ElementsAre("s.json:10: /duration: expected each key once, got one that stands on line 1 too"));
}

TEST(ScenarioFile, misses_what_it_must_have) {
    EXPECT_THAT(mistakes_of("{ \"name\": \"s\" }"),
                ElementsAre("s.json:1: /duration: expected a duration such as \"250ms\", \"5s\", \"2m\" or \"1h\", got nothing",
                            "s.json:1: /fleet: expected an object with authorities and agents, got nothing",
                            "s.json:1: /workload: expected an object with a kind, got nothing"));
}

TEST(ScenarioFile, names_nodes_that_exist) {
    EXPECT_THAT(mistakes_of(scenario(R"({ "at": "1s", "for": "1s", "pause": { "on": ["a1", "a9"] } })")),
                ElementsAre(HasSubstr("/faults/0/pause/on/1: expected a node or a group (agents, mirrors, authorities, a, cdn, "
                                      "a1, a2, a3, a4, a5, cdn1, cdn2, primary, clients, status, logs), got \"a9\"; did you "
                                      "mean")));
    EXPECT_THAT(mistakes_of(R"({ "name": "s", "duration": "60s", "workload": { "kind": "grants" },
      "fleet": { "authorities": [{ "name": "primary" }], "mirrors": [{ "name": "cdn", "of": "primry" }],
                 "agents": [{ "name": "a", "from": "cnd" }] } })"),
                ElementsAre("s.json:2: /fleet/mirrors/0/of: expected an authority (primary), got \"primry\"; did you mean "
                            "\"primary\"?",
                            "s.json:3: /fleet/agents/0/from: expected a group of mirrors, a mirror or an authority (cdn, "
                            "primary), got \"cnd\"; did you mean \"cdn\"?"));
}

TEST(ScenarioFile, gives_no_two_nodes_one_name) {
    EXPECT_THAT(mistakes_of(R"({ "name": "s", "duration": "60s", "workload": { "kind": "grants" },
      "fleet": { "authorities": [{ "name": "a1" }], "agents": [{ "name": "a", "count": 2 }, { "name": "logs" }] } })"),
                ElementsAre(HasSubstr("/fleet/agents/0/name: expected names that nothing else has, got \"a1\""),
                            HasSubstr("/fleet/agents/1/name: expected another name, got \"logs\"")));
}

TEST(ScenarioFile, leaves_no_agent_without_a_session) {
    EXPECT_THAT(mistakes_of(scenario(), {.set = {"/workload/decide/sessions=4"}}),
                ElementsAre("--set /workload/decide/sessions=4: /workload/decide/sessions: expected at least 5, a session for "
                            "each agent, got 4: agent a5 would have none"));
}

TEST(ScenarioFile, lets_no_agent_lose_its_last_session_to_roaming) {
    EXPECT_THAT(mistakes_of(scenario(), {.set = {"/workload/decide/sessions=8", "/workload/decide/roaming=4"}}),
                ElementsAre(HasSubstr("/workload/decide/roaming: expected at most 3, so that of 8 sessions one stays with each "
                                      "of 5 agents, got 4")));
}

TEST(ScenarioFile, knows_that_only_roaming_sessions_carry_tokens) {
    EXPECT_THAT(mistakes_of(scenario(), {.set = {"/workload/decide/tokens=true"}}),
                ElementsAre(HasSubstr("/workload/decide/tokens: expected \"roaming\" beside it")));
    EXPECT_THAT(mistakes_of(scenario(), {.set = {"/workload/decide/sessions=9", "/workload/decide/roaming=4",
                                                 "/workload/decide/tokens=true"}}),
                testing::IsEmpty());
}

TEST(ScenarioFile, has_time_for_its_faults_before_it_settles) {
    EXPECT_THAT(mistakes_of(scenario(R"({ "at": "55s", "for": "1s", "pause": { "on": "a1" } })")),
                ElementsAre(HasSubstr("/faults/0/at: expected a time before 50s, when the run settles, got 55s")));
    EXPECT_THAT(mistakes_of(scenario(), {.duration = std::chrono::seconds(8)}),
                ElementsAre(HasSubstr("--duration 8s: /duration: expected at least 11s (the run settles for its last 10s, ")));
    EXPECT_THAT(mistakes_of(scenario("", R"("convergence": {})"), {.set = {"settle=3s"}}),
                ElementsAre(HasSubstr("/settle: expected at least 4.9s, the largest within of the claims, got 3s")));
}

TEST(ScenarioFile, gives_processes_and_clocks_to_agents_only) {
    EXPECT_THAT(mistakes_of(scenario(R"({ "at": "5s", "for": "1s", "kill": { "on": "cdn" } })")),
                ElementsAre(HasSubstr("/faults/0/kill/on: expected agents, got cdn1: authorities, mirrors and sinks run inside "
                                      "mistrial in this version, so kill cannot be given to them; a partition can")));
}

TEST(ScenarioFile, cuts_edges_that_exist) {
    EXPECT_THAT(mistakes_of(scenario(R"({ "at": "5s", "for": "1s", "partition": { "on": "a1", "from": "cdn2" } })")),
                ElementsAre(HasSubstr("/faults/0/partition/from: expected one of clients, cdn1, status, logs, which a1 has an "
                                      "edge to, got cdn2")));
    EXPECT_THAT(mistakes_of(scenario(
                    R"({ "at": "5s", "for": "1s", "partition": { "on": "a1", "from": "cdn", "mode": "reset", "direction": "inbound" } })")),
                ElementsAre(HasSubstr("/faults/0/partition/direction: expected \"both\", since mode reset ends connections")));
}

TEST(ScenarioFile, does_not_break_one_thing_twice_at_once) {
    EXPECT_THAT(mistakes_of(scenario(R"({ "at": "5s", "for": "4s", "kill": { "on": "a1" } },
                                        { "at": "8s", "for": "4s", "pause": { "on": ["a1", "a2"] } },
                                        { "at": "5s", "for": "4s", "clock": { "on": "a1", "offset": "1s" } })")),
                ElementsAre(HasSubstr("/faults/1: expected the process of a1 to be left alone by other faults from 8s until "
                                      "100ms after it ends, got the kill of /faults/0 at 5s")));
    EXPECT_THAT(mistakes_of(scenario(R"({ "every": "5s", "for": "5s", "pause": { "on": "a1" } })")),
                ElementsAre(HasSubstr("/faults/0/for: expected less than every 5s by at least 100ms, got 5s")));
}

TEST(ScenarioFile, gives_each_fault_one_kind_and_one_time) {
    EXPECT_THAT(mistakes_of(scenario(R"({ "at": "5s", "every": "5s", "for": "1s", "pause": { "on": "a1" } },
                                        { "at": "5s", "for": "1s" },
                                        { "at": "5s", "for": "1s", "puase": { "on": "a1" } })")),
                ElementsAre(HasSubstr("/faults/0: expected exactly one of the keys at, every, got at and every"),
                            HasSubstr("/faults/1: expected exactly one of the keys partition, clock, kill, pause, got none"),
                            HasSubstr("/faults/2/puase: expected one of the keys at, clock, every, for, kill, partition, "
                                      "pause, got \"puase\"; did you mean \"pause\"?")));
}

TEST(ScenarioFile, claims_no_less_than_the_fleet_can_keep_unless_forced) {
    EXPECT_THAT(mistakes_of(scenario("", R"("bounded-staleness": { "within": "2s" })")),
                ElementsAre(AllOf(HasSubstr("/claims/bounded-staleness/within: expected at least the derived bound 4.9s, got "
                                            "2s; the bound is 1s: the mirror may answer from its copy for its ttl + "),
                                  HasSubstr("Claim it all the same with \"force\": true"))));
    EXPECT_THAT(mistakes_of(scenario("", R"("bounded-staleness": { "within": "2s", "force": true })")), IsEmpty());
    const std::string pause = R"({ "at": "5s", "for": "4s", "pause": { "on": "a2" } })";
    EXPECT_THAT(mistakes_of(scenario(pause, R"("bounded-staleness": { "excused": false })")),
                ElementsAre(HasSubstr("/claims/bounded-staleness/excused: expected true while pause at /faults/0 can cut a2 off "
                                      "for 4s, got false")));
    EXPECT_THAT(mistakes_of(scenario(pause, R"("bounded-staleness": { "excused": false, "force": true })")), IsEmpty());
    const std::string lost = R"({ "at": "2s", "for": "1s", "kill": { "on": "a2", "state": "lost" } })";
    EXPECT_THAT(mistakes_of(scenario(lost, R"("durable-monotonicity": { "within": "1s" })")),
                ElementsAre(HasSubstr("can take what a2 has persisted")));
    EXPECT_THAT(mistakes_of(scenario(lost, R"("durable-monotonicity": { "within": "1s", "agents": ["a1"] })")), IsEmpty());
    EXPECT_THAT(mistakes_of(scenario(lost, R"("durable-monotonicity": {})")), IsEmpty());
    EXPECT_THAT(mistakes_of(scenario(pause, R"("bounded-staleness": { "excused": false, "agents": ["a1", "a3"] })")),
                IsEmpty());
}

TEST(ScenarioFile, claims_properties_that_exist) {
    EXPECT_THAT(mistakes_of(scenario("", R"("bounded-stalenes": {}, "convergence": { "withn": "9s" }, "profile": "opal")")),
                UnorderedElementsAre(HasSubstr("/claims/bounded-stalenes: expected one of 37 known keys, got \"bounded-stalenes\"; did "
                                      "you mean \"bounded-staleness\"?"),
                            HasSubstr("/claims/convergence/withn: expected one of the keys agents, bundles, force, within, got "
                                      "\"withn\"; did you mean \"within\"?"),
                            HasSubstr("/claims/profile: expected a profile (embedded, opa, strict), got \"opal\"; did you mean "
                                      "\"opa\"?")));
}

TEST(ScenarioFile, gives_each_node_only_a_defect_of_its_kind) {
    const auto with = [](std::vector<std::string> set) { return mistakes_of(scenario(), {.set = std::move(set)}); };
    EXPECT_THAT(with({"/fleet/authorities/0/defect=loses-publishes", "/fleet/mirrors/0/defect=flaps",
                      "/fleet/agents/0/defect=reports-ahead", "/fleet/status/defect=loses-reports",
                      "/fleet/logs/defect=records-twice"}),
                IsEmpty());
    EXPECT_THAT(with({"/fleet/mirrors/0/defect=never-expire"}),
                ElementsAre(HasSubstr("/fleet/mirrors/0/defect: expected a seeded defect of a mirror (mistrial list defects), got "
                                      "\"never-expire\"; did you mean \"never-expires\"?")));
    EXPECT_THAT(with({"/fleet/authorities/0/defect=reports-ahead"}),
                ElementsAre(HasSubstr("/fleet/authorities/0/defect: expected a seeded defect of an authority (mistrial list "
                                      "defects), got \"reports-ahead\", a defect of an agent")));
    EXPECT_THAT(with({"/fleet/status/defect=records-twice"}),
                ElementsAre(HasSubstr("got \"records-twice\", a defect of a log sink")));
}

TEST(ScenarioFile, is_found_in_the_library_or_not_at_all) {
    EXPECT_TRUE(load("demo").has_value());
    EXPECT_TRUE(load("scenarios/demo").has_value());
    EXPECT_TRUE(load("scenarios/demo.json").has_value());
    EXPECT_THAT(load("dmeo").error().message,
                AllOf(HasSubstr("dmeo: no such file, and no scenario of the library"), HasSubstr("did you mean \"demo\"?")));
}

TEST(Override, sets_what_a_pointer_names) {
    const auto json = [](std::vector<std::string> set) { return load("demo", {.set = std::move(set)})->json; };
    EXPECT_EQ(json({"/seed=7"})["seed"], 7);
    EXPECT_EQ(json({"/seed=18446744073709551615"})["seed"], UINT64_MAX);
    EXPECT_EQ(json({"/about=two words"})["about"], "two words");
    EXPECT_EQ(json({"fleet.agents[0].defect=\"reports-ahead\""})["fleet"]["agents"][0]["defect"], "reports-ahead");
    EXPECT_EQ(json({"/fleet/agents/0/config={\"labels\":{}}", "/fleet/agents/0/config/labels/x~1y=1"})["fleet"]["agents"][0]["config"],
              Json::parse(R"({"labels":{"x/y":1}})"));
    EXPECT_EQ(json({R"(/faults/-={"at":"9s","for":"1s","pause":{"on":"a5"}})"})["faults"].size(),
              json({})["faults"].size() + 1);
}

TEST(Override, that_fits_nothing_is_refused_by_its_name) {
    const auto message = [](const std::string& set) { return load("demo", {.set = {set}}).error().message; };
    EXPECT_EQ(message("nothing"), "--set nothing: expected POINTER=JSON, such as --set /fleet/agents/0/count=3");
    EXPECT_EQ(message("/fleet/agents/7/count=3"),
              "--set /fleet/agents/7/count=3: /fleet/agents has the elements 0 to 0, not 7");
    EXPECT_EQ(message("/seed/x=3"), "--set /seed/x=3: /seed is 42, which has no members");
    EXPECT_THAT(message("/sede=3"), HasSubstr("--set /sede=3: /sede: expected one of the keys"));
}

TEST(Override, of_seed_duration_driver_and_claims_beats_the_file) {
    const auto loaded = load("demo", {.seed = 9,
                                      .duration = std::chrono::minutes(2),
                                      .driver = "embedded",
                                      .claims = Json::parse(R"({"claims":{"convergence":{"within":"30s"}}})")});
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
    const auto plan = resolve(*loaded);
    ASSERT_TRUE(plan.has_value()) << plan.error().message;
    EXPECT_EQ(plan->seed, 9U);
    EXPECT_EQ(plan->duration, std::chrono::minutes(2));
    EXPECT_EQ(plan->settle, std::chrono::minutes(1));
    ASSERT_EQ(plan->claims.size(), 1U);
    EXPECT_EQ(plan->claims.at("convergence").within, std::chrono::seconds(30));
}

}  // namespace
}  // namespace mistrial::scenario
