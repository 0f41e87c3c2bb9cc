#include "engine/agent/download.hpp"

#include "engine/agent/backoff.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace mistrial::agent {
namespace {

using namespace std::chrono_literals;

RandomSequence random_sequence(std::uint64_t seed = 1) {
    return RandomSequence(RandomStream(seed, "a1", "test"));
}

BundleSource source_of(Duration min, Duration max, std::optional<Duration> long_poll = std::nullopt) {
    return {.service = "s",
            .resource = "bundles/main",
            .persist = false,
            .polling = {.min = min, .max = max, .long_poll = long_poll},
            .size_limit = 1 << 30};
}

http::Response reply(int status, std::string etag = "", std::string type = "application/gzip") {
    http::Response response{.status = status, .headers = {}, .body = http::make_body("x")};
    if (!etag.empty()) response.headers.add("ETag", std::move(etag));
    if (!type.empty()) response.headers.add("Content-Type", std::move(type));
    return response;
}

/// OPA's back-off without its jitter: v1/util/backoff.go with base 100 ms, factor 1.6.
TEST(Backoff, IsImmediateOnceThenGrowsByEightFifthsUpToTheMaximum) {
    const std::vector<Duration> nominal{0ns,          160ms,     256ms,        409600us,
                                        655360us,     1048576us, 1677721600ns, 2684354560ns,
                                        4294967296ns, 5s,        5s,           5s};
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        RandomSequence random = random_sequence(seed);
        for (std::uint32_t retries = 0; retries < nominal.size(); ++retries) {
            const Duration delay = backoff(5s, retries, random);
            EXPECT_GE(delay, nominal[retries] * 8 / 10) << retries;
            EXPECT_LE(delay, nominal[retries] * 12 / 10) << retries;
        }
    }
}

RC_GTEST_PROP(Backoff, NeverExceedsTwelveTenthsOfTheMaximum, ()) {
    const auto max = std::chrono::seconds(*rc::gen::inRange(1, 31'536'000));
    RandomSequence random = random_sequence(*rc::gen::arbitrary<std::uint64_t>());
    const Duration delay = backoff(max, *rc::gen::inRange<std::uint32_t>(0, 1000), random);
    RC_ASSERT(delay >= Duration::zero());
    RC_ASSERT(delay <= Duration(max) / 10 * 12);
}

RC_GTEST_PROP(Download, WaitsBetweenMinAndMaxAfterSuccess, ()) {
    const auto min = std::chrono::seconds(*rc::gen::inRange(1, 100));
    const auto max = min + std::chrono::seconds(*rc::gen::inRange(0, 100));
    Download download(source_of(min, max), random_sequence(*rc::gen::arbitrary<std::uint64_t>()));
    for (int i = 0; i < 20; ++i) {
        const Duration delay = download.settle(true);
        RC_ASSERT(delay >= min);
        RC_ASSERT(delay <= max);
    }
}

TEST(Download, AsksWithTheEtagOfTheLastActivation) {
    Download download(source_of(1s, 1s), random_sequence());
    EXPECT_EQ(download.request().target, "/bundles/main");
    EXPECT_EQ(download.request().headers.find("If-None-Match"), "") << "sent even when empty, as OPA does";
    EXPECT_EQ(download.request().headers.find("Prefer"), "modes=snapshot");

    ASSERT_TRUE(std::holds_alternative<Fresh>(download.read(reply(200, "\"e1\""))));
    EXPECT_EQ(download.etag(), "") << "a download is not yet an activation";
    download.activated("\"e1\"");
    EXPECT_EQ(download.request().headers.find("If-None-Match"), "\"e1\"");
}

TEST(Download, AFailureGoesBackToTheEtagOfTheActivation) {
    struct Row {
        const char* what;
        http::Response response;
        bool succeeded;
        const char* etag;
    };
    for (const Row& row : std::vector<Row>{
             {"a 200 that could not be activated (opa#2220)", reply(200, "\"e2\""), false, "\"e1\""},
             {"a 304 that repeats it", reply(304, "\"e1\""), true, "\"e1\""},
             {"a 304 without ETag (opa#3361)", reply(304, ""), true, "\"e1\""},
             {"a 304 that renames it", reply(304, "W/\"e1\""), true, "W/\"e1\""},
             {"a 500", reply(500), false, "\"e1\""},
             {"a 404", reply(404), false, "\"e1\""},
         }) {
        Download download(source_of(1s, 1s), random_sequence());
        download.activated("\"e1\"");
        (void)download.read(row.response);
        (void)download.settle(row.succeeded);
        EXPECT_EQ(download.etag(), row.etag) << row.what;
    }
}

TEST(Download, StatusesOtherThan200And304AreFailures) {
    for (const int status : {201, 204, 301, 400, 401, 404, 429, 500, 502, 503}) {
        Download download(source_of(1s, 1s), random_sequence());
        const Outcome outcome = download.read(reply(status));
        ASSERT_TRUE(std::holds_alternative<DownloadFailed>(outcome)) << status;
        EXPECT_EQ(std::get<DownloadFailed>(outcome).status, status);
    }
}

TEST(Download, LongPollingGoesOnWhileTheServerOffersIt) {
    constexpr const char* kOffer = "application/vnd.openpolicyagent.bundles";
    Download download(source_of(10s, 10s, 30s), random_sequence());
    EXPECT_TRUE(download.long_polling()) << "presumed at the start";
    EXPECT_EQ(download.request().headers.find("Prefer"), "modes=snapshot;wait=30");

    (void)download.read(reply(200, "\"e1\"", kOffer));
    EXPECT_EQ(download.settle(true), 0s) << "the next poll follows at once";

    (void)download.read(reply(304, "\"e1\"", ""));
    EXPECT_TRUE(download.long_polling()) << "a 304 without Content-Type ends nothing (opa#3923)";
    EXPECT_EQ(download.settle(true), 0s);

    (void)download.read(reply(503));
    EXPECT_TRUE(download.long_polling());
    EXPECT_EQ(download.settle(false), 0s) << "first retry";
    (void)download.read(reply(503));
    EXPECT_GT(download.settle(false), 0s);

    (void)download.read(reply(200, "\"e2\"", "application/gzip"));
    EXPECT_FALSE(download.long_polling()) << "a 200 without the type means periodic polling";
    EXPECT_EQ(download.request().headers.find("Prefer"), "modes=snapshot");
    EXPECT_EQ(download.settle(true), 10s);

    (void)download.read(reply(200, "\"e3\"", kOffer));
    EXPECT_TRUE(download.long_polling());
}

}  // namespace
}  // namespace mistrial::agent
