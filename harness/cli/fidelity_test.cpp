#include "core/history/reader.hpp"
#include "core/json.hpp"
#include "nemesis/process/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <set>

/// The same small scenarios in the simulation, on the embedded agent's processes, and on real OPA: what can be seen of each
/// from outside is the same. Differences that are meant stand in docs/fidelity.md and in the scenario that shows them.
namespace mistrial {
namespace {

using history::Type;

const std::string kMistrial = std::string(MISTRIAL_BINARY_DIR) + "/bin/mistrial";

/// What was seen, each kind as the sequence of what was different from the one before; "|" where the agent started anew.
using Facts = std::map<std::string, std::vector<std::string>>;

Facts facts_of(const std::vector<history::Record>& records) {
    Facts facts;
    const auto note = [&](const std::string& kind, const std::string& what) {
        auto& seen = facts[kind];
        if (seen.empty() || seen.back() != what) seen.push_back(what);
    };
    std::map<std::string, int> logged;
    std::set<std::string> decided;
    std::optional<WallTime> wall_at_zero;
    for (const history::Record& record : records) {
        if (const auto* run = std::get_if<history::RunInfo>(&record.value)) wall_at_zero = run->wall_at_zero;
        if (std::holds_alternative<history::Boot>(record.value))
            for (const char* kind : {"shown", "served", "answers", "status"}) note(kind, "|");
        if (const auto* serve = std::get_if<history::Serve>(&record.value))
            if (serve->agent) note("served", fmt::format("{} {}", serve->status, serve->revision));
        // At the end the control plane goes too, which some agents still have time to complain of.
        if (const auto* status = std::get_if<history::Status>(&record.value); status != nullptr && record.time < TrueTime{std::chrono::seconds(11)}) {
            const auto revision = status->revisions.find("main");
            note("status", fmt::format("{}{}", revision == status->revisions.end() ? "-" : revision->second, status->errors ? " with errors" : ""));
        }
        if (const auto* log = std::get_if<history::Log>(&record.value); log != nullptr && log->decision_id) ++logged[*log->decision_id];
        if (record.type == Type::invoke) continue;
        if (const auto* health = std::get_if<history::Health>(&record.value); health != nullptr && record.type == Type::ok)
            note("health " + health->query, std::to_string(health->status.value_or(0)));
        const auto* decide = std::get_if<history::Decide>(&record.value);
        if (decide == nullptr || record.type != Type::ok) continue;
        if (decide->decision_id) decided.insert(*decide->decision_id);
        const bool verdict = std::holds_alternative<history::Verdict>(*decide->answer);
        note("answers", verdict ? "verdict" : std::holds_alternative<history::Undefined>(*decide->answer) ? "undefined" : "refused");
        const auto revision = decide->revisions.find("main");
        if (verdict) note("shown", revision == decide->revisions.end() ? "-" : revision->second);
        if (decide->agent_time && wall_at_zero) {
            const auto off = *decide->agent_time - (*wall_at_zero + record.time.time_since_epoch());
            note("clock", fmt::format("{} h", (off + std::chrono::minutes(30)) / std::chrono::hours(1)));
        }
    }
    std::size_t missing = 0, twice = 0;
    for (const std::string& id : decided) missing += logged.contains(id) ? 0 : 1;
    for (const auto& [id, times] : logged) twice += times > 1 ? 1 : 0;
    facts["log"] = {decided.empty() ? "no ids" : missing == 0 ? "whole" : "with holes", twice == 0 ? "once each" : "some twice"};
    return facts;
}

struct Small {
    const char* name;
    const char* faults;
    const char* agent = "";  ///< more of the agent's settings
};

class Fidelity : public testing::TestWithParam<Small> {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / fmt::format("mistrial-fidelity-{}", ::getpid());
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        std::ofstream(folder_ / "small.json") << fmt::format(R"({{
            "name": "small", "seed": 3, "duration": "13s", "settle": "2s",
            "fleet": {{ "authorities": [{{"name": "primary"}}],
                        "agents": [{{"name": "a", "from": "primary", "poll": {{"min": "1s", "max": "1s"}}, "persist": true {}}}] }},
            "workload": {{ "kind": "grants", "publish": {{"revisions": [{{"number": 1, "at": "0s"}}, {{"number": 2, "at": "8s"}}]}},
                           "decide": {{"rate": 40, "sessions": 1, "timeout": "500ms"}}, "health": "200ms" }},
            "faults": [{}], "claims": {{}} }})", GetParam().agent, GetParam().faults);
    }
    void TearDown() override {
        if (!HasFailure()) std::filesystem::remove_all(folder_);
    }

    Facts run(const std::string& world, const std::string& agent) const {
        nemesis::Command command;
        const auto store = folder_ / (world + "-" + agent);
        command.argv = {kMistrial, "run", (folder_ / "small.json").string(), "--world", world, "--agent", agent, "--quiet", "--store", store.string()};
        command.directory = folder_;
        command.deadline = std::chrono::seconds(60);
        const auto output = nemesis::run_command(command);
        EXPECT_TRUE(output && output->status.number == 2) << (output ? output->err : output.error().message);  // nothing is claimed
        const auto records = history::read_all(store / "latest" / "history.jsonl");
        EXPECT_TRUE(records);
        return records ? facts_of(*records) : Facts{};
    }

    std::filesystem::path folder_;
};

TEST_P(Fidelity, OfTheSimulationAndTheEmbeddedAgentToOpa) {
    auto opa = std::async(std::launch::async, [this] { return run("live", "opa"); });
    auto live = std::async(std::launch::async, [this] { return run("live", "embedded"); });
    const Facts sim = run("sim", "embedded"), embedded = live.get(), real = opa.get();
    for (const auto& [kind, seen] : sim) {
        const auto of = [&](const Facts& facts) {
            const auto found = facts.find(kind);
            return found == facts.end() ? std::vector<std::string>{} : found->second;
        };
        EXPECT_EQ(of(embedded), seen) << kind << ": the embedded agent's processes and the simulation";
        EXPECT_EQ(of(real), seen) << kind << ": OPA and the simulation";
    }
    EXPECT_THAT(sim.at("shown"), testing::Contains("r2"));
}

INSTANTIATE_TEST_SUITE_P(
    Scenarios, Fidelity,
    testing::Values(Small{"Calm", ""},
                    Small{"SourceRefused", R"({"at": "2s", "for": "3s", "partition": {"on": "a", "from": "primary", "mode": "refuse"}})"},
                    Small{"RestartWithBundle", R"({"at": "2s", "for": "5s", "partition": {"on": "a", "from": "primary", "mode": "refuse"}},
                                                  {"at": "3s", "for": "1s", "kill": {"on": "a", "state": "kept"}})"},
                    Small{"RestartWithout", R"({"at": "2s", "for": "5s", "partition": {"on": "a", "from": "primary", "mode": "refuse"}},
                                               {"at": "3s", "for": "1s", "kill": {"on": "a", "state": "lost"}})"},
                    Small{"LogsRefused", R"({"at": "2s", "for": "3s", "partition": {"on": "a", "from": "logs", "mode": "refuse"}})"},
                    Small{"ClockBehind", R"({"at": "3s", "for": "3s", "clock": {"on": "a", "offset": "-2h"}})"},
                    Small{"LongPoll", "", R"(, "long_poll": "10s")"}),
    [](const auto& which) { return std::string(which.param.name); });

}  // namespace
}  // namespace mistrial
