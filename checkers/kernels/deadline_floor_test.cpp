#include "checkers/kernels/deadline_floor.hpp"

#include "core/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

/// Kernel K4 against the definition of D_a(r): the end of the first stretch of full length since the acknowledgement, or
/// since the process began, that no excuse interrupts.
namespace mistrial::checkers::kernels {
namespace {

constexpr std::int64_t forever = 1'000'000;

TrueTime at(std::int64_t t) { return t >= forever ? TrueTime::max() : at_nanos<TrueTime>(t); }

/// Something that happens to one agent, in the order of `time`.
struct Event {
    enum class Kind { acknowledge, begin, end, late, restart };
    Kind kind;
    std::int64_t time;
    std::int64_t from = 0;       ///< of an excuse; not after `time`, when it becomes known
    std::uint32_t revision = 0;  ///< of an acknowledgement
};

/// The definition, over what is known after some events.
struct Known {
    struct Window {
        std::int64_t from;
        std::int64_t to;
    };
    std::vector<std::pair<std::int64_t, std::uint32_t>> acknowledged;
    std::vector<Window> windows;
    std::vector<std::size_t> open;
    std::vector<std::int64_t> restarts;

    void on(const Event& event) {
        switch (event.kind) {
            case Event::Kind::acknowledge: acknowledged.emplace_back(event.time, event.revision); break;
            case Event::Kind::begin:
                open.push_back(windows.size());
                windows.push_back({event.from, forever});
                break;
            case Event::Kind::end:
                windows[open.back()].to = event.time;
                open.pop_back();
                break;
            case Event::Kind::late: windows.push_back({event.from, event.time}); break;
            case Event::Kind::restart: restarts.push_back(event.time); break;
        }
    }

    [[nodiscard]] std::int64_t deadline(std::int64_t acked, std::int64_t t, std::int64_t within) const {
        for (const std::int64_t restart : restarts) {
            if (restart <= t) acked = std::max(acked, restart);
        }
        std::vector<std::int64_t> starts{acked};
        for (const Window& window : windows) {
            if (window.to >= acked && window.to < forever) starts.push_back(window.to);
        }
        std::int64_t earliest = forever;
        for (const std::int64_t s : starts) {
            const bool interrupted = std::any_of(windows.begin(), windows.end(), [&](const Window& window) {
                return std::max(s, window.from) < std::min(s + within, window.to);
            });
            if (!interrupted) earliest = std::min(earliest, s + within);
        }
        return earliest;
    }

    [[nodiscard]] std::uint32_t required(std::int64_t inv, std::int64_t res, std::int64_t within) const {
        std::uint32_t floor = 0;
        for (const auto& [acked, revision] : acknowledged) {
            if (deadline(acked, res, within) < inv) floor = std::max(floor, revision);
        }
        return floor;
    }

    [[nodiscard]] bool ends_at(std::int64_t t) const {
        return std::any_of(windows.begin(), windows.end(), [&](const Window& window) { return window.to == t; });
    }

    /// Whether an excuse or a restart lies inside [from, to].
    [[nodiscard]] bool touched(std::int64_t from, std::int64_t to) const {
        return std::any_of(windows.begin(), windows.end(),
                           [&](const Window& w) {
                               return w.from < w.to && ((w.from < from && from < w.to) || (w.from < to && to < w.to) ||
                                                        std::max(w.from, from) < std::min(w.to, to));
                           }) ||
               std::any_of(restarts.begin(), restarts.end(), [&](std::int64_t r) { return from <= r && r <= to; });
    }
};

std::string show(const std::vector<Event>& events, std::int64_t within) {
    std::string text = fmt::format("within {}: ", within);
    for (const Event& event : events) {
        const char* kinds[] = {"ack", "begin", "end", "late", "restart"};
        text += fmt::format("{} {}", kinds[static_cast<int>(event.kind)], event.time);
        if (event.kind == Event::Kind::late || event.kind == Event::Kind::begin) text += fmt::format(" from {}", event.from);
        if (event.kind == Event::Kind::acknowledge) text += fmt::format(" r{}", event.revision);
        text += "; ";
    }
    return text;
}

/// Asks every question after every event. Returns how many revisions were due in all.
std::int64_t compare(const std::vector<Event>& events, std::int64_t within, std::int64_t end) {
    Acknowledged acknowledged;
    DeadlineFloor floor{Duration{within}};
    Known known;
    std::int64_t due = 0;
    for (std::size_t i = 0; i < events.size(); ++i) {
        const Event& event = events[i];
        switch (event.kind) {
            case Event::Kind::acknowledge: acknowledged.add(at(event.time), event.revision); break;
            case Event::Kind::begin: floor.excuse_begins(at(event.from), acknowledged); break;
            case Event::Kind::end: floor.excuse_ends(at(event.time)); break;
            case Event::Kind::late: floor.excuse(at(event.from), at(event.time), acknowledged); break;
            case Event::Kind::restart: floor.restarts(at(event.time), acknowledged); break;
        }
        known.on(event);
        const bool last = i + 1 == events.size();
        if (event.kind == Event::Kind::acknowledge && !last) continue;
        // Nobody asks about what lies ahead of the records.
        const std::int64_t now = last ? end : events[i + 1].time;
        for (std::int64_t inv = 0; inv <= now; ++inv) {
            for (const std::int64_t res : {inv, std::min(inv + 1, now), now}) {
                const std::uint32_t wanted = known.required(inv, res, within);
                EXPECT_EQ(floor.required(at(inv), at(res), acknowledged), wanted)
                    << "answer in [" << inv << ", " << res << "] after event " << i << " of " << show(events, within);
                // At the very end of an excuse both are right: nothing is due yet.
                const bool connected = floor.stretch_around(at(inv), at(res)).has_value();
                EXPECT_TRUE(connected == !known.touched(inv, res) || (!connected && known.ends_at(inv)))
                    << "[" << inv << ", " << res << "] after event " << i << " of " << show(events, within);
                due += wanted > 0 ? 1 : 0;
            }
            for (const auto& [acked, revision] : known.acknowledged) {
                // A deadline that lies ahead may be any: this process may not live to see it.
                if (known.deadline(acked, inv, within) >= inv) continue;
                EXPECT_EQ(floor.deadline(at(acked), at(inv)), at(known.deadline(acked, inv, within)))
                    << "of r" << revision << " for the process at " << inv << ": " << show(events, within);
            }
            if (::testing::Test::HasFailure()) return due;
        }
    }
    return due;
}

void sort(std::vector<Event>& events) {
    std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.time < b.time; });
}

TEST(Acknowledged, TheNewestRevisionRulesWhenOlderOnesAreAcknowledgedLater) {
    Acknowledged acknowledged;
    acknowledged.add(at(10), 2);
    acknowledged.add(at(20), 1);
    EXPECT_EQ(acknowledged.until(at(9)), 0U);
    EXPECT_EQ(acknowledged.until(at(10)), 2U);
    EXPECT_EQ(acknowledged.before(at(10)), 0U);
    EXPECT_EQ(acknowledged.until(at(20)), 2U);
}

TEST(DeadlineFloor, ADeadlineThatFallsOnTheStartOfAnExcuseCountsAndADecisionOnItIsNotYetBound) {
    Acknowledged acknowledged;
    DeadlineFloor floor{Duration{10}};
    acknowledged.add(at(5), 1);
    floor.excuse_begins(at(15), acknowledged);
    EXPECT_EQ(floor.deadline(at(5)), at(15));
    EXPECT_EQ(floor.required(at(15), acknowledged), 0U);
    EXPECT_EQ(floor.required(at(16), acknowledged), 1U);
}

TEST(DeadlineFloor, AnExcuseOneNanosecondEarlierTakesTheDeadlineAway) {
    Acknowledged acknowledged;
    DeadlineFloor floor{Duration{10}};
    acknowledged.add(at(5), 1);
    floor.excuse_begins(at(14), acknowledged);
    EXPECT_EQ(floor.required(at(90), acknowledged), 0U);
    floor.excuse_ends(at(20));
    EXPECT_EQ(floor.deadline(at(5)), at(30));
    EXPECT_EQ(floor.required(at(30), acknowledged), 0U);
    EXPECT_EQ(floor.required(at(31), acknowledged), 1U);
}

TEST(DeadlineFloor, AProcessThatJustBeganOwesNothingForOneBound) {
    Acknowledged acknowledged;
    DeadlineFloor floor{Duration{10}};
    acknowledged.add(at(5), 1);
    floor.excuse_begins(at(40), acknowledged);
    floor.restarts(at(45), acknowledged);
    floor.excuse_ends(at(45));
    EXPECT_EQ(floor.required(at(40), acknowledged), 1U) << "the process before";
    EXPECT_EQ(floor.required(at(55), acknowledged), 0U);
    EXPECT_EQ(floor.required(at(56), acknowledged), 1U);
}

TEST(DeadlineFloor, ARestartOfNoLengthIsARestart) {
    Acknowledged acknowledged;
    DeadlineFloor floor{Duration{10}};
    acknowledged.add(at(5), 1);
    floor.excuse_begins(at(40), acknowledged);
    floor.restarts(at(40), acknowledged);
    floor.excuse_ends(at(40));
    EXPECT_EQ(floor.required(at(41), acknowledged), 0U);
    EXPECT_EQ(floor.required(at(51), acknowledged), 1U);
    floor.restarts(at(60), acknowledged);
    EXPECT_EQ(floor.required(at(61), acknowledged), 0U) << "known with no excuse around it";
}

TEST(DeadlineFloor, AnAnswerDuringARestartMayBeOfTheNewProcess) {
    Acknowledged acknowledged;
    DeadlineFloor floor{Duration{10}};
    acknowledged.add(at(5), 1);
    floor.restarts(at(40), acknowledged);
    EXPECT_EQ(floor.required(at(30), at(39), acknowledged), 1U);
    EXPECT_EQ(floor.required(at(30), at(40), acknowledged), 0U);
}

TEST(DeadlineFloor, IsTheDefinitionForEveryPairOfExcusesAndEveryRestart) {
    constexpr std::int64_t end = 7;
    std::int64_t due = 0;
    std::vector<std::pair<std::int64_t, std::int64_t>> spans;
    for (std::int64_t from = 0; from < 5; ++from) {
        for (std::int64_t to = from; to <= 5; ++to) spans.emplace_back(from, to);
    }
    for (const auto& [from1, to1] : spans) {
        for (const auto& [from2, to2] : spans) {
            for (const bool late : {false, true}) {
                for (std::int64_t restart = -1; restart <= 5; ++restart) {
                    for (std::int64_t acked = 0; acked < 3; ++acked) {
                        std::vector<Event> events{{Event::Kind::acknowledge, acked, 0, 1},
                                                  {Event::Kind::begin, from1, from1, 0}};
                        if (restart >= 0) events.push_back({Event::Kind::restart, restart, 0, 0});
                        events.push_back({Event::Kind::end, to1, 0, 0});
                        if (late) {
                            events.push_back({Event::Kind::late, to2, from2, 0});
                        } else {
                            events.push_back({Event::Kind::begin, from2, from2, 0});
                            events.push_back({Event::Kind::end, to2, 0, 0});
                        }
                        sort(events);
                        for (const std::int64_t within : {1, 2}) due += compare(events, within, end);
                        if (HasFailure()) return;
                    }
                }
            }
        }
    }
    EXPECT_GT(due, 100'000);
}

TEST(DeadlineFloor, IsTheDefinitionOnRandomHistories) {
    RandomSequence random{RandomStream{20'262, "deadline-floor", "histories"}};
    std::int64_t due = 0;
    for (int i = 0; i < 1'500; ++i) {
        std::vector<Event> events;
        std::uint32_t revision = 0;
        for (auto n = random.below(5); n > 0; --n) {
            revision += static_cast<std::uint32_t>(random.below(3));
            events.push_back({Event::Kind::acknowledge, random.between(0, 20), 0, 0});
        }
        for (auto n = random.below(4); n > 0; --n) {
            const std::int64_t from = random.between(0, 18);
            const std::int64_t to = from + random.between(0, 8);
            if (random.chance(1, 3)) {
                events.push_back({Event::Kind::late, to, from, 0});
            } else {
                const std::int64_t known = std::min(to, random.chance(1, 3) ? from + random.between(0, 5) : from);
                events.push_back({Event::Kind::begin, known, from, 0});
                events.push_back({Event::Kind::end, to, 0, 0});
            }
        }
        for (auto n = random.below(3); n > 0; --n) events.push_back({Event::Kind::restart, random.between(0, 20), 0, 0});
        sort(events);
        std::uint32_t next = 0;
        for (Event& event : events) {
            if (event.kind == Event::Kind::acknowledge) event.revision = next += static_cast<std::uint32_t>(random.below(3));
        }
        due += compare(events, random.between(1, 6), 24);
        if (HasFailure()) return;
    }
    EXPECT_GT(due, 20'000);
}

}  // namespace
}  // namespace mistrial::checkers::kernels
