#pragma once

#include "checkers/testing/history_builder.hpp"
#include "core/random.hpp"
#include "reports/lanes.hpp"
#include "reports/run.hpp"

#include <cmath>

/// A run that never was, for tests and for looking at reports: five agents for a minute, users gaining and
/// losing rights every three seconds, four faults, and one agent that stays behind after its partition has
/// healed.
namespace mistrial::reports::testing {

struct SyntheticRun {
    Run run;
    std::vector<history::Record> records;
    checkers::Judgement judgement;
    Lanes lanes;
};

namespace detail {

using checkers::testing::at_ms;

inline constexpr std::int64_t kEnd = 60'000;
inline constexpr std::int64_t kPublishEvery = 3'000;
inline constexpr int kUsers = 12;

inline std::string user(int number) {
    constexpr std::array kNames{"alice", "bob",   "carol", "dave", "erin",    "frank",
                                "grace", "heidi", "ivan",  "judy", "mallory", "niaj"};
    return kNames.at(static_cast<std::size_t>(number));
}
/// Revision n takes the right of user n from it and gives it to user n + 6.
inline bool allowed(int revision, int who) {
    bool may = who < kUsers / 2;
    for (int n = 1; n <= revision; ++n) {
        if (n % kUsers == who) may = false;
        if ((n + 6) % kUsers == who) may = true;
    }
    return may;
}

/// When which revision became active at one agent, by what kept it from polling.
struct Activation {
    std::int64_t at;
    int revision;
};
inline std::vector<Activation> activations(int agent, int revisions, bool stuck) {
    std::vector<Activation> all{{150 + agent * 20, 1}};
    std::int64_t poll = 700 + agent * 130;
    for (int round = 0; poll < kEnd; ++round, poll += 1'000 + (agent * 397 + round * 211) % 1'000) {
        const bool cut = agent <= 2 && poll > 10'000 && poll < 25'200;
        const bool wedged = stuck && agent == 2 && poll > 10'000 && poll < 41'000;
        const bool dead = agent == 4 && poll > 35'000 && poll < 38'300;
        const bool paused = agent == 5 && poll > 48'000 && poll < 50'000;
        if (cut || wedged || dead || paused) continue;
        const int newest = std::min<int>(revisions, static_cast<int>(poll / kPublishEvery) + 1);
        if (newest > all.back().revision) all.push_back({poll + 35, newest});
    }
    return all;
}

}  // namespace detail

/// `rate` decisions a second over the fleet; `stuck`: with the violation.
inline SyntheticRun synthetic_run(int rate, bool stuck) {
    using namespace detail;
    checkers::testing::HistoryBuilder history;
    const Json claims{{"revision-validity", Json::object()},     {"oracle-correctness", Json::object()},
                      {"atomic-activation", Json::object()},     {"monotonic-revisions", Json::object()},
                      {"bounded-staleness", {{"within", "5s"}}}, {"split-brain", {{"within", "5s"}}},
                      {"convergence", {{"within", "5s"}}},       {"fail-closed", Json::object()}};
    history::RunInfo info;
    const WallTime zero = at_nanos<WallTime>(1'764'000'000'000'000'000);
    for (int agent = 1; agent <= 5; ++agent)
        info.agents[fmt::format("a{}", agent)] = {
            agent == 3 ? "opa" : "embedded", agent == 3 ? "1.19.1" : "0.1.0", {"main"}, true};
    info.claims = claims;
    info.wall_at_zero = zero;
    info.settle = std::chrono::seconds(12);
    history.record(TrueTime{}, history::Type::info, "run", "harness", info);

    int revisions = 0;
    for (std::int64_t at = 0; at <= 45'000; at += kPublishEvery) {
        ++revisions;
        Json verdicts = Json::object();
        for (int who = 0; who < kUsers; ++who)
            if (revisions == 1 || allowed(revisions, who) != allowed(revisions - 1, who))
                verdicts[user(who)] = allowed(revisions, who);
        const std::string name = fmt::format("r{}", revisions);
        const Json base = revisions == 1 ? Json(nullptr) : Json(fmt::format("r{}", revisions - 1));
        history.publish(
            name, at, at + 12,
            Json{{"base", base}, {"verdicts", verdicts}, {"markers", {{"policy", name}, {"data", name}}}});
    }

    history.fault("f1", "partition", {"a1", "a2"}, {10'000, 10'012, 25'000, 25'030});
    history.fault("f2", "clock", {"a3"}, {30'000, 30'004, 42'000, 42'003});
    history.fault("f3", "kill", {"a4"}, {35'000, 35'006, 38'000, 38'260});
    history.fault("f4", "pause", {"a5"}, {48'000, 48'002, 50'000, 50'004});
    for (int agent = 1; agent <= 5; ++agent) {
        const std::string name = fmt::format("a{}", agent);
        history.boot(name, name + "#1", 100);
        for (const auto& [at, revision] : activations(agent, revisions, stuck))
            history.serve(name, fmt::format("r{}", revision), at - 20, at - 8);
    }
    history.death("a4", "a4#1", 35'006);
    history.boot("a4", "a4#2", 38'120, history::Revisions{{"main", "r12"}});

    std::uint64_t draw = 42;
    const auto random = [&draw](std::uint64_t below) {
        draw = draw * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<std::int64_t>((draw >> 33U) % below);
    };
    std::array<std::vector<Activation>, 6> active;
    for (int agent = 1; agent <= 5; ++agent)
        active.at(static_cast<std::size_t>(agent)) = activations(agent, revisions, stuck);
    const std::int64_t count = (kEnd - 300) * rate / 1000;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t inv = 300 + i * 1000 / rate;
        const int agent = 1 + static_cast<int>(i % 5);
        checkers::testing::Answered answered;
        answered.agent = fmt::format("a{}", agent);
        answered.session = fmt::format("session-{}", i % 20);
        const int who = static_cast<int>(random(kUsers));
        answered.input_id = user(who);
        answered.input = Json{{"user", user(who)}};
        std::int64_t res = inv + 1 + random(3) + (random(100) == 0 ? random(25) : 0);
        const bool dead = agent == 4 && inv > 34'990 && inv < 38'140;
        const bool paused = agent == 5 && inv > 47'990 && inv < 50'004;
        if (dead || paused) {
            answered.type = dead ? history::Type::fail : history::Type::info;
            history.decide(inv, dead ? inv + 1 : inv + 2'000, answered);
            continue;
        }
        int revision = 1;
        for (const auto& [at, number] : active.at(static_cast<std::size_t>(agent)))
            if (at <= inv) revision = number;
        const std::string name = fmt::format("r{}", revision);
        answered.markers = {{"main/policy", name}, {"main/data", name}};
        answered.revisions = {{"main", name}};
        answered.answer = history::Verdict{allowed(revision, who) ? "true" : "false"};
        answered.incarnation = fmt::format("a{}#{}", agent, agent == 4 && inv > 38'000 ? 2 : 1);
        const bool skewed = agent == 3 && inv > 30'004 && inv < 42'003;
        answered.agent_time =
            zero + at_ms(inv).time_since_epoch() - (skewed ? Duration(std::chrono::hours(1)) : Duration{});
        history.decide(inv, res, answered);
    }

    SyntheticRun made;
    made.records = history.build();
    checkers::Suite suite;
    LaneBuilder lanes;
    for (history::Record& record : made.records) {
        if (auto* fault = std::get_if<history::Fault>(&record.value)) {
            if (fault->kind == "partition")
                fault->parameters = Json{{"from", {"cdn"}}, {"direction", "both"}, {"mode", "black-hole"}};
            if (fault->kind == "clock") fault->parameters = Json{{"offset", -3'600'000'000'000}};
            if (fault->evidence && fault->kind == "partition")
                fault->evidence =
                    Json{{"bit", true},
                         {"target", {{"connects_held", 18}, {"bytes_held", 0}, {"completed", 0}}},
                         {"control", {{"agent", "a3"}, {"completed", 11}}}};
        }
        const Result<> fed = suite.on(record);
        MISTRIAL_INVARIANT(fed.has_value(), "{}", fed.error().message);
        lanes.on(record);
    }
    made.judgement = suite.finish();
    made.lanes = lanes.finish();
    made.run.scenario = "revocation-under-partition";
    made.run.about = "Users lose and gain rights while two of five agents cannot reach the control plane.";
    made.run.seed = 42;
    made.run.world = "live";
    made.run.started = zero;
    made.run.duration = std::chrono::milliseconds(kEnd);
    made.run.versions = {{"mistrial", "0.1.0"}, {"opa", "1.19.1"}};
    made.run.command = "mistrial replay store/revocation-under-partition/20251124T160000Z-42";
    made.run.folder = "store/revocation-under-partition/20251124T160000Z-42";
    made.run.files = {{"report", made.run.folder + "/report.html"},
                      {"history", made.run.folder + "/history.jsonl"},
                      {"results", made.run.folder + "/results.json"}};
    made.run.not_tested = {"disk faults", "control-plane faults", "status reports", "decision logs"};
    return made;
}

}  // namespace mistrial::reports::testing
