#pragma once

#include "harness/search/coverage.hpp"
#include "harness/search/space.hpp"

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>

namespace mistrial::search {

/// What a strategy may learn from a run.
struct Seen {
    std::set<std::uint64_t> states;
};

/// Gives a search its candidates. Candidate number n is a pure function of the base
/// scenario, the search's seed and what has been learned from the generations before its own, so that a search comes out the same
/// on any number of threads.
class Strategy {
  public:
    virtual ~Strategy() = default;

    /// Nothing when there is no such candidate: all have been tried.
    [[nodiscard]] virtual std::optional<Variation> candidate(std::uint64_t number) = 0;
    /// Told of every run, in the order of their numbers, once its generation is over.
    virtual void learn(const Variation&, const Seen&) {}
    /// Runs in a row that learn nothing from each other.
    [[nodiscard]] virtual std::uint64_t generation() const { return 64; }
};

struct StrategyKind {
    std::string_view name;
    std::string_view about;
};
[[nodiscard]] std::span<const StrategyKind> strategy_kinds();

/// `base`: spelled out, its claims' bounds left to be derived, since they depend on the faults. An error when the name is
/// unknown or the strategy has nothing to go by.
[[nodiscard]] Result<std::unique_ptr<Strategy>> make_strategy(const std::string& name, const OrderedJson& base, std::uint64_t seed);

/// Random faults, as a swarm draws them (Groce et al., ISSTA 2012): each run leaves kinds out at random and weighs the others,
/// one in five has none at all and one in five a single kind.
[[nodiscard]] Variation swarm(const Space& space, std::uint64_t seed, std::uint64_t number);

}  // namespace mistrial::search
