#pragma once

#include "checkers/kernels/step_function.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

/// Kernel K3: which version each operation can have seen, when operations do not say or versions recur.
///
/// Every operation has a set of choices (revisions that explain its verdict; deliveries of the revision it shows). A
/// choice covers an interval of places in the version order: [low, high], so that two choices that are in no certain order
/// overlap; in a total order low = high. A group (an incarnation, a session) demands that it never goes back: for its
/// operations o and d with `o.res < d.inv - delay`, the choice of d is not certainly older than that of o, give or take
/// `slack` places: `low(o) <= high(d) + slack`.
///
/// Theorem 3 of properties.md: in the order of ends, give each operation the choice of least `low` among those that its
/// groups still permit. Only `low` weighs on others, and everything that precedes an operation has ended before it, so
/// this is the least solution, and there is none at all when some operation is left without a choice. The mirror sweep
/// yields the greatest solution. (Constraints of this form are closed under minimum and maximum; Jeavons and Cooper, 1995.)
namespace mistrial::checkers::kernels {

using Place = std::int64_t;
inline constexpr Place no_floor = std::numeric_limits<Place>::min();

struct Choice {
    Place low = 0;
    Place high = 0;
    friend bool operator==(const Choice&, const Choice&) = default;
};

struct GroupRule {
    Duration delay{};
    Place slack = 0;
};

/// One group, streaming. Operations come in ascending order of their ends. O(1) amortised; a regular value.
template <class Cause>
class MonotoneGroup {
  public:
    struct Floor {
        Place place = no_floor;        ///< `high` of what begins at `inv` must not be less
        const Cause* cause = nullptr;  ///< the operation that demands it
    };

    explicit MonotoneGroup(GroupRule rule = {}) : rule_(rule) {}

    [[nodiscard]] Floor floor(TrueTime inv) const {
        const auto* step = lows_.before(inv - rule_.delay);
        return step == nullptr ? Floor{} : Floor{step->value - rule_.slack, &step->cause};
    }
    /// An operation that was given a choice with this `low` ended.
    void raise(TrueTime res, Place low, const Cause& cause) { lows_.raise(res, low, cause); }
    [[nodiscard]] bool would_rise(Place low) const { return lows_.empty() || lows_.newest().value < low; }
    [[nodiscard]] bool stands_at(Place low) const { return !lows_.empty() && lows_.newest().value == low; }
    void forget_all_but(std::size_t steps) { lows_.forget_all_but(steps); }

  private:
    GroupRule rule_;
    StepFunction<Cause, Place> lows_;
};

/// An operation of a whole instance: `groups` are places in the list of rules.
struct Variable {
    TrueTime inv;
    TrueTime res;
    std::vector<Choice> choices;
    std::vector<std::uint32_t> groups;
};

struct Assignment {
    std::vector<std::optional<std::size_t>> chosen;  ///< by variable: a place in its choices
    /// For each variable without a choice, the certificate: itself, the variable that set its floor, the one that set the
    /// floor of that one, … until one whose choice is the least it has anyway. Usually two or three.
    std::vector<std::vector<std::size_t>> chains;

    [[nodiscard]] bool feasible() const { return chains.empty(); }
};

/// The least solution of a whole instance. Variables in any order; equal ends are taken in the order given. One that is
/// left without a choice raises nothing, so that one cause does not cascade. O(n log n).
[[nodiscard]] Assignment least_assignment(std::span<const Variable> variables, std::span<const GroupRule> rules);

/// The greatest solution: of all that explain the history, the most charitable to whoever is said to be late.
[[nodiscard]] Assignment greatest_assignment(std::span<const Variable> variables, std::span<const GroupRule> rules);

}  // namespace mistrial::checkers::kernels
