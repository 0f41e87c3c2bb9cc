#include "engine/rego/builtins/families.hpp"

#include <string>

namespace mistrial::rego::families {
namespace {

/// As Go's encoding/json: what would end a script element or a line of JavaScript is escaped too.
Value marshal(const Arguments& a) {
    const std::string plain = to_text(a[0]);
    std::string out;
    out.reserve(plain.size());
    for (std::size_t i = 0; i < plain.size(); ++i) {
        const char c = plain[i];
        if (c == '<')
            out += "\\u003c";
        else if (c == '>')
            out += "\\u003e";
        else if (c == '&')
            out += "\\u0026";
        else if (plain.compare(i, 3, "\xe2\x80\xa8") == 0 || plain.compare(i, 3, "\xe2\x80\xa9") == 0) {
            out += plain[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
            i += 2;
        } else
            out += c;
    }
    return Value::string(std::move(out));
}

Value unmarshal(const Arguments& a) {
    const auto text = a.text(0);
    if (!text) return {};
    auto value = parse_value(*text, "json.unmarshal");
    return value ? std::move(*value) : Value();
}

Value is_valid(const Arguments& a) {
    const auto text = a.text(0);
    return Value::boolean(text && parse_value(*text, "json.is_valid").has_value());
}

constexpr Builtin table[] = {
    {"json.is_valid", 1, is_valid},
    {"json.marshal", 1, marshal},
    {"json.unmarshal", 1, unmarshal},
};

}  // namespace

std::span<const Builtin> json_documents() { return table; }

}  // namespace mistrial::rego::families
