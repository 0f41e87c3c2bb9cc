#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mistrial {

/// The 128 bits of a UUID (RFC 9562), most significant first.
struct Uuid {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend bool operator==(const Uuid&, const Uuid&) = default;
};

/// A UUID as RFC 9562 writes it, in lower case; nothing else is one.
[[nodiscard]] constexpr std::optional<Uuid> parse_uuid(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    Uuid uuid;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-') return std::nullopt;
            continue;
        }
        const bool decimal = c >= '0' && c <= '9';
        if (!decimal && (c < 'a' || c > 'f')) return std::nullopt;
        uuid.high = uuid.high << 4 | uuid.low >> 60;
        uuid.low = uuid.low << 4 | static_cast<std::uint64_t>(decimal ? c - '0' : c - 'a' + 10);
    }
    return uuid;
}

[[nodiscard]] std::string format_uuid(Uuid uuid);

}  // namespace mistrial
