#pragma once

#include "checkers/linearizability/model.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace mistrial::checkers::linearizability {

/// Which configurations (what has taken effect, and the state after it) a search has been through. Of the operations
/// taken, only the window is kept that is not all taken or all untaken: it is as wide as the history is concurrent, not
/// as long. Compared as a whole, never by hash alone. Not thread-safe.
class Configurations {
  public:
    enum class Added : std::uint8_t { fresh, known, no_room };

    explicit Configurations(std::uint64_t memory) : memory_(memory) { slots_.resize(1024); }

    /// `window` begins at word `low` of the set; `opens` is the set of what has no end.
    [[nodiscard]] Added add(std::uint64_t hash, std::uint32_t low, State state, std::span<const std::uint64_t> window,
                            std::span<const std::uint64_t> opens) {
        const std::uint64_t head = std::uint64_t{low} << 32 | state;
        const auto words = static_cast<std::uint32_t>(1 + window.size() + opens.size());
        std::size_t at = hash & (slots_.size() - 1);
        for (; slots_[at].words != 0; at = (at + 1) & (slots_.size() - 1)) {
            const Slot& slot = slots_[at];
            if (slot.hash == hash && slot.words == words && equal(slot.offset, head, window, opens)) return Added::known;
        }
        if (!make_room(words)) return Added::no_room;
        slots_[at] = {hash, static_cast<std::uint32_t>(words_.size()), words};
        words_.push_back(head);
        words_.insert(words_.end(), window.begin(), window.end());
        words_.insert(words_.end(), opens.begin(), opens.end());
        if (++size_ * 2 > slots_.size() && !widen()) return Added::no_room;
        return Added::fresh;
    }

    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::uint64_t bytes() const { return words_.capacity() * sizeof(std::uint64_t) + slots_.size() * sizeof(Slot); }

  private:
    struct Slot {
        std::uint64_t hash = 0;
        std::uint32_t offset = 0;
        std::uint32_t words = 0;  ///< 0: empty
    };

    [[nodiscard]] bool equal(std::uint32_t offset, std::uint64_t head, std::span<const std::uint64_t> window,
                             std::span<const std::uint64_t> opens) const {
        const std::uint64_t* words = words_.data() + offset;
        return words[0] == head && std::equal(window.begin(), window.end(), words + 1) &&
               std::equal(opens.begin(), opens.end(), words + 1 + window.size());
    }

    /// A vector that grows holds both its old and its new memory for a moment: that counts too.
    [[nodiscard]] bool make_room(std::uint32_t words) {
        const std::size_t needed = words_.size() + words;
        if (needed > ~std::uint32_t{0}) return false;
        if (needed <= words_.capacity()) return true;
        const std::size_t wider = std::max<std::size_t>(needed, words_.capacity() * 2);
        if (bytes() + wider * sizeof(std::uint64_t) > memory_) return false;
        words_.reserve(wider);
        return true;
    }

    [[nodiscard]] bool widen() {
        const std::size_t wider = slots_.size() * 2;
        if (bytes() + wider * sizeof(Slot) > memory_) return false;
        std::vector<Slot> slots(wider);
        for (const Slot& slot : slots_) {
            if (slot.words == 0) continue;
            std::size_t at = slot.hash & (wider - 1);
            while (slots[at].words != 0) at = (at + 1) & (wider - 1);
            slots[at] = slot;
        }
        slots_ = std::move(slots);
        return true;
    }

    std::uint64_t memory_;
    std::vector<std::uint64_t> words_;
    std::vector<Slot> slots_;
    std::uint64_t size_ = 0;
};

}  // namespace mistrial::checkers::linearizability
