#pragma once

#include "checkers/testing/history_builder.hpp"
#include "core/random.hpp"

#include <functional>
#include <string>
#include <vector>

namespace mistrial::checkers::testing {

/// A small history full of ties, restarts, faults, lost answers, bad revisions and nonsense, as a list of parts that can
/// be left out one by one.
struct RandomHistory {
    using Part = std::function<void(HistoryBuilder&)>;
    std::vector<Part> parts;
    Claims claims;
    bool stalls = false;
    bool several_authorities = false;
    bool declares_ancestry = false;

    [[nodiscard]] std::vector<history::Record> build() const {
        HistoryBuilder history;
        for (const Part& part : parts) part(history);
        return history.build();
    }
};

[[nodiscard]] RandomHistory random_history(RandomSequence random);

/// Leaves out parts for as long as `fails` stays true of the rest.
[[nodiscard]] RandomHistory shrink(RandomHistory history, const std::function<bool(const RandomHistory&)>& fails);

/// The history as lines of history.jsonl, and the claims: what a failing test prints.
[[nodiscard]] std::string show(const RandomHistory& history);

}  // namespace mistrial::checkers::testing
