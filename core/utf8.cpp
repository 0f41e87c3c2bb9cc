#include "core/utf8.hpp"

namespace mistrial {

std::size_t utf8_sequence(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
    };
    const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
    const unsigned lead = byte(0), second = byte(1);
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        const bool excluded = (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F);
        return continues(1) && continues(2) && !excluded ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const bool excluded = (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F);
        return continues(1) && continues(2) && continues(3) && !excluded ? 4 : 0;
    }
    return 0;
}

char32_t utf8_code_point(std::string_view sequence) {
    const auto bits = [&](std::size_t i, unsigned mask) {
        return static_cast<char32_t>(static_cast<unsigned char>(sequence[i]) & mask);
    };
    switch (sequence.size()) {
        case 1:
            return bits(0, 0x7F);
        case 2:
            return (bits(0, 0x1F) << 6U) | bits(1, 0x3F);
        case 3:
            return (bits(0, 0x0F) << 12U) | (bits(1, 0x3F) << 6U) | bits(2, 0x3F);
        default:
            return (bits(0, 0x07) << 18U) | (bits(1, 0x3F) << 12U) | (bits(2, 0x3F) << 6U) | bits(3, 0x3F);
    }
}

std::size_t utf8_length(std::string_view text) {
    std::size_t length = 0;
    for (const char c : text)
        if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++length;
    return length;
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_sequence(text, at);
        if (length == 0) {
            out += kReplacement;
            ++at;
            continue;
        }
        const std::string_view sequence = text.substr(at, length);
        const char32_t code = utf8_code_point(sequence);
        const bool overrides = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
        if (code == '\n' || code == '\t' || code == '\r')
            out += ' ';
        else if (code < 0x20 || (code >= 0x7F && code < 0xA0) || overrides)
            out += kReplacement;
        else
            out += sequence;
        at += length;
    }
    return out;
}

}  // namespace mistrial
