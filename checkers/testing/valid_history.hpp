#pragma once

#include "checkers/claims.hpp"
#include "core/history/operation.hpp"
#include "core/random.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/// Histories that are valid because of how they are made (properties.md 5.2): authorities, mirrors and agents are simulated
/// by the axioms of properties.md 1.7, and what a client would have seen of them is written down. Every claim of `Truth`
/// is true of them, bounds included, so whoever accuses somebody is wrong.
namespace mistrial::checkers::testing {

/// What a history is like. All times are whole ticks, few of them, so that equal times are common.
struct Dials {
    Duration tick = std::chrono::milliseconds{1};
    std::uint32_t agents = 3;
    std::uint32_t bundles = 1;
    std::uint32_t mirrors = 1;
    std::uint32_t sessions = 4;
    // At most, in ticks:
    std::int64_t decide_every = 2;
    std::int64_t decide_takes = 6;
    std::int64_t publish_every = 200;
    std::int64_t publish_takes = 8;
    std::int64_t poll_every = 30;
    std::int64_t fetch_takes = 8;
    std::int64_t activation_takes = 5;
    std::int64_t mirror_keeps = 10;
    std::int64_t report_takes = 20;
    std::int64_t upload_every = 40;
    std::int64_t fault_every = 400;
    std::int64_t fault_lasts = 150;
    std::int64_t clock_error = 20;
    // Of a thousand:
    std::uint64_t lost_answers = 20;
    std::uint64_t lost_provenance = 50;
    std::uint64_t partial_markers = 20;
    std::uint64_t lost_echoes = 100;
    std::uint64_t overlapping_publishes = 200;
    std::uint64_t indeterminate_publishes = 100;
    std::uint64_t failed_publishes = 50;
    std::uint64_t bad_publishes = 50;
    // Whether
    bool persists = true;          ///< a restarted agent has what it had
    bool records_boots = true;     ///< else every answer and report carries its incarnation
    bool records_deaths = true;
    bool records_deliveries = true;
    bool roaming_sessions = true;
    bool logs = true;
};

/// Drawn so that every kind of history is common.
[[nodiscard]] Dials dials_of(std::uint64_t seed);

/// What really happened at a decision.
struct Truth {
    std::uint64_t index = 0;  ///< of the completion
    TrueTime decided;         ///< the instant of its evaluation, in [inv, res]
    std::string incarnation;
    history::Revisions state;  ///< what was active then
    Duration clock_offset{};
};

struct ValidHistory {
    /// Told of every record in history order; `truth` is set for answers.
    using Sink = std::function<void(const history::Record& record, const Truth* truth)>;

    std::uint64_t seed = 0;
    std::int64_t operations = 1'000;  ///< decisions asked for before the last phase, in which nothing is published or broken
    Dials dials;

    /// What is true of the history, with its bounds.
    [[nodiscard]] Claims claims() const;
    /// The bound within which every publish reaches every connected agent.
    [[nodiscard]] Duration bound() const;
    /// Returns how many publishes and decisions there were.
    std::int64_t generate(const Sink& sink) const;
    [[nodiscard]] std::vector<history::Record> records() const;
};

[[nodiscard]] ValidHistory valid_history(std::uint64_t seed, std::int64_t operations);

}  // namespace mistrial::checkers::testing
