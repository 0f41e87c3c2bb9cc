#include "engine/agent/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace mistrial::agent {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

Result<Config> parse(std::string_view text) {
    return parse_config(parse_json(text, "c.json", true).value(), "c.json");
}

std::string refusal(std::string_view text) {
    const auto config = parse(text);
    return config ? "accepted" : config.error().message;
}

TEST(Config, ReadsWhatOpaReads) {
    const Config config = parse(R"({
        "services": {"s": {"url": "http://127.0.0.1:8888/nodes/a1/", "headers": {"X-A": "b"},
                           "response_header_timeout_seconds": 3}},
        "labels": {"node": "a1"},
        "bundles": {"main": {"service": "s", "resource": "/bundles/m", "persist": true, "size_limit_bytes": 1000,
                             "polling": {"min_delay_seconds": 1, "max_delay_seconds": 2,
                                         "long_polling_timeout_seconds": 30}},
                    "other": {"service": "s"}},
        "status": {"service": "s", "partition_name": "p"},
        "decision_logs": {"service": "s", "reporting": {"min_delay_seconds": 3, "max_delay_seconds": 4,
                                                        "upload_size_limit_bytes": 5000,
                                                        "buffer_size_limit_bytes": 9000}},
        "persistence_directory": "/var/lib/x"})")
                              .value();
    EXPECT_EQ(config.services.at("s").url, "http://127.0.0.1:8888/nodes/a1");
    EXPECT_EQ(config.services.at("s").headers.at("X-A"), "b");
    EXPECT_EQ(config.services.at("s").response_header_timeout, 3s);
    EXPECT_EQ(config.labels.at("node"), "a1");
    const BundleSource& main = config.bundles.at("main");
    EXPECT_EQ(main.resource, "bundles/m");
    EXPECT_TRUE(main.persist);
    EXPECT_EQ(main.size_limit, 1000U);
    EXPECT_EQ(main.polling, (Polling{.min = 1s, .max = 2s, .long_poll = 30s}));
    const BundleSource& other = config.bundles.at("other");
    EXPECT_EQ(other.resource, "bundles/other");
    EXPECT_FALSE(other.persist);
    EXPECT_EQ(other.polling, (Polling{.min = 60s, .max = 120s, .long_poll = std::nullopt}))
        << "OPA's defaults";
    EXPECT_EQ(config.status->service, "s");
    EXPECT_EQ(config.status->partition, "p");
    EXPECT_EQ(config.decision_logs->resource, "logs");
    EXPECT_EQ(config.decision_logs->min, 3s);
    EXPECT_EQ(config.decision_logs->max, 4s);
    EXPECT_EQ(config.decision_logs->upload_bytes, 5000U);
    EXPECT_EQ(config.decision_logs->buffer_bytes, 9000U);
    EXPECT_EQ(config.persistence_directory, "/var/lib/x");
}

TEST(Config, ServicesMayBeAList) {
    const Config config =
        parse(R"({"services": [{"name": "s", "url": "http://h:1"}], "bundles": {"main": {}}})").value();
    EXPECT_EQ(config.bundles.at("main").service, "s") << "the only service is meant";
}

TEST(Config, AnEmptyOneIsAnAgentWithoutBundles) {
    const Config config = parse("{}").value();
    EXPECT_TRUE(config.bundles.empty());
    EXPECT_FALSE(config.status.has_value());
    EXPECT_FALSE(config.decision_logs.has_value());
    EXPECT_EQ(config.persistence_directory, ".opa");
}

TEST(Config, ConsoleNeedsNoService) {
    const Config config = parse(R"({"services": {"s": {"url": "http://h:1"}, "t": {"url": "http://h:1"}},
                                    "status": {"console": true}, "decision_logs": {"console": true}})")
                              .value();
    EXPECT_FALSE(config.status->service.has_value());
    EXPECT_FALSE(config.decision_logs->service.has_value());
}

TEST(Config, EveryMistakeIsNamedAtOnceByPointer) {
    const std::string text = refusal(R"({
        "services": {"s": {"url": "https://h", "credentials": {"bearer": {"token": "x"}}}, "t": {}},
        "labels": {"n": 1},
        "bundles": {"main": {"service": "nope", "polling": {"min_delay_seconds": 5, "max_delay_seconds": 1}},
                    "b": {"service": "s", "signing": {"keyid": "k"}, "polling": {"min_delay_seconds": 1}},
                    "c": {"service": "s", "polling": {"min_delay_seconds": 0.5, "max_delay_seconds": 1}}},
        "status": {"service": "s", "prometheus": true},
        "decision_logs": {"service": "s", "mask_decision": "/x", "reporting": {"buffer_type": "disk"}},
        "discovery": {"resource": "x"},
        "typo": 1})");
    for (const char* expected : {
             "c.json: /services/s/url: TLS",
             "c.json: /services/s/credentials: not supported",
             "c.json: /services/t/url: missing",
             "c.json: /labels/n: expected a string",
             "c.json: /bundles/main/service: no service is named \"nope\"",
             "c.json: /bundles/main/polling/max_delay_seconds: must not be less",
             "c.json: /bundles/b/signing: not supported",
             "c.json: /bundles/b/polling/max_delay_seconds: missing",
             "c.json: /bundles/c/polling/min_delay_seconds: expected a whole number",
             "c.json: /status/prometheus: not supported",
             "c.json: /decision_logs/mask_decision: not supported",
             "c.json: /decision_logs/reporting/buffer_type: expected \"size\" or \"event\"",
             "c.json: /discovery: not supported",
             "c.json: /typo: not an option",
         })
        EXPECT_THAT(text, HasSubstr(expected));
}

TEST(Config, RefusesByNameWhatOpaHasAndItDoesNot) {
    for (const char* key : {"discovery", "keys", "plugins", "default_decision", "caching",
                            "distributed_tracing", "server", "storage", "bundle"})
        EXPECT_THAT(refusal(Json{{key, Json::object()}}.dump()),
                    HasSubstr(fmt::format("/{}: not supported", key)));
    EXPECT_EQ(refusal(R"({"nd_builtin_cache": false, "discovery": null})"), "accepted")
        << "nothing is asked for";
}

TEST(Config, ABundlesNameCannotLeadOutOfThePersistenceDirectory) {
    for (const char* name : {"..", "a/../../b", "/etc", ""})
        EXPECT_THAT(refusal(Json{{"services", {{"s", {{"url", "http://h:1"}}}}},
                                 {"bundles", {{name, Json::object()}}}}
                                .dump()),
                    HasSubstr("leads down"))
            << name;
}

TEST(Config, NothingIsTakenForAnObjectThatIsNone) {
    for (const char* text : {"[]", "1", R"({"services": 1})", R"({"bundles": []})",
                             R"({"bundles": {"m": 1}})", R"({"status": 1})", R"({"decision_logs": []})",
                             R"({"services": {"s": []}})", R"({"labels": []})", R"({"services": [1]})"})
        EXPECT_THAT(refusal(text), HasSubstr("expected an object")) << text;
}

TEST(Config, YamlIsRefusedWithAWordOnIt) {
    const auto file =
        std::filesystem::temp_directory_path() / fmt::format("mistrial-config-{}.yaml", ::getpid());
    std::ofstream(file) << "services:\n  s:\n    url: http://h:1\n";
    const auto config = read_config(file);
    std::filesystem::remove(file);
    ASSERT_TRUE(config.has_error());
    EXPECT_THAT(config.error().message, AllOf(HasSubstr("JSON only"), HasSubstr(file.filename().string())));
}

}  // namespace
}  // namespace mistrial::agent
