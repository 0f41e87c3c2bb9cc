#include "engine/agent/agent_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace mistrial::agent::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Json with_persistence(Json config = usual_config()) {
    config["bundles"]["main"]["persist"] = true;
    return config;
}

Json with_two_bundles() {
    Json config = usual_config();
    config["bundles"]["extra"] = config["bundles"]["main"];
    return config;
}

// --- decisions

TEST(Agent, IsUndefinedAndNotReadyBeforeItsFirstBundle) {
    AgentRig rig;
    rig.boot();
    rig.run_for(5s);
    EXPECT_EQ(rig.decide().status, 200);
    EXPECT_FALSE(rig.decide().body.contains("result"));
    EXPECT_FALSE(rig.decide().body["provenance"].contains("bundles"));
    EXPECT_EQ(rig.ask("/health", {}, "GET").status, 200);
    EXPECT_EQ(rig.ask("/health?bundles", {}, "GET").status, 500);
    EXPECT_EQ(rig.ask("/health?plugins", {}, "GET").status, 500);
    EXPECT_EQ(rig.ask("/health?plugins&exclude-plugin=bundle", {}, "GET").status, 200);
}

TEST(Agent, DecidesByTheBundleThatItActivated) {
    AgentRig rig;
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(10ms);
    const Decision decision = rig.decide("n-17");
    EXPECT_EQ(decision.status, 200);
    EXPECT_EQ(decision.allow(), true);
    EXPECT_EQ(decision.policy(), "r1");
    EXPECT_EQ(decision.at("/result/data"), "r1");
    EXPECT_EQ(decision.at("/result/nonce"), "n-17");
    EXPECT_EQ(decision.at("/result/instance"), "a1#1") << "from the document on the command line";
    EXPECT_EQ(decision.provenance(), "r1");
    EXPECT_EQ(decision.at("/result/now"), nanos_of(rig.clocks().wall));
    EXPECT_EQ(rig.ask("/health?bundles", {}, "GET").status, 200);
}

TEST(Agent, ANewRevisionReplacesTheOldOneWithinAPoll) {
    AgentRig rig;
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(500ms);
    rig.publish_grants("r2", false);
    rig.run_for(400ms);
    EXPECT_EQ(rig.decide().allow(), true);
    rig.run_for(200ms);
    EXPECT_EQ(rig.decide().allow(), false);
    EXPECT_EQ(rig.decide().provenance(), "r2");
    EXPECT_EQ(rig.decide().policy(), "r2");
}

TEST(Agent, AnswersInTheWordsOfOpa) {
    AgentRig rig;
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(10ms);
    const Decision plain = rig.ask("/v1/data/mistrial/decision", Json{{"user", "alice"}, {"action", "read"}});
    EXPECT_FALSE(plain.body.contains("provenance"));
    EXPECT_TRUE(plain.body.contains("decision_id"));
    EXPECT_FALSE(plain.body.contains("warning"));
    EXPECT_EQ(rig.ask("/v1/data/mistrial/decision/allow", Json{{"user", "alice"}, {"action", "read"}})
                  .body["result"],
              true);
    EXPECT_EQ(rig.ask("/v1/data/mistrial/decision").body["warning"]["code"], "api_usage_warning");
    EXPECT_EQ(rig.ask("/v1/data/grants/marker", {}, "GET").body["result"], "r1");
    EXPECT_EQ(rig.ask("/v1/data/nowhere", {}, "GET").status, 200);
    EXPECT_FALSE(rig.ask("/v1/data/nowhere", {}, "GET").body.contains("result"));
    EXPECT_EQ(rig.ask("/v1/data/mistrial/decision/"
                      "allow?input=%7B%22user%22%3A%22alice%22%2C%22action%22%3A%22read%22%7D",
                      {}, "GET")
                  .body["result"],
              true);

    const Decision policy = rig.ask("/v1/data/mistrial", {}, "GET");
    EXPECT_EQ(policy.status, 500) << "OPA would return every rule; a plan holds entry points only";
    EXPECT_THAT(policy.body.dump(), HasSubstr("entry points"));

    http::Request bad{.method = "POST",
                      .target = "/v1/data/mistrial/decision",
                      .headers = {},
                      .body = http::make_body("{")};
    EXPECT_EQ(rig.ask(bad).status, 400);
    EXPECT_EQ(rig.ask(bad).body["code"], "invalid_parameter");
    bad.body = http::make_body("[]");
    EXPECT_EQ(rig.ask(bad).status, 400);
    EXPECT_EQ(rig.ask("/v1/data/x?input=%7B", {}, "GET").status, 400);
    EXPECT_EQ(rig.ask("/v1/data/x", {}, "DELETE").status, 405);
    EXPECT_EQ(rig.ask("/v1/nothing", {}, "GET").status, 404);

    http::Request packed{
        .method = "POST",
        .target = "/v1/data/mistrial/decision/allow",
        .headers = {{"content-encoding", "gzip"}},
        .body = http::make_body(bundle::gzip(R"({"input":{"user":"alice","action":"read"}})"))};
    EXPECT_EQ(rig.ask(packed).body["result"], true);
}

TEST(Agent, GivesNoDecisionIdWithoutADecisionLog) {
    Json config = usual_config();
    config.erase("decision_logs");
    AgentRig rig(config);
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(10ms);
    EXPECT_FALSE(rig.decide().body.contains("decision_id"));
}

// --- activation

struct BadBundle {
    const char* what;
    std::string archive;
    const char* says;
};

std::vector<BadBundle> bad_bundles() {
    const auto changed = [](auto change) {
        bundle::Members members = grants_members("r2", false);
        change(members);
        return bundle::write_archive(members).value();
    };
    return {
        {"no archive", "<html>", "not gzip"},
        {"cut short", bundle::write_archive(grants_members("r2", false)).value().substr(0, 700), "end early"},
        {"Rego without a plan", changed([](auto& m) { m.erase("plan.json"); }),
         "opa build -t plan -e mistrial/decision"},
        {"a plan that is none", changed([](auto& m) { m["plan.json"] = "{"; }), "plan.json"},
        {"an unknown builtin", changed([](auto& m) {
             std::string& plan = m["plan.json"];
             for (auto at = plan.find("time.now_ns"); at != std::string::npos; at = plan.find("time.now_ns"))
                 plan.replace(at, 11, "time.unknown");
         }),
         "time.unknown"},
        {"data outside the roots", changed([](auto& m) { m["other/data.json"] = "1"; }),
         "'/other' is outside"},
        {"a broken manifest", changed([](auto& m) { m[".manifest"] = "{"; }), ".manifest"},
    };
}

TEST(Agent, ABundleThatCannotBeActivatedLeavesEverythingAsItWas) {
    for (const BadBundle& bad : bad_bundles()) {
        AgentRig rig;
        rig.publish_grants("r1", true);
        rig.boot();
        rig.run_for(10ms);
        rig.publish_bytes("main", "r2", bad.archive);
        rig.run_for(1200ms);
        EXPECT_EQ(rig.decide().allow(), true) << bad.what;
        EXPECT_EQ(rig.decide().provenance(), "r1") << bad.what;
        ASSERT_FALSE(rig.statuses.empty());
        ASSERT_TRUE(rig.statuses.back().errors.has_value()) << bad.what;
        EXPECT_THAT(rig.statuses.back().errors->dump(), HasSubstr(bad.says)) << bad.what;
        EXPECT_EQ(rig.statuses.back().revisions.at("main"), "r1") << bad.what;
        EXPECT_EQ(rig.sent.back().send.message.method, "POST");

        rig.publish_grants("r3", false);
        rig.run_for(2s);
        EXPECT_EQ(rig.decide().policy(), "r3") << bad.what << ": and a good one is taken again";
        EXPECT_FALSE(rig.statuses.back().errors.has_value()) << bad.what;
    }
}

TEST(Agent, AFailedActivationIsTriedAgainAndNotAnsweredWith304) {
    AgentRig rig;
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(10ms);
    rig.publish_bytes("main", "r2", "garbage");
    rig.run_for(3s);
    EXPECT_THAT(rig.served, ::testing::Not(Contains(304))) << "the ETag of r2 was never activated (opa#2220)";
}

TEST(Agent, AnUnchangedBundleIsAnsweredWith304) {
    AgentRig rig;
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(3500ms);
    EXPECT_THAT(rig.served, ElementsAre(200, 304, 304, 304));
}

TEST(Agent, NoDecisionMixesTwoRevisions) {
    AgentRig rig;
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(10ms);
    for (int revision = 2; revision < 12; ++revision) {
        rig.publish_grants(fmt::format("r{}", revision), revision % 2 == 0);
        for (int step = 0; step < 30; ++step) {
            rig.run_for(50ms);
            const Decision decision = rig.decide();
            ASSERT_EQ(decision.policy(), decision.provenance());
            ASSERT_EQ(decision.at("/result/data"), decision.policy());
            const int number = std::stoi(decision.policy().substr(1));
            ASSERT_EQ(decision.allow(), number % 2 == 0 || number == 1);
        }
    }
}

TEST(Agent, DecidesByTheOldRevisionWhileTheNewOneIsLoading) {
    AgentRig rig;
    rig.load_time = 700ms;
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(1s);
    EXPECT_EQ(rig.decide().policy(), "r1");
    rig.publish_grants("r2", false);
    rig.run_for(1s);
    const std::size_t polls = rig.polls().size();
    EXPECT_EQ(rig.decide().policy(), "r1");
    rig.run_for(500ms);
    EXPECT_EQ(rig.decide().policy(), "r2");
    EXPECT_EQ(rig.decide().provenance(), "r2");
    EXPECT_EQ(rig.polls().size(), polls) << "the next poll is due after the activation";
    rig.publish_bytes("main", "r3", "garbage");
    rig.run_for(3s);
    EXPECT_EQ(rig.decide().policy(), "r2");
    EXPECT_THAT(rig.statuses.back().errors->dump(), HasSubstr("not gzip"));
}

// --- several bundles

TEST(Agent, OneBundleHoldsThePlanOthersDataOnly) {
    AgentRig rig(with_two_bundles());
    rig.publish_grants("r1", true);
    rig.publish("extra", "e1", data_members("e1", "extra"));
    rig.boot();
    rig.run_for(10ms);
    EXPECT_EQ(rig.decide().provenance("main"), "r1");
    EXPECT_EQ(rig.decide().provenance("extra"), "e1");
    EXPECT_EQ(rig.ask("/v1/data/extra/revision", {}, "GET").body["result"], "e1");
    EXPECT_EQ(rig.ask("/health?bundles", {}, "GET").status, 200);

    rig.publish("extra", "e2", grants_members("e2", true));
    rig.run_for(1500ms);
    EXPECT_EQ(rig.decide().provenance("extra"), "e1");
    EXPECT_THAT(rig.statuses.back().errors->dump(), HasSubstr("overlaps"));

    bundle::Members second = grants_members("e3", true);
    second[".manifest"] = R"({"revision": "e3", "roots": ["elsewhere"]})";
    second.erase("policy.rego");
    second.erase("data.json");
    rig.publish("extra", "e3", second);
    rig.run_for(1500ms);
    EXPECT_THAT(rig.statuses.back().errors->dump(), HasSubstr("both carry a plan"));
    EXPECT_EQ(rig.decide().policy(), "r1");
}

TEST(Agent, BundlesAreActivatedEachOnItsOwn) {
    AgentRig rig(with_two_bundles());
    rig.publish("extra", "e1", data_members("e1", "extra"));
    rig.boot();
    rig.run_for(10ms);
    EXPECT_EQ(rig.ask("/v1/data/extra/revision", {}, "GET").body["result"], "e1");
    EXPECT_EQ(rig.ask("/health?bundles", {}, "GET").status, 500);
    rig.publish_grants("r1", true);
    rig.run_for(2s);
    EXPECT_EQ(rig.ask("/health?bundles", {}, "GET").status, 200);
    EXPECT_EQ(rig.ask("/v1/data/extra/revision", {}, "GET").body["result"], "e1");
}

TEST(Agent, ABundleOwnsWhatIsUnderItsRoots) {
    AgentRig rig;
    bundle::Members members = grants_members("r1", true);
    members.erase(".manifest");
    rig.publish("main", "", members);
    rig.boot();
    EXPECT_EQ(rig.ask("/v1/data/mistrial_instance/id", {}, "GET").body["result"], "a1#1");
    rig.run_for(10ms);
    EXPECT_FALSE(rig.ask("/v1/data/mistrial_instance/id", {}, "GET").body.contains("result"))
        << "roots [\"\"] own everything, the command line's data too";
    EXPECT_EQ(rig.decide().at("/result/instance"), "-");
}

// --- the loop

TEST(Agent, ALostServerIsPolledWithBackoffAndFoundAgain) {
    AgentRig rig;
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(100ms);
    rig.cut = true;
    const std::size_t before = rig.polls().size();
    rig.run_for(10s);
    const auto polls = rig.polls();
    ASSERT_GT(polls.size(), before + 9);
    EXPECT_EQ(polls[before + 1] - polls[before], rig.latency) << "the first retry is immediate";
    for (std::size_t i = before + 1; i + 1 < polls.size(); ++i)
        EXPECT_LE(polls[i + 1] - polls[i], 1200ms + rig.latency) << "1.2 x max_delay";
    EXPECT_EQ(rig.decide().allow(), true) << "the old bundle stays in force";

    rig.publish_grants("r2", false);
    rig.cut = false;
    rig.run_for(1300ms);
    EXPECT_EQ(rig.decide().policy(), "r2");
}

TEST(Agent, LongPollingBringsARevisionAtOnce) {
    Json config = usual_config();
    config["bundles"]["main"]["polling"] = {
        {"min_delay_seconds", 60}, {"max_delay_seconds", 120}, {"long_polling_timeout_seconds", 10}};
    AgentRig rig(config);
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(25s);
    EXPECT_THAT(rig.served, ElementsAre(200, 304, 304)) << "held for ten seconds each";
    rig.publish_grants("r2", false);
    rig.run_for(10ms);
    EXPECT_EQ(rig.decide().policy(), "r2");
    for (const AgentRig::Sent& one : rig.sent) {
        if (!one.send.message.target.starts_with("/bundles/")) continue;
        EXPECT_FALSE(one.send.header_timeout.has_value());
    }
}

// --- persistence

TEST(Agent, ComesUpFromWhatItPersisted) {
    AgentRig rig(with_persistence());
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(100ms);
    EXPECT_THAT(rig.disk, ElementsAre(::testing::Key("bundles/main/bundle.tar.gz")));
    rig.publish_grants("r2", false);
    rig.run_for(2s);
    rig.kill();
    rig.cut = true;
    rig.boot();
    EXPECT_EQ(rig.decide().policy(), "r2");
    EXPECT_EQ(rig.decide().at("/result/instance"), "a1#2");
    EXPECT_EQ(rig.ask("/health?bundles", {}, "GET").status, 200) << "as OPA (opa#3554)";
}

TEST(Agent, RemembersNoEtagAcrossARestart) {
    AgentRig rig(with_persistence());
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(100ms);
    rig.kill();
    rig.boot();
    rig.run_for(100ms);
    EXPECT_THAT(rig.served, ElementsAre(200, 200)) << "as OPA (opa#5673)";
}

TEST(Agent, WithoutPersistenceARestartBeginsEmpty) {
    AgentRig rig;
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(100ms);
    EXPECT_TRUE(rig.disk.empty());
    rig.kill();
    rig.cut = true;
    rig.boot();
    EXPECT_FALSE(rig.decide().body.contains("result"));
}

TEST(Agent, ADamagedPersistedBundleIsReportedAndReplacedByADownload) {
    AgentRig rig(with_persistence());
    rig.publish_grants("r1", true);
    rig.disk["bundles/main/bundle.tar.gz"] = http::make_body("torn");
    rig.boot();
    EXPECT_THAT(rig.lines, Contains(HasSubstr("what was persisted cannot be activated")));
    rig.run_for(100ms);
    EXPECT_EQ(rig.decide().policy(), "r1");
}

TEST(Agent, PersistsByRenamingASyncedFile) {
    const auto steps = replace_steps("bundles/main/bundle.tar.gz", http::make_body("x"));
    using Kind = DiskStep::Kind;
    std::vector<Kind> kinds;
    for (const DiskStep& step : steps) kinds.push_back(step.kind);
    EXPECT_THAT(kinds, ElementsAre(Kind::make_directory, Kind::write, Kind::sync, Kind::rename,
                                   Kind::sync_directory));
    EXPECT_NE(steps[1].path, "bundles/main/bundle.tar.gz");
    EXPECT_EQ(steps[3].to, "bundles/main/bundle.tar.gz");
}

TEST(Agent, ABundleThatCannotBePersistedForTheFirstTimeIsAFailure) {
    AgentRig rig(with_persistence());
    rig.disk_fails = true;
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(50ms);
    EXPECT_EQ(rig.decide().policy(), "r1") << "in force all the same, as in OPA";
    EXPECT_THAT(rig.statuses.back().errors->dump(), HasSubstr("no space left"));
    EXPECT_EQ(rig.ask("/health?bundles", {}, "GET").status, 500);
    rig.disk_fails = false;
    rig.run_for(2s);
    EXPECT_EQ(rig.ask("/health?bundles", {}, "GET").status, 200);
}

// --- status

TEST(Agent, TellsItsStatusAfterEveryPoll) {
    AgentRig rig;
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(3500ms);
    ASSERT_GE(rig.statuses.size(), 4U);
    EXPECT_EQ(rig.statuses.back().agent, "a1");
    EXPECT_EQ(rig.statuses.back().incarnation, "a1#1");
    EXPECT_EQ(rig.statuses.back().revisions.at("main"), "r1");
    const Decision status = rig.ask("/v1/status", {}, "GET");
    EXPECT_EQ(status.at("/result/bundles/main/active_revision"), "r1");
    EXPECT_EQ(status.at("/result/bundles/main/type"), "snapshot");
    EXPECT_EQ(status.at("/result/plugins/bundle/state"), "OK");
    EXPECT_EQ(status.at("/result/labels/node"), "a1");
}

TEST(Agent, StatusIsOffUnlessConfigured) {
    Json config = usual_config();
    config.erase("status");
    AgentRig rig(config);
    rig.boot();
    EXPECT_EQ(rig.ask("/v1/status", {}, "GET").status, 500);
}

// --- decision log

std::multiset<std::string> logged_nonces(const AgentRig& rig) {
    std::multiset<std::string> nonces;
    for (const history::Log& log : rig.logs) nonces.insert(log.nonce.value_or(""));
    return nonces;
}

TEST(Agent, LogsEveryDecisionWithTheRevisionThatMadeIt) {
    AgentRig rig;
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(100ms);
    const Decision decision = rig.decide("n1");
    rig.run_for(2s);
    ASSERT_EQ(rig.logs.size(), 1U);
    const history::Log& log = rig.logs[0];
    EXPECT_EQ(log.decision_id, decision.at("/decision_id").get<std::string>());
    EXPECT_EQ(log.agent, "a1");
    EXPECT_EQ(log.incarnation, "a1#1");
    EXPECT_EQ(log.path, "mistrial/decision");
    EXPECT_EQ(log.revisions.at("main"), "r1");
    EXPECT_EQ(log.verdict, "true");
    EXPECT_EQ(nanos_of(log.agent_time.value()), decision.at("/result/now").get<std::int64_t>());
}

TEST(Agent, TheConsoleTakesTheDecisionLogWithoutAService) {
    Json config = usual_config();
    config["decision_logs"] = {{"console", true}};
    AgentRig rig(config);
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(100ms);
    EXPECT_TRUE(rig.decide("to-console").body.contains("decision_id"));
    EXPECT_THAT(rig.lines, Contains(HasSubstr("to-console")));
    rig.run_for(5s);
    EXPECT_TRUE(rig.uploads.empty());
    rig.stop();
    EXPECT_TRUE(rig.stopped);
}

TEST(Agent, NothingIsLostWhileTheSinkFails) {
    AgentRig rig;
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(100ms);
    rig.sink_fails = true;
    std::multiset<std::string> asked;
    for (int i = 0; i < 50; ++i) {
        const std::string nonce = fmt::format("n{}", i);
        rig.decide(nonce);
        asked.insert(nonce);
        rig.run_for(100ms);
    }
    EXPECT_TRUE(rig.logs.empty());
    rig.sink_fails = false;
    rig.run_for(3s);
    EXPECT_EQ(logged_nonces(rig), asked) << "each exactly once: no upload was accepted before";
}

TEST(Agent, ALostAcknowledgementMeansDuplicatesNeverLoss) {
    AgentRig rig;
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(100ms);
    rig.acks_lost = true;
    rig.decide("once");
    rig.run_for(1500ms);
    rig.acks_lost = false;
    rig.run_for(3s);
    EXPECT_GE(logged_nonces(rig).count("once"), 2U);
}

TEST(Agent, AStopFlushesTheLog) {
    AgentRig rig;
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(100ms);
    rig.decide("last");
    rig.sink_fails = true;
    rig.stop();
    rig.run_for(500ms);
    EXPECT_FALSE(rig.stopped) << "it tries again until the log is empty";
    rig.sink_fails = false;
    rig.run_for(2s);
    EXPECT_TRUE(rig.stopped);
    EXPECT_EQ(logged_nonces(rig).count("last"), 1U);
    const std::size_t polls = rig.polls().size();
    rig.run_for(10s);
    EXPECT_EQ(rig.polls().size(), polls) << "a stopped agent polls no more";
}

TEST(Agent, AKillLosesWhatWasNotUploaded) {
    AgentRig rig;
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(100ms);
    rig.decide("lost");
    rig.kill();
    rig.boot();
    rig.run_for(5s);
    EXPECT_EQ(logged_nonces(rig).count("lost"), 0U) << "in memory only, as OPA";
}

/// At least once, whatever the sink does, as long as the process lives.
RC_GTEST_PROP(Agent, LogsAtLeastOnceUnderAnyFaultsOfTheSink, ()) {
    AgentRig rig;
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(100ms);
    std::set<std::string> asked;
    const auto phases = *rc::gen::container<std::vector<int>>(6, rc::gen::inRange(0, 4));
    for (std::size_t phase = 0; phase < phases.size(); ++phase) {
        rig.sink_fails = phases[phase] == 1;
        rig.acks_lost = phases[phase] == 2;
        rig.cut = phases[phase] == 3;
        for (int i = 0; i < 3; ++i) {
            const std::string nonce = fmt::format("{}-{}", phase, i);
            rig.decide(nonce);
            asked.insert(nonce);
            rig.run_for(std::chrono::milliseconds(*rc::gen::inRange(1, 900)));
        }
    }
    rig.sink_fails = rig.acks_lost = rig.cut = false;
    rig.run_for(4s);
    const auto logged = logged_nonces(rig);
    for (const std::string& nonce : asked) RC_ASSERT(logged.contains(nonce));
    for (const std::string& nonce : logged) RC_ASSERT(asked.contains(nonce));
}

// --- determinism

TEST(Agent, TheSameEventsGiveTheSameActions) {
    const auto run = [](Duration latency) {
        AgentRig rig(with_persistence());
        rig.latency = latency;
        rig.publish_grants("r1", true);
        rig.boot();
        rig.run_for(1500ms);
        rig.cut = true;
        rig.run_for(3s);
        rig.cut = false;
        rig.run_for(2s);
        std::string trace;
        for (const AgentRig::Sent& one : rig.sent)
            trace += fmt::format("{} {} {}\n", nanos_of(one.at), one.send.message.target,
                                 fnv1a(http::bytes_of(one.send.message.body)));
        return trace + rig.decide().body.dump();
    };
    for (const Duration latency : {1us, 700us, 5000us}) EXPECT_EQ(run(latency), run(latency));
}

TEST(SharingLoader, LoadsABodyOnceHoweverManyAgentsAreServedIt) {
    SharingLoader loader;
    const http::Body body = http::make_body(bundle::write_archive(grants_members("r1", true)).value());
    const auto first = loader.load(body, {}).value();
    EXPECT_EQ(loader.load(body, {}).value(), first);
    EXPECT_NE(loader.load(http::make_body(std::string(*body)), {}).value(), first);
    const http::Body bad = http::make_body("x");
    EXPECT_EQ(loader.load(bad, {}).error(), loader.load(bad, {}).error());
}

}  // namespace
}  // namespace mistrial::agent::testing
