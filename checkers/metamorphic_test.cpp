#include "checkers/definitional/definition.hpp"
#include "checkers/testing/alter.hpp"
#include "checkers/testing/effort.hpp"
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
    for (const auto& [property, claim] : claims) options.only.push_back(property);
    options.on_hit = [&](std::string_view property, std::uint64_t index) { report.hits[std::string(property)].insert(index); };
    const auto judged = judge(records, options);
    if (!judged) return std::nullopt;
    for (const ClaimResult& result : judged->claims) {
        if (result.validity == Validity::invalid) report.invalid.insert(result.property);
    }
    // What is claimed is judged, not measured.
    Suite::Options measuring;
    measuring.claims = Claims{};
    measuring.only = {"k-atomicity", "delta-atomicity"};
    const auto measurement = judge(records, measuring);
    if (!measurement) return std::nullopt;
    for (const Measured& measured : measurement->measured) {
        if (measured.property == "k-atomicity") report.k = measured.values.value("smallest_k", std::int64_t{1});
        if (measured.property == "delta-atomicity") report.delta = measured.values["smallest_delta_ns"];
    }
    return report;
}

/// These name one operation of several that would do: the later of two that contradict each other (split-brain,
/// determinism), the end of a stretch or of a circle (fork-freedom), the first that shows a revision (status-freshness),
/// the last that does not (visibility), or when it is all over (revision-validity). With other operations beside them, or
/// equal times in another order, it is another one: only the verdict says something then.
bool named_by_choice(const std::string& property) {
    static const std::set<std::string> those{"split-brain",      "determinism", "fork-freedom",
                                             "status-freshness", "visibility",  "revision-validity"};
    return those.contains(property);
}

/// What decisions without provenance must satisfy together; what only the whole of them rules out is told under one.
const std::set<std::string> judged_together{"bounded-staleness", "monotonic-revisions", "monotonic-reads", "token-freshness",
                                            "pinned-snapshot"};

/// Where authorities do not know of each other, these compare with the newest publish alone and find less than there is:
/// with less to compare with they may find more of it.
const std::set<std::string> look_at_the_newest{"bounded-staleness", "monotonic-revisions", "split-brain",     "convergence",
                                               "publish-order",     "linearizability",     "delta-atomicity", "k-atomicity"};

struct Case {
    Records records;
    Claims claims;
    Report report;
    std::string shown;
    bool several_authorities = false;
    bool declares_ancestry = false;
};

/// Availability asks for answers, so that every answer that is missing or later may break it: what is left without its
/// share, its gap and its latency (that an agent does not fall back to no policy) speaks of the answers that are there.
Claims without_demand_for_answers(Claims claims) {
    if (const auto found = claims.find("availability"); found != claims.end()) {
        found->second.parameters = {{"ratio", 0}, {"gap", "1h"}};
    }
    return claims;
}
Claims as_they_are(Claims claims) { return claims; }
Claims of_all_agents_and_bundles(Claims claims) {
    for (auto& [property, claim] : claims) claim.agents = claim.bundles = {};
    return claims;
}

/// Random histories in which answers echo nothing and every report is of the first life: who answered is then the same
/// whatever else is there.
void for_each_history(const char* purpose, int histories, const std::function<void(const Case&, RandomSequence&)>& visit,
                      const std::function<Claims(Claims)>& claimed = as_they_are) {
    for (std::int64_t i = 0; i < effort(histories); ++i) {
        RandomSequence random{RandomStream{static_cast<std::uint64_t>(i), "metamorphic", purpose}};
        RandomHistory history = random_history(random);
        history.claims = claimed(history.claims);
        Case one{history.build(), history.claims, {}, show(history), history.several_authorities, history.declares_ancestry};
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

enum class Then { identical, same, no_more };

std::set<std::uint64_t> hits_of(const Report& report, const std::string& property) {
    const auto found = report.hits.find(property);
    return found == report.hits.end() ? std::set<std::uint64_t>{} : found->second;
}

/// What may be named of this property, if less than before can be known: what was named before, or was there to be named.
std::set<std::uint64_t> nameable(const Case& before, const std::string& property) {
    std::set<std::uint64_t> all = hits_of(before.report, property);
    if (judged_together.contains(property)) {
        for (const std::string& other : judged_together) all.merge(hits_of(before.report, other));
    }
    if (before.several_authorities && look_at_the_newest.contains(property)) {
        definitional::View view = definitional::view_of(before.records);
        view.asserted = before.claims;
        all.merge(definitional::violating(view, before.claims.at(property)));
    }
    return all;
}

void expect(Then then, const Case& before, const Report& after, const std::map<std::uint64_t, std::uint64_t>& places,
            const std::set<std::string>& except = {}) {
    for (const auto& [property, claim] : before.claims) {
        if (except.contains(property)) continue;
        const bool was = before.report.invalid.contains(property);
        const bool is = after.invalid.contains(property);
        const auto now = hits_of(after, property);
        if (then != Then::no_more) {
            EXPECT_EQ(was, is) << property << "\n" << before.shown;
            if (then == Then::same && named_by_choice(property)) continue;
            EXPECT_EQ(moved(hits_of(before.report, property), places), now) << property << "\n" << before.shown;
            continue;
        }
        if (named_by_choice(property)) {
            EXPECT_TRUE(was || !is) << property << "\n" << before.shown;
            continue;
        }
        auto old = moved(hits_of(before.report, property), places);
        if (!std::includes(old.begin(), old.end(), now.begin(), now.end())) old = moved(nameable(before, property), places);
        EXPECT_TRUE(std::includes(old.begin(), old.end(), now.begin(), now.end()))
            << property << fmt::format(" {{{}}} became {{{}}}\n", fmt::join(old, ","), fmt::join(now, ",")) << before.shown;
        EXPECT_TRUE(!old.empty() || !is) << property << "\n" << before.shown;
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
        expect(Then::identical, one, *report, unmoved(one.records));
        EXPECT_EQ(report->k, one.report.k);
        EXPECT_EQ(report->delta, one.report.delta);
    });
}

TEST(Metamorphic, ScalingTimesAndBoundsScalesDeltaAndNothingElse) {
    for_each_history("scaling", 300, [](const Case& one, RandomSequence&) {
        Records scaled = one.records;
        map_times(scaled, [](TrueTime t) { return TrueTime{t.time_since_epoch() * 3}; });
        Claims claims = one.claims;
        map_bounds(claims, [](Duration bound) { return bound * 3; });
        const auto report = report_of(scaled, claims);
        ASSERT_TRUE(report);
        expect(Then::identical, one, *report, unmoved(one.records));
        EXPECT_EQ(report->k, one.report.k);
        EXPECT_EQ(report->delta, one.report.delta * 3);
    });
}

TEST(Metamorphic, RenamingAgentsBundlesAndRevisionsChangesNothing) {
    for_each_history("renaming", 300, [](const Case& one, RandomSequence&) {
        Records renamed = one.records;
        const auto mirrored = [](const std::string& name) {
            std::string other = name;
            for (char& c : other) {
                if (c >= '0' && c <= '9') c = static_cast<char>('0' + '9' - c);
                if (c >= 'a' && c <= 'z') c = static_cast<char>('a' + 'z' - c);
            }
            return other;
        };
        map_names(renamed, mirrored);
        Claims claims = one.claims;
        map_names(claims, mirrored);
        const auto report = report_of(renamed, claims);
        ASSERT_TRUE(report);
        expect(Then::identical, one, *report, unmoved(one.records));
        EXPECT_EQ(report->k, one.report.k);
        EXPECT_EQ(report->delta, one.report.delta);
    });
}

TEST(Metamorphic, TheOrderOfDecisionsAtOneInstantDoesNotMatter) {
    int changed = 0;
    for_each_history("ties", 600, [&](const Case& one, RandomSequence& random) {
        Records shuffled = one.records;
        // To a coarser clock, so that there are many.
        map_times(shuffled, [](TrueTime t) { return TrueTime{t.time_since_epoch() / 4'000'000 * 4'000'000}; });
        reorder(shuffled);
        Case coarse{shuffled, one.claims, {}, one.shown, one.several_authorities, one.declares_ancestry};
        const auto before = report_of(shuffled, one.claims);
        ASSERT_TRUE(before);
        coarse.report = *before;
        // Among themselves: a boot in between stays where it is, and so do the reports that name a process.
        for (std::size_t i = 0; i < shuffled.size(); ++i) {
            for (std::size_t j = i + 1; j < shuffled.size() && shuffled[j].time == shuffled[i].time; ++j) {
                const bool alike = shuffled[i].f == "decide" && shuffled[j].f == "decide" &&
                                   shuffled[i].type == shuffled[j].type &&
                                   (shuffled[i].type == Type::invoke || shuffled[i].type == Type::ok);
                if (!alike) break;
                if (random.chance(1, 3)) continue;
                std::swap(shuffled[i], shuffled[j]);
                ++changed;
            }
        }
        const auto places = reorder(shuffled);
        const auto report = report_of(shuffled, one.claims);
        ASSERT_TRUE(report);
        expect(Then::same, coarse, *report, places);
    });
    EXPECT_GT(changed, effort(100));
}

/// What a decision showed may be what something else is excused by: that a revision is there at all (no-lost-publish asks
/// for one that shows it), that a publish without an acknowledgement took effect and everybody waits for it (convergence
/// asks for the one before, otherwise), that a pair of agent and publish was early (visibility judges a share).
std::set<std::string> excused_by_decisions(const Case& one) {
    std::set<std::string> properties{"no-lost-publish", "visibility"};
    // With declared ancestry it matters who held what without a break; that somebody left it in between is a sight too.
    if (one.declares_ancestry) properties.insert("fork-freedom");
    const bool doubtful = std::any_of(one.records.begin(), one.records.end(), [&](const history::Record& record) {
        return record.f == "publish" && record.type == Type::invoke &&
               std::none_of(one.records.begin(), one.records.end(), [&](const history::Record& other) {
                   return other.f == "publish" && other.process == record.process && other.type != Type::invoke &&
                          other.type != Type::info;
               });
    });
    if (doubtful) properties.insert("convergence");
    return properties;
}

TEST(Metamorphic, TakingADecisionAwayAccusesNobodyNew) {
    const auto law = [](const Case& one, RandomSequence&) {
        for (const Completed& decision : completed(one.records, "decide")) {
            Records fewer = one.records;
            take_out(fewer, decision);
            const auto places = reorder(fewer);
            const auto report = report_of(fewer, one.claims);
            ASSERT_TRUE(report);
            expect(Then::no_more, one, *report, places, excused_by_decisions(one));
            EXPECT_LE(report->k, one.report.k);
            EXPECT_LE(report->delta, one.report.delta);
        }
    };
    for_each_history("deletion", 300, law, without_demand_for_answers);
}

TEST(Metamorphic, ADecisionThatGotLostAccusesNobody) {
    const auto law = [](const Case& one, RandomSequence&) {
        for (const Completed& decision : completed(one.records, "decide")) {
            Records fewer = one.records;
            fewer[decision.completion].type = Type::info;
            const auto report = report_of(fewer, one.claims);
            ASSERT_TRUE(report);
            expect(Then::no_more, one, *report, unmoved(one.records), excused_by_decisions(one));
        }
    };
    for_each_history("lost", 300, law, without_demand_for_answers);
}

/// What an answer is up against stays what it was: none comes to be given after a publish began or ended, after a connection
/// was refused or after the end of the history, if that was still to come when it was given. And none becomes the last that
/// was heard of an agent before it was found to be gone: it is excused from then on.
TrueTime latest_end(const Records& records, const Completed& decision) {
    const TrueTime end = records[decision.completion].time;
    const std::string& agent = std::get<history::Decide>(records[decision.completion].value).agent;
    const auto last_answer_before = [&](TrueTime t) {
        TrueTime last = end;
        for (const Completed& other : completed(records, "decide")) {
            const history::Record& answer = records[other.completion];
            if (std::get<history::Decide>(answer.value).agent == agent && answer.time < t) last = std::max(last, answer.time);
        }
        return last;
    };
    TrueTime latest = records.back().time;
    for (const history::Record& record : records) {
        const auto* boot = std::get_if<history::Boot>(&record.value);
        const bool begins = record.f == "publish" && record.type == Type::invoke;
        const bool ends = record.f == "publish" && record.type != Type::invoke;
        const bool refused = record.f == "decide" && record.type == Type::fail;
        if (begins && record.time > end) latest = std::min(latest, record.time - Duration{1});
        if (ends && record.time >= end) latest = std::min(latest, record.time);
        if ((refused || (boot != nullptr && boot->agent == agent)) && record.time > end) {
            latest = std::min(latest, last_answer_before(record.time));
        }
    }
    return latest;
}

TEST(Metamorphic, WiderIntervalsOfDecisionsAccuseNobodyNew) {
    int later = 0;
    const auto law = [&](const Case& one, RandomSequence& random) {
        Records wider = one.records;
        for (const Completed& decision : completed(one.records, "decide")) {
            wider[decision.invoke].time = std::max(TrueTime{}, wider[decision.invoke].time - milliseconds{random.between(0, 3)});
            wider[decision.completion].time = std::min(latest_end(one.records, decision), wider[decision.completion].time + milliseconds{random.between(0, 3)});
        }
        for (std::size_t i = 0; i < wider.size(); ++i) later += wider[i].time > one.records[i].time ? 1 : 0;
        const auto places = reorder(wider);
        const auto report = report_of(wider, one.claims);
        ASSERT_TRUE(report);
        // Visibility judges a share of pairs, and which there are depends on which answer ended first.
        expect(Then::no_more, one, *report, places, {"visibility"});
        EXPECT_LE(report->k, one.report.k);
        EXPECT_LE(report->delta, one.report.delta);
    };
    for_each_history("widening", 600, law, without_demand_for_answers);
    EXPECT_GT(later, effort(1'000));
}

TEST(Metamorphic, APublishThatNobodySawAcknowledgedRaisesNoFloor) {
    for_each_history("unacknowledged", 600, [](const Case& one, RandomSequence&) {
        for (const Completed& publish : completed(one.records, "publish")) {
            Records doubtful = one.records;
            doubtful[publish.completion].type = Type::info;
            const auto report = report_of(doubtful, one.claims);
            ASSERT_TRUE(report);
            // Convergence then asks for the revision before, whose time may have come; visibility judges a share of the
            // acknowledged.
            expect(Then::no_more, one, *report, unmoved(one.records), {"convergence", "visibility"});
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
            record.time = std::min(t, one.records.back().time);
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
        map_bounds(claims, [&](Duration bound) { return bound + milliseconds{random.between(0, 10)}; });
        if (auto k = claims.find("k-atomicity"); k != claims.end()) {
            k->second.parameters["at_most"] = *k->second.number("at_most") + static_cast<double>(random.between(0, 2));
        }
        const auto report = report_of(one.records, claims);
        ASSERT_TRUE(report);
        expect(Then::no_more, one, *report, unmoved(one.records));
    });
}

bool reports_an_error(const Case& one) {
    return std::any_of(one.records.begin(), one.records.end(), [](const history::Record& record) {
        const auto* status = std::get_if<history::Status>(&record.value);
        return status != nullptr && status->errors;
    });
}

TEST(Metamorphic, DroppingProvenanceOfAHistoryThatPassesAccusesNobody) {
    // Of the claims of a history those that hold: together they hold too. A decision that others accuse keeps its provenance:
    // what revision could be behind an answer that is wrong under the one it shows?
    int passing = 0;
    std::map<std::string, int> kept;
    for_each_history("provenance", 2'000, [&](const Case& one, RandomSequence& random) {
        Claims claims = one.claims;
        std::erase_if(claims, [&](const auto& claim) {
            // Others hold only as far as was looked.
            const bool looked_at_all = !one.several_authorities || !look_at_the_newest.contains(claim.first);
            if (!looked_at_all && !nameable(one, claim.first).empty()) return true;
            // A report of an error pays for what was shown before it; whoever shows it first after that owes a report again.
            if (claim.first == "status-freshness" && reports_an_error(one)) return true;
            return one.report.invalid.contains(claim.first) || excused_by_decisions(one).contains(claim.first);
        });
        Records poorer = one.records;
        bool fewer = false;
        for (const Completed& decision : completed(one.records, "decide")) {
            auto& decide = std::get<history::Decide>(poorer[decision.completion].value);
            const bool accused = std::any_of(one.report.hits.begin(), one.report.hits.end(), [&](const auto& hits) {
                return hits.second.contains(one.records[decision.completion].index);
            });
            if (decide.markers.size() != 2 || accused || random.chance(1, 3)) continue;
            decide.markers.clear();
            decide.revisions.clear();
            fewer = true;
        }
        if (!fewer) return;
        for (const auto& [property, claim] : claims) ++kept[property];
        const auto report = report_of(poorer, claims);
        ASSERT_TRUE(report);
        if (claims.size() > 10) ++passing;
        EXPECT_TRUE(report->invalid.empty()) << fmt::format("{}", fmt::join(report->invalid, ", ")) << "\n" << one.shown;
    }, of_all_agents_and_bundles);
    EXPECT_GT(passing, effort(100));
    for (const auto& [property, times] : kept) EXPECT_GT(times, one_case_in == 1 ? 20 : 0) << property;
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
