#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace mistrial::checkers {

/// A name too many of which pass by to keep their texts (decision ids, nonces), as 128 bits of it: two of 10^9 names are
/// told apart with all but certainty. The text stands in the record that the operation's index names.
struct Key {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    [[nodiscard]] constexpr bool is_set() const { return high != 0 || low != 0; }
    friend constexpr bool operator==(const Key&, const Key&) = default;
    friend constexpr auto operator<=>(const Key&, const Key&) = default;
};

/// Not for adversaries. Equal on every machine; never the unset key.
[[nodiscard]] constexpr Key key_of(std::string_view text) {
    // Two FNV-1a lanes with different offsets and primes, each finished with MurmurHash3's 64-bit mix.
    std::uint64_t a = 0xcbf29ce484222325U;
    std::uint64_t b = 0x9e3779b97f4a7c15U;
    for (const char c : text) {
        a = (a ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
        b = (b ^ static_cast<unsigned char>(c)) * 0xd6e8feb86659fd93U;
    }
    const auto mix = [](std::uint64_t x) {
        x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdU;
        x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53U;
        return x ^ (x >> 33);
    };
    return Key{mix(a + text.size()), mix(b ^ a) | 1U};
}

}  // namespace mistrial::checkers

template <>
struct std::hash<mistrial::checkers::Key> {
    std::size_t operator()(const mistrial::checkers::Key& key) const noexcept { return static_cast<std::size_t>(key.low); }
};
