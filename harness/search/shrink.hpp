#pragma once

#include "harness/scenario/plan.hpp"
#include "harness/search/signature.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mistrial::search {

/// Runs a plan and judges it; an error when it cannot be run.
using Judge = std::function<Result<checkers::Judgement>(const scenario::Plan&)>;

/// One of the ways in which a scenario is made smaller, and what it did.
struct Pass {
    std::string name;  ///< "claims", "tail", "nodes", "kinds", "intervals", "publications", "operations", "shorten", "simplify", "round"
    std::uint64_t runs = 0;     ///< candidates that were run
    std::uint64_t smaller = 0;  ///< of those, how many failed in the same way and became the scenario
};

/// How much there is to read in a scenario that has been spelled out.
struct Size {
    std::size_t agents = 0, faults = 0, publishes = 0, sessions = 0, decisions = 0;
    Duration duration{};
    friend bool operator==(const Size&, const Size&) = default;
};
[[nodiscard]] Size size_of(const OrderedJson& spelled);

struct ShrinkOptions {
    std::optional<Signature> signature{};  ///< the failure to keep; nothing: the worst of the run
    std::uint64_t most_runs = 5000;
    std::vector<std::string> passes{};   ///< only these; empty: all
    std::function<void(const Pass& pass, std::uint64_t runs, const Size& size)> progress{};
    std::function<bool()> interrupted{};
};

struct Shrunk {
    OrderedJson scenario;  ///< spelled out; the smallest that was found
    OrderedJson loaded;    ///< the smallest with the whole load of the original: no decision, session or publish taken out
    scenario::Plan plan;
    Signature signature;
    checkers::Judgement judgement;
    Size before, after;
    std::uint64_t runs = 0;
    std::vector<Pass> passes;
    bool finished = false;  ///< nothing more can go; false when interrupted or out of runs
};

/// Makes a failing scenario (spelled out: scenario/spell_out.hpp) smaller while it fails in the same way: claims beside the
/// violated one, what comes after the violation, nodes, kinds of faults, intervals, publishes, sessions and decisions; then
/// shorter intervals, fewer targets, plainer parameters, rounder times; again until none of it helps. Faults go as closed
/// intervals and every random draw is keyed by what it is for, so that what is left runs as before. Deterministic, and
/// idempotent: what comes out finished comes out again. An error when the scenario does not fail to begin with.
[[nodiscard]] Result<Shrunk> shrink(const OrderedJson& spelled, const Judge& judge, const ShrinkOptions& options);

}  // namespace mistrial::search
