#include "core/history/foreign/edn.hpp"
#include "core/utf8.hpp"

#include <algorithm>

namespace mistrial::history::foreign::edn {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name(std::string_view characters) {
    // Less than EDN allows: what every reader of it takes.
    const auto part = [](std::string_view some) {
        const auto first = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '*';
        };
        return !some.empty() && first(some.front()) && std::all_of(some.begin(), some.end(), [&](char c) {
            return first(c) || is_digit(c) || std::string_view(".+-?!<>=").find(c) != std::string_view::npos;
        });
    };
    const auto slash = characters.find('/');
    if (slash == std::string_view::npos) return part(characters);
    return part(characters.substr(0, slash)) && part(characters.substr(slash + 1));
}

void append_text(std::string& out, std::string_view characters) {
    out += '"';
    for (const char c : characters) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20)
                    out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
                else
                    out += c;
        }
    }
    out += '"';
}

void append_character(std::string& out, std::string_view character) {
    out += '\\';
    for (const auto& [named, meant] : kCharacterNames) {
        if (meant != character) continue;
        out += named;
        return;
    }
    const char32_t point = utf8_code_point(character);
    if (point < 0x20 || point == 0x7F)
        out += fmt::format("u{:04x}", static_cast<unsigned>(point));
    else
        out += character;
}

}  // namespace

void append(std::string& out, const Value& value) {
    const auto items = [&](std::string_view open, char close) {
        out += open;
        for (std::size_t i = 0; i < value.items.size(); ++i) {
            if (i > 0) out += value.kind == Kind::map && i % 2 == 0 ? ", " : " ";
            append(out, value.items[i]);
        }
        out += close;
    };
    switch (value.kind) {
        case Kind::nil:
            out += "nil";
            return;
        case Kind::text:
            return append_text(out, value.text);
        case Kind::character:
            return append_character(out, value.text);
        case Kind::keyword:
            out += ':';
            out += value.text;
            return;
        case Kind::list:
            return items("(", ')');
        case Kind::vector:
            return items("[", ']');
        case Kind::set:
            return items("#{", '}');
        case Kind::map:
            return items("{", '}');
        case Kind::tagged:
            out += '#';
            out += value.text;
            out += ' ';
            return append(out, value.items.front());
        default:
            out += value.text;
    }
}

std::string print(const Value& value) {
    std::string out;
    append(out, value);
    return out;
}

Value text(std::string characters) { return {Kind::text, std::move(characters), {}, 0}; }

Value name(std::string characters) {
    const Kind kind = is_name(characters) ? Kind::keyword : Kind::text;
    return {kind, std::move(characters), {}, 0};
}

}  // namespace mistrial::history::foreign::edn
