#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mistrial::history {

/// What is known of each client process while it matters, found in a few instructions: numbers of processes that work at
/// one time differ by less than the concurrency of a run (a crashed one returns as its number plus that), so that nearly
/// all find a place of their own in a small table; the rest lives in a map. Pointers are good until the next `at`.
template <class T>
class InFlight {
  public:
    [[nodiscard]] T* find(std::int64_t process) {
        Place& place = places_[place_of(process)];
        if (place.used && place.process == process) return &place.what;
        if (crowded_.empty()) return nullptr;
        const auto found = crowded_.find(process);
        return found == crowded_.end() ? nullptr : &found->second;
    }

    /// Finds what is there, or makes it.
    T& at(std::int64_t process) {
        Place& place = places_[place_of(process)];
        if (place.used && place.process == process) return place.what;
        if (!crowded_.empty()) {
            if (const auto found = crowded_.find(process); found != crowded_.end()) return found->second;
        }
        if (place.used) return crowded_[process];
        place.used = true;
        place.process = process;
        place.what = T{};
        return place.what;
    }

    void erase(std::int64_t process) {
        Place& place = places_[place_of(process)];
        if (place.used && place.process == process)
            place.used = false;
        else
            crowded_.erase(process);
    }

  private:
    struct Place {
        bool used = false;
        std::int64_t process = 0;
        T what{};
    };
    /// Twice the greatest concurrency of a run.
    static constexpr std::size_t count = 8192;

    static std::size_t place_of(std::int64_t process) { return static_cast<std::uint64_t>(process) % count; }

    std::vector<Place> places_ = std::vector<Place>(count);
    std::unordered_map<std::int64_t, T> crowded_;
};

}  // namespace mistrial::history
