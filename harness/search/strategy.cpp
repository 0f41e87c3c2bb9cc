#include "harness/search/strategy.hpp"

#include "harness/search/edit.hpp"
#include "harness/search/exhaustive.hpp"
#include "harness/search/guided.hpp"
#include "harness/search/lineage.hpp"

#include <algorithm>

namespace mistrial::search {
namespace {

class Swarm final : public Strategy {
  public:
    Swarm(const OrderedJson& base, std::uint64_t seed) : space_(space_of(base)), seed_(seed) {}
    std::optional<Variation> candidate(std::uint64_t number) override { return swarm(space_, seed_, number); }

  private:
    Space space_;
    std::uint64_t seed_;
};

/// The swarm's schedules, and simultaneous events and messages in another order each time.
class Pct final : public Strategy {
  public:
    Pct(const OrderedJson& base, std::uint64_t seed) : space_(space_of(base)), seed_(seed) {}
    std::optional<Variation> candidate(std::uint64_t number) override {
        Variation run = swarm(space_, seed_, number);
        run.order = number + 1;
        return run;
    }

  private:
    Space space_;
    std::uint64_t seed_;
};

}  // namespace

Variation swarm(const Space& space, std::uint64_t seed, std::uint64_t number) {
    RandomSequence dice(RandomStream(seed, fmt::format("run {}", number), "swarm"));
    const std::uint64_t shape = dice.below(5);
    Variation run{seed + number, mix_of(seed + number)};
    if (shape == 0) return run;
    std::vector<std::pair<std::string, std::uint64_t>> weighed;
    for (const std::string& kind : space.kinds)
        if (const std::uint64_t weight = 1 + dice.below(100); dice.chance(1, 2)) weighed.emplace_back(kind, weight);
    if (shape == 1 || weighed.empty()) weighed = {{space.kinds[dice.below(space.kinds.size())], 1}};
    std::uint64_t sum = 0;
    for (const auto& [kind, weight] : weighed) sum += weight;
    const std::uint64_t count = 1 + dice.below(space.most_faults);
    for (std::uint64_t i = 0; i < count; ++i) {
        std::uint64_t draw = dice.below(sum);
        const auto kind = std::ranges::find_if(weighed, [&](const auto& one) {
            if (draw < one.second) return true;
            draw -= one.second;
            return false;
        });
        add_fault(run.faults, draw_fault(space, kind->first, dice));
    }
    return run;
}

std::span<const StrategyKind> strategy_kinds() {
    static constexpr StrategyKind kKinds[] = {
        {"swarm", "random faults; each run leaves out some kinds altogether"},
        {"lineage", "faults on the downloads, activations and reports that a good run relied on, small sets first"},
        {"guided", "changes schedules that led to states not seen before, and keeps those that do so again"},
        {"pct", "the swarm's faults, with messages and simultaneous events in another order each time (random priorities)"},
        {"exhaustive", "every schedule of one fault, then of two, on a coarse grid of times"},
    };
    return kKinds;
}

Result<std::unique_ptr<Strategy>> make_strategy(const std::string& name, const OrderedJson& base, std::uint64_t seed) {
    if (name == "swarm") return std::unique_ptr<Strategy>(std::make_unique<Swarm>(base, seed));
    if (name == "pct") return std::unique_ptr<Strategy>(std::make_unique<Pct>(base, seed));
    if (name == "lineage") return make_lineage(base, seed);
    if (name == "guided") return std::unique_ptr<Strategy>(make_guided(base, seed));
    if (name == "exhaustive") return std::unique_ptr<Strategy>(make_exhaustive(base, seed));
    std::vector<std::string_view> names;
    for (const StrategyKind& kind : strategy_kinds()) names.push_back(kind.name);
    return fail("expected a strategy ({}), got \"{}\"", fmt::join(names, ", "), name);
}

}  // namespace mistrial::search
