#include "harness/search/guided.hpp"

#include "harness/search/edit.hpp"

#include <algorithm>

namespace mistrial::search {
namespace {

using namespace std::chrono_literals;

class Guided final : public Strategy {
  public:
    Guided(const OrderedJson& base, std::uint64_t seed) : space_(space_of(base)), seed_(seed) {}

    std::optional<Variation> candidate(std::uint64_t number) override {
        RandomSequence dice(RandomStream(seed_, fmt::format("run {}", number), "guided"));
        // A fresh schedule now and then, lest it only ever changes what it began with.
        if (kept_.empty() || dice.chance(1, 5)) return swarm(space_, seed_, number);
        Variation child = chosen(dice);
        for (std::uint64_t changes = 1 + dice.below(3); changes > 0; --changes) change(child.faults, dice);
        // Half of the children keep the parent's seed, and with it everything but what was changed.
        if (dice.chance(1, 2)) child.seed = seed_ + number;
        return child;
    }

    void learn(const Variation& variation, const Seen& seen) override {
        bool fresh = false;
        for (const std::uint64_t state : seen.states) fresh = states_.insert(state).second || fresh;
        if (fresh) kept_.push_back(variation);
    }

    [[nodiscard]] std::uint64_t generation() const override { return 16; }

  private:
    /// The later half is preferred: it reached what the earlier ones did not.
    const Variation& chosen(RandomSequence& dice) const {
        const std::size_t from = dice.chance(2, 3) ? kept_.size() / 2 : 0;
        return kept_[from + dice.below(kept_.size() - from)];
    }

    void change(OrderedJson& faults, RandomSequence& dice) const {
        const std::uint64_t way = faults.empty() ? 0 : dice.below(6);
        if (way <= 1) {
            if (faults.size() < space_.most_faults) add_fault(faults, draw_fault(space_, space_.kinds[dice.below(space_.kinds.size())], dice));
            return;
        }
        const std::size_t place = dice.below(faults.size());
        OrderedJson fault = faults[place];
        faults.erase(place);
        if (way == 2) return;
        if (way == 3) {  // elsewhere in time
            const Duration at = duration_at(fault, "at") + std::chrono::milliseconds(dice.between(-2000, 2000));
            fault["at"] = format_short(std::clamp(at, space_.begin, std::max(space_.begin, space_.end - 200ms)));
        } else if (way == 4) {  // longer or shorter
            const Duration length = duration_at(fault, "for");
            fault["for"] = format_short(std::max<Duration>(dice.chance(1, 2) ? length * 2 : length / 2, 100ms));
        } else {  // another of its kind at the same time
            OrderedJson other = draw_fault(space_, kind_of(fault), dice);
            other["at"] = fault["at"];
            fault = std::move(other);
        }
        fault["for"] = format_short(std::min<Duration>(duration_at(fault, "for"), std::max<Duration>(space_.end - duration_at(fault, "at"), 1ms)));
        add_fault(faults, std::move(fault));
    }

    Space space_;
    std::uint64_t seed_;
    std::vector<Variation> kept_;
    std::set<std::uint64_t> states_;
};

}  // namespace

std::unique_ptr<Strategy> make_guided(const OrderedJson& base, std::uint64_t seed) { return std::make_unique<Guided>(base, seed); }

}  // namespace mistrial::search
