#include "engine/rego/value.hpp"

#include <algorithm>
#include <charconv>

namespace mistrial::rego {
namespace {

/// Builds a Value from nlohmann's events, which give numbers with their text.
class Builder {
  public:
    using number_integer_t = Json::number_integer_t;
    using number_unsigned_t = Json::number_unsigned_t;
    using number_float_t = Json::number_float_t;
    using string_t = Json::string_t;
    using binary_t = Json::binary_t;

    // NOLINTBEGIN: the names are nlohmann's
    bool null() { return put(Value::null()); }
    bool boolean(bool value) { return put(Value::boolean(value)); }
    bool number_integer(number_integer_t value) { return put(Value::integer(value)); }
    bool number_unsigned(number_unsigned_t value) {
        return put(value <= INT64_MAX ? Value::integer(static_cast<std::int64_t>(value))
                                      : Value::number(*Number::parse(std::to_string(value))));
    }
    bool number_float(number_float_t, const string_t& text) {
        const auto number = Number::parse(text);
        return number && put(Value::number(*number));
    }
    bool string(string_t& value) { return put(Value::string(std::move(value))); }
    bool binary(binary_t&) { return false; }
    bool start_object(std::size_t) { return open(Value::object()); }
    bool key(string_t& value) {
        levels_.back().key = Value::string(std::move(value));
        return true;
    }
    bool end_object() {
        Level level = std::move(levels_.back());
        levels_.pop_back();
        return put(Value::object(std::move(level.members)));
    }
    bool start_array(std::size_t) { return open(Value::array()); }
    bool end_array() {
        Level level = std::move(levels_.back());
        levels_.pop_back();
        return put(Value::array(std::move(level.elements)));
    }
    bool parse_error(std::size_t position, const std::string&, const Json::exception& error) {
        position_ = position;
        message_ = error.what();
        return false;
    }
    // NOLINTEND

    [[nodiscard]] bool too_deep() const { return too_deep_; }
    [[nodiscard]] std::size_t position() const { return position_; }
    [[nodiscard]] const std::string& message() const { return message_; }
    Value take() { return std::move(result_); }

  private:
    struct Level {
        bool is_object;
        Value key;
        std::vector<Value> elements;
        std::vector<Member> members;
    };

    bool open(const Value& empty) {
        if (levels_.size() >= static_cast<std::size_t>(max_depth)) {
            too_deep_ = true;
            return false;
        }
        levels_.push_back({empty.type() == Type::object, {}, {}, {}});
        return true;
    }
    bool put(Value value) {
        if (levels_.empty()) {
            result_ = std::move(value);
        } else if (Level& level = levels_.back(); level.is_object) {
            level.members.push_back({std::move(level.key), std::move(value)});
        } else {
            level.elements.push_back(std::move(value));
        }
        return true;
    }

    std::vector<Level> levels_;
    Value result_;
    bool too_deep_ = false;
    std::size_t position_ = 0;
    std::string message_;
};

/// Length of the well-formed UTF-8 sequence at the front of `text` (not empty), 0 for a byte that starts
/// none.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return static_cast<unsigned char>(i < text.size() ? text[i] : 0);
    };
    const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        if (!continues(1) || !continues(2)) return 0;
        if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f)) return 0;
        return 3;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if (!continues(1) || !continues(2) || !continues(3)) return 0;
        if ((first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)) return 0;
        return 4;
    }
    return 0;
}

void append_string(std::string& out, std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    out += '"';
    while (!text.empty()) {
        const auto c = static_cast<unsigned char>(text[0]);
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            std::size_t run = 1;
            while (run < text.size()) {
                const auto d = static_cast<unsigned char>(text[run]);
                if (d < 0x20 || d >= 0x7f || d == '"' || d == '\\') break;
                ++run;
            }
            out += text.substr(0, run);
            text.remove_prefix(run);
            continue;
        }
        std::size_t length = 1;
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
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
                if (c < 0x20) {
                    out += "\\u00";
                    out += hex[c >> 4U];
                    out += hex[c & 15U];
                } else if (length = utf8_length(text); length > 0) {
                    out += text.substr(0, length);
                } else {
                    out += "\xef\xbf\xbd";
                    length = 1;
                }
        }
        text.remove_prefix(length);
    }
    out += '"';
}

}  // namespace

Result<Value> parse_value(std::string_view text, std::string_view where) {
    Builder builder;
    bool read = false;
    try {
        read = Json::sax_parse(text.begin(), text.end(), &builder);
    } catch (const Json::exception& error) {
        return fail("{}: {}", where, error.what());
    }
    if (read) return builder.take();
    if (builder.too_deep()) return fail("{}: nested deeper than {}; flatten the document", where, max_depth);
    // nlohmann's message already names line and column.
    std::string message = builder.message();
    if (const auto at = message.find("] "); at != std::string::npos) message.erase(0, at + 2);
    return fail("{}: not JSON: {}", where, message);
}

void append_text(std::string& out, const Value& value) {
    switch (value.type()) {
        case Type::undefined:
            MISTRIAL_INVARIANT(false, "undefined has no JSON");
            break;
        case Type::null:
            out += "null";
            break;
        case Type::boolean:
            out += value.as_boolean() ? "true" : "false";
            break;
        case Type::number:
            if (const auto integer = value.int64()) {
                char digits[24];
                out.append(digits, std::to_chars(digits, digits + sizeof digits, *integer).ptr);
            } else {
                out += value.as_number().text();
            }
            break;
        case Type::string:
            append_string(out, value.as_string());
            break;
        case Type::array:
        case Type::set: {
            char separator = '[';
            for (const Value& element : value.elements()) {
                out += separator;
                separator = ',';
                append_text(out, element);
            }
            if (separator == '[') out += '[';
            out += ']';
            break;
        }
        case Type::object: {
            const auto is_text = [](const Member& member) { return member.key.type() == Type::string; };
            if (!std::all_of(value.members().begin(), value.members().end(), is_text)) {
                std::vector<Member> members(value.members().begin(), value.members().end());
                for (Member& member : members)
                    if (!is_text(member)) member.key = Value::string(to_text(member.key));
                append_text(out, Value::object(std::move(members)));
                break;
            }
            char separator = '{';
            for (const Member& member : value.members()) {
                out += separator;
                separator = ',';
                append_string(out, member.key.as_string());
                out += ':';
                append_text(out, member.value);
            }
            if (separator == '{') out += '{';
            out += '}';
            break;
        }
    }
}

std::string to_text(const Value& value) {
    std::string out;
    append_text(out, value);
    return out;
}

Value from_json(const Json& json) {
    switch (json.type()) {
        case Json::value_t::boolean:
            return Value::boolean(json.get<bool>());
        case Json::value_t::number_integer:
            return Value::integer(json.get<std::int64_t>());
        case Json::value_t::number_unsigned:
        case Json::value_t::number_float: {
            const auto number = Number::parse(json.dump());
            return number ? Value::number(*number) : Value::null();
        }
        case Json::value_t::string:
            return Value::string(json.get_ref<const std::string&>());
        case Json::value_t::array: {
            std::vector<Value> elements;
            elements.reserve(json.size());
            for (const Json& element : json) elements.push_back(from_json(element));
            return Value::array(std::move(elements));
        }
        case Json::value_t::object: {
            std::vector<Member> members;
            members.reserve(json.size());
            for (const auto& [key, value] : json.items())
                members.push_back({Value::string(key), from_json(value)});
            return Value::object(std::move(members));
        }
        default:
            return Value::null();
    }
}

Json to_json(const Value& value) {
    switch (value.type()) {
        case Type::undefined:
            MISTRIAL_INVARIANT(false, "undefined has no JSON");
            break;
        case Type::null:
            break;
        case Type::boolean:
            return value.as_boolean();
        case Type::number: {
            if (const auto integer = value.int64()) return *integer;
            const Number number = value.as_number();
            const std::string text = number.text();
            std::uint64_t natural = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), natural);
            if (error == std::errc{} && end == text.data() + text.size()) return natural;
            return number.to_double();
        }
        case Type::string:
            return std::string(value.as_string());
        case Type::array:
        case Type::set: {
            Json array = Json::array();
            for (const Value& element : value.elements()) array.push_back(to_json(element));
            return array;
        }
        case Type::object: {
            Json object = Json::object();
            for (const Member& member : value.members())
                object[member.key.type() == Type::string ? std::string(member.key.as_string())
                                                         : to_text(member.key)] = to_json(member.value);
            return object;
        }
    }
    return nullptr;
}

}  // namespace mistrial::rego
