#include "engine/rego/builtins/utf8.hpp"

#include <clocale>
#include <cwctype>

namespace mistrial::rego::utf8 {
namespace {

constexpr char32_t replacement = 0xfffd;

/// The C library's own Unicode tables, whatever the process's locale. Never freed: it lives as long as the
/// program.
locale_t unicode() {
    static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return locale;
}

template <class Map>
std::string mapped(std::string_view text, char first, char last, Map map) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const char c = text[0];
        if (static_cast<unsigned char>(c) < 0x80) {
            out += c >= first && c <= last ? static_cast<char>(c ^ 0x20) : c;
            text.remove_prefix(1);
        } else {
            append(out, map(take(text)));
        }
    }
    return out;
}

}  // namespace

char32_t take(std::string_view& text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    std::size_t length = 0;
    char32_t point = 0;
    char32_t least = 0;
    if (first < 0x80) {
        text.remove_prefix(1);
        return first;
    }
    if ((first & 0xe0U) == 0xc0U) {
        length = 2;
        point = first & 0x1fU;
        least = 0x80;
    } else if ((first & 0xf0U) == 0xe0U) {
        length = 3;
        point = first & 0x0fU;
        least = 0x800;
    } else if ((first & 0xf8U) == 0xf0U) {
        length = 4;
        point = first & 0x07U;
        least = 0x10000;
    }
    bool valid = length != 0 && length <= text.size();
    for (std::size_t i = 1; valid && i < length; ++i) {
        valid = (byte(i) & 0xc0U) == 0x80U;
        point = point << 6U | (byte(i) & 0x3fU);
    }
    valid = valid && point >= least && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    text.remove_prefix(valid ? length : 1);
    return valid ? point : replacement;
}

void append(std::string& out, char32_t point) {
    const auto put = [&](char32_t bits) { out += static_cast<char>(static_cast<unsigned char>(bits)); };
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) point = replacement;
    if (point < 0x80) {
        put(point);
    } else if (point < 0x800) {
        put(0xc0U | point >> 6U);
        put(0x80U | (point & 0x3fU));
    } else if (point < 0x10000) {
        put(0xe0U | point >> 12U);
        put(0x80U | (point >> 6U & 0x3fU));
        put(0x80U | (point & 0x3fU));
    } else {
        put(0xf0U | point >> 18U);
        put(0x80U | (point >> 12U & 0x3fU));
        put(0x80U | (point >> 6U & 0x3fU));
        put(0x80U | (point & 0x3fU));
    }
}

std::size_t count(std::string_view text) {
    std::size_t points = 0;
    for (; !text.empty(); ++points) static_cast<void>(take(text));
    return points;
}

std::vector<char32_t> points(std::string_view text) {
    std::vector<char32_t> all;
    all.reserve(text.size());
    while (!text.empty()) all.push_back(take(text));
    return all;
}

std::string_view slice(std::string_view text, std::size_t from, std::size_t to) {
    std::string_view rest = text;
    for (std::size_t i = 0; i < from && !rest.empty(); ++i) static_cast<void>(take(rest));
    const std::string_view start = rest;
    for (std::size_t i = from; i < to && !rest.empty(); ++i) static_cast<void>(take(rest));
    return start.substr(0, start.size() - rest.size());
}

std::string lower(std::string_view text) {
    return mapped(text, 'A', 'Z', [](char32_t point) -> char32_t {
        return unicode() == nullptr ? point : towlower_l(static_cast<wint_t>(point), unicode());
    });
}

std::string upper(std::string_view text) {
    return mapped(text, 'a', 'z', [](char32_t point) -> char32_t {
        return unicode() == nullptr ? point : towupper_l(static_cast<wint_t>(point), unicode());
    });
}

bool is_space(char32_t point) {
    return (point >= 0x09 && point <= 0x0d) || point == 0x20 || point == 0x85 || point == 0xa0 ||
           point == 0x1680 || (point >= 0x2000 && point <= 0x200a) || point == 0x2028 || point == 0x2029 ||
           point == 0x202f || point == 0x205f || point == 0x3000;
}

}  // namespace mistrial::rego::utf8
