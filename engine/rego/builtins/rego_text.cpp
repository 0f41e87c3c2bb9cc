#include "engine/rego/builtins/rego_text.hpp"

#include "engine/rego/builtins/utf8.hpp"

namespace mistrial::rego {
namespace {

void write(std::string& out, const Value& value);

void write_all(std::string& out, std::span<const Value> elements) {
    bool first = true;
    for (const Value& element : elements) {
        if (!std::exchange(first, false)) out += ", ";
        write(out, element);
    }
}

void write(std::string& out, const Value& value) {
    switch (value.type()) {
        case Type::string:
            out += quoted_text(value.as_string());
            break;
        case Type::array:
            out += '[';
            write_all(out, value.elements());
            out += ']';
            break;
        case Type::set:
            if (value.size() == 0) {
                out += "set()";
                break;
            }
            out += '{';
            write_all(out, value.elements());
            out += '}';
            break;
        case Type::object: {
            out += '{';
            bool first = true;
            for (const Member& member : value.members()) {
                if (!std::exchange(first, false)) out += ", ";
                write(out, member.key);
                out += ": ";
                write(out, member.value);
            }
            out += '}';
            break;
        }
        default:
            append_text(out, value);
    }
}

/// Control characters and the like; everything else is written as it is.
bool is_printable(char32_t point) {
    if (point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0xad) return false;
    return point == ' ' || !utf8::is_space(point);
}

}  // namespace

std::string rego_text(const Value& value) {
    std::string out;
    write(out, value);
    return out;
}

std::string quoted_text(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const auto byte = static_cast<unsigned char>(text[0]);
        const std::size_t before = text.size();
        const char32_t point = utf8::take(text);
        const bool invalid = point == 0xfffd && before - text.size() == 1;
        switch (point) {
            case '"':
                out += "\\\"";
                continue;
            case '\\':
                out += "\\\\";
                continue;
            case '\a':
                out += "\\a";
                continue;
            case '\b':
                out += "\\b";
                continue;
            case '\f':
                out += "\\f";
                continue;
            case '\n':
                out += "\\n";
                continue;
            case '\r':
                out += "\\r";
                continue;
            case '\t':
                out += "\\t";
                continue;
            case '\v':
                out += "\\v";
                continue;
            default:
                break;
        }
        if (invalid)
            out += fmt::format("\\x{:02x}", byte);
        else if (is_printable(point))
            utf8::append(out, point);
        else if (point < 0x80)
            out += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(point));
        else
            out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(point));
    }
    return out + '"';
}

}  // namespace mistrial::rego
