#include "core/history/foreign/edn.hpp"

#include "core/utf8.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace mistrial::history::foreign::edn {
namespace {

bool is_space(char c) { return c == ' ' || c == ',' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool ends_token(char c) {
    return is_space(c) || std::string_view("()[]{}\";\\").find(c) != std::string_view::npos || c == '\0';
}

void append_utf8(std::string& out, char32_t point) {
    const auto byte = [&](char32_t bits) { out += static_cast<char>(static_cast<unsigned char>(bits)); };
    if (point < 0x80) {
        byte(point);
    } else if (point < 0x800) {
        byte(0xC0 | (point >> 6));
        byte(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        byte(0xE0 | (point >> 12));
        byte(0x80 | ((point >> 6) & 0x3F));
        byte(0x80 | (point & 0x3F));
    } else {
        byte(0xF0 | (point >> 18));
        byte(0x80 | ((point >> 12) & 0x3F));
        byte(0x80 | ((point >> 6) & 0x3F));
        byte(0x80 | (point & 0x3F));
    }
}

/// integer [NN N], ratio NN/NN, decimal NN.NN, NNeNN, NN M; what is none of them is no number.
Kind number_kind(std::string_view token) {
    std::size_t at = token.front() == '+' || token.front() == '-' ? 1 : 0;
    const auto digits = [&] {
        const std::size_t begin = at;
        while (at < token.size() && is_digit(token[at])) ++at;
        return at - begin;
    };
    const std::size_t begin = at;
    const std::size_t whole = digits();
    if (whole == 0 || (whole > 1 && token[begin] == '0')) return Kind::nil;
    if (at == token.size() || token.substr(at) == "N") return Kind::integer;
    if (token[at] == '/') {
        ++at;
        return digits() > 0 && at == token.size() ? Kind::ratio : Kind::nil;
    }
    if (token[at] == '.') {
        ++at;
        digits();
    }
    if (at < token.size() && (token[at] == 'e' || token[at] == 'E')) {
        ++at;
        if (at < token.size() && (token[at] == '+' || token[at] == '-')) ++at;
        if (digits() == 0) return Kind::nil;
    }
    return at == token.size() || token.substr(at) == "M" ? Kind::decimal : Kind::nil;
}

bool starts_number(std::string_view token) {
    if (is_digit(token.front())) return true;
    return (token.front() == '-' || token.front() == '+') && token.size() > 1 && is_digit(token[1]);
}

}  // namespace

void FormReader::expected(std::string_view what, std::size_t at) const {
    throw Syntax{at, fmt::format("expected {}, got {}", what, shown_at(text_, at)), std::nullopt};
}

bool FormReader::skip() {
    for (;;) {
        while (at_ < text_.size() && is_space(text_[at_])) ++at_;
        if (at_ >= text_.size()) return false;
        if (text_[at_] == ';') {
            at_ = std::min(text_.find('\n', at_), text_.size());
        } else if (text_.substr(at_, 2) == "#_") {
            const std::size_t opened = at_;
            at_ += 2;
            // A row of discards discards as many forms.
            int discards = 1;
            for (; skip_space(), text_.substr(at_, 2) == "#_"; at_ += 2) ++discards;
            for (; discards > 0; --discards) {
                skip_space();
                if (at_ >= text_.size())
                    throw Syntax{at_, "expected the form that #_ discards, got the end of the text", opened};
                (void)form();
            }
        } else {
            return true;
        }
    }
}

void FormReader::skip_space() {
    for (;;) {
        while (at_ < text_.size() && is_space(text_[at_])) ++at_;
        if (at_ >= text_.size() || text_[at_] != ';') return;
        at_ = std::min(text_.find('\n', at_), text_.size());
    }
}

Value FormReader::form() {
    if (!skip()) expected("a form", at_);
    // A member, since what is discarded nests as well.
    const struct Deeper {
        explicit Deeper(int& depth) : depth_(depth) { ++depth_; }
        Deeper(const Deeper&) = delete;
        Deeper& operator=(const Deeper&) = delete;
        ~Deeper() { --depth_; }
        int& depth_;
    } deeper(depth_);
    if (depth_ > kDeepest) throw Syntax{at_, fmt::format("nested deeper than {}", kDeepest), std::nullopt};
    const std::size_t opened = at_;
    switch (text_[at_]) {
        case '(':
            ++at_;
            return sequence(Kind::list, ')', opened);
        case '[':
            ++at_;
            return sequence(Kind::vector, ']', opened);
        case '{':
            ++at_;
            return sequence(Kind::map, '}', opened);
        case '"':
            return text_form();
        case '\\':
            return character();
        case '#':
            return hashed();
        case ')':
        case ']':
        case '}':
            expected("a form", at_);
        default:
            return atom();
    }
}

Value FormReader::sequence(Kind kind, char close, std::size_t opened) {
    Value value{kind, {}, {}, opened};
    for (;;) {
        if (!skip()) throw Syntax{at_, fmt::format("expected a form or '{}', got the end of the text", close), opened};
        if (text_[at_] == close) break;
        value.items.push_back(form());
    }
    const std::size_t end = at_++;
    if (kind != Kind::map) return value;
    if (value.items.size() % 2 != 0) throw Syntax{end, "expected a value for the map's last key, got '}'", opened};
    std::set<std::string> keys;
    for (std::size_t i = 0; i < value.items.size(); i += 2)
        if (!keys.insert(print(value.items[i])).second)
            throw Syntax{
                value.items[i].at,
                fmt::format("expected each key of a map once, got {} again", shown_at(text_, value.items[i].at)),
                std::nullopt};
    return value;
}

Value FormReader::hashed() {
    const std::size_t opened = at_++;
    if (peek() == '{') {
        ++at_;
        return sequence(Kind::set, '}', opened);
    }
    if (peek() == '#') {  // ##Inf, ##-Inf, ##NaN
        ++at_;
        const std::string_view name = token();
        if (name != "Inf" && name != "-Inf" && name != "NaN") expected("##Inf, ##-Inf or ##NaN", opened);
        return {Kind::symbol, fmt::format("##{}", name), {}, opened};
    }
    std::string tag(token());
    if (tag.empty() || !(std::isalpha(static_cast<unsigned char>(tag.front())) != 0 || tag.front() == ':'))
        expected("a set, a tag or a discarded form", opened);
    if (!skip()) throw Syntax{at_, "expected the form that the tag is for, got the end of the text", opened};
    Value value{Kind::tagged, std::move(tag), {}, opened};
    value.items.push_back(form());
    return value;
}

Value FormReader::text_form() {
    Value value{Kind::text, {}, {}, at_};
    ++at_;
    for (;;) {
        if (at_ >= text_.size()) throw Syntax{at_, "expected the end of a string, got the end of the text", value.at};
        const char c = text_[at_];
        if (c == '"') break;
        if (c != '\\') {
            const std::size_t length = utf8_sequence(text_, at_);
            if (length == 0) throw Syntax{at_, "expected UTF-8, got a byte that is none", std::nullopt};
            value.text.append(text_, at_, length);
            at_ += length;
            continue;
        }
        const std::size_t escape = at_++;
        const char which = peek();
        ++at_;
        switch (which) {
            case 't':
                value.text += '\t';
                break;
            case 'r':
                value.text += '\r';
                break;
            case 'n':
                value.text += '\n';
                break;
            case 'b':
                value.text += '\b';
                break;
            case 'f':
                value.text += '\f';
                break;
            case '"':
            case '\\':
                value.text += which;
                break;
            case 'u': {
                char32_t point = four_hex(escape, at_);
                at_ += 4;
                if (point >= 0xD800 && point < 0xDC00 && text_.substr(at_, 2) == "\\u") {  // Java prints a pair
                    const char32_t low = four_hex(escape, at_ + 2);
                    if (low >= 0xDC00 && low < 0xE000) {
                        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
                        at_ += 6;
                    }
                }
                if (point >= 0xD800 && point < 0xE000)
                    throw Syntax{escape, "expected a code point, got half of a surrogate pair", std::nullopt};
                append_utf8(value.text, point);
                break;
            }
            default:
                throw Syntax{escape, R"(expected one of \t \r \n \b \f \" \\ \uXXXX, got another escape)",
                             std::nullopt};
        }
    }
    ++at_;
    return value;
}

char32_t FormReader::four_hex(std::size_t begin, std::size_t at) {
    char32_t point = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
        const char c = i < text_.size() ? text_[i] : '\0';
        const char lower = static_cast<char>(c | 0x20);
        if (is_digit(c))
            point = point * 16 + static_cast<char32_t>(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            point = point * 16 + static_cast<char32_t>(lower - 'a' + 10);
        else
            throw Syntax{begin, R"(expected four hexadecimal digits after \u)", std::nullopt};
    }
    return point;
}

Value FormReader::character() {
    const std::size_t opened = at_++;
    if (at_ >= text_.size()) expected("a character after '\\'", at_);
    const std::size_t length = utf8_sequence(text_, at_);
    if (length == 0) throw Syntax{at_, "expected UTF-8, got a byte that is none", std::nullopt};
    std::string one(text_.substr(at_, length));
    const std::size_t begin = at_;
    at_ += length;
    if (!is_space(one.front()) || one.front() == ',') (void)token();
    const std::string_view whole = text_.substr(begin, at_ - begin);
    if (whole.size() == length) return {Kind::character, std::move(one), {}, opened};
    for (const auto& [named, meant] : kCharacterNames)
        if (whole == named) return {Kind::character, std::string(meant), {}, opened};
    if (whole.front() == 'u' && whole.size() == 5) {
        const char32_t point = four_hex(opened, begin + 1);
        if (point >= 0xD800 && point < 0xE000)
            throw Syntax{opened, "expected a code point, got half of a surrogate pair", std::nullopt};
        std::string text;
        append_utf8(text, point);
        return {Kind::character, std::move(text), {}, opened};
    }
    expected("a character", opened);
}

std::string_view FormReader::token() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !ends_token(text_[at_])) {
        const std::size_t length = utf8_sequence(text_, at_);
        if (length == 0) throw Syntax{at_, "expected UTF-8, got a byte that is none", std::nullopt};
        at_ += length;
    }
    return text_.substr(begin, at_ - begin);
}

Value FormReader::atom() {
    const std::size_t opened = at_;
    const std::string_view word = token();
    if (word.empty()) expected("a form", opened);
    const std::string written(word);
    if (word == "nil") return {Kind::nil, {}, {}, opened};
    if (word == "true" || word == "false") return {Kind::boolean, written, {}, opened};
    if (word.front() == ':') {
        if (word.size() == 1 || word[1] == ':' || word[1] == '/') expected("a keyword such as :ok", opened);
        return {Kind::keyword, written.substr(1), {}, opened};
    }
    if (starts_number(word)) {
        const Kind kind = number_kind(word);
        if (kind == Kind::nil) expected("a number", opened);
        return {kind, word.front() == '+' ? written.substr(1) : written, {}, opened};
    }
    // '#' and ':' may stand inside a symbol, '^', '`', '~' and '@' are Clojure's own.
    if (std::string_view("^`~@'").find(word.front()) != std::string_view::npos) expected("a form of EDN", opened);
    if (static_cast<unsigned char>(word.front()) < 0x20) expected("a form", opened);
    return {Kind::symbol, written, {}, opened};
}

Result<Value> parse(std::string_view text, std::string_view name) {
    const SourceText source(text, name);
    try {
        FormReader reader(text);
        Value value = reader.form();
        if (reader.skip())
            throw Syntax{reader.at(), fmt::format("expected the end, got {}", shown_at(text, reader.at())),
                         std::nullopt};
        return value;
    } catch (const Syntax& syntax) {
        return source.error(syntax);
    }
}

}  // namespace mistrial::history::foreign::edn
