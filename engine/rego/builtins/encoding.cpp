#include "engine/rego/builtins/families.hpp"

#include <string>

namespace mistrial::rego::families {
namespace {

constexpr std::string_view standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_safe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string base64(std::string_view bytes, std::string_view alphabet, bool padded) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t left = bytes.size() - i;
        const auto byte = [&](std::size_t k) {
            return k < left ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i + k])) : 0U;
        };
        const std::uint32_t group = byte(0) << 16U | byte(1) << 8U | byte(2);
        const std::size_t digits = left >= 3 ? 4 : left + 1;
        for (std::size_t k = 0; k < digits; ++k) out += alphabet[group >> (18U - 6U * k) & 63U];
        if (padded) out.append(4 - digits, '=');
    }
    return out;
}

/// Line breaks are skipped, as Go does; padding must be as told.
std::optional<std::string> from_base64(std::string_view text, std::string_view alphabet, bool padded) {
    std::string digits;
    for (const char c : text)
        if (c != '\r' && c != '\n') digits += c;
    std::size_t padding = 0;
    while (!digits.empty() && digits.back() == '=') {
        digits.pop_back();
        ++padding;
    }
    const std::size_t rest = digits.size() % 4;
    if (rest == 1 || padding != (padded && rest != 0 ? 4 - rest : 0)) return std::nullopt;
    std::string out;
    std::uint32_t group = 0;
    std::uint32_t bits = 0;
    for (const char c : digits) {
        const auto digit = alphabet.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        group = group << 6U | static_cast<std::uint32_t>(digit);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out += static_cast<char>(static_cast<unsigned char>(group >> bits & 0xffU));
        }
    }
    return out;
}

Value encode(const Arguments& a) {
    const auto text = a.text(0);
    return text ? Value::string(base64(*text, standard, true)) : Value();
}
Value encode_url(const Arguments& a) {
    const auto text = a.text(0);
    return text ? Value::string(base64(*text, url_safe, true)) : Value();
}
Value encode_url_no_pad(const Arguments& a) {
    const auto text = a.text(0);
    return text ? Value::string(base64(*text, url_safe, false)) : Value();
}

Value bytes_or_undefined(std::optional<std::string> bytes) {
    return bytes ? Value::string(std::move(*bytes)) : Value();
}

Value decode(const Arguments& a) {
    const auto text = a.text(0);
    return text ? bytes_or_undefined(from_base64(*text, standard, true)) : Value();
}
Value is_valid(const Arguments& a) {
    const auto text = a.text(0);
    return Value::boolean(text && from_base64(*text, standard, true));
}

/// With or without padding.
Value decode_url(const Arguments& a) {
    const auto text = a.text(0);
    if (!text) return {};
    return bytes_or_undefined(from_base64(*text, url_safe, text->find('=') != std::string_view::npos));
}

Value hex_encode(const Arguments& a) {
    const auto text = a.text(0);
    if (!text) return {};
    std::string out;
    for (const char c : *text) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return Value::string(std::move(out));
}

Value hex_decode(const Arguments& a) {
    const auto text = a.text(0);
    if (!text || text->size() % 2 != 0) return {};
    std::string out;
    const auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    };
    for (std::size_t i = 0; i < text->size(); i += 2) {
        const int high = digit((*text)[i]);
        const int low = digit((*text)[i + 1]);
        if (high < 0 || low < 0) return {};
        out += static_cast<char>(static_cast<unsigned char>(high * 16 + low));
    }
    return Value::string(std::move(out));
}

constexpr Builtin table[] = {
    {"base64.decode", 1, decode},        {"base64.encode", 1, encode},
    {"base64.is_valid", 1, is_valid},    {"base64url.decode", 1, decode_url},
    {"base64url.encode", 1, encode_url}, {"base64url.encode_no_pad", 1, encode_url_no_pad},
    {"hex.decode", 1, hex_decode},       {"hex.encode", 1, hex_encode},
};

}  // namespace

std::span<const Builtin> encoding() { return table; }

}  // namespace mistrial::rego::families
