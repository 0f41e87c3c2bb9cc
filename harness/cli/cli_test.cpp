#include "core/history/reader.hpp"
#include "core/json.hpp"
#include "nemesis/process/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>

/// The program as a user meets it: scenarios from files, exit statuses, what lies in the store afterwards.
namespace mistrial {
namespace {

using testing::HasSubstr;

const std::string kMistrial = std::string(MISTRIAL_BINARY_DIR) + "/bin/mistrial";

class Cli : public testing::Test {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / fmt::format("mistrial-cli-test-{}", ::getpid());
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override {
        if (!HasFailure()) std::filesystem::remove_all(folder_);
    }

    struct Ended {
        int status = -1;
        std::string out, err;
    };
    Ended mistrial(std::vector<std::string> arguments, Duration deadline = std::chrono::seconds(150)) const {
        nemesis::Command command;
        command.argv = {kMistrial};
        command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
        command.directory = folder_;
        command.deadline = deadline;
        const auto output = nemesis::run_command(command);
        EXPECT_TRUE(output) << (output ? "" : output.error().message);
        if (!output) return {};
        EXPECT_EQ(output->status.how, nemesis::ExitStatus::How::exited) << nemesis::describe(output->status) << output->err;
        return {output->status.number, output->out, output->err};
    }

    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name) << text;
        return (folder_ / name).string();
    }

    /// Three agents with the faults and the claims given. The run ends early, when all are probed after their deadlines.
    std::string scenario(const std::string& faults, const std::string& driver = "embedded",
                         const std::string& claims = R"("bounded-staleness": {"within": "derived"}, "monotonic-revisions": {},
                                                        "revision-validity": {}, "oracle-correctness": {})",
                         const std::string& duration = "18s") const {
        return write("scenario.json", fmt::format(R"({{
            "name": "test", "seed": 7, "duration": "{}", "settle": "10s",
            "fleet": {{ "authorities": [{{"name": "primary"}}],
                        "agents": [{{"name": "a", "count": 3, "driver": "{}", "from": "primary",
                                     "poll": {{"min": "1s", "max": "1s"}}, "persist": true}}] }},
            "workload": {{ "kind": "grants", "publish": {{"every": "2s"}}, "decide": {{"rate": 150, "sessions": 6}} }},
            "faults": [{}],
            "claims": {{ {} }}
        }})",
                                                  duration, driver, faults, claims));
    }

    Json results() const { return read_json(folder_ / "store/latest/results.json").value(); }
    std::vector<history::Record> history() const { return history::read_all(folder_ / "store/latest/history.jsonl").value(); }

    std::filesystem::path folder_;
};

TEST_F(Cli, HelpAndVersionEndWellAndNonsenseWith254) {
    EXPECT_EQ(mistrial({"--help"}).status, 0);
    EXPECT_THAT(mistrial({"--version"}).out, HasSubstr("mistrial 0."));
    EXPECT_EQ(mistrial({"no-such-command"}).status, 254);
    EXPECT_EQ(mistrial({"run"}).status, 254);
    EXPECT_EQ(mistrial({"check", "no-such-file"}).status, 254);
}

TEST_F(Cli, FiveMistakesInAScenarioAreToldInOneGo) {
    const std::string file = write("wrong.json", R"({
  "name": "wrong",
  "duration": "soon",
  "fleet": { "authorities": [{"name": "primary"}],
             "agents": [{"name": "a", "count": 3, "from": "nowhere", "pol": {"min": "1s", "max": "1s"}}] },
  "workload": { "kind": "grants", "publish": {"every": "2s"}, "decide": {"rate": -5} },
  "faults": [{"at": "2s", "for": "1s", "partition": {"on": ["a9"], "from": "primary"}}],
  "claims": { "bounded-stalenes": {} }
})");
    const Ended ended = mistrial({"run", file});
    EXPECT_EQ(ended.status, 254);
    for (const char* pointer : {"/duration", "/fleet/agents/0/from", "/fleet/agents/0", "/workload/decide/rate",
                                "/claims/bounded-stalenes"})
        EXPECT_THAT(ended.err, HasSubstr(pointer));
    EXPECT_THAT(ended.err, HasSubstr("wrong.json:3"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "store")) << "nothing is run, nothing is left";
}

TEST_F(Cli, ARunLeavesAWholeFolder) {
    const Ended ended = mistrial({"run", scenario(""), "--quiet"});
    EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
    for (const char* file : {"plan.json", "history.jsonl", "results.json", "report.html", "junit.xml", "replay.json", "logs/a1.log"})
        EXPECT_TRUE(std::filesystem::exists(folder_ / "store/latest" / file)) << file;
    EXPECT_EQ(results().at("valid"), true);
    // What was judged while it ran is judged alike from the file.
    const Ended checked = mistrial({"check", "store/latest", "--json"});
    EXPECT_EQ(checked.status, 0);
    EXPECT_EQ(Json::parse(checked.out).at("claims"), results().at("claims"));
}

struct FaultCase {
    const char* name;
    const char* fault;
    const char* disarmed;
};

class EachFault : public Cli, public testing::WithParamInterface<FaultCase> {};

TEST_P(EachFault, BitesWhenArmedAndIsUnknownWhenDisarmed) {
    const Ended armed = mistrial({"run", scenario(GetParam().fault), "--quiet"});
    EXPECT_EQ(armed.status, 0) << armed.out << armed.err << results().dump(1);
    EXPECT_EQ(results().at("faults").at(0).at("bit"), true) << results().at("faults").dump(1);

    const Ended disarmed = mistrial({"run", scenario(GetParam().disarmed), "--quiet"});
    EXPECT_EQ(disarmed.status, 2) << disarmed.out << disarmed.err;
    EXPECT_EQ(results().at("faults").at(0).at("bit"), false) << results().at("faults").dump(1);
    EXPECT_EQ(results().at("claims").at(0).at("reason"), "fault-did-not-bite") << results().at("claims").dump(1);
}

INSTANTIATE_TEST_SUITE_P(
    Live, EachFault,
    testing::Values(
        FaultCase{"partition", R"({"at": "3s", "for": "4s", "partition": {"on": "a1", "from": "primary"}})",
                  R"({"at": "3s", "for": "4s", "partition": {"on": "a1", "from": "primary", "disarmed": true}})"},
        FaultCase{"kill", R"({"at": "3s", "for": "3s", "kill": {"on": "a2"}})",
                  R"({"at": "3s", "for": "3s", "kill": {"on": "a2", "disarmed": true}})"},
        FaultCase{"pause", R"({"at": "3s", "for": "3s", "pause": {"on": "a3"}})",
                  R"({"at": "3s", "for": "3s", "pause": {"on": "a3", "disarmed": true}})"},
        FaultCase{"clock", R"({"at": "3s", "for": "4s", "clock": {"on": "a1", "offset": "-1h"}})",
                  R"({"at": "3s", "for": "4s", "clock": {"on": "a1", "offset": "-1h", "disarmed": true}})"}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

TEST_F(Cli, AClockFaultOnOneOpaShowsInItsTimesWithin100msAndInNoOther) {
    const Ended ended =
        mistrial({"run", scenario(R"({"at": "3s", "for": "4s", "clock": {"on": "a1", "offset": "-1h"}})", "opa"), "--quiet"});
    EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
    using namespace std::chrono_literals;
    std::optional<WallTime> zero;
    std::optional<TrueTime> started, in_force, healing, healed;
    std::int64_t moved = 0;
    for (const auto& record : history()) {
        if (const auto* run = std::get_if<history::RunInfo>(&record.value)) zero = run->wall_at_zero;
        if (record.f == "clock") (started ? in_force : started) = record.time;
        if (record.f == "heal-clock") (healing ? healed : healing) = record.time;
        const auto* decide = std::get_if<history::Decide>(&record.value);
        if (!decide || record.type != history::Type::ok || !decide->agent_time) continue;
        const Duration offset = *decide->agent_time - (*zero + record.time.time_since_epoch());
        const bool must_be_moved = decide->agent == "a1" && started && record.time > *started + 100ms && !healing;
        const bool must_be_true = decide->agent != "a1" || !started || (healed && record.time > *healed + 100ms);
        if (must_be_moved) {
            ++moved;
            EXPECT_LT(offset, -59min) << record.index;
        } else if (must_be_true) {
            EXPECT_GT(offset, -3s) << record.index;
            EXPECT_LT(offset, 3s) << record.index;
        }
    }
    EXPECT_GT(moved, 100);
}

/// Answers with 200, by incarnation and query.
std::map<std::pair<std::string, std::string>, int> healthy_answers(const std::vector<history::Record>& records) {
    std::map<std::pair<std::string, std::string>, int> answers;
    for (const auto& record : records)
        if (const auto* health = std::get_if<history::Health>(&record.value); health && health->status == 200)
            ++answers[{health->incarnation.value_or("nobody"), health->query}];
    return answers;
}

TEST_F(Cli, HealthIsAskedAllAlongABarrierComesLastAndEveryAgentIsHeldToBoth) {
    for (const char* driver : {"embedded", "opa"}) {
        const std::string kill = R"({"at": "3s", "for": "2s", "kill": {"on": "a2", "state": "lost"}})";
        const Ended ended = mistrial({"run", scenario(kill, driver, R"("health-truth": {}, "read-your-publishes": {})"),
                                        "--quiet"});
        EXPECT_EQ(ended.status, 0) << driver << ended.out << ended.err << results().dump(1);
        const auto records = history();
        EXPECT_EQ(std::count_if(records.begin(), records.end(),
                                [](const auto& record) { return record.f == "barrier" && record.type == history::Type::ok; }),
                  1)
            << driver;
        auto answers = healthy_answers(records);
        for (const char* incarnation : {"a1#1", "a2#1", "a2#2", "a3#1"})
            for (const char* query : {"", "bundles"})
                EXPECT_GT((answers[{incarnation, query}]), 2) << driver << " " << incarnation << " " << query;
        const Json all = results();
        for (const Json& claim : all.at("claims")) {
            const Json by_agent = claim.at("obligations_by_agent");
            EXPECT_EQ(by_agent.size(), 3U);
            for (const auto& [agent, obligations] : by_agent.items())
                EXPECT_GE(obligations, 20) << driver << " " << claim.at("property") << " " << agent;
        }
    }
}

TEST_F(Cli, StalenessOfRealOpaIsExcusedByThePartitionAndProvedWithoutThatExcuse) {
    const char* partition = R"({"at": "3s", "for": "9s", "partition": {"on": ["a1", "a2"], "from": "primary"}})";
    const std::string all = R"("bounded-staleness": {"within": "derived"}, "monotonic-revisions": {}, "oracle-correctness": {})";
    const Ended excused = mistrial({"run", scenario(partition, "opa", all, "28s"), "--quiet"});
    EXPECT_EQ(excused.status, 0) << excused.out << excused.err << results().dump(1);
    for (const Json& claim : results().at("claims"))
        for (const auto& [agent, obligations] : claim.value("obligations_by_agent", Json::object()).items())
            EXPECT_GT(obligations, 0) << agent;

    const Ended blamed = mistrial({"run", scenario(partition, "opa",
                                                   R"("bounded-staleness": {"within": "derived", "excused": false, "force": true})", "28s")});
    EXPECT_EQ(blamed.status, 1) << blamed.out << blamed.err;
    // Which of the two erred more is chance; that nobody else is accused, and each with a whole proof, is not.
    std::set<std::string> accused;
    const Json blamed_results = results();
    for (const Json& violation : blamed_results.at("claims").at(0).at("violations")) {
        const std::string agent = violation.at("agent");
        accused.insert(agent);
        EXPECT_GT(violation.at("wrongly_allowed"), 0) << agent;
        const std::string proof = violation.at("proof").dump();
        for (const std::string& word : {agent, std::string("acknowledged"), std::string("ladder-r"), std::string("ALLOWED")})
            EXPECT_THAT(proof, HasSubstr(word));
    }
    EXPECT_EQ(accused, (std::set<std::string>{"a1", "a2"}));
}

struct DefectCase {
    const char* defect;
    const char* scenario;
};

class EachDefect : public Cli, public testing::WithParamInterface<DefectCase> {};

TEST_P(EachDefect, IsFoundLiveAndTheSamePlanWithoutItIsValid) {
    // Side by side, in stores of their own: they share nothing but the machine.
    auto without = std::async(std::launch::async, [this] {
        return mistrial({"run", GetParam().scenario, "--quiet", "--store", "innocent"});
    });
    const Ended guilty = mistrial({"run", GetParam().scenario, "--set", fmt::format("/fleet/agents/0/defect={}", GetParam().defect)});
    const Ended innocent = without.get();
    EXPECT_EQ(guilty.status, 1) << guilty.out << guilty.err;
    EXPECT_EQ(innocent.status, 0) << innocent.out << innocent.err;
    bool named = false;
    const Json guilty_results = results();
    for (const Json& claim : guilty_results.at("claims"))
        for (const Json& violation : claim.at("violations"))
            named |= !violation.at("agent").get<std::string>().empty() && violation.at("from") < violation.at("to") &&
                     !violation.at("proof").empty();
    EXPECT_TRUE(named) << guilty_results.dump(1);
}

INSTANTIATE_TEST_SUITE_P(Live, EachDefect,
                         testing::Values(DefectCase{"ignores-newer-after-failed-download", "flaky-source"},
                                         DefectCase{"reports-ahead", "demo"}, DefectCase{"rolls-back-at-restart", "restart"}),
                         [](const auto& param_info) {
                             std::string name = param_info.param.defect;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

/// A defect, and a scenario of the library that shows it in the simulation.
struct Shown {
    const char* defect;
    const char* scenario;
    std::vector<std::string> set;
};
class EachShrunk : public Cli, public testing::WithParamInterface<Shown> {};

TEST_P(EachShrunk, IsFoundAndShrunkInTheSimulationAndFailsInTheSameWayLive) {
    std::vector<std::string> run{"run", GetParam().scenario, "--world", "sim", "--quiet", "--set", fmt::format("/fleet/agents/0/defect={}", GetParam().defect)};
    for (const std::string& set : GetParam().set) run.insert(run.end(), {"--set", set});
    ASSERT_EQ(mistrial(run).status, 1);
    const Ended shrunk = mistrial({"shrink", "store/latest", "--world", "live", "--quiet"});
    ASSERT_EQ(shrunk.status, 0) << shrunk.err;
    const auto folder = std::filesystem::canonical(folder_ / "store" / "latest");
    const auto report = read_json(folder / "shrink.json").value();
    EXPECT_EQ(report["live"]["reproduced"], true) << report.dump();
    EXPECT_EQ(report["finished"], true);
    EXPECT_EQ(report["after"]["agents"], 1);
    EXPECT_THAT(read_file(folder / "scenario.diff").value(), HasSubstr("\n-"));
    // The file is a scenario, and its history's window a history, that fail as the whole did.
    EXPECT_EQ(mistrial({"run", (folder / "scenario.json").string(), "--world", "sim", "--quiet"}).status, 1);
    EXPECT_EQ(mistrial({"check", (folder / "window.jsonl").string()}).status, 1);
    EXPECT_EQ(mistrial({"replay", folder.string(), "--quiet"}).status, 1);
}
INSTANTIATE_TEST_SUITE_P(Cli, EachShrunk,
                         testing::Values(Shown{"reports-ahead", "demo", {}}, Shown{"rolls-back-at-restart", "restart", {}},
                                         Shown{"loses-data", "demo", {"/faults=[]"}}),
                         [](const auto& which) {
                             std::string name = which.param.defect;
                             std::erase(name, '-');
                             return name;
                         });

TEST_F(Cli, ASearchFindsShrinksResumesAndMerges) {
    const std::vector<std::string> small{"--set", "/workload/decide/rate=20", "--set", "/workload/decide/sessions=5", "--quiet"};
    const auto with = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), small.begin(), small.end());
        return mistrial(arguments);
    };
    const Ended found = with({"search", "demo", "--runs", "4", "--strategy", "lineage", "--set", "/fleet/agents/0/defect=ignores-newer-after-failed-download"});
    EXPECT_EQ(found.status, 1) << found.err;
    EXPECT_EQ(mistrial({"shrink", "store/latest", "--quiet"}).status, 0);
    EXPECT_EQ(with({"search", "demo", "--runs", "4", "--store", "sound"}).status, 0);
    const auto whole = read_file(folder_ / "sound" / "demo-search" / "latest" / "runs.jsonl").value();
    for (const char* shard : {"1/2", "2/2"}) EXPECT_EQ(with({"search", "demo", "--runs", "2", "--shard", shard, "--store", "parts"}).status, 0);
    std::vector<std::string> merge{"merge", "--json"};
    for (const auto& part : std::filesystem::directory_iterator(folder_ / "parts" / "demo-search")) {
        if (part.is_symlink()) continue;
        EXPECT_EQ(mistrial({"search", "--resume", part.path().string(), "--runs", "4", "--quiet"}).status, 0);
        merge.push_back(part.path().string());
    }
    const Ended merged = mistrial(merge);
    EXPECT_EQ(merged.status, 0) << merged.err;
    EXPECT_EQ(Json::parse(merged.out)["runs"], 4);
    for (const auto& [arguments, said] : std::vector<std::pair<std::vector<std::string>, const char*>>{
             {{"search", "demo", "--agent", "opa", "--runs", "2"}, "do not run in the simulation"},
             {{"search", "demo", "--set", "/claims={}"}, "claims nothing"},
             {{"search"}, "expected a scenario"},
             {{"search", "demo", "--shard", "4/3"}, "--shard: expected I/N"},
             {{"search", "--resume", "."}, "search.json: cannot be read"},
             {{"merge", "."}, "search.json: cannot be read"},
             {{"shrink", "."}, "no run's folder"}}) {
        const Ended refused = mistrial(arguments);
        EXPECT_EQ(refused.status, 254) << fmt::format("{}", fmt::join(arguments, " "));
        EXPECT_THAT(refused.err, HasSubstr(said));
    }
}

TEST_F(Cli, TheSimulatedDemoIsTheSameToTheByte) {
    ASSERT_EQ(mistrial({"run", "demo", "--world", "sim", "--quiet"}).status, 0);
    const std::string first = read_file(folder_ / "store/latest/history.jsonl").value();
    const auto fingerprint = results().at("fingerprint");
    ASSERT_EQ(mistrial({"replay", "store/latest", "--quiet"}).status, 0);
    EXPECT_EQ(read_file(folder_ / "store/latest/history.jsonl").value(), first);
    EXPECT_EQ(results().at("fingerprint"), fingerprint);
}

TEST_F(Cli, AKilledRunIsCleanedAndItsHistoryCanBeChecked) {
    const std::string file = scenario(R"({"at": "3s", "for": "8s", "pause": {"on": "a1"}})");
    const std::string command =
        fmt::format("cd {}; {} run {} --quiet & run=$!; for i in $(seq 100); do sleep 0.1; "
                    "grep -q '\"f\":\"pause\"' store/latest/history.jsonl 2>/dev/null && break; done; kill -9 $run; wait $run",
                    folder_.string(), kMistrial, file);
    nemesis::Command shell;
    shell.argv = {"/bin/bash", "-c", command};
    ASSERT_TRUE(nemesis::run_command(shell));
    EXPECT_EQ(mistrial({"clean"}).status, 0);
    EXPECT_THAT(mistrial({"clean"}).out, HasSubstr("nothing to clean"));
    nemesis::Command left;
    left.argv = {"/bin/bash", "-c", "pgrep -fc '[m]istrial-agent .*/mistrial-run-' || true; ls -d /tmp/mistrial-run-* 2>/dev/null | wc -l"};
    EXPECT_EQ(nemesis::run_command(left)->out, "0\n0\n");
    // Cut off in the middle of the load: claims are pending or not exercised, and nobody is accused.
    EXPECT_EQ(mistrial({"check", "store/latest"}).status, 2);
}

}  // namespace
}  // namespace mistrial
