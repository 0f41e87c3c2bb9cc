#pragma once

#include "core/uuid.hpp"

#include <cstddef>
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

/// The key of a text that comes in pieces. Not for adversaries. Equal on every machine; never the unset key.
class KeyMaker {
  public:
    /// Two FNV-1a lanes with different offsets and primes.
    constexpr void add(std::string_view text) {
        for (const char c : text) {
            a_ = (a_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
            b_ = (b_ ^ static_cast<unsigned char>(c)) * 0xd6e8feb86659fd93U;
        }
        size_ += text.size();
    }
    [[nodiscard]] constexpr Key key() const { return Key{mix(a_ + size_), mix(b_ ^ a_) | 1U}; }

    /// MurmurHash3's 64-bit finish.
    [[nodiscard]] static constexpr std::uint64_t mix(std::uint64_t x) {
        x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdU;
        x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53U;
        return x ^ (x >> 33);
    }

  private:
    std::uint64_t a_ = 0xcbf29ce484222325U;
    std::uint64_t b_ = 0x9e3779b97f4a7c15U;
    std::size_t size_ = 0;
};

/// The key of a UUID, whose 128 bits are known. The lowest bit, which every key has set, costs no more than a version
/// nibble does.
[[nodiscard]] constexpr Key key_of(Uuid uuid) {
    return Key{KeyMaker::mix(uuid.high) ^ uuid.low, KeyMaker::mix(uuid.low + uuid.high) | 1U};
}

[[nodiscard]] constexpr Key key_of(std::string_view text) {
    // Decision ids are UUIDs, and a history of rows keeps no more of them than their bits.
    if (const auto uuid = parse_uuid(text)) return key_of(*uuid);
    KeyMaker maker;
    maker.add(text);
    return maker.key();
}

}  // namespace mistrial::checkers

template <>
struct std::hash<mistrial::checkers::Key> {
    std::size_t operator()(const mistrial::checkers::Key& key) const noexcept { return static_cast<std::size_t>(key.low); }
};
