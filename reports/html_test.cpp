#include "reports/html.hpp"

#include "reports/testing/synthetic_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>

namespace mistrial::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::size_t count(const std::string& text, std::string_view what) {
    std::size_t found = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
    return found;
}

/// Left in the build folder, to be looked at.
std::string kept(const std::string& page, const std::string& name) {
    std::ofstream(std::string(MISTRIAL_BINARY_DIR) + "/" + name) << page;
    return page;
}

TEST(Html, TellsTheWholeStory) {
    const auto made = testing::synthetic_run(60, true);
    const std::string page = kept(html(made.run, made.judgement, made.lanes), "report.html");
    EXPECT_THAT(page,
                HasSubstr("<span class=\"word\">INVALID</span><h1>2 of 8 claims violated: a2 still decided"));
    EXPECT_EQ(count(page, "<div class=\"row agent\">"), 5U);
    EXPECT_EQ(count(page, "<a class=\"t violation\""), 2U);
    EXPECT_EQ(count(page, "<details class=\"proof\""), 2U);
    EXPECT_EQ(count(page, "<a class=\"t fault "), 4U);
    EXPECT_THAT(page, HasSubstr("clock -1 h"));
    EXPECT_THAT(page, HasSubstr("connects held"));
    EXPECT_THAT(page, HasSubstr("disk faults, control-plane faults"));
    EXPECT_THAT(page, HasSubstr("mistrial replay store/"));
    for (const auto& claim : made.judgement.claims)
        for (const auto& violation : claim.violations)
            for (const std::string& sentence : violation.proof)
                EXPECT_THAT(page, HasSubstr(std::regex_replace(sentence, std::regex("'"), "&#39;")));
}

TEST(Html, ManyViolationsAreFoldedAwayClaimByClaim) {
    auto made = testing::synthetic_run(20, true);
    checkers::ClaimResult& claim = made.judgement.claims.front();
    const checkers::Violation violation = claim.violations.front();
    claim.violations.assign(70, violation);
    const std::string page = html(made.run, made.judgement, made.lanes);
    EXPECT_EQ(count(page, "<details class=\"proof\""), 51U);
    EXPECT_THAT(page, HasSubstr("<summary>46 more of bounded-staleness</summary>"));
    EXPECT_THAT(page, HasSubstr("20 more of bounded-staleness in results.json"));
    EXPECT_THAT(page, HasSubstr("class=\"timeline many\""));
}

TEST(Html, EveryLinkLeadsSomewhere) {
    const auto made = testing::synthetic_run(20, true);
    const std::string page = html(made.run, made.judgement, made.lanes);
    const std::regex link("href=\"#([^\"]*)\"");
    std::size_t links = 0;
    for (std::sregex_iterator at(page.begin(), page.end(), link); at != std::sregex_iterator(); ++at, ++links)
        EXPECT_THAT(page, HasSubstr("id=\"" + (*at)[1].str() + "\""));
    EXPECT_GE(links, 6U);
}

TEST(Html, NeedsNothingButItself) {
    const auto made = testing::synthetic_run(20, true);
    const std::string page = html(made.run, made.judgement, made.lanes);
    for (const char* outside : {"http:", "https:", "src=", "@import", "url(", "<link", "<iframe"})
        EXPECT_THAT(page, Not(HasSubstr(outside)));
    EXPECT_THAT(page, HasSubstr("default-src 'none'"));
}

TEST(Html, NothingOfTheRunBecomesMarkup) {
    const std::string evil = "<img src=x onerror=alert(1)>\"'&</script><!--";
    checkers::testing::HistoryBuilder history;
    checkers::testing::Answered answered;
    answered.agent = evil;
    answered.markers = {{evil + "/policy", evil}};
    answered.incarnation = evil;
    history.run(Json{{"revision-validity", Json::object()}}, {evil});
    history.publish(evil, 0, 10, Json{{"bad", evil}}, history::Type::ok, evil);
    history.publish(evil + "2", 20, 30, nullptr, history::Type::fail, evil);
    for (int at = 100; at < 4000; at += 100) history.decide(at, at + 5, answered);
    history.boot(evil, evil, 50).death(evil, evil, 3000).serve(evil, evil, 60, 70, evil);
    history.fault(evil, evil, {evil}, {1000, 1010, 2000, 2010});
    LaneBuilder lanes;
    for (const auto& record : history.build()) lanes.on(record);
    auto judgement = checkers::testing::judge(history.build());
    ASSERT_TRUE(judgement) << judgement.error().message;
    checkers::ClaimResult claim;
    claim.property = evil;
    claim.validity = checkers::Validity::invalid;
    claim.parameters = Json{{evil, evil}, {"deep", {{evil, {{evil, {evil}}}}}}};
    claim.obligations_by_agent = {{evil, 1}};
    checkers::Violation violation;
    violation.summary = violation.agent = evil;
    violation.proof = {evil};
    claim.violations.push_back(violation);
    judgement->claims.push_back(claim);
    judgement->validity = checkers::Validity::invalid;
    judgement->measured.push_back({evil, 1, Json{{evil, evil}}});
    judgement->golden_signals = Json{{evil, {{evil, evil}}}, {"x" + evil, evil}};
    judgement->notes = {evil};
    judgement->internal_errors = {evil};
    for (auto& fault : judgement->faults) fault.evidence = Json{{evil, {{evil, evil}}}};
    reports::Run run;
    run.scenario = run.about = run.world = run.command = run.folder = evil;
    run.fingerprint = evil;
    run.versions = run.files = {{evil, evil}};
    run.not_tested = run.internal_errors = {evil};
    const std::string page = kept(html(run, *judgement, lanes.finish()), "report-hostile.html");
    EXPECT_THAT(page, Not(HasSubstr("<img")));
    EXPECT_THAT(page, Not(HasSubstr("<!--")));
    EXPECT_EQ(count(page, "</script>"), 2U);  // ours: the data's and the code's
    EXPECT_EQ(count(page, "<script"), 2U);
    // No attribute is left by a quote: every tag that carries the name closes where ours do.
    EXPECT_EQ(count(page, "onerror="),
              count(page, "&lt;img src=x onerror=") + count(page, "\\u003cimg src=x onerror="));
}

TEST(Html, ABareJudgementIsAPage) {
    const std::string page = html({}, {}, {});
    EXPECT_THAT(page, HasSubstr("Nothing was claimed"));
    EXPECT_THAT(page, Not(HasSubstr("nan%")));
}

TEST(Html, StaysSmallWhenTheRunIsLong) {
    // Two hours, forty agents, a revision each second: 288,000 stretches.
    Lanes lanes;
    lanes.end = TrueTime{std::chrono::hours(2)};
    lanes.slice = std::chrono::seconds(10);
    constexpr std::size_t kRevisions = 7'200;
    for (std::size_t i = 0; i < kRevisions; ++i) {
        const TrueTime at{std::chrono::seconds(i)};
        lanes.publishes.push_back({"main", fmt::format("r{}", i), at, at, history::Type::ok, i, false});
    }
    for (int agent = 0; agent < 40; ++agent) {
        AgentLane lane;
        lane.agent = fmt::format("a{}", agent);
        for (std::size_t i = 0; i + 1 < kRevisions; ++i)
            lane.bundles["main"].push_back(
                {lanes.publishes[i].invoked, lanes.publishes[i + 1].invoked, fmt::format("r{}", i)});
        lane.slices.assign(720, Slice{100, 0, 1, {}, {}, {}, {}});
        lanes.agents.push_back(std::move(lane));
    }
    EXPECT_LT(html({}, {}, lanes).size(), std::size_t{6} << 20);
}

}  // namespace
}  // namespace mistrial::reports
