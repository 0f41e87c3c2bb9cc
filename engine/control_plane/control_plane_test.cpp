#include "core/json.hpp"
#include "engine/bundle/archive.hpp"
#include "engine/bundle/digest.hpp"
#include "engine/bundle/gzip.hpp"
#include "engine/control_plane/authority.hpp"
#include "engine/control_plane/mirror.hpp"
#include "engine/control_plane/sinks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mistrial::control_plane {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Clocks at(Duration mono) { return {at_nanos<WallTime>(0), MonoTime{mono}}; }

RequestArrived get(ExchangeId id, std::string target, std::string etag = "", std::string prefer = "") {
    RequestArrived event{
        id, {.method = "GET", .target = std::move(target), .headers = {}, .body = nullptr}, {}};
    if (!etag.empty()) event.request.headers.add("If-None-Match", std::move(etag));
    if (!prefer.empty()) event.request.headers.add("Prefer", std::move(prefer));
    return event;
}

RequestArrived put(ExchangeId id, std::string_view bundle, std::string_view revision, std::string_view digest,
                   std::string archive = "archive") {
    return {id, publish_request("p1", bundle, revision, digest, http::make_body(std::move(archive))), {}};
}

/// The replies among actions, by exchange.
std::map<ExchangeId, Reply> replies(const Actions& actions) {
    std::map<ExchangeId, Reply> found;
    for (const Action& action : actions)
        if (const auto* reply = std::get_if<Reply>(&action)) found.emplace(reply->exchange, *reply);
    return found;
}

template <class Kind>
std::vector<Kind> all_of(const Actions& actions) {
    std::vector<Kind> found;
    for (const Action& action : actions)
        if (const auto* one = std::get_if<Kind>(&action)) found.push_back(*one);
    return found;
}

template <class Value>
std::vector<Value> observed(const Actions& actions) {
    std::vector<Value> found;
    for (const Observed& one : all_of<Observed>(actions))
        if (const auto* value = std::get_if<Value>(&one.value)) found.push_back(*value);
    return found;
}

// --- authority

class AuthorityTest : public testing::Test {
  protected:
    Authority authority{{.name = "primary"}};
    Reply ask(const RequestArrived& event, Duration when = 0s) {
        return replies(authority.on(event, at(when))).at(event.exchange);
    }
};

TEST_F(AuthorityTest, KnowsNothingBeforeAPublish) {
    const Reply reply = ask(get(1, "/nodes/a1/bundles/main"));
    EXPECT_EQ(reply.response.status, 404);
    EXPECT_EQ(*reply.served, (Served{"primary", "a1", "main", "", std::nullopt, 404}));
}

TEST_F(AuthorityTest, ServesWhatWasPublishedFromTheAcknowledgementOn) {
    const Reply ack = ask(put(1, "main", "r1", "d1"));
    EXPECT_EQ(ack.response.status, 200);
    EXPECT_EQ(Json::parse(*ack.response.body),
              (Json{{"bundle", "main"}, {"revision", "r1"}, {"digest", "d1"}}));
    EXPECT_FALSE(ack.served.has_value()) << "a publish is the client's record, not a serve";

    const Reply reply = ask(get(2, "/nodes/a1/bundles/main"));
    EXPECT_EQ(reply.response.status, 200);
    EXPECT_EQ(http::bytes_of(reply.response.body), "archive");
    EXPECT_EQ(reply.response.headers.get("ETag"), "\"d1\"");
    EXPECT_EQ(reply.response.headers.get("Content-Type"), "application/vnd.openpolicyagent.bundles");
    EXPECT_EQ(*reply.served, (Served{"primary", "a1", "main", "r1", "d1", 200}));
}

TEST_F(AuthorityTest, AnswersTheCurrentEtagWith304ThatKeepsEtagAndType) {
    ask(put(1, "main", "r1", "d1"));
    for (const char* etag : {"\"d1\"", "W/\"d1\"", "\"x\", \"d1\"", "*"}) {
        const Reply reply = ask(get(2, "/bundles/main", etag));
        EXPECT_EQ(reply.response.status, 304) << etag;
        EXPECT_EQ(reply.response.headers.get("ETag"), "\"d1\"") << "opa#3361";
        EXPECT_EQ(reply.response.headers.get("Content-Type"), "application/vnd.openpolicyagent.bundles")
            << "opa#3923";
        EXPECT_EQ(http::bytes_of(reply.response.body), "");
    }
    for (const char* etag : {"\"d0\"", "d1", "\"\""})
        EXPECT_EQ(ask(get(2, "/bundles/main", etag)).response.status, 200) << etag;
}

TEST_F(AuthorityTest, KnowsTheAskerByPathOrEdge) {
    ask(put(1, "main", "r1", "d1"));
    EXPECT_EQ(ask(get(2, "/nodes/a7/bundles/main")).served->node, "a7");
    RequestArrived by_edge = get(3, "/bundles/main");
    by_edge.edge = "a8";
    EXPECT_EQ(ask(by_edge).served->node, "a8");
    EXPECT_EQ(ask(get(4, "/bundles/main")).served->node, std::nullopt);
}

TEST_F(AuthorityTest, ComputesADigestThatWasNotGiven) {
    const bundle::Members members{{"data.json", "{}"}};
    ask(put(1, "main", "r1", "", bundle::write_archive(members).value()));
    EXPECT_EQ(authority.current("main")->digest, bundle::digest(members));
    ask(put(2, "main", "r2", "", "no archive"));
    EXPECT_EQ(authority.current("main")->digest, bundle::digest_of_bytes("no archive"));
}

TEST_F(AuthorityTest, RefusesAPublishWithoutARevision) {
    RequestArrived event = put(1, "main", "r1", "d1");
    event.request.headers = {};
    EXPECT_EQ(ask(event).response.status, 400);
    EXPECT_EQ(authority.current("main"), nullptr);
    EXPECT_EQ(ask(get(2, "/v1/bundles/main")).response.status, 404);
}

TEST_F(AuthorityTest, HoldsALongPollUntilAPublish) {
    ask(put(1, "main", "r1", "d1"));
    const Actions held =
        authority.on(get(2, "/nodes/a1/bundles/main", "\"d1\"", "modes=snapshot,delta;wait=30"), at(5s));
    EXPECT_TRUE(replies(held).empty());
    ASSERT_EQ(all_of<SetTimer>(held).size(), 1U);
    EXPECT_EQ(all_of<SetTimer>(held)[0].at, MonoTime{35s});

    EXPECT_EQ(replies(authority.on(put(3, "other", "x1", "dx"), at(6s))).size(), 1U)
        << "another bundle's publish";
    const Actions published = authority.on(put(4, "main", "r2", "d2"), at(7s));
    const auto answered = replies(published);
    ASSERT_TRUE(answered.contains(2));
    EXPECT_EQ(answered.at(2).response.headers.get("ETag"), "\"d2\"");
    EXPECT_EQ(answered.at(2).served->node, "a1");
    EXPECT_EQ(all_of<CancelTimer>(published).size(), 1U);
    EXPECT_TRUE(authority.on(TimerFired{2}, at(35s)).empty()) << "answered once";
}

TEST_F(AuthorityTest, EndsALongPollWith304AtItsTime) {
    ask(put(1, "main", "r1", "d1"));
    (void)authority.on(get(2, "/bundles/main", "\"d1\"", "wait=3"), at(0s));
    const auto answered = replies(authority.on(TimerFired{2}, at(3s)));
    EXPECT_EQ(answered.at(2).response.status, 304);
    EXPECT_EQ(answered.at(2).response.headers.get("ETag"), "\"d1\"");
}

TEST_F(AuthorityTest, AnswersALongPollAtOnceWhenThereIsNews) {
    ask(put(1, "main", "r1", "d1"));
    EXPECT_EQ(ask(get(2, "/bundles/main", "\"d0\"", "wait=30")).response.status, 200);
    EXPECT_EQ(ask(get(3, "/bundles/none", "\"d0\"", "wait=30")).response.status, 404);
}

TEST_F(AuthorityTest, ForgetsALongPollWhoseClientIsGone) {
    ask(put(1, "main", "r1", "d1"));
    (void)authority.on(get(2, "/bundles/main", "\"d1\"", "wait=30"), at(0s));
    (void)authority.on(ExchangeClosed{2}, at(1s));
    EXPECT_FALSE(replies(authority.on(put(3, "main", "r2", "d2"), at(2s))).contains(2));
}

TEST(Authority, OffersLongPollingOnlyWhenTold) {
    Authority authority({.name = "primary", .long_polling = false});
    (void)authority.on(put(1, "main", "r1", "d1"), at(0s));
    const auto answered = replies(authority.on(get(2, "/bundles/main", "\"d1\"", "wait=30"), at(0s)));
    EXPECT_EQ(answered.at(2).response.status, 304);
    EXPECT_EQ(answered.at(2).response.headers.get("Content-Type"), "application/gzip");
}

/// Whatever is published and asked, the current revision is served: 304 exactly to who has it.
RC_GTEST_PROP(Authority, NeverServesAnythingButTheLastAcknowledgedPublish, ()) {
    Authority authority({.name = "primary"});
    std::string current;
    ExchangeId id = 1;
    for (int step = 0; step < 30; ++step) {
        const auto digest = fmt::format("d{}", *rc::gen::inRange(0, 4));
        if (*rc::gen::inRange(0, 3) == 0) {
            (void)authority.on(put(id++, "main", "r" + digest, digest), at(0s));
            current = digest;
            continue;
        }
        const auto answered =
            replies(authority.on(get(id, "/bundles/main", "\"" + digest + "\""), at(0s))).at(id);
        ++id;
        if (current.empty())
            RC_ASSERT(answered.response.status == 404);
        else
            RC_ASSERT(answered.response.status == (digest == current ? 304 : 200));
        if (!current.empty()) RC_ASSERT(answered.served->revision == "r" + current);
    }
}

TEST(Served, BecomesAServeRecord) {
    const history::Serve serve =
        to_record({"primary", "a1", "main", "r1", "d1", 200}, TrueTime{3s}, 1234, false);
    EXPECT_EQ(serve.server, "primary");
    EXPECT_EQ(serve.agent, "a1");
    EXPECT_EQ(serve.revision, "r1");
    EXPECT_EQ(serve.began, TrueTime{3s});
    EXPECT_EQ(serve.bytes, 1234);
    EXPECT_FALSE(serve.complete);
}

// --- mirror

class MirrorTest : public testing::Test {
  protected:
    Mirror mirror{{.name = "cdn1", .ttl = 10s}};

    /// The one upstream request among the actions.
    static AskUpstream asked(const Actions& actions) {
        const auto found = all_of<AskUpstream>(actions);
        EXPECT_EQ(found.size(), 1U);
        return found.empty() ? AskUpstream{} : found[0];
    }
    static http::Response bundle_reply(std::string revision, std::string digest) {
        return {.status = 200,
                .headers = {{"ETag", "\"" + digest + "\""}, {"Mistrial-Revision", std::move(revision)}},
                .body = http::make_body("archive " + digest)};
    }
    /// Makes the mirror hold r1 as of `when`.
    void fill(Duration when = 0s) {
        const AskUpstream ask = asked(mirror.on(get(1000, "/bundles/main"), at(when)));
        (void)mirror.on(UpstreamAnswered{ask.id, bundle_reply("r1", "d1")}, at(when));
    }
};

TEST_F(MirrorTest, FetchesOnceForAllWhoWaitAndServesFromTheCache) {
    const Actions first = mirror.on(get(1, "/nodes/a1/bundles/main"), at(0s));
    EXPECT_EQ(asked(first).request.target, "/nodes/cdn1/bundles/main");
    EXPECT_FALSE(asked(first).request.headers.find("If-None-Match").has_value());
    EXPECT_TRUE(mirror.on(get(2, "/nodes/a2/bundles/main"), at(1s)).empty()) << "waits for the same answer";

    const auto answered =
        replies(mirror.on(UpstreamAnswered{asked(first).id, bundle_reply("r1", "d1")}, at(2s)));
    ASSERT_EQ(answered.size(), 2U);
    EXPECT_EQ(answered.at(1).response.headers.get("ETag"), "\"d1\"");
    EXPECT_EQ(answered.at(1).response.headers.get("Content-Type"), "application/gzip") << "no long polling";
    EXPECT_EQ(*answered.at(2).served, (Served{"cdn1", "a2", "main", "r1", "d1", 200}));

    const Actions cached = mirror.on(get(3, "/bundles/main", "\"d1\""), at(9s));
    EXPECT_EQ(replies(cached).at(3).response.status, 304);
    EXPECT_TRUE(all_of<AskUpstream>(cached).empty());
}

TEST_F(MirrorTest, FreshnessCountsFromTheUpstreamRequest) {
    const AskUpstream ask = asked(mirror.on(get(1, "/bundles/main"), at(0s)));
    (void)mirror.on(UpstreamAnswered{ask.id, bundle_reply("r1", "d1")}, at(8s));
    EXPECT_FALSE(replies(mirror.on(get(2, "/bundles/main"), at(9999ms))).empty());
    EXPECT_TRUE(replies(mirror.on(get(3, "/bundles/main"), at(10s))).empty())
        << "stale at the ttl, not after it";
}

TEST_F(MirrorTest, RevalidatesWhatIsStale) {
    fill();
    const AskUpstream ask = asked(mirror.on(get(1, "/bundles/main"), at(10s)));
    EXPECT_EQ(ask.request.headers.find("If-None-Match"), "\"d1\"");
    const auto answered = replies(
        mirror.on(UpstreamAnswered{ask.id, {.status = 304, .headers = {}, .body = nullptr}}, at(11s)));
    EXPECT_EQ(answered.at(1).served->revision, "r1");
    EXPECT_FALSE(replies(mirror.on(get(2, "/bundles/main"), at(19s))).empty()) << "fresh for another ttl";

    const AskUpstream again = asked(mirror.on(get(3, "/bundles/main"), at(20s)));
    const auto renewed = replies(mirror.on(UpstreamAnswered{again.id, bundle_reply("r2", "d2")}, at(21s)));
    EXPECT_EQ(renewed.at(3).served->revision, "r2");
    EXPECT_EQ(mirror.cached("main")->revision, "r2");
}

TEST_F(MirrorTest, NeverServesWhatIsStaleWhileTheUpstreamFails) {
    fill();
    const AskUpstream ask = asked(mirror.on(get(1, "/nodes/a1/bundles/main"), at(10s)));
    const auto answered = replies(mirror.on(UpstreamFailed{ask.id, "connection refused"}, at(12s)));
    EXPECT_EQ(answered.at(1).response.status, 502);
    EXPECT_EQ(*answered.at(1).served, (Served{"cdn1", "a1", "main", "", std::nullopt, 502}));
    const AskUpstream again = asked(mirror.on(get(2, "/bundles/main"), at(13s)));
    EXPECT_EQ(again.request.headers.find("If-None-Match"), "\"d1\"")
        << "what is stale may still be confirmed";
    const auto failed = replies(
        mirror.on(UpstreamAnswered{again.id, {.status = 503, .headers = {}, .body = nullptr}}, at(14s)));
    EXPECT_EQ(failed.at(2).response.status, 502);
}

TEST_F(MirrorTest, WithinTheTtlTheUpstreamDoesNotMatter) {
    fill();
    EXPECT_EQ(replies(mirror.on(get(1, "/bundles/main"), at(5s))).at(1).response.status, 200);
}

TEST_F(MirrorTest, PassesOn404AndForgets) {
    fill();
    const AskUpstream ask = asked(mirror.on(get(1, "/bundles/main"), at(10s)));
    const auto answered = replies(
        mirror.on(UpstreamAnswered{ask.id, {.status = 404, .headers = {}, .body = nullptr}}, at(10s)));
    EXPECT_EQ(answered.at(1).response.status, 404);
    EXPECT_EQ(mirror.cached("main"), nullptr);
}

TEST_F(MirrorTest, ReadsRevisionAndDigestFromTheArchiveOfAForeignServer) {
    const bundle::Members members{{".manifest", R"({"revision":"r9"})"}};
    const AskUpstream ask = asked(mirror.on(get(1, "/bundles/main"), at(0s)));
    (void)mirror.on(
        UpstreamAnswered{
            ask.id,
            {.status = 200, .headers = {}, .body = http::make_body(bundle::write_archive(members).value())}},
        at(0s));
    EXPECT_EQ(mirror.cached("main")->revision, "r9");
    EXPECT_EQ(mirror.cached("main")->digest, bundle::digest(members));
}

TEST_F(MirrorTest, DropsWhoIsGone) {
    const AskUpstream ask = asked(mirror.on(get(1, "/bundles/main"), at(0s)));
    (void)mirror.on(ExchangeClosed{1}, at(0s));
    EXPECT_TRUE(replies(mirror.on(UpstreamAnswered{ask.id, bundle_reply("r1", "d1")}, at(1s))).empty());
    EXPECT_TRUE(mirror.on(UpstreamAnswered{99, bundle_reply("r1", "d1")}, at(1s)).empty()) << "nobody asked";
}

/// What a mirror serves was the authority's at some instant no longer ago than its ttl.
RC_GTEST_PROP(Mirror, IsNeverOlderThanItsTtl, ()) {
    Authority authority({.name = "primary"});
    Mirror mirror({.name = "cdn1", .ttl = 10s});
    std::vector<std::pair<Duration, std::string>> published;
    ExchangeId id = 1;
    Duration now = 0s;
    for (int step = 0; step < 40; ++step) {
        now += std::chrono::seconds(*rc::gen::inRange(0, 8));
        if (published.empty() || *rc::gen::inRange(0, 2) == 0) {
            const std::string revision = fmt::format("r{}", published.size());
            (void)authority.on(put(id++, "main", revision, "d" + revision), at(now));
            published.emplace_back(now, revision);
            continue;
        }
        const ExchangeId asker = id++;
        Actions actions = mirror.on(get(asker, "/bundles/main"), at(now));
        for (const AskUpstream& ask : all_of<AskUpstream>(actions)) {
            const ExchangeId inner = id++;
            auto reply = replies(authority.on(RequestArrived{inner, ask.request, {}}, at(now))).at(inner);
            actions = mirror.on(UpstreamAnswered{ask.id, reply.response}, at(now));
        }
        const std::string served = replies(actions).at(asker).served->revision;
        // The newest revision that had been published a whole ttl ago is a floor.
        std::string floor;
        for (const auto& [when, revision] : published)
            if (when <= now - 10s) floor = revision;
        const auto number = [](const std::string& revision) {
            return revision.empty() ? -1 : std::stoi(revision.substr(1));
        };
        RC_ASSERT(number(served) >= number(floor));
    }
}

// --- sinks

RequestArrived post(ExchangeId id, std::string target, std::string body, bool gzipped = false) {
    RequestArrived event{
        id, {.method = "POST", .target = std::move(target), .headers = {}, .body = nullptr}, {}};
    if (gzipped) {
        event.request.headers.add("Content-Encoding", "gzip");
        body = bundle::gzip(body);
    }
    event.request.body = http::make_body(std::move(body));
    return event;
}

/// As OPA 1.19 sends it, metrics left out.
constexpr const char* kStatus =
    R"({"labels":{"id":"05fc","node":"n1","incarnation":"n1#2","version":"1.19.1"},
    "bundles":{"main":{"name":"main","active_revision":"r3","last_successful_activation":"2026-11-23T08:07:46Z"},
               "extra":{"name":"extra","last_request":"2026-11-23T08:07:46.27Z","code":"bundle_error","message":"refused"}},
    "plugins":{"bundle":{"state":"NOT_READY"}}})";

constexpr const char* kLogs = R"([
    {"labels":{"id":"05fc","incarnation":"n1#2","version":"1.19.1"},"decision_id":"d-1",
     "bundles":{"main":{"revision":"r3"}},"path":"mistrial/decision",
     "input":{"user":"alice","nonce":"n-1"},"result":{"allow":true,"policy":"r3"},
     "requested_by":"127.0.0.1:5","timestamp":"2026-11-23T08:07:46.274935397Z","metrics":{},"req_id":1},
    {"labels":{"id":"05fc"},"decision_id":"d-2","path":"mistrial/decision","timestamp":"2026-11-23T08:07:47Z"}])";

TEST(Sink, TellsWhatAStatusReportSays) {
    Sink sink({});
    const Actions actions = sink.on(post(1, "/nodes/a1/status/", kStatus), at(0s));
    EXPECT_EQ(replies(actions).at(1).response.status, 200);
    const auto statuses = observed<history::Status>(actions);
    ASSERT_EQ(statuses.size(), 1U);
    EXPECT_EQ(statuses[0].agent, "a1");
    EXPECT_EQ(statuses[0].incarnation, "n1#2");
    EXPECT_EQ(statuses[0].revisions, (history::Revisions{{"main", "r3"}})) << "extra has none yet";
    EXPECT_EQ((*statuses[0].errors)["extra"]["message"], "refused");
    EXPECT_EQ(observed<history::Status>(sink.on(post(2, "/status", kStatus), at(0s)))[0].agent, "n1")
        << "by label";
}

TEST(Sink, TellsEveryDecisionOfAnUploadAndTheUploadItself) {
    Sink sink({.name = "sink", .reading = {.nonce = "/input/nonce", .verdict = "/allow"}});
    const Actions actions = sink.on(post(1, "/nodes/a1/logs", kLogs, true), at(0s));
    EXPECT_EQ(replies(actions).at(1).response.status, 200);
    const auto uploads = observed<history::LogUpload>(actions);
    ASSERT_EQ(uploads.size(), 1U);
    EXPECT_EQ(uploads[0].agent, "a1");
    EXPECT_EQ(uploads[0].events, 2);
    EXPECT_EQ(uploads[0].status, 200);
    const auto logs = observed<history::Log>(actions);
    ASSERT_EQ(logs.size(), 2U);
    EXPECT_EQ(logs[0].decision_id, "d-1");
    EXPECT_EQ(logs[0].incarnation, "n1#2");
    EXPECT_EQ(logs[0].nonce, "n-1");
    EXPECT_EQ(logs[0].path, "mistrial/decision");
    EXPECT_EQ(logs[0].revisions, (history::Revisions{{"main", "r3"}}));
    EXPECT_EQ(logs[0].verdict, "true");
    EXPECT_EQ(format_rfc3339(logs[0].agent_time.value()), "2026-11-23T08:07:46.274935397Z");
    EXPECT_EQ(logs[0].upload, uploads[0].upload);
    EXPECT_EQ(logs[1].verdict, std::nullopt) << "undefined";
    EXPECT_EQ(logs[1].nonce, std::nullopt);
}

TEST(Sink, TellsWhichInputOfThePoolAnEventIsAbout) {
    const auto input_of = [](const std::string& event) {
        Sink sink({.name = "sink", .reading = {.nonce = "/input/nonce", .verdict = "", .input_ids = {{R"({"user":"alice"})", "alice"}}}});
        return observed<history::Log>(sink.on(post(1, "/nodes/a1/logs", "[" + event + "]"), at(0s)))[0].input_id;
    };
    EXPECT_EQ(input_of(R"({"input":{"user":"alice","nonce":"n-1"}})"), "alice");
    EXPECT_EQ(input_of(R"({"input":{"user":"alice"}})"), "alice");
    EXPECT_EQ(input_of(R"({"input":{"user":"mallory","nonce":"n-1"}})"), kNotOfThePool);
    EXPECT_EQ(input_of(R"({"input":{"user":"x"},"erased":["/input/user"]})"), std::nullopt) << "masked";
    EXPECT_EQ(input_of("{}"), std::nullopt);
}

TEST(Sink, TellsHowManyEventsAStatusReportCountsAsDropped) {
    Sink sink({});
    const auto uploads_of = [&](const std::string& counters) {
        return observed<history::LogUpload>(
            sink.on(post(1, "/nodes/a1/status", R"({"labels":{"incarnation":"a1#2"},"decision_logs":{"metrics":{)" + counters + "}}}"), at(0s)));
    };
    EXPECT_TRUE(uploads_of("").empty());
    EXPECT_TRUE(uploads_of(R"("counter_decision_logs_dropped_rate_limit_exceeded":0)").empty());
    const auto uploads = uploads_of(R"("counter_decision_logs_dropped_rate_limit_exceeded":3,
                                       "counter_decision_logs_dropped_buffer_size_limit_exceeded":4,"counter_other":9)");
    ASSERT_EQ(uploads.size(), 1U);
    EXPECT_EQ(uploads[0].dropped, 7);
    EXPECT_EQ(uploads[0].upload, 0);
    EXPECT_EQ(uploads[0].incarnation, "a1#2");
}

TEST(Sink, UploadsAreNumbered) {
    Sink sink({});
    EXPECT_EQ(observed<history::LogUpload>(sink.on(post(1, "/logs", "[]"), at(0s)))[0].upload, 1);
    EXPECT_EQ(observed<history::LogUpload>(sink.on(post(2, "/logs/part", "[]"), at(0s)))[0].upload, 2);
}

TEST(Sink, RefusesWhatItCannotRead) {
    Sink sink({.name = "s", .reading = {}, .max_bytes = 1000});
    for (const char* body : {"", "{", "{}", "\"x\""}) {
        const Actions actions = sink.on(post(1, "/logs", body), at(0s));
        EXPECT_EQ(replies(actions).at(1).response.status, 400) << body;
        EXPECT_EQ(observed<history::LogUpload>(actions)[0].status, 400) << body;
        EXPECT_TRUE(observed<history::Log>(actions).empty());
    }
    EXPECT_EQ(replies(sink.on(post(1, "/status", "[]"), at(0s))).at(1).response.status, 400);
    EXPECT_EQ(replies(sink.on(post(1, "/logs", "[" + std::string(5000, ' ') + "]", true), at(0s)))
                  .at(1)
                  .response.status,
              400);
    EXPECT_EQ(replies(sink.on(post(1, "/elsewhere", "[]"), at(0s))).at(1).response.status, 404);
    EXPECT_EQ(replies(sink.on(get(1, "/logs"), at(0s))).at(1).response.status, 404);
}

TEST(Sink, StrangeEventsDoNotBreakIt) {
    Sink sink({});
    const Actions actions = sink.on(
        post(
            1, "/nodes/a1/logs",
            R"([1, null, {"labels": 1, "bundles": [], "input": 7, "timestamp": "yesterday", "path": 1}, {}])"),
        at(0s));
    EXPECT_EQ(replies(actions).at(1).response.status, 200);
    EXPECT_EQ(observed<history::Log>(actions).size(), 2U);
}

}  // namespace
}  // namespace mistrial::control_plane
