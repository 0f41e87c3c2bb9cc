#include "checkers/testing/alter.hpp"
#include "checkers/testing/random_history.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>

/// What must and what must not change in a report when its history is changed (properties.md 5.4).
namespace mistrial::checkers {
namespace {

using namespace testing;
using history::Type;
using Hits = std::map<std::string, std::set<std::uint64_t>>;

struct Report {
    Hits hits;  ///< property -> operations, by their indexes
    std::set<std::string> invalid;
    std::int64_t k = 0;
    std::int64_t delta = 0;
};

std::optional<Report> report_of(const Records& records, const Claims& claims) {
    Report report;
    Suite::Options options;
    options.claims = claims;
    options.on_hit = [&](std::string_view property, std::uint64_t index) { report.hits[std::string(property)].insert(index); };
    const auto judged = judge(records, options);
    if (!judged) return std::nullopt;
    for (const ClaimResult& result : judged->claims) {
        if (result.validity == Validity::invalid) report.invalid.insert(result.property);
    }
    for (const Measured& measured : judged->measured) {
        if (measured.property == "k-atomicity") report.k = measured.values["smallest_k"];
        if (measured.property == "delta-atomicity") report.delta = measured.values["smallest_delta_ns"];
    }
    return report;
}

/// The property names operations by comparing each with one of several possible others, or when it is all over: only its
/// verdict is the same whatever the order of equal times.
bool named_by_choice(const std::string& property) { return property == "split-brain" || property == "revision-validity"; }

struct Case {
    Records records;
    Claims claims;
    Report report;
    std::string shown;
};

/// Random histories in which answers echo nothing and every report is of the first life: who answered is then the same
/// whatever else is there.
void for_each_history(const char* purpose, int histories, const std::function<void(const Case&, RandomSequence&)>& visit) {
    for (int i = 0; i < histories; ++i) {
        RandomSequence random{RandomStream{static_cast<std::uint64_t>(i), "metamorphic", purpose}};
        RandomHistory history = random_history(random);
        for (auto& [name, claim] : history.claims) claim.agents = claim.bundles = {};
        Case one{history.build(), history.claims, {}, show(history)};
        for (history::Record& record : one.records) {
            if (auto* decide = std::get_if<history::Decide>(&record.value)) decide->incarnation.reset();
            if (auto* status = std::get_if<history::Status>(&record.value)) status->incarnation = status->agent + "#1";
        }
        const auto report = report_of(one.records, one.claims);
        if (!report) continue;
        one.report = *report;
        visit(one, random);
        if (::testing::Test::HasFailure()) return;
    }
}

std::set<std::uint64_t> moved(const std::set<std::uint64_t>& indexes, const std::map<std::uint64_t, std::uint64_t>& places) {
    std::set<std::uint64_t> result;
    for (const std::uint64_t index : indexes) {
        if (const auto place = places.find(index); place != places.end()) result.insert(place->second);
    }
    return result;
}

enum class Then { same, no_more };

void expect(Then then, const Case& before, const Report& after, const std::map<std::uint64_t, std::uint64_t>& places,
            const std::set<std::string>& except = {}) {
    for (const auto& [property, claim] : before.claims) {
        if (except.contains(property)) continue;
        const bool was = before.report.invalid.contains(property);
        const bool is = after.invalid.contains(property);
        EXPECT_TRUE(then == Then::same ? was == is : was || !is) << property << "\n" << before.shown;
        if (named_by_choice(property)) continue;
        const auto hits = [&](const Report& report) {
            const auto found = report.hits.find(property);
            return found == report.hits.end() ? std::set<std::uint64_t>{} : found->second;
        };
        const auto old = moved(hits(before.report), places);
        const auto now = hits(after);
        const bool right = then == Then::same ? old == now : std::includes(old.begin(), old.end(), now.begin(), now.end());
        EXPECT_TRUE(right) << property << fmt::format(" {{{}}} became {{{}}}\n", fmt::join(old, ","), fmt::join(now, ","))
                           << before.shown;
    }
}

std::map<std::uint64_t, std::uint64_t> unmoved(const Records& records) {
    std::map<std::uint64_t, std::uint64_t> places;
    for (const history::Record& record : records) places[record.index] = record.index;
    return places;
}

/// Two processes never share a number.
void take_out(Records& records, const Completed& operation) {
    records.erase(records.begin() + static_cast<std::ptrdiff_t>(std::max(operation.invoke, operation.completion)));
    records.erase(records.begin() + static_cast<std::ptrdiff_t>(std::min(operation.invoke, operation.completion)));
}

TEST(Metamorphic, TranslatingAllTimesChangesNothing) {
    for_each_history("translation", 300, [](const Case& one, RandomSequence&) {
        Records later = one.records;
        map_times(later, [](TrueTime t) { return t + Duration{1'234'567'891}; });
        const auto report = report_of(later, one.claims);
        ASSERT_TRUE(report);
        expect(Then::same, one, *report, unmoved(one.records));
        EXPECT_EQ(report->k, one.report.k);
        EXPECT_EQ(report->delta, one.report.delta);
    });
}

TEST(Metamorphic, ScalingTimesAndBoundsScalesDeltaAndNothingElse) {
    for_each_history("scaling", 300, [](const Case& one, RandomSequence&) {
        Records scaled = one.records;
        map_times(scaled, [](TrueTime t) { return TrueTime{t.time_since_epoch() * 3}; });
        Claims claims = one.claims;
        for (auto& [name, claim] : claims) {
            if (claim.within) claim.within = *claim.within * 3;
        }
        const auto report = report_of(scaled, claims);
        ASSERT_TRUE(report);
        expect(Then::same, one, *report, unmoved(one.records));
        EXPECT_EQ(report->k, one.report.k);
        EXPECT_EQ(report->delta, one.report.delta * 3);
    });
}

TEST(Metamorphic, RenamingAgentsBundlesAndRevisionsChangesNothing) {
    for_each_history("renaming", 300, [](const Case& one, RandomSequence&) {
        Records renamed = one.records;
        map_names(renamed, [](const std::string& name) {
            std::string mirrored = name;
            for (char& c : mirrored) {
                if (c >= '0' && c <= '9') c = static_cast<char>('0' + '9' - c);
                if (c >= 'a' && c <= 'z') c = static_cast<char>('a' + 'z' - c);
            }
            return mirrored;
        });
        const auto report = report_of(renamed, one.claims);
        ASSERT_TRUE(report);
        expect(Then::same, one, *report, unmoved(one.records));
    });
}

TEST(Metamorphic, TheOrderOfDecisionsAtOneInstantDoesNotMatter) {
    int changed = 0;
    for_each_history("ties", 600, [&](const Case& one, RandomSequence& random) {
        Records shuffled = one.records;
        // To a coarser clock, so that there are many.
        map_times(shuffled, [](TrueTime t) { return TrueTime{t.time_since_epoch() / 4'000'000 * 4'000'000}; });
        reorder(shuffled);
        Case coarse{shuffled, one.claims, {}, one.shown};
        const auto before = report_of(shuffled, one.claims);
        ASSERT_TRUE(before);
        coarse.report = *before;
        for (std::size_t i = 0; i < shuffled.size(); ++i) {
            for (std::size_t j = i + 1; j < shuffled.size() && shuffled[j].time == shuffled[i].time; ++j) {
                const bool alike = shuffled[i].f == "decide" && shuffled[j].f == "decide" &&
                                   shuffled[i].type == shuffled[j].type &&
                                   (shuffled[i].type == Type::invoke || shuffled[i].type == Type::ok);
                if (!alike || random.chance(1, 3)) continue;
                std::swap(shuffled[i], shuffled[j]);
                ++changed;
            }
        }
        const auto places = reorder(shuffled);
        const auto report = report_of(shuffled, one.claims);
        ASSERT_TRUE(report);
        expect(Then::same, coarse, *report, places);
    });
    EXPECT_GT(changed, 100);
}

TEST(Metamorphic, TakingADecisionAwayAccusesNobodyNew) {
    for_each_history("deletion", 300, [](const Case& one, RandomSequence&) {
        for (const Completed& decision : completed(one.records, "decide")) {
            Records fewer = one.records;
            take_out(fewer, decision);
            const auto places = reorder(fewer);
            const auto report = report_of(fewer, one.claims);
            ASSERT_TRUE(report);
            expect(Then::no_more, one, *report, places);
            EXPECT_LE(report->k, one.report.k);
            EXPECT_LE(report->delta, one.report.delta);
        }
    });
}

TEST(Metamorphic, ADecisionThatGotLostAccusesNobody) {
    for_each_history("lost", 300, [](const Case& one, RandomSequence&) {
        for (const Completed& decision : completed(one.records, "decide")) {
            Records fewer = one.records;
            fewer[decision.completion].type = Type::info;
            const auto report = report_of(fewer, one.claims);
            ASSERT_TRUE(report);
            expect(Then::no_more, one, *report, unmoved(one.records));
        }
    });
}

TEST(Metamorphic, WiderIntervalsOfDecisionsAccuseNobodyNew) {
    for_each_history("widening", 600, [](const Case& one, RandomSequence& random) {
        Records wider = one.records;
        for (const Completed& decision : completed(one.records, "decide")) {
            wider[decision.invoke].time = std::max(TrueTime{}, wider[decision.invoke].time - milliseconds{random.between(0, 3)});
            wider[decision.completion].time += milliseconds{random.between(0, 3)};
        }
        const auto places = reorder(wider);
        const auto report = report_of(wider, one.claims);
        ASSERT_TRUE(report);
        // A later end is another question to some: convergence asks whether nothing was under way then, and a revision from
        // the future, which proves nothing else, is one of the past.
        expect(Then::no_more, one, *report, places, {"convergence", "atomic-activation", "oracle-correctness"});
    });
}

TEST(Metamorphic, APublishThatNobodySawAcknowledgedRaisesNoFloor) {
    for_each_history("unacknowledged", 600, [](const Case& one, RandomSequence&) {
        for (const Completed& publish : completed(one.records, "publish")) {
            Records doubtful = one.records;
            doubtful[publish.completion].type = Type::info;
            const auto report = report_of(doubtful, one.claims);
            ASSERT_TRUE(report);
            // Convergence then asks for the revision before, whose time may have come.
            expect(Then::no_more, one, *report, unmoved(one.records), {"convergence"});
        }
    });
}

TEST(Metamorphic, OneMoreExcuseAccusesNobodyNew) {
    for_each_history("excuse", 600, [](const Case& one, RandomSequence& random) {
        Records excused = one.records;
        TrueTime t{milliseconds{random.between(0, 60)}};
        for (int i = 0; i < 4; ++i) {
            history::Fault fault;
            fault.fault = "extra";
            fault.kind = "partition";
            fault.excuses[random.chance(1, 2) ? "a1" : "a2"].bundles = {"main"};
            history::Record record;
            record.index = 1'000'000 + static_cast<std::uint64_t>(i);
            record.time = t;
            record.process = std::string("nemesis");
            record.f = i < 2 ? "partition" : "heal-partition";
            record.value = fault;
            excused.push_back(record);
            t += milliseconds{random.between(0, 10)};
        }
        const auto places = reorder(excused);
        const auto report = report_of(excused, one.claims);
        ASSERT_TRUE(report);
        expect(Then::no_more, one, *report, places);
    });
}

TEST(Metamorphic, ALargerBoundAccusesNobodyNew) {
    for_each_history("bound", 600, [](const Case& one, RandomSequence& random) {
        Claims claims = one.claims;
        for (auto& [name, claim] : claims) {
            if (claim.within) *claim.within += milliseconds{random.between(0, 10)};
        }
        const auto report = report_of(one.records, claims);
        ASSERT_TRUE(report);
        expect(Then::no_more, one, *report, unmoved(one.records));
    });
}

TEST(Metamorphic, DroppingProvenanceOfAHistoryThatPassesAccusesNobody) {
    int passing = 0;
    for_each_history("provenance", 3'000, [&](const Case& one, RandomSequence& random) {
        if (!one.report.invalid.empty()) return;
        ++passing;
        Records poorer = one.records;
        for (const Completed& decision : completed(one.records, "decide")) {
            auto& decide = std::get<history::Decide>(poorer[decision.completion].value);
            if (decide.markers.size() != 2 || random.chance(1, 3)) continue;
            decide.markers.clear();
            decide.revisions.clear();
        }
        const auto report = report_of(poorer, one.claims);
        ASSERT_TRUE(report);
        EXPECT_TRUE(report->invalid.empty()) << *report->invalid.begin() << "\n" << one.shown;
    });
    EXPECT_GT(passing, 100);
}

TEST(Metamorphic, ASecondDecisionLikeTheFirstChangesOnlyCounts) {
    for_each_history("duplicates", 600, [](const Case& one, RandomSequence&) {
        Records doubled = one.records;
        for (const history::Record& record : one.records) {
            if (record.f != "decide") continue;
            history::Record twin = record;
            twin.index += 1'000'000;
            twin.process = std::get<std::int64_t>(record.process) + 1'000'000;
            doubled.push_back(twin);
        }
        const auto places = reorder(doubled);
        auto report = report_of(doubled, one.claims);
        ASSERT_TRUE(report);
        EXPECT_EQ(report->invalid, one.report.invalid) << one.shown;
        EXPECT_EQ(report->k, one.report.k);
        EXPECT_EQ(report->delta, one.report.delta);
        for (const auto& [property, hits] : one.report.hits) {
            if (named_by_choice(property)) continue;
            std::set<std::uint64_t> wanted = moved(hits, places);
            for (const std::uint64_t index : hits) {
                if (const auto twin = places.find(index + 1'000'000); twin != places.end()) wanted.insert(twin->second);
            }
            EXPECT_EQ(report->hits[property], wanted) << property << "\n" << one.shown;
        }
    });
}

}  // namespace
}  // namespace mistrial::checkers
