#include "checkers/kernels/zones.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace mistrial::checkers::kernels {

namespace {

class Sweep {
  public:
    explicit Sweep(std::span<const Zone> zones) : zones_(zones), by_first_end_(zones.size()) {
        std::iota(by_first_end_.begin(), by_first_end_.end(), std::size_t{0});
        std::stable_sort(by_first_end_.begin(), by_first_end_.end(),
                         [&](std::size_t a, std::size_t b) { return zones_[a].first_end < zones_[b].first_end; });
    }

    std::optional<std::pair<std::size_t, std::size_t>> contradiction(Duration shift) {
        const auto last_begin = [&](std::size_t i) {
            const Zone& zone = zones_[i];
            if (shift == Duration::zero() || zone.last_read == TrueTime::min()) return zone.last_begin;
            return std::max(zone.written, back(zone.last_read, shift));
        };
        forward_.clear();
        for (const std::size_t i : by_first_end_) {
            if (zones_[i].first_end < zones_[i].written) return std::pair{i, i};
            if (!(zones_[i].first_end < last_begin(i))) continue;
            if (!forward_.empty() && zones_[i].first_end < last_begin(forward_.back())) {
                return std::pair{forward_.back(), i};
            }
            forward_.push_back(i);
        }
        for (const std::size_t i : by_first_end_) {
            const TrueTime begin = last_begin(i);
            if (zones_[i].first_end < begin) continue;
            const auto after = std::partition_point(forward_.begin(), forward_.end(), [&](std::size_t forward) {
                return zones_[forward].first_end < begin;
            });
            if (after != forward_.begin() && zones_[i].first_end < last_begin(*(after - 1))) {
                return std::pair{*(after - 1), i};
            }
        }
        return std::nullopt;
    }

  private:
    [[nodiscard]] static TrueTime back(TrueTime time, Duration shift) {
        return time < TrueTime::min() + shift ? TrueTime::min() : time - shift;
    }

    std::span<const Zone> zones_;
    std::vector<std::size_t> by_first_end_;
    std::vector<std::size_t> forward_;
};

}  // namespace

std::optional<std::pair<std::size_t, std::size_t>> contradiction(std::span<const Zone> zones) {
    return Sweep{zones}.contradiction(Duration::zero());
}

std::optional<Duration> smallest_delta(std::span<const Zone> zones) {
    Sweep sweep{zones};
    // A read never has to begin earlier than everything else ended.
    TrueTime latest = TrueTime::min();
    TrueTime earliest = TrueTime::max();
    for (const Zone& zone : zones) {
        latest = std::max(latest, zone.last_read);
        if (zone.first_end != TrueTime::min()) earliest = std::min(earliest, zone.first_end);
    }
    Duration enough = latest > earliest ? latest - earliest : Duration::zero();
    if (sweep.contradiction(enough)) return std::nullopt;
    Duration too_little{-1};
    while (enough - too_little > Duration{1}) {
        const Duration middle = too_little + (enough - too_little) / 2;
        if (sweep.contradiction(middle)) {
            too_little = middle;
        } else {
            enough = middle;
        }
    }
    return enough;
}

}  // namespace mistrial::checkers::kernels
