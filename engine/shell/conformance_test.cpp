#include "core/net/http_server.hpp"
#include "engine/agent/agent_rig.hpp"
#include "engine/shell/child_process.hpp"
#include "engine/shell/shell_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <set>

/// The same story told to real OPA and to mistrial-agent, each a process before our authority and sink: what
/// can be observed is the same.
namespace mistrial::shell::testing {
namespace {

using namespace std::chrono_literals;
using agent::testing::grants_members;
using ::testing::HasSubstr;

/// A real OPA 1.19.1; scripts/opa honours OPA_BINARY and PATH and builds one where neither serves.
std::string find_opa() {
    const std::string command = std::string(MISTRIAL_SOURCE_DIR) + "/scripts/opa 1.19.1";
    std::string path;
    if (std::FILE* pipe = ::popen(command.c_str(), "r")) {
        std::array<char, 4096> buffer;
        while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
            path.append(buffer.data(), size);
        ::pclose(pipe);
    }
    while (path.ends_with('\n')) path.pop_back();
    return path;
}

const std::string kAgent = std::string(MISTRIAL_BINARY_DIR) + "/bin/mistrial-agent";

class Conformance : public ::testing::TestWithParam<const char*>, protected ShellRig {
  protected:
    static bool embedded() { return std::string_view(GetParam()) == "embedded"; }

    void start() {
        const auto config = (state / "config.json").string();
        const auto instance = (state / "instance.json").string();
        std::ofstream(config) << agent_config.dump();
        std::ofstream(instance) << R"({"mistrial_instance": {"id": "a1#1"}})";
        if (port == 0) {
            auto probe =
                net::HttpServer::listen(loop, {}, [](const net::HttpRequest&, net::Responder) {}).value();
            port = probe->endpoint().port;
        }
        std::vector<std::string> command{embedded() ? kAgent : find_opa()};
        for (std::string word : {"run", "-s", "-a"}) command.push_back(std::move(word));
        command.push_back(fmt::format("127.0.0.1:{}", port));
        for (const std::string& word :
             {std::string("-c"), config, std::string("--skip-version-check"), instance})
            command.push_back(word);
        child.emplace(std::move(command), (state / "log").string());
        ASSERT_TRUE(child->started());
        ASSERT_TRUE(until([&] { return ask("GET", "/health").status == 200; }))
            << read_file(state / "log").value();
    }
    net::HttpResponse ask(std::string method, std::string target, std::string body = {}) {
        return exchange({"127.0.0.1", port}, {.method = std::move(method),
                                              .target = std::move(target),
                                              .headers = {},
                                              .body = std::move(body)});
    }
    bool ready() {
        return until([&] { return ask("GET", "/health?bundles").status == 200; });
    }
    /// The policy marker of a decision; empty when undefined.
    std::string policy(const std::string& nonce = "n") {
        const std::string body =
            Json{{"input", {{"user", "alice"}, {"action", "read"}, {"nonce", nonce}}}}.dump();
        const Json answer = Json::parse(ask("POST", "/v1/data/mistrial/decision", body).body, nullptr, false);
        return answer.value("/result/policy"_json_pointer, "");
    }
    std::size_t count(int status) {
        std::size_t found = 0;
        for (const history::Serve& serve : observed<history::Serve>())
            found += serve.status == status ? 1 : 0;
        return found;
    }

    std::uint16_t port = 0;
    std::optional<ChildProcess> child;
};

TEST_P(Conformance, ActivatesWhatOurAuthorityServesAndPollsWithItsEtag) {
    start_control_plane();
    (void)publish("main", "r1", grants_members("r1", true));
    start();
    ASSERT_TRUE(ready());
    const Json answer = Json::parse(ask("POST", "/v1/data/mistrial/decision?provenance",
                                        R"({"input":{"user":"alice","action":"read","nonce":"x"}})")
                                        .body);
    EXPECT_EQ(answer.at("/result/allow"_json_pointer), true);
    EXPECT_EQ(answer.at("/result/policy"_json_pointer), "r1");
    EXPECT_EQ(answer.at("/result/data"_json_pointer), "r1");
    EXPECT_EQ(answer.at("/result/nonce"_json_pointer), "x");
    EXPECT_EQ(answer.at("/result/instance"_json_pointer), "a1#1");
    EXPECT_EQ(answer.at("/provenance/bundles/main/revision"_json_pointer), "r1");
    ASSERT_TRUE(until([&] { return count(304) >= 2; }));
    EXPECT_EQ(count(200), 1U) << "one download of one revision";

    (void)publish("main", "r2", grants_members("r2", false));
    ASSERT_TRUE(until([&] { return policy() == "r2"; }));
    EXPECT_EQ(count(200), 2U);
    ASSERT_TRUE(until([&] {
        const auto statuses = observed<history::Status>();
        return !statuses.empty() && statuses.back().revisions == history::Revisions{{"main", "r2"}};
    }));
}

TEST_P(Conformance, KeepsTheOldBundleWhenTheNewOneIsBadAndTakesTheNextGoodOne) {
    start_control_plane();
    (void)publish("main", "r1", grants_members("r1", true));
    start();
    ASSERT_TRUE(ready());
    bundle::Members bad = grants_members("r2", false);
    bad["elsewhere/data.json"] = "1";
    (void)publish("main", "r2", bad);
    ASSERT_TRUE(until([&] {
        const auto statuses = observed<history::Status>();
        return !statuses.empty() && statuses.back().errors.has_value();
    }));
    EXPECT_EQ(observed<history::Status>().back().revisions.at("main"), "r1");
    EXPECT_EQ(policy(), "r1");
    const auto downloads = count(200);
    ASSERT_TRUE(until([&] { return count(200) > downloads; })) << "asked for again, not answered by 304";
    (void)publish("main", "r3", grants_members("r3", true));
    ASSERT_TRUE(until([&] { return policy() == "r3"; }));
}

TEST_P(Conformance, ComesUpWhenTheBundleIsPublishedLater) {
    start_control_plane();
    start();
    ASSERT_TRUE(until([&] { return count(404) >= 3; }));
    EXPECT_EQ(ask("GET", "/health?bundles").status, 500);
    EXPECT_EQ(policy(), "");
    (void)publish("main", "r1", grants_members("r1", true));
    ASSERT_TRUE(ready());
    EXPECT_EQ(policy(), "r1");
}

TEST_P(Conformance, HoldsALongPoll) {
    start_control_plane();
    (void)publish("main", "r1", grants_members("r1", true));
    agent_config["bundles"]["main"]["polling"] = {
        {"min_delay_seconds", 60}, {"max_delay_seconds", 60}, {"long_polling_timeout_seconds", 1}};
    start();
    ASSERT_TRUE(ready());
    ASSERT_TRUE(until([&] { return count(304) >= 2; })) << "a 304 each second, not each minute";
    (void)publish("main", "r2", grants_members("r2", false));
    ASSERT_TRUE(until([&] { return policy() == "r2"; }));
}

TEST_P(Conformance, ComesUpFromThePersistedBundleAfterAKill) {
    start_control_plane();
    (void)publish("main", "r1", grants_members("r1", true));
    agent_config["bundles"]["main"]["persist"] = true;
    start();
    ASSERT_TRUE(ready());
    (void)publish("main", "r2", grants_members("r2", false));
    ASSERT_TRUE(until([&] { return policy() == "r2"; }));
    ASSERT_TRUE(until([&] {
        const auto statuses = observed<history::Status>();
        return !statuses.empty() && statuses.back().revisions.contains("main") &&
               statuses.back().revisions.at("main") == "r2";
    })) << "persisted by then";
    child.reset();
    stop_control_plane();
    start();
    ASSERT_TRUE(ready());
    EXPECT_EQ(policy(), "r2");
}

TEST_P(Conformance, FlushesTheDecisionLogOnSigterm) {
    start_control_plane();
    (void)publish("main", "r1", grants_members("r1", true));
    agent_config["decision_logs"]["reporting"] = {{"min_delay_seconds", 600}, {"max_delay_seconds", 600}};
    start();
    ASSERT_TRUE(ready());
    EXPECT_EQ(policy("last"), "r1");
    child->signal(SIGTERM);
    ASSERT_TRUE(until([&] { return child->exited().has_value(); }));
    EXPECT_EQ(child->exited(), 0);
    std::set<std::string> nonces;
    for (const history::Log& log : observed<history::Log>()) nonces.insert(log.nonce.value_or(""));
    EXPECT_TRUE(nonces.contains("last"));
    for (const history::Log& log : observed<history::Log>())
        if (log.nonce == "last") {
            EXPECT_EQ(log.path, "mistrial/decision");
            EXPECT_EQ(log.verdict, "true");
            EXPECT_EQ(log.revisions, (history::Revisions{{"main", "r1"}}));
            EXPECT_TRUE(log.decision_id.has_value());
            EXPECT_TRUE(log.agent_time.has_value());
        }
}

/// Answers of both to the same requests, less what names the agent: status, error code, result.
TEST_P(Conformance, AnswersTheRestApiAlike) {
    start_control_plane();
    (void)publish("main", "r1", grants_members("r1", true));
    start();
    ASSERT_TRUE(ready());
    struct Row {
        const char* method;
        const char* target;
        const char* body;
        int status;
        const char* pointer;  ///< into the answer
        const char* says;     ///< JSON; "" for absent
    };
    const std::vector<Row> rows{
        {"GET", "/health", "", 200, "", "{}"},
        {"GET", "/health?bundles=true", "", 200, "", "{}"},
        {"GET", "/health?plugins", "", 200, "", "{}"},
        {"GET", "/v1/data/grants/marker", "", 200, "/result", "\"r1\""},
        {"GET", "/v1/data/grants/users/alice/roles/0", "", 200, "/result", ""},
        {"GET", "/v1/data/grants/users/nobody", "", 200, "/result", ""},
        {"GET", "/v1/data/grants%2Fmarker", "", 200, "/result", ""},
        {"GET", "/v1/data/mistrial/decision/allow?input=%7B%22user%22:%22alice%22,%22action%22:%22read%22%7D",
         "", 200, "/result", "true"},
        {"POST", "/v1/data/mistrial/decision/allow", R"({"input":{"user":"alice","action":"read"}})", 200,
         "/result", "true"},
        {"POST", "/v1/data/mistrial/decision/allow", R"({"input":{"user":"alice","action":"write"}})", 200,
         "/result", "false"},
        // A part that the decision never has is a type error to OPA's compiler (500), undefined to a plan:
        // not compared.
        {"POST", "/v1/data/mistrial/decision/allow", "", 200, "/result", "false"},
        {"POST", "/v1/data/mistrial/decision/allow", "", 200, "/warning/code", "\"api_usage_warning\""},
        {"POST", "/v1/data/mistrial/decision/allow", "{}", 200, "/warning/code", "\"api_usage_warning\""},
        {"POST", "/v1/data/mistrial/decision/allow", R"({"input":null})", 200, "/warning/code",
         "\"api_usage_warning\""},
        {"POST", "/v1/data/mistrial/decision/allow", R"({"input":{}})", 200, "/warning", ""},
        {"POST", "/v1/data/mistrial/decision", "{", 400, "/code", "\"invalid_parameter\""},
        {"POST", "/v1/data/mistrial/decision", "[]", 400, "/code", "\"invalid_parameter\""},
        {"GET", "/v1/data/x?input=%7B", "", 400, "/code", "\"invalid_parameter\""},
        {"GET", "/v1/status", "", 200, "/result/bundles/main/active_revision", "\"r1\""},
        {"GET", "/v1/status", "", 200, "/result/bundles/main/type", "\"snapshot\""},
        {"GET", "/v1/status", "", 200, "/result/plugins/bundle/state", "\"OK\""},
        {"POST", "/", "", 404, "/code", "\"undefined_document\""},
        {"POST", "/health", "", 405, "", ""},
        {"GET", "/v1/nothing", "", 404, "", ""},
    };
    for (const Row& row : rows) {
        const net::HttpResponse answer = ask(row.method, row.target, row.body);
        EXPECT_EQ(answer.status, row.status) << row.method << ' ' << row.target << ' ' << row.body << '\n'
                                             << answer.body;
        const Json json = Json::parse(answer.body, nullptr, false);
        const Json::json_pointer where(row.pointer);
        const bool present = !json.is_discarded() && json.contains(where);
        const std::string said = present ? json.at(where).dump() : "";
        if (*row.says == '\0' && *row.pointer == '\0') continue;
        EXPECT_EQ(said, row.says) << row.method << ' ' << row.target << ' ' << row.body << '\n'
                                  << answer.body;
    }
}

INSTANTIATE_TEST_SUITE_P(Of, Conformance, ::testing::Values("opa", "embedded"),
                         [](const auto& which) { return std::string(which.param); });

// --- the program

class Program : public ::testing::Test, protected ShellRig {
  protected:
    /// Runs it to its end; its output.
    std::string run(std::vector<std::string> arguments, int expected) {
        const auto log = state / "output";
        std::filesystem::remove(log);
        arguments.insert(arguments.begin(), kAgent);
        ChildProcess child(std::move(arguments), log.string());
        EXPECT_TRUE(until([&] { return child.exited().has_value(); }));
        EXPECT_EQ(child.exited(), expected);
        return read_file(log).value();
    }
};

TEST_F(Program, TellsItsVersionAsOpaDoes) { EXPECT_THAT(run({"version"}, 0), HasSubstr("Version: ")); }

TEST_F(Program, RefusesABadConfigurationBeforeItStarts) {
    const auto config = (state / "c.json").string();
    std::ofstream(config) << R"({"discovery": {}, "bundles": {"m": {"signing": {}}}})";
    const std::string said = run({"run", "-s", "-c", config}, 254);
    EXPECT_THAT(said, HasSubstr("/discovery: not supported"));
    EXPECT_THAT(said, HasSubstr("/bundles/m/signing: not supported"));
}

TEST_F(Program, RefusesWhatItDoesNotKnow) {
    EXPECT_THAT(run({"run", "-s", "--defect", "none-such"}, 254), HasSubstr("rolls-back-at-restart"));
    EXPECT_THAT(run({"run", "-s", "-a", "nowhere"}, 254), HasSubstr("--addr"));
    EXPECT_THAT(run({"run", "-s", "/no/such/file.json"}, 254), HasSubstr("/no/such/file.json"));
    EXPECT_THAT(run({"run"}, 254), HasSubstr("--server"));
    EXPECT_THAT(run({}, 254), HasSubstr("subcommand"));
}

}  // namespace
}  // namespace mistrial::shell::testing
