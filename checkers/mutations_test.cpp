#include "checkers/definitional/second_opinion.hpp"
#include "checkers/lattice.hpp"
#include "checkers/testing/history_builder.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <functional>
#include <set>
#include <string>
#include <vector>

/// The smallest changes that make a valid history invalid (properties.md 5.3), each with its twin that stands exactly on
/// the boundary and is still valid. A row more is a line more: what it does, who must see it, who must not.
namespace mistrial::checkers {
namespace {

using namespace testing;
using history::Type;

const Claims& claims() {
    static const Claims all = parse_claims({{"revision-validity", Json::object()},
                                            {"oracle-correctness", Json::object()},
                                            {"atomic-activation", Json::object()},
                                            {"monotonic-revisions", Json::object()},
                                            {"bounded-staleness", {{"within", "50ms"}}},
                                            {"split-brain", {{"within", "50ms"}}},
                                            {"convergence", {{"within", "50ms"}}},
                                            {"fail-closed", Json::object()}})
                                  .value();
    return all;
}

Answered showing(const std::string& agent, const std::string& revision, const std::string& input, const std::string& verdict) {
    Answered what;
    what.agent = agent;
    if (!revision.empty()) what.markers = {{"main/policy", revision}, {"main/data", revision}};
    what.input_id = input;
    what.answer = verdict == "undefined" ? history::Answer{history::Undefined{}} : history::Answer{history::Verdict{verdict}};
    return what;
}

Answered unproven(const std::string& agent, const std::string& input, const std::string& verdict) {
    return showing(agent, "", input, verdict);
}

/// Alice is revoked by r2, which is due at 160. Every agent but a3 tells what it was served.
HistoryBuilder background() {
    HistoryBuilder h;
    h.run(Json::object(), {"a1", "a2"}, {{"canary", {{"canary", "deny"}}}});
    h.publish("r1", 0, 10,
              {{"base", nullptr},
               {"verdicts",
                {{"alice", true},
                 {"bob", true},
                 {"carol", false},
                 {"dave", true},
                 {"canary", false},
                 {"hours", {{"pieces", {{{"until", 1'000'000'000}, {"verdict", true}}, {{"verdict", false}}}}}}}}});
    h.publish("r2", 100, 110, {{"base", "r1"}, {"verdicts", {{"alice", false}}}});
    for (const std::string agent : {"a1", "a2"}) {
        h.boot(agent, agent + "#1", 0);
        h.serve(agent, "r1", 12, 15);
        h.serve(agent, "r2", 112, 115);
        for (std::int64_t t = 20; t < 90; t += 10) h.decide(t, t + 4, showing(agent, "r1", "alice", "true"));
        for (std::int64_t t = 165; t < 450; t += 10) {
            h.decide(t, t + 4, showing(agent, "r2", t % 20 == 5 ? "alice" : "bob", t % 20 == 5 ? "false" : "true"));
        }
    }
    return h;
}

/// r3 says what r2 says, and is due at 540.
void publish_r3(HistoryBuilder& h, const Json& verdicts = Json::object(), Type how = Type::ok) {
    h.publish("r3", 480, 490, {{"base", "r2"}, {"verdicts", verdicts}}, how);
}

void serve_r3(HistoryBuilder& h) { h.serve("a1", "r3", 492, 494); }

struct Row {
    std::string what;
    std::set<std::string> seen_by;
    std::set<std::string> not_seen_by;
    /// `past` is 1 beyond the boundary, and 0 on it.
    std::function<void(HistoryBuilder& h, std::int64_t past)> mutate;
};

const std::set<std::string> V1{"revision-validity"}, V3{"oracle-correctness"}, V5{"atomic-activation"}, M1{"monotonic-revisions"},
    B1{"bounded-staleness"}, D1{"split-brain"}, L1{"convergence"}, A2{"fail-closed"};

std::set<std::string> operator+(std::set<std::string> a, const std::set<std::string>& b) {
    a.insert(b.begin(), b.end());
    return a;
}

const std::vector<Row>& rows() {
    static const std::vector<Row> all{
        {"an older revision after a newer one", M1, V1 + V3 + V5 + B1 + D1 + L1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             publish_r3(h);
             serve_r3(h);
             h.decide(500, 510, showing("a1", "r3", "alice", "false"));
             h.decide(510 + past, 515, showing("a1", "r2", "alice", "false"));
         }},
        {"nothing active after something was", M1, V1 + V3 + V5 + D1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             h.boot("a3", "a3#1", 500).serve("a3", "r2", 500, 501);
             h.decide(505, 510, showing("a3", "r2", "alice", "false"));
             h.decide(510 + past, 515, showing("a3", "-", "alice", "undefined"));
         }},
        {"a report of a newer revision before a decision under an older one", M1, V1 + V3 + V5 + B1 + D1 + L1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             publish_r3(h);
             serve_r3(h);
             h.status("a1", 510, "r3", "a1#1");
             h.decide(510 + past, 515, showing("a1", "r2", "alice", "false"));
         }},
        {"an older revision after the deadline", B1 + L1, V1 + V3 + V5 + M1 + D1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             publish_r3(h);
             h.decide(540 + past, 545, showing("a1", "r2", "alice", "false"));
         }},
        {"the same while something newer is being published", B1, V1 + V3 + V5 + M1 + D1 + L1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             publish_r3(h);
             h.publish("r4", 535, 560, {{"base", "r3"}, {"verdicts", Json::object()}});
             h.decide(540 + past, 545, showing("a1", "r2", "alice", "false"));
         }},
        {"a verdict that only older revisions give, after the deadline", B1 + D1, V1 + V3 + V5 + M1 + L1 + A2,
         [](HistoryBuilder& h, std::int64_t past) { h.decide(160 + past, 163, unproven("a2", "alice", "true")); }},
        {"one bound after the last heal", B1 + L1, V1 + V3 + V5 + M1 + D1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             publish_r3(h);
             h.fault("f1", "partition", {"a1"}, {470, 475, 590, 600});
             h.decide(650 + past, 655, showing("a1", "r2", "alice", "false"));
         }},
        {"a deadline on the start of an excuse, which an instant earlier would have hidden", B1, V1 + V3 + V5 + M1 + D1 + L1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             publish_r3(h);
             h.fault("f1", "partition", {"a1"}, {539 + past, 560, 590, 600});
             h.decide(545, 550, showing("a1", "r2", "alice", "false"));
         }},
        {"a deadline on the publish of a revision that must be refused", B1, V1 + V3 + V5 + M1 + D1 + L1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             publish_r3(h);
             h.publish("r4", 539 + past, 560, {{"base", "r3"}, {"verdicts", Json::object()}, {"bad", "unsigned"}});
             h.decide(570, 575, showing("a1", "r2", "alice", "false"));
         }},
        {"an indeterminate publish, one bound after its first sight", B1 + L1, V1 + V3 + V5 + M1 + D1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             publish_r3(h, Json::object(), Type::info);
             h.decide(495, 500, showing("a3", "r3", "alice", "false"));
             h.decide(550 + past, 555, showing("a1", "r2", "alice", "false"));
         }},
        {"a new process with nothing, one bound after its boot", B1 + L1, V1 + V3 + V5 + M1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             h.death("a1", "a1#1", 590).boot("a1", "a1#2", 600);
             h.decide(650 + past, 655, showing("a1", "-", "zed", "undefined"));
         }},
        {"an answer that was over before the new process began", B1, V1 + V3 + V5 + M1 + L1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             h.death("a1", "a1#1", 590).boot("a1", "a1#2", 600);
             h.decide(595, 600 - past, showing("a1", "-", "zed", "undefined"));
         }},
        {"an answer that was over before an unseen restart", B1 + L1, V1 + V3 + V5 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             h.boot("a1", "a1#2", 600);
             h.decide(595, 600 - past, showing("a1", "-", "zed", "undefined"));
         }},
        {"a restart of no length that never was", B1 + L1, V1 + V3 + V5 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             if (past == 0) h.death("a1", "a1#1", 600).boot("a1", "a1#2", 600);
             h.decide(610, 615, showing("a1", "-", "zed", "undefined"));
         }},
        {"a wrong verdict", V3, V1 + V5 + M1 + B1 + D1 + L1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             h.decide(120, 125, showing("a1", "r1", "dave", past == 1 ? "false" : "true"));
         }},
        {"a verdict whose time was over a microsecond ago", V3, V1 + V5 + M1 + B1 + D1 + L1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             Answered what = showing("a1", "r2", "hours", "true");
             what.agent_time = at_nanos<WallTime>(1'000'000'999 + past);
             h.decide(500, 505, what);
         }},
        {"a verdict that no revision begun by then gives", V1, V3 + V5 + M1 + B1 + L1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             h.decide(495, 500, unproven("a1", "bob", "false"));
             h.publish("r3", 500 + past, 510, {{"base", "r2"}, {"verdicts", {{"bob", false}}}});
         }},
        {"an allowance that no revision begun by then gives", V1 + A2, V3 + V5 + M1 + B1 + L1,
         [](HistoryBuilder& h, std::int64_t past) {
             h.decide(495, 500, unproven("a1", "carol", "true"));
             h.publish("r3", 500 + past, 510, {{"base", "r2"}, {"verdicts", {{"carol", true}}}});
         }},
        {"a revision from the future", V1, V3 + V5 + M1 + B1 + D1 + L1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             h.decide(495, 500, showing("a3", "r3", "bob", "true"));
             h.publish("r3", 500 + past, 510, {{"base", "r2"}, {"verdicts", Json::object()}});
         }},
        {"a revision that nobody publishes", V1, V3 + V5 + M1 + B1 + D1 + L1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             h.decide(495, 500, showing("a3", past == 1 ? "r77" : "r2", "bob", "true"));
         }},
        {"a revision whose publish failed, where it might only be unknown", V1, V3 + V5 + M1 + B1 + D1 + L1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             publish_r3(h, Json::object(), past == 1 ? Type::fail : Type::info);
             h.decide(500, 505, showing("a3", "r3", "bob", "true"));
         }},
        {"a revision before its delivery began", V1, V3 + V5 + M1 + B1 + D1 + L1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             publish_r3(h);
             h.decide(495, 500, showing("a1", "r3", "bob", "true"));
             h.serve("a1", "r3", 500 + past, 505);
         }},
        {"parts of two revisions, where a publish promises others together", V5, V1 + V3 + M1 + B1 + D1 + L1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             h.publish("r3", 480, 490, {{"base", "r2"}, {"verdicts", Json::object()}, {"markers", {{"policy", "r2"}, {"data", "r3"}}}});
             Answered what = showing("a3", "r2", "bob", "true");
             what.markers["main/data"] = past == 1 ? "r1" : "r3";
             h.decide(500, 505, what);
         }},
        {"a report that contradicts the markers beside it", V5, V1 + V3 + M1 + B1 + D1 + L1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             Answered what = showing("a3", "r2", "bob", "true");
             what.revisions = {{"main", past == 1 ? "r1" : "r2"}};
             h.decide(500, 505, what);
         }},
        {"two verdicts for a question of which no publish tells", D1, V1 + V3 + V5 + M1 + B1 + L1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             publish_r3(h);
             h.decide(540 + past, 546, unproven("a1", "zed", "false"));
             h.decide(545, 550, unproven("a2", "zed", "true"));
         }},
        {"two verdicts once the newest publish has settled", D1 + B1, V1 + V3 + V5 + M1 + L1 + A2,
         [](HistoryBuilder& h, std::int64_t past) {
             publish_r3(h, {{"bob", false}});
             h.decide(540 + past, 546, unproven("a1", "bob", "true"));
             h.decide(545, 550, unproven("a2", "bob", "false"));
         }},
        {"an allowance of what every revision denies", A2, V3 + V5 + M1 + B1 + L1,
         [](HistoryBuilder& h, std::int64_t past) {
             h.decide(500, 505, unproven("a1", "canary", past == 1 ? "true" : "undefined"));
         }},
        {"an allowance while nothing is active", A2, V1 + V5 + M1 + B1 + D1 + L1,
         [](HistoryBuilder& h, std::int64_t past) {
             h.decide(30, 35, showing("a3", "-", "zed", past == 1 ? "true" : "undefined"));
         }},
    };
    return all;
}

struct Judged {
    Judgement judgement;
    std::vector<std::string> contradictions;
};

Judged judged(const HistoryBuilder& history) {
    const auto records = history.build();
    auto judgement = judge(records, {claims(), {}, {}});
    EXPECT_TRUE(judgement) << judgement.error().message;
    if (!judgement) return {};
    Judged result{*judgement, contradictions(*judgement)};
    definitional::SecondOpinion opinion{*judgement};
    for (const history::Record& record : records) opinion.on(record);
    for (std::string& disagreement : opinion.disagreements()) result.contradictions.push_back(std::move(disagreement));
    return result;
}

std::set<std::string> invalid(const Judgement& judgement) {
    std::set<std::string> names;
    for (const ClaimResult& result : judgement.claims) {
        if (result.validity == Validity::invalid) names.insert(result.property);
    }
    return names;
}

TEST(Mutations, StartFromAHistoryInWhichEveryClaimButTheCanaryIsValid) {
    const Judged result = judged(background());
    EXPECT_TRUE(invalid(result.judgement).empty());
    for (const ClaimResult& claim : result.judgement.claims) {
        if (claim.property == "fail-closed" || claim.property == "split-brain") continue;
        EXPECT_EQ(claim.validity, Validity::valid) << claim.property << ", " << to_text(claim.reason) << ", " << claim.obligations;
    }
}

class Mutation : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Mutation, IsSeenByThoseWhomItConcernsAndByNobodyElse) {
    const Row& row = rows()[GetParam()];
    HistoryBuilder history = background();
    row.mutate(history, 1);
    const Judged result = judged(history);
    const std::set<std::string> found = invalid(result.judgement);
    for (const std::string& property : row.seen_by) EXPECT_TRUE(found.contains(property)) << property << " missed: " << row.what;
    for (const std::string& property : row.not_seen_by) EXPECT_FALSE(found.contains(property)) << property << " accuses: " << row.what;
    for (const std::string& contradiction : result.contradictions) ADD_FAILURE() << contradiction;
}

TEST_P(Mutation, OnItsBoundaryIsValid) {
    const Row& row = rows()[GetParam()];
    HistoryBuilder history = background();
    row.mutate(history, 0);
    const Judged result = judged(history);
    for (const ClaimResult& claim : result.judgement.claims) {
        for (const Violation& violation : claim.violations) {
            ADD_FAILURE() << row.what << ": " << claim.property << " accuses: " << violation.summary;
        }
    }
}

std::string name_of(const ::testing::TestParamInfo<std::size_t>& info) {
    std::string name;
    bool upper = true;
    for (const char c : rows()[info.param].what) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) {
            upper = true;
        } else {
            name += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
            upper = false;
        }
    }
    return name;
}

INSTANTIATE_TEST_SUITE_P(Rows, Mutation, ::testing::Range(std::size_t{0}, rows().size()), name_of);

}  // namespace
}  // namespace mistrial::checkers
