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
        if (T* const known = find(process)) return *known;
        while (places_[place_of(process)].used && places_.size() < most) grow();
        Place& place = places_[place_of(process)];
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
    static constexpr std::size_t few = 64;
    /// Twice the greatest concurrency of a run.
    static constexpr std::size_t most = 8192;

    [[nodiscard]] std::size_t place_of(std::int64_t process) const { return static_cast<std::uint64_t>(process) % places_.size(); }

    /// Two that had places of their own have them in a table that is a multiple as large, too.
    void grow() {
        std::vector<Place> old(places_.size() * 8 < most ? places_.size() * 8 : most);
        old.swap(places_);
        for (Place& place : old) {
            if (place.used) places_[place_of(place.process)] = std::move(place);
        }
    }

    std::vector<Place> places_ = std::vector<Place>(few);
    std::unordered_map<std::int64_t, T> crowded_;
};

}  // namespace mistrial::history
