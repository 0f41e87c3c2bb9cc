#pragma once

#include <cstdint>
#include <string_view>

/// Randomness that is named: one counter-based stream for each (seed, entity, purpose). Draw number n of a stream
/// depends on nothing else, so that taking an event out of a run moves no other event's draw.
namespace mistrial {

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011), keyed by a
/// 64-bit hash of (seed, entity, purpose). A regular value; drawing does not change it. Equal on every machine.
class RandomStream {
  public:
    RandomStream(std::uint64_t seed, std::string_view entity, std::string_view purpose);

    /// 64 uniform bits: draw number `n`, part `part` (a draw that needs more than one word asks for the next part).
    [[nodiscard]] std::uint64_t bits(std::uint64_t n, std::uint64_t part = 0) const;

    /// Uniform in [0, bound); bound > 0. Unbiased (Lemire, "Fast random integer generation in an interval", 2019).
    [[nodiscard]] std::uint64_t below(std::uint64_t n, std::uint64_t bound) const;

    /// Uniform in [low, high], low <= high.
    [[nodiscard]] std::int64_t between(std::uint64_t n, std::int64_t low, std::int64_t high) const;

    /// True with probability numerator/denominator.
    [[nodiscard]] bool chance(std::uint64_t n, std::uint64_t numerator, std::uint64_t denominator) const;

    [[nodiscard]] std::uint64_t key() const { return key_; }

    friend bool operator==(const RandomStream&, const RandomStream&) = default;

  private:
    std::uint64_t key_;
};

/// A stream together with the number of its next draw, for a core that consumes draws in order.
class RandomSequence {
  public:
    explicit RandomSequence(RandomStream stream, std::uint64_t next = 0) : stream_(stream), next_(next) {}

    std::uint64_t below(std::uint64_t bound) { return stream_.below(next_++, bound); }
    std::int64_t between(std::int64_t low, std::int64_t high) { return stream_.between(next_++, low, high); }
    bool chance(std::uint64_t numerator, std::uint64_t denominator) {
        return stream_.chance(next_++, numerator, denominator);
    }

  private:
    RandomStream stream_;
    std::uint64_t next_;
};

/// FNV-1a, 64 bits: stable names for streams, signatures and fingerprints (not for adversaries).
[[nodiscard]] constexpr std::uint64_t fnv1a(std::string_view text, std::uint64_t hash = 0xcbf29ce484222325U) {
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3U;
    }
    return hash;
}

}  // namespace mistrial
