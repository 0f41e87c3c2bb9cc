#pragma once

#include "checkers/key.hpp"

#include <bit>
#include <cstdint>
#include <vector>

namespace mistrial::checkers::kernels {

/// Which keys passed by, in fixed memory: `may_hold` is true of every key that was added, and now and then of another
/// (Bloom, *Space/time trade-offs in hash coding with allowable errors*, 1970). The fuller, the oftener: whoever asks must
/// be content with a wrong yes. Memory is taken when the first key is added.
class KeyFilter {
  public:
    /// `bits` is rounded up to a power of two.
    explicit KeyFilter(std::size_t bits = std::size_t{1} << 23) : bits_(std::bit_ceil(bits)) {}

    void add(const Key& key) {
        if (words_.empty()) words_.resize((bits_ + 63) / 64);
        for (std::uint64_t probe = 0; probe < probes; ++probe) {
            const std::uint64_t bit = place(key, probe);
            words_[bit / 64] |= std::uint64_t{1} << (bit % 64);
        }
    }

    [[nodiscard]] bool may_hold(const Key& key) const {
        if (words_.empty()) return false;
        for (std::uint64_t probe = 0; probe < probes; ++probe) {
            const std::uint64_t bit = place(key, probe);
            if ((words_[bit / 64] >> (bit % 64) & 1) == 0) return false;
        }
        return true;
    }

  private:
    static constexpr std::uint64_t probes = 4;

    /// Double hashing (Kirsch and Mitzenmacher, 2006): keys are hashes already.
    [[nodiscard]] std::uint64_t place(const Key& key, std::uint64_t probe) const {
        return (key.low + probe * (key.high | 1U)) * 0x9e3779b97f4a7c15U >> 7 & (bits_ - 1);
    }

    std::size_t bits_;
    std::vector<std::uint64_t> words_;
};

}  // namespace mistrial::checkers::kernels
