#include "core/random.hpp"

#include "core/result.hpp"

#include <array>

namespace mistrial {
namespace {

using Block = std::array<std::uint32_t, 4>;

Block philox(Block counter, std::uint32_t key0, std::uint32_t key1) {
    constexpr std::uint64_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
    constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t product0 = kMultiplier0 * counter[0];
        const std::uint64_t product1 = kMultiplier1 * counter[2];
        counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key0, static_cast<std::uint32_t>(product1),
                   static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key1, static_cast<std::uint32_t>(product0)};
        key0 += kWeyl0;
        key1 += kWeyl1;
    }
    return counter;
}

/// Finaliser of MurmurHash3: spreads FNV's low-entropy high bits over the whole key.
std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdU;
    x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53U;
    return x ^ (x >> 33);
}

}  // namespace

RandomStream::RandomStream(std::uint64_t seed, std::string_view entity, std::string_view purpose) {
    // The separators keep ("ab", "c") apart from ("a", "bc").
    std::uint64_t hash = fnv1a(entity, mix(seed ^ 0x6d69737472696131U));
    hash = fnv1a(std::string_view("\x1f", 1), hash);
    key_ = mix(fnv1a(purpose, hash));
}

std::uint64_t RandomStream::bits(std::uint64_t n, std::uint64_t part) const {
    const Block block = philox({static_cast<std::uint32_t>(n), static_cast<std::uint32_t>(n >> 32),
                                static_cast<std::uint32_t>(part), static_cast<std::uint32_t>(part >> 32)},
                               static_cast<std::uint32_t>(key_), static_cast<std::uint32_t>(key_ >> 32));
    return (static_cast<std::uint64_t>(block[1]) << 32) | block[0];
}

std::uint64_t RandomStream::below(std::uint64_t n, std::uint64_t bound) const {
    MISTRIAL_INVARIANT(bound > 0, "a draw below zero");
    const std::uint64_t threshold = (0 - bound) % bound;
    for (std::uint64_t part = 0;; ++part) {
        __extension__ using Wide = unsigned __int128;
        const Wide product = static_cast<Wide>(bits(n, part)) * bound;
        if (static_cast<std::uint64_t>(product) >= threshold) return static_cast<std::uint64_t>(product >> 64);
    }
}

std::int64_t RandomStream::between(std::uint64_t n, std::int64_t low, std::int64_t high) const {
    MISTRIAL_INVARIANT(low <= high, "a draw between {} and {}", low, high);
    const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
    const std::uint64_t offset = span == 0 ? bits(n) : below(n, span);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
}

bool RandomStream::chance(std::uint64_t n, std::uint64_t numerator, std::uint64_t denominator) const {
    return below(n, denominator) < numerator;
}

}  // namespace mistrial
