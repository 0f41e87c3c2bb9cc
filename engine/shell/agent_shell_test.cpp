#include "engine/shell/agent_shell.hpp"

#include "core/net/http_client.hpp"
#include "engine/agent/agent_rig.hpp"
#include "engine/shell/control_plane_shell.hpp"
#include "engine/shell/http_conversion.hpp"
#include "engine/shell/shell_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mistrial::shell::testing {
namespace {

using namespace std::chrono_literals;
using agent::testing::grants_members;
using ::testing::Contains;
using ::testing::HasSubstr;

TEST(ServiceUrl, IsTakenApart) {
    EXPECT_EQ(*parse_service_url("http://127.0.0.1:81/nodes/a1"),
              (ServiceUrl{{"127.0.0.1", 81}, "/nodes/a1"}));
    EXPECT_EQ(*parse_service_url("http://localhost:81"), (ServiceUrl{{"127.0.0.1", 81}, ""}));
    EXPECT_EQ(*parse_service_url("http://127.0.0.1/"), (ServiceUrl{{"127.0.0.1", 80}, ""}));
    EXPECT_EQ(*parse_service_url("http://[::1]:81/x/"), (ServiceUrl{{"::1", 81}, "/x"}));
    for (const char* url :
         {"https://127.0.0.1:81", "127.0.0.1:81", "http://", "http://example.org:81", "http://1.2.3.4:x"})
        EXPECT_TRUE(parse_service_url(url).has_error()) << url;
}

class AgentShellTest : public ::testing::Test, protected ShellRig {};

TEST_F(AgentShellTest, AFleetOfOneServesAPublishedRevision) {
    start_control_plane();
    EXPECT_EQ(publish("main", "r1", grants_members("r1", true)).status, 200);
    start_agent();
    ASSERT_TRUE(until([&] { return ask_agent("GET", "/health?bundles").status == 200; }));
    const auto decision = decide("n1");
    EXPECT_EQ(decision.at("/result/allow"_json_pointer), true);
    EXPECT_EQ(decision.at("/provenance/bundles/main/revision"_json_pointer), "r1");

    EXPECT_EQ(publish("main", "r2", grants_members("r2", false)).status, 200);
    ASSERT_TRUE(until([&] { return decide("n2").at("/result/policy"_json_pointer) == "r2"; }));
    EXPECT_EQ(decide("n3").at("/result/allow"_json_pointer), false);

    ASSERT_TRUE(
        until([&] { return !observed<history::Log>().empty() && !observed<history::Status>().empty(); }));
    EXPECT_EQ(observed<history::Log>()[0].nonce, "n1");
    EXPECT_EQ(observed<history::Status>().back().agent, "a1");
    const auto serves = observed<history::Serve>();
    ASSERT_GE(serves.size(), 2U);
    EXPECT_EQ(serves[0].server, "primary");
    EXPECT_EQ(serves[0].agent, "a1");
    EXPECT_EQ(serves[0].revision, "r1");
    EXPECT_EQ(serves[0].status, 200);
    EXPECT_GT(serves[0].bytes, 500);
    EXPECT_TRUE(serves[0].complete);
}

TEST_F(AgentShellTest, LongPollingBringsARevisionAtOnce) {
    start_control_plane();
    (void)publish("main", "r1", grants_members("r1", true));
    agent_config["bundles"]["main"]["polling"] = {
        {"min_delay_seconds", 60}, {"max_delay_seconds", 60}, {"long_polling_timeout_seconds", 30}};
    start_agent();
    ASSERT_TRUE(until([&] { return ask_agent("GET", "/health?bundles").status == 200; }));
    const auto before = std::chrono::steady_clock::now();
    (void)publish("main", "r2", grants_members("r2", false));
    ASSERT_TRUE(until([&] { return decide("n").at("/result/policy"_json_pointer) == "r2"; }));
    EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
}

TEST_F(AgentShellTest, ComesUpFromTheDiskWhenNobodyServes) {
    start_control_plane();
    (void)publish("main", "r1", grants_members("r1", true));
    agent_config["bundles"]["main"]["persist"] = true;
    start_agent();
    ASSERT_TRUE(until([&] { return ask_agent("GET", "/health?bundles").status == 200; }));
    EXPECT_TRUE(std::filesystem::exists(state / "persisted/bundles/main/bundle.tar.gz"));
    crash_agent();
    stop_control_plane();
    start_agent();
    EXPECT_EQ(decide("n").at("/result/policy"_json_pointer), "r1");
    EXPECT_EQ(ask_agent("GET", "/health?bundles").status, 200);
}

TEST_F(AgentShellTest, AStopFlushesTheDecisionLog) {
    start_control_plane();
    (void)publish("main", "r1", grants_members("r1", true));
    agent_config["decision_logs"]["reporting"] = {{"min_delay_seconds", 600}, {"max_delay_seconds", 600}};
    start_agent();
    ASSERT_TRUE(until([&] { return ask_agent("GET", "/health?bundles").status == 200; }));
    (void)decide("last");
    std::optional<bool> flushed;
    agent->stop([&](bool all) { flushed = all; });
    ASSERT_TRUE(until([&] { return flushed.has_value(); }));
    EXPECT_TRUE(*flushed);
    ASSERT_FALSE(observed<history::Log>().empty());
    EXPECT_EQ(observed<history::Log>().back().nonce, "last");
}

TEST_F(AgentShellTest, AStopEndsWithinItsGraceWhenTheSinkIsGone) {
    start_control_plane();
    start_agent(200ms);
    (void)decide("n");
    stop_control_plane();
    std::optional<bool> flushed;
    agent->stop([&](bool all) { flushed = all; });
    ASSERT_TRUE(until([&] { return flushed.has_value(); }));
    EXPECT_FALSE(*flushed);
}

TEST_F(AgentShellTest, AMirrorStandsBetween) {
    start_control_plane(true);
    (void)publish("main", "r1", grants_members("r1", true));
    start_agent();
    ASSERT_TRUE(until([&] { return ask_agent("GET", "/health?bundles").status == 200; }));
    std::set<std::string> servers;
    for (const history::Serve& serve : observed<history::Serve>())
        if (serve.status == 200) servers.insert(serve.server + " to " + serve.agent.value_or("?"));
    EXPECT_THAT(servers, ::testing::ElementsAre("cdn1 to a1", "primary to cdn1"));
}

TEST_F(AgentShellTest, APortInUseIsSaid) {
    start_control_plane();
    start_agent();
    AgentOptions options;
    options.listen = agent->endpoint();
    const auto second = AgentShell::start(loop, std::move(options));
    ASSERT_TRUE(second.has_error());
    EXPECT_THAT(second.error().message, HasSubstr("in use"));
}

}  // namespace
}  // namespace mistrial::shell::testing
