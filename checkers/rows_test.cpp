#include "checkers/side_by_side.hpp"
#include "checkers/testing/effort.hpp"
#include "checkers/testing/fleet_history.hpp"
#include "checkers/testing/random_history.hpp"
#include "core/history/rows.hpp"
#include "core/uuid.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

/// A history of rows is judged as the same history of records: same findings, same witnesses, same counts.
namespace mistrial::checkers {
namespace {

using namespace testing;
using history::Batch;
using history::Record;
using history::Row;

Suite::Options options_of(const Claims& claims, std::vector<std::pair<std::string, std::uint64_t>>& hits) {
    Suite::Options options;
    options.claims = claims;
    options.on_hit = [&hits](std::string_view property, std::uint64_t index) { hits.emplace_back(property, index); };
    return options;
}

/// Batches of the given length.
std::vector<Batch> batches_of(const std::vector<Record>& records, std::size_t length) {
    history::RowMaker maker;
    std::vector<Batch> batches;
    for (const Record& record : records) {
        if (batches.empty() || batches.back().rows.size() == length) batches.emplace_back();
        Batch& batch = batches.back();
        batch.rows.push_back(maker.make(record, batch.added));
        if (batch.rows.back().kind == Row::Kind::other) batch.others.push_back(record);
    }
    return batches;
}

Result<Judgement> side_by_side(const std::vector<Record>& records, const Claims& claims, std::size_t threads, std::size_t length) {
    Suite::Options options;
    options.claims = claims;
    SideBySide suites(options, threads);
    for (Batch& batch : batches_of(records, length)) {
        if (auto taken = suites.on(std::move(batch)); !taken) return taken.error();
    }
    return suites.finish();
}

/// Some of the answers arrive in a decision log, too, as they were or otherwise.
void log_some(std::vector<Record>& records, RandomSequence random) {
    std::vector<Record> all;
    for (const Record& record : records) {
        all.push_back(record);
        const auto* decide = std::get_if<history::Decide>(&record.value);
        if (decide == nullptr || record.type != history::Type::ok || random.chance(1, 4)) continue;
        history::Log log;
        log.agent = decide->agent;
        log.path = decide->path;
        log.input_id = random.chance(1, 8) ? "another" : decide->input_id;
        log.nonce = decide->nonce;
        log.decision_id = decide->decision_id;
        log.revisions = decide->revisions;
        if (log.revisions.empty() && random.chance(1, 2)) log.revisions = {{"main", random.chance(1, 2) ? "r1" : "r2"}};
        if (const auto* verdict = std::get_if<history::Verdict>(&*decide->answer)) log.verdict = random.chance(1, 8) ? history::Verdict{"false"} : *verdict;
        if (random.chance(1, 2)) log.incarnation = decide->incarnation;
        if (random.chance(1, 2)) log.agent_time = decide->agent_time;
        log.upload = static_cast<std::int64_t>(random.below(3));
        Record event;
        event.time = record.time;
        event.type = history::Type::info;
        event.process = std::string("observer");
        event.f = "log";
        event.value = log;
        all.push_back(event);
    }
    for (std::size_t i = 0; i < all.size(); ++i) all[i].index = i;
    records = std::move(all);
}

/// What random histories leave out and runs write: nonces, ids, when it was due, why it failed.
void dress(std::vector<Record>& records, RandomSequence random) {
    std::map<history::Process, Record> begun;
    for (Record& record : records) {
        auto* decide = std::get_if<history::Decide>(&record.value);
        if (decide == nullptr) continue;
        if (record.type == history::Type::invoke) {
            if (random.chance(1, 2)) decide->nonce = fmt::format("s#{}", record.index);
            if (random.chance(1, 2)) record.sched = record.time - Duration{random.between(0, 3)};
            if (random.chance(1, 2)) record.node = decide->agent;
            if (random.chance(1, 2)) record.session = "s" + std::to_string(random.below(2));
            if (random.chance(1, 8)) decide->at_least = Json{{"main", "r1"}};
            if (random.chance(1, 16)) decide->exactly = Json("r2");
            begun[record.process] = record;
            continue;
        }
        const Record& invoke = begun.at(record.process);
        const auto& asked = std::get<history::Decide>(invoke.value);
        decide->nonce = asked.nonce;
        decide->at_least = asked.at_least;
        decide->exactly = asked.exactly;
        record.sched = invoke.sched;
        record.node = invoke.node;
        record.session = random.chance(1, 10) ? std::optional<std::string>("another") : invoke.session;
        if (record.type == history::Type::ok && random.chance(1, 2)) {
            decide->decision_id = random.chance(1, 4) ? "id" : format_uuid({record.index, 7});
        }
        if (record.type != history::Type::ok && random.chance(1, 2)) record.error = random.chance(1, 3) ? "no-process" : "reset";
    }
}

RC_GTEST_PROP(HistoriesOfRows, AreJudgedAsThoseOfRecords, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    for (std::int64_t i = 0; i < effort(10); ++i) {
        const RandomHistory random = random_history(RandomSequence{RandomStream{seed, std::to_string(i), "history"}});
        std::vector<Record> records = random.build();
        RandomSequence more{RandomStream{seed, std::to_string(i), "dress"}};
        if (more.chance(3, 4)) dress(records, more);
        if (more.chance(1, 2)) log_some(records, more);
        if (more.chance(1, 20) && records.size() > 3) std::swap(records[1].time, records.back().time);  // no history at all
        std::vector<std::pair<std::string, std::uint64_t>> hits;
        std::vector<std::pair<std::string, std::uint64_t>> row_hits;
        const Result<Judgement> by_records = judge(records, options_of(random.claims, hits));
        Suite suite(options_of(random.claims, row_hits));
        Result<> fed;
        for (const Batch& batch : batches_of(records, 1 + more.below(9))) {
            fed = suite.on(batch);
            if (!fed) break;
        }
        RC_ASSERT(by_records.has_value() == fed.has_value());
        if (!by_records) {
            RC_ASSERT(by_records.error().message == fed.error().message);
            RC_ASSERT(by_records.error().message == side_by_side(records, random.claims, 1 + more.below(4), 3).error().message);
            continue;
        }
        RC_ASSERT(*by_records == suite.finish());
        RC_ASSERT(hits == row_hits);
        RC_ASSERT(*by_records == side_by_side(records, random.claims, 1 + more.below(4), 1 + more.below(9)).value());
    }
}

TEST(SideBySide, AnUnknownPropertyIsRefused) {
    Suite::Options options;
    options.only = {"bounded-stalenes"};
    SideBySide suites(options, 2);
    Batch batch;
    batch.rows.emplace_back();
    batch.others.emplace_back();
    (void)suites.on(std::move(batch));
    EXPECT_EQ(suites.finish().error().message, "there is no property bounded-stalenes; did you mean \"bounded-staleness\"?");
}

TEST(SideBySide, ClaimsThatOnlyTogetherLeaveNoRevisionAreOneShare) {
    // r2 is due at 8. Asked at 9, y denied is r3 then, for lack of r1; asked at 11, x denied can only be r2.
    const auto table = [](bool x, bool y) { return Json{{"base", nullptr}, {"verdicts", {{"x", x}, {"y", y}}}}; };
    const auto denied = [](const char* input) {
        Answered answered;
        answered.input_id = input;
        answered.answer = history::Verdict{"false"};
        return answered;
    };
    HistoryBuilder history;
    history.run(Json::object(), {"a1"});
    history.publish("r1", 0, 1, table(true, false)).publish("r2", 2, 3, table(false, true)).publish("r3", 7, 8, table(true, false));
    history.decide(9, 10, denied("y")).decide(11, 12, denied("x"));
    const auto claims = parse_claims(Json{{"monotonic-revisions", Json::object()}, {"bounded-staleness", {{"within", "5ms"}}}});
    ASSERT_TRUE(claims);
    for (std::size_t threads = 1; threads <= 40; ++threads) {
        const Judgement judgement = side_by_side(history.build(), *claims, threads, 3).value();
        EXPECT_EQ(claim(judgement, "monotonic-revisions").violations.size(), 1U) << threads;
    }
}

TEST(HistoriesOfRows, MayAlternateWithRecords) {
    FleetShape shape;
    shape.decisions = 300;
    shape.agents = 3;
    shape.sessions = 5;
    shape.inputs = 8;
    shape.decisions_per_second = 20;
    shape.identified = true;
    FleetHistory source(shape);
    Suite records;
    Suite mixed;
    history::RowTeller teller;
    Batch batch;
    bool row_by_row = false;
    while (source.next(batch).value()) {
        teller.learn(batch.added);
        std::vector<Record> all;
        std::size_t other = 0;
        for (const Row& row : batch.rows) all.push_back(row.kind == Row::Kind::other ? batch.others[other++] : teller.record(row));
        for (const Record& record : all) ASSERT_TRUE(records.on(record).has_value());
        row_by_row = !row_by_row;
        if (row_by_row) {
            ASSERT_TRUE(mixed.on(batch).has_value());
            continue;
        }
        Batch words;
        words.added = batch.added;
        ASSERT_TRUE(mixed.on(words).has_value());
        for (const Record& record : all) ASSERT_TRUE(mixed.on(record).has_value());
    }
    EXPECT_EQ(records.finish(), mixed.finish());
}

TEST(FleetHistories, AreValid) {
    FleetShape shape;
    shape.decisions = 30'000;
    shape.agents = 5;
    shape.sessions = 50;
    shape.inputs = 64;
    shape.decisions_per_second = 1000;
    shape.logged = shape.identified = true;
    FleetHistory source(shape);
    Suite suite;
    Batch batch;
    std::uint64_t index = 0;
    while (source.next(batch).value()) {
        for (const Row& row : batch.rows) ASSERT_EQ(row.index, index++);
        const auto taken = suite.on(batch);
        ASSERT_TRUE(taken.has_value()) << taken.error().message;
    }
    for (const ClaimResult& claim : suite.finish().claims) {
        EXPECT_TRUE(claim.violations.empty()) << claim.property << ": " << claim.violations[0].summary;
        if (claim.property == "bounded-staleness") { EXPECT_GT(claim.obligations, 10'000); }
    }
}

}  // namespace
}  // namespace mistrial::checkers
