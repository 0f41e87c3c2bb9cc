#include "core/history/reader.hpp"
#include "core/json.hpp"
#include "nemesis/process/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

/// The program on files alone: nothing is run, no fleet is started.
namespace mistrial {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class CliFiles : public testing::Test {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / fmt::format("mistrial-cli-files-test-{}", ::getpid());
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
    Ended mistrial(std::vector<std::string> arguments) const {
        nemesis::Command command;
        command.argv = {std::string(MISTRIAL_BINARY_DIR) + "/bin/mistrial"};
        command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
        command.directory = folder_;
        const auto output = nemesis::run_command(command);
        EXPECT_TRUE(output) << (output ? "" : output.error().message);
        if (!output) return {};
        EXPECT_EQ(output->status.how, nemesis::ExitStatus::How::exited)
            << nemesis::describe(output->status) << output->err;
        return {output->status.number, output->out, output->err};
    }

    void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
    [[nodiscard]] std::string text(const std::string& name) const { return read_file(folder_ / name).value(); }

    /// Two agents; a1 goes back from r2 to r1 twice, far apart: two violations among many good answers.
    void write_guilty(const std::string& name, bool with_run = true) const {
        std::string lines;
        std::int64_t client = 0;
        const auto record = [&](std::int64_t ms, const char* type, std::int64_t process, const char* f,
                                const std::string& value) {
            lines += fmt::format(R"({{"time":{},"type":"{}","process":{},"f":"{}","value":{}}})"
                                 "\n",
                                 ms * 1000000, type, process, f, value);
        };
        if (with_run)
            lines +=
                R"({"time":0,"type":"info","process":"harness","f":"run","value":{"format":1,"agents":{"a1":{"driver":"x","version":"1","bundles":["main"],"persist":false},"a2":{"driver":"x","version":"1","bundles":["main"],"persist":false}},"claims":{"monotonic-revisions":{}}}})"
                "\n";
        const auto publish = [&](std::int64_t ms, const char* revision) {
            const std::string value = fmt::format(R"({{"bundle":"main","revision":"{}"}})", revision);
            record(ms, "invoke", client, "publish", value);
            record(ms + 1, "ok", client++, "publish", value);
        };
        const auto decide = [&](std::int64_t ms, const char* agent, const char* revision) {
            record(ms, "invoke", client, "decide", fmt::format(R"({{"agent":"{}"}})", agent));
            record(
                ms + 1, "ok", client++, "decide",
                fmt::format(
                    R"({{"agent":"{}","verdict":true,"revisions":{{"main":"{}"}},"markers":{{"main/policy":"{}"}}}})",
                    agent, revision, revision));
        };
        publish(1, "r1");
        publish(5, "r2");
        std::int64_t ms = 10;
        for (int i = 0; i < 30; ++i, ms += 4) {
            decide(ms, "a1", "r2");
            decide(ms + 2, "a2", "r2");
        }
        decide(ms, "a1", "r1");
        for (ms += 60000; ms < 70000; ms += 400) decide(ms, "a1", "r2");
        publish(80000, "r3");
        decide(80010, "a1", "r3");
        decide(80020, "a1", "r2");
        write(name, lines);
    }

    std::filesystem::path folder_;
};

TEST_F(CliFiles, AHistorySurvivesEdnAndElleAndIsNeverWrittenOver) {
    write_guilty("history.jsonl");
    ASSERT_EQ(mistrial({"convert", "history.jsonl", "numbered.jsonl"}).status, 0);
    for (const std::string other : {"history.edn", "elle.json"}) {
        const Ended there =
            mistrial({"convert", "numbered.jsonl", other, "--to", other == "elle.json" ? "elle" : "edn"});
        EXPECT_EQ(there.status, 0) << there.err;
        EXPECT_THAT(there.out, HasSubstr(other + ": "));
        const Ended back = mistrial({"convert", other, other + ".jsonl"});
        EXPECT_EQ(back.status, 0) << back.err;
        EXPECT_EQ(text(other + ".jsonl"), text("numbered.jsonl"));
    }
    const Ended again = mistrial({"convert", "numbered.jsonl", "history.edn"});
    EXPECT_EQ(again.status, 254);
    EXPECT_THAT(again.err, HasSubstr("history.edn: exists"));
}

TEST_F(CliFiles, EveryFormatIsJudgedAlike) {
    write_guilty("history.jsonl");
    const Json ours = Json::parse(mistrial({"check", "history.jsonl", "--json"}).out);
    ASSERT_EQ(mistrial({"convert", "history.jsonl", "history.edn"}).status, 0);
    ASSERT_EQ(mistrial({"convert", "history.jsonl", "elle.json", "--to", "elle"}).status, 0);
    for (const std::string other : {"history.edn", "elle.json"}) {
        const Ended ended = mistrial({"check", other, "--json"});
        EXPECT_EQ(ended.status, 1) << ended.err;
        EXPECT_EQ(Json::parse(ended.out).at("claims"), ours.at("claims"));
    }
    EXPECT_EQ(mistrial({"check", "history.edn", "elle.json", "history.jsonl"}).status, 1) << "several in one process";
    EXPECT_EQ(mistrial({"check", "history.edn", "--format", "jsonl"}).status, 254);
}

TEST_F(CliFiles, TheBinaryFormGivesBackEveryByteAndIsJudgedAlike) {
    write_guilty("history.jsonl");
    ASSERT_EQ(mistrial({"convert", "history.jsonl", "numbered.jsonl"}).status, 0);
    const Ended there = mistrial({"convert", "numbered.jsonl", "history.mst"});
    EXPECT_EQ(there.status, 0) << there.err;
    EXPECT_THAT(there.out, HasSubstr("history.mst: "));
    const Ended back = mistrial({"convert", "history.mst", "again.jsonl"});
    EXPECT_EQ(back.status, 0) << back.err;
    EXPECT_EQ(text("again.jsonl"), text("numbered.jsonl"));

    const Json ours = Json::parse(mistrial({"check", "numbered.jsonl", "--json"}).out);
    std::filesystem::copy_file(folder_ / "history.mst", folder_ / "unnamed");
    using Words = std::vector<std::string>;
    for (const Words& how : {Words{"history.mst"}, Words{"unnamed"}, Words{"unnamed", "--format", "mst"}}) {
        Words arguments{"check", "--json"};
        arguments.insert(arguments.end(), how.begin(), how.end());
        const Ended ended = mistrial(arguments);
        EXPECT_EQ(ended.status, 1) << ended.err;
        const Json theirs = Json::parse(ended.out);
        for (const char* part : {"claims", "counts", "measured", "faults", "golden_signals", "duration", "notes",
                                 "internal_errors"})
            EXPECT_EQ(theirs.at(part), ours.at(part)) << part;
    }
    const Ended again = mistrial({"convert", "numbered.jsonl", "history.mst"});
    EXPECT_EQ(again.status, 254);
    EXPECT_THAT(again.err, HasSubstr("history.mst: exists"));
    const Ended wrong = mistrial({"check", "numbered.jsonl", "--format", "mst"});
    EXPECT_EQ(wrong.status, 254);
    EXPECT_THAT(wrong.err, HasSubstr("numbered.jsonl: byte 0: is no binary history"));
}

TEST_F(CliFiles, ExportsSayTheirWords) {
    write_guilty("history.jsonl");
    ASSERT_EQ(mistrial({"convert", "history.jsonl", "elle.json", "--as", "list-append"}).status, 0);
    EXPECT_THAT(text("elle.json"), HasSubstr(R"("f":"txn","value":[["append","main",2]])"));
    EXPECT_THAT(text("elle.json"), HasSubstr(R"("f":"txn","value":[["r","main",[1,2]]])"));
    ASSERT_EQ(mistrial({"convert", "history.jsonl", "elle.edn", "--as", "list-append"}).status, 0);
    EXPECT_THAT(text("elle.edn"), HasSubstr(R"([[:r "main" [1 2]]])"));
    ASSERT_EQ(mistrial({"convert", "history.jsonl", "ops.json", "--as", "register", "--delta", "250ms"}).status, 0);
    const Json operations = Json::parse(text("ops.json"));
    EXPECT_EQ(operations.at(0).at("Input"), (Json{{"f", "write"}, {"value", 1}}));
    const auto last = std::find_if(operations.begin(), operations.end(),
                                   [](const Json& one) { return one.at("Return") == 80021000000; });
    ASSERT_NE(last, operations.end());
    EXPECT_EQ(last->at("Call"), 79770000000);
    EXPECT_EQ(last->at("Output"), 2);
}

TEST_F(CliFiles, OneViolationByItselfIsFoundAgainAndStandsAlone) {
    write_guilty("history.jsonl");
    const Ended whole = mistrial({"check", "history.jsonl"});
    ASSERT_EQ(whole.status, 1);
    EXPECT_THAT(whole.out, HasSubstr("   2  monotonic-revisions: "));
    for (const std::string number : {"1", "2"}) {
        const Ended sub = mistrial({"check", "history.jsonl", "--sub", number, "--json"});
        EXPECT_EQ(sub.status, 1) << sub.out << sub.err;
        const Json results = Json::parse(sub.out);
        EXPECT_EQ(results.at("claims").size(), 1U);
        EXPECT_EQ(results.at("claims").at(0).at("violations").size(), 1U);
        const std::string file = "history.sub-" + number + ".jsonl";
        EXPECT_EQ(results.at("files").at("history"), file);
        const auto records = history::read_all(folder_ / file);
        ASSERT_TRUE(records);
        EXPECT_LT(records->size(), 20U) << "the witness and its context, not the history";
        EXPECT_EQ(mistrial({"check", file}).status, 1) << "its run record claims what was violated";
    }
    EXPECT_THAT(mistrial({"check", "history.jsonl", "--sub", "3"}).err,
                HasSubstr("--sub 3: there are 2 violations; expected a number from 1 to 2"));
    EXPECT_EQ(mistrial({"check", "history.jsonl", "--sub", "3"}).status, 254);
    EXPECT_EQ(mistrial({"check", "history.jsonl", "history.jsonl", "--sub", "1"}).status, 254);
}

TEST_F(CliFiles, AClaimFromTheCommandLineIsJudgedOnTheSubHistoryToo) {
    write_guilty("bare.jsonl", false);
    write("claims.json", R"({"monotonic-revisions": {}})");
    const Ended sub = mistrial({"check", "bare.jsonl", "--claims", "claims.json", "--sub", "2"});
    EXPECT_EQ(sub.status, 1) << sub.out << sub.err;
    EXPECT_THAT(sub.out, HasSubstr("violation 2 of 2 by itself"));
    EXPECT_THAT(mistrial({"check", "bare.jsonl", "--sub", "1"}).err, HasSubstr("violates no claim"));
}

TEST_F(CliFiles, AModelIsAClaimOfLinearizability) {
    write("etcd.log", "INFO  jepsen.util - 0\t:invoke\t:write\t3\nINFO  jepsen.util - 0\t:ok\t:write\t3\n");
    const Ended ended = mistrial({"check", "etcd.log", "--model", "register", "--only", "linearizability", "--json"});
    EXPECT_EQ(ended.status, 2) << "two records are no 20 obligations: " << ended.err;
    const Json claims = Json::parse(ended.out).at("claims");
    ASSERT_EQ(claims.size(), 1U);
    EXPECT_EQ(claims.at(0).at("property"), "linearizability");
    EXPECT_EQ(claims.at(0).at("parameters").at("model"), "register");
}

TEST_F(CliFiles, AModelMaySayWhatARegisterHoldsAtFirst) {
    write("zero.log", "INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 0\t:ok\t:read\t0\n");
    const Ended null = mistrial({"check", "zero.log", "--model", "register"});
    EXPECT_EQ(null.status, 1);
    EXPECT_THAT(null.out, HasSubstr("holds null at first"));
    EXPECT_THAT(null.out, HasSubstr("(SYSTEM), 0 to 1 ns")) << "no agent, and no times that are all zero";
    EXPECT_EQ(mistrial({"check", "zero.log", "--model", "register=0"}).status, 2) << "one record is no 20 obligations";
}

TEST_F(CliFiles, AModelIsClaimedBesideTheHistorysOwnClaims) {
    write_guilty("history.jsonl");
    const Ended both = mistrial({"check", "history.jsonl", "--model", "register", "--json"});
    EXPECT_EQ(both.status, 1);
    EXPECT_EQ(Json::parse(both.out).at("claims").size(), 2U);
}

TEST_F(CliFiles, AProfileIsExpandedAndWhatOnlyAScenarioDerivesIsRefused) {
    write_guilty("history.jsonl");
    write("opa.json", R"({"profile": "opa", "fail-closed": {}})");
    const Ended derived = mistrial({"check", "history.jsonl", "--claims", "opa.json"});
    EXPECT_EQ(derived.status, 254);
    EXPECT_THAT(derived.err, HasSubstr("opa.json: /bounded-staleness/within: \"derived\" follows from a scenario's fleet"));

    std::string bounded = R"({"claims": {"profile": "opa", "B1": {"within": "5s"})";
    for (const char* claim : {"split-brain", "convergence", "progress", "log-completeness"})
        bounded += fmt::format(R"(, "{}": {{"within": "5s"}})", claim);
    write("bounded.json", bounded + "}}");
    const Ended all = mistrial({"check", "history.jsonl", "--claims", "bounded.json", "--json"});
    EXPECT_EQ(all.status, 1) << all.err;
    EXPECT_EQ(Json::parse(all.out).at("claims").size(), 17U);

    write("unknown.json", R"({"profile": "strictest"})");
    EXPECT_THAT(mistrial({"check", "history.jsonl", "--claims", "unknown.json"}).err,
                HasSubstr("unknown.json: /profile: expected a profile (embedded, opa, strict), got \"strictest\""));
    write("array.json", "[]");
    EXPECT_THAT(mistrial({"check", "history.jsonl", "--claims", "array.json"}).err,
                HasSubstr("array.json: expected an object of claims"));
    write("nanoseconds.json", R"({"bounded-staleness": {"within": 5}})");
    EXPECT_EQ(mistrial({"check", "history.jsonl", "--claims", "nanoseconds.json"}).status, 254);
}

TEST_F(CliFiles, WhatCannotBeReadHidesNothingThatAnotherHistoryShows) {
    write_guilty("guilty.jsonl");
    write("broken.jsonl", "nonsense\n");
    for (const auto& order : {std::vector<std::string>{"check", "broken.jsonl", "guilty.jsonl"},
                              std::vector<std::string>{"check", "guilty.jsonl", "broken.jsonl"}}) {
        const Ended ended = mistrial(order);
        EXPECT_EQ(ended.status, 1) << "a violation stands whatever else failed";
        EXPECT_THAT(ended.err, HasSubstr("broken.jsonl:1"));
        EXPECT_THAT(ended.out, HasSubstr("a1 went back"));
    }
    EXPECT_EQ(Json::parse(mistrial({"check", "guilty.jsonl", "guilty.jsonl", "--json"}).out).size(), 2U);
}

TEST_F(CliFiles, OnlyNamesAreToldByTheirRightNames) {
    write_guilty("history.jsonl");
    const Ended nonsense = mistrial({"check", "history.jsonl", "--only", "monotonic-revision"});
    EXPECT_EQ(nonsense.status, 254);
    EXPECT_THAT(nonsense.err, HasSubstr("mistrial: --only monotonic-revision: there is no such property; did you mean "
                                        "\"monotonic-revisions\"?"));
    EXPECT_EQ(mistrial({"check", "history.jsonl", "--only", "m1"}).status, 1);
    EXPECT_THAT(mistrial({"check", "--only", "divergence", "history.jsonl"}).out, HasSubstr("nobody claims divergence"));
    write("empty.jsonl", "");
    EXPECT_THAT(mistrial({"check", "empty.jsonl", "--only", "nonsense"}).err, HasSubstr("no such property"));
    EXPECT_THAT(mistrial({"check", "empty.jsonl"}).out, HasSubstr("the history is empty"));
    EXPECT_THAT(mistrial({"check", "history.jsonl", "--sub", "0"}).err, HasSubstr("the number of a violation, from 1 on"));
    EXPECT_THAT(mistrial({"check", folder_.string()}).err, HasSubstr("no run's folder"));
    write("nobody.json", R"({"monotonic-revisions": {"agents": "zz"}})");
    EXPECT_THAT(mistrial({"check", "history.jsonl", "--claims", "nobody.json"}).out, HasSubstr("there is no such agent"));
}

/// Claims that only together rule something out: the sub-history claims all of them.
TEST_F(CliFiles, AJointViolationByItselfIsHeldToAllTheClaims) {
    std::string lines;
    std::int64_t client = 0;
    const auto record = [&](std::int64_t ms, const char* type, const char* f, const std::string& value) {
        lines += fmt::format(R"({{"time":{},"type":"{}","process":{},"f":"{}","value":{}}})"
                             "\n",
                             ms * 1000000, type, client, f, value);
    };
    const auto both = [&](std::int64_t ms, const char* f, const std::string& asked, const std::string& told) {
        record(ms, "invoke", f, "{" + asked + "}");
        record(ms + 1, "ok", f, "{" + asked + told + "}");
        ++client;
    };
    const auto publish = [&](std::int64_t ms, const char* revision, bool x, bool y) {
        both(ms, "publish", fmt::format(R"("bundle":"main","revision":"{}","content":{{"base":null,"verdicts":{{"x":{},"y":{}}}}})",
                                        revision, x, y), "");
    };
    publish(0, "r1", true, false);
    publish(2, "r2", false, true);
    publish(7, "r3", true, false);
    both(9, "decide", R"("agent":"a1","input_id":"y")", R"(,"verdict":false)");
    both(11, "decide", R"("agent":"a1","input_id":"x")", R"(,"verdict":false)");
    write("joint.jsonl", lines);
    write("both.json", R"({"monotonic-revisions": {}, "bounded-staleness": {"within": "5ms"}})");
    EXPECT_EQ(mistrial({"check", "joint.jsonl", "--claims", "both.json"}).status, 1);
    const Ended sub = mistrial({"check", "joint.jsonl", "--claims", "both.json", "--sub", "1", "--json"});
    EXPECT_EQ(sub.status, 1) << sub.out << sub.err;
    EXPECT_EQ(Json::parse(sub.out).at("claims").size(), 2U);
}

TEST_F(CliFiles, MalformedInputIsToldWithItsPlaceAndEndsWith254) {
    const std::vector<std::pair<std::string, std::string>> files{
        {"bad.jsonl", "{\"time\":1,\"type\":\"info\",\"process\":0,\"f\":\"x\"}\n{\"time\":2,\"type\":\n{}\n"},
        {"order.jsonl",
         "{\"time\":5,\"type\":\"info\",\"process\":\"o\",\"f\":\"x\"}\n{\"time\":2,\"type\":\"info\",\"process\":"
         "\"o\",\"f\":\"x\"}\n"},
        {"bad.edn", "{:process 0, :type :invoke,\n :f :read, :value [1 2}"},
        {"bad.log", "INFO  jepsen.util - 0\t:invoke\t:read\nnothing"},
        {"elle.json", "[{\"type\":\"ok\",\n\"f\":\"x\",\"process\":[]}]"},
        {"porcupine.json", "[{\"ClientId\":0,\"Call\":1,\n \"Return\":\"later\",\"Input\":1}]"}};
    for (const auto& [name, content] : files) {
        write(name, content);
        for (const std::string command : {"check", "convert"}) {
            // Times that run backwards are a history all the same; only checkers need its order.
            if (command == "convert" && name == "order.jsonl") continue;
            const Ended ended = command == "check" ? mistrial({"check", name}) : mistrial({"convert", name, "out.edn"});
            EXPECT_EQ(ended.status, 254) << name;
            EXPECT_THAT(ended.err, MatchesRegex("mistrial: " + name + ":[0-9]+:[0-9]+: .+\n"));
            EXPECT_FALSE(std::filesystem::exists(folder_ / "out.edn")) << "half an output is none";
        }
    }
}

TEST_F(CliFiles, WhatConvertIsAskedMustMakeSense) {
    write_guilty("history.jsonl");
    EXPECT_THAT(mistrial({"convert", "history.jsonl", "out.json"}).err,
                HasSubstr("give --to jsonl|mst|edn|jepsen-log|elle|porcupine"));
    EXPECT_THAT(mistrial({"convert", "nothing.jsonl", "out.edn"}).err, HasSubstr("nothing.jsonl: no such file"));
    EXPECT_THAT(mistrial({"convert", "history.jsonl", "out.edn", "--delta", "1s"}).err,
                HasSubstr("give --as register"));
    EXPECT_THAT(mistrial({"convert", "history.jsonl", "out.edn", "--as", "register", "--delta", "soon"}).err,
                HasSubstr("--delta"));
    EXPECT_EQ(mistrial({"convert", "history.jsonl", "out.edn", "--from", "yaml"}).status, 254);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out.edn"));
    EXPECT_THAT(mistrial({"convert", "--help"}).out, HasSubstr("--as register --delta 250ms"));
}

}  // namespace
}  // namespace mistrial
