#include "harness/search/exhaustive.hpp"

namespace mistrial::search {
namespace {

using namespace std::chrono_literals;

constexpr Duration kStep = 2s;
constexpr Duration kLengths[] = {1s, 4s};

class Exhaustive final : public Strategy {
  public:
    Exhaustive(const OrderedJson& base, std::uint64_t seed) : seed_(seed) {
        const Space space = space_of(base);
        for (Duration at = space.begin; at < space.end; at += kStep)
            for (const Duration length : kLengths) {
                if (length != kLengths[0] && kLengths[0] >= space.end - at) break;  // clipped to the one before
                const auto put = [&](const char* kind, OrderedJson body) {
                    singles_.push_back({{"at", format_short(at)}, {"for", format_short(std::min(length, space.end - at))}, {kind, std::move(body)}});
                };
                for (const auto& [node, source] : space.sources)
                    for (const char* mode : {"black-hole", "refuse"}) put("partition", {{"on", {node}}, {"from", {source}}, {"mode", mode}});
                for (const std::string& agent : space.agents) {
                    put("pause", {{"on", {agent}}});
                    for (const char* state : {"kept", "lost"}) put("kill", {{"on", {agent}}, {"state", state}});
                    for (const char* offset : {"-1h", "1h"}) put("clock", {{"on", {agent}}, {"offset", offset}});
                }
            }
    }

    std::optional<Variation> candidate(std::uint64_t number) override {
        Variation run{seed_};
        // Each schedule with every mix of publishes before the next.
        run.mix = number % mixes;
        number /= mixes;
        const std::uint64_t n = singles_.size();
        if (number >= 1 && number <= n) {
            add_fault(run.faults, singles_[number - 1]);
        } else if (number > n) {
            if (pairs_.empty()) find_pairs();
            if (number - n - 1 >= pairs_.size()) return std::nullopt;
            const auto& [a, b] = pairs_[number - n - 1];
            add_fault(run.faults, singles_[a]);
            add_fault(run.faults, singles_[b]);
        }
        return run;
    }

  private:
    /// Those that can be in one schedule.
    void find_pairs() {
        for (std::uint32_t a = 1; a < singles_.size(); ++a)
            for (std::uint32_t b = 0; b < a; ++b)
                if (!meet(singles_[a], singles_[b])) pairs_.emplace_back(a, b);
    }

    std::uint64_t seed_;
    std::vector<OrderedJson> singles_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs_;  ///< places of singles
};

}  // namespace

std::unique_ptr<Strategy> make_exhaustive(const OrderedJson& base, std::uint64_t seed) { return std::make_unique<Exhaustive>(base, seed); }

}  // namespace mistrial::search
