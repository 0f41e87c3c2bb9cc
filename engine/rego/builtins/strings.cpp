#include "engine/rego/builtins/families.hpp"

#include "engine/rego/builtins/utf8.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace mistrial::rego::families {
namespace {

Value text_value(std::string_view text) { return Value::string(text); }
Value size_value(std::size_t size) { return Value::integer(static_cast<std::int64_t>(size)); }

template <bool (*test)(std::string_view, std::string_view)>
Value test_two(const Arguments& a) {
    const auto x = a.text(0);
    const auto y = a.text(1);
    return x && y ? Value::boolean(test(*x, *y)) : Value();
}
bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }
bool begins(std::string_view text, std::string_view part) { return text.starts_with(part); }
bool ends(std::string_view text, std::string_view part) { return text.ends_with(part); }

template <std::string (*map)(std::string_view)>
Value map_one(const Arguments& a) {
    const auto text = a.text(0);
    return text ? Value::string(map(*text)) : Value();
}

template <std::string_view (*cut)(std::string_view, std::string_view)>
Value cut_two(const Arguments& a) {
    const auto text = a.text(0);
    const auto part = a.text(1);
    return text && part ? text_value(cut(*text, *part)) : Value();
}

Value concat(const Arguments& a) {
    const auto separator = a.text(0);
    const auto elements = a.elements(1);
    if (!separator || !elements) return {};
    std::string joined;
    bool first = true;
    for (const Value& element : *elements) {
        if (element.type() != Type::string) return {};
        if (!std::exchange(first, false)) joined += *separator;
        joined += element.as_string();
    }
    return Value::string(std::move(joined));
}

/// Every place of `part` in `text`, in code points.
std::vector<std::size_t> places(std::string_view text, std::string_view part, std::size_t most) {
    const auto points = utf8::points(text);
    const auto wanted = utf8::points(part);
    std::vector<std::size_t> found;
    auto from = points.begin();
    while (found.size() < most) {
        const auto at = std::search(from, points.end(), wanted.begin(), wanted.end());
        if (at == points.end()) break;
        found.push_back(static_cast<std::size_t>(at - points.begin()));
        from = at + 1;
    }
    return found;
}

Value indexof(const Arguments& a) {
    const auto text = a.text(0);
    const auto part = a.text(1);
    if (!text || !part || part->empty()) return {};
    const auto found = places(*text, *part, 1);
    return found.empty() ? Value::integer(-1) : size_value(found[0]);
}

Value indexof_n(const Arguments& a) {
    const auto text = a.text(0);
    const auto part = a.text(1);
    if (!text || !part || part->empty()) return {};
    Value all = Value::array();
    for (const std::size_t place : places(*text, *part, std::numeric_limits<std::size_t>::max()))
        all.append(size_value(place));
    return all;
}

Value substring(const Arguments& a) {
    const auto text = a.text(0);
    const auto offset = a.integer(1);
    const auto length = a.integer(2);
    if (!text || !offset || !length || *offset < 0) return {};
    const auto from = static_cast<std::size_t>(*offset);
    const auto size = text->size();  // at least as many as code points
    if (from >= size) return text_value("");
    const std::size_t to = *length < 0 ? size : from + std::min(static_cast<std::size_t>(*length), size);
    return text_value(utf8::slice(*text, from, to));
}

Value occurrences(const Arguments& a) {
    const auto text = a.text(0);
    const auto part = a.text(1);
    if (!text || !part) return {};
    if (part->empty()) return size_value(utf8::count(*text) + 1);
    std::size_t number = 0;
    for (auto at = text->find(*part); at != std::string_view::npos; at = text->find(*part, at + part->size()))
        ++number;
    return size_value(number);
}

/// As Go's strings.SplitN; every code point by itself for an empty delimiter.
std::vector<std::string_view> pieces(std::string_view text, std::string_view delimiter, std::size_t most) {
    std::vector<std::string_view> found;
    if (most == 0) return found;
    if (delimiter.empty()) {
        while (!text.empty() && found.size() + 1 < most) {
            std::string_view rest = text;
            static_cast<void>(utf8::take(rest));
            found.push_back(text.substr(0, text.size() - rest.size()));
            text = rest;
        }
        if (!text.empty()) found.push_back(text);
        return found;
    }
    for (auto at = text.find(delimiter); at != std::string_view::npos && found.size() + 1 < most;
         at = text.find(delimiter)) {
        found.push_back(text.substr(0, at));
        text.remove_prefix(at + delimiter.size());
    }
    found.push_back(text);
    return found;
}

Value array_of(std::span<const std::string_view> texts) {
    std::vector<Value> values;
    values.reserve(texts.size());
    for (const std::string_view text : texts) values.push_back(text_value(text));
    return Value::array(std::move(values));
}

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

Value split(const Arguments& a) {
    const auto text = a.text(0);
    const auto delimiter = a.text(1);
    return text && delimiter ? array_of(pieces(*text, *delimiter, no_limit)) : Value();
}

/// The first n pieces, or the last -n.
Value split_n(const Arguments& a) {
    const auto text = a.text(0);
    const auto delimiter = a.text(1);
    const auto n = a.integer(2);
    if (!text || !delimiter || !n) return {};
    if (*n >= 0) {
        auto found = pieces(*text, *delimiter, static_cast<std::size_t>(*n) + 1);
        if (found.size() > static_cast<std::size_t>(*n)) found.resize(static_cast<std::size_t>(*n));
        return array_of(found);
    }
    const auto found = pieces(*text, *delimiter, no_limit);
    const auto wanted = static_cast<std::uint64_t>(0) - static_cast<std::uint64_t>(*n);
    const std::size_t kept = std::min<std::uint64_t>(wanted, found.size());
    return array_of(std::span(found).last(kept));
}

struct Pair {
    std::string_view old;
    std::string_view fresh;
};

/// As Go's strings.Replacer: at every place the first pair that matches, without looking at what was
/// replaced; an empty old text matches once between any two bytes.
std::string replaced(std::string_view text, std::span<const Pair> pairs) {
    std::string out;
    bool just_matched_empty = false;
    for (;;) {
        const auto pair = std::find_if(pairs.begin(), pairs.end(), [&](const Pair& p) {
            return text.starts_with(p.old) && !(p.old.empty() && just_matched_empty);
        });
        just_matched_empty = pair != pairs.end() && pair->old.empty();
        if (pair != pairs.end()) {
            out += pair->fresh;
            text.remove_prefix(pair->old.size());
            continue;
        }
        if (text.empty()) return out;
        out += text[0];
        text.remove_prefix(1);
    }
}

Value replace(const Arguments& a) {
    const auto text = a.text(0);
    const auto old = a.text(1);
    const auto fresh = a.text(2);
    if (!text || !old || !fresh) return {};
    const Pair pair{*old, *fresh};
    return Value::string(replaced(*text, {&pair, 1}));
}

Value replace_n(const Arguments& a) {
    const auto text = a.text(1);
    if (!a.is(0, Type::object) || !text) return {};
    std::vector<Pair> pairs;
    for (const Member& member : a[0].members()) {
        if (member.key.type() != Type::string || member.value.type() != Type::string) return {};
        pairs.push_back({member.key.as_string(), member.value.as_string()});
    }
    return Value::string(replaced(*text, pairs));
}

bool among(char32_t point, std::string_view points) {
    while (!points.empty())
        if (utf8::take(points) == point) return true;
    return false;
}

std::string_view without_front(std::string_view text, const auto& drop) {
    while (!text.empty()) {
        std::string_view rest = text;
        if (!drop(utf8::take(rest))) break;
        text = rest;
    }
    return text;
}

std::string_view without_back(std::string_view text, const auto& drop) {
    while (!text.empty()) {
        std::size_t start = text.size() - 1;
        while (start > 0 && text.size() - start < 4 &&
               (static_cast<unsigned char>(text[start]) & 0xc0U) == 0x80U)
            --start;
        std::string_view last = text.substr(start);
        const char32_t point = utf8::take(last);
        if (!last.empty()) {  // not one whole code point: the last byte stands for itself
            start = text.size() - 1;
            if (!drop(0xfffd)) break;
        } else if (!drop(point)) {
            break;
        }
        text = text.substr(0, start);
    }
    return text;
}

std::string_view trim_left(std::string_view text, std::string_view cut) {
    return without_front(text, [&](char32_t point) { return among(point, cut); });
}
std::string_view trim_right(std::string_view text, std::string_view cut) {
    return without_back(text, [&](char32_t point) { return among(point, cut); });
}
std::string_view trim(std::string_view text, std::string_view cut) {
    return trim_right(trim_left(text, cut), cut);
}
std::string_view trim_prefix(std::string_view text, std::string_view prefix) {
    if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
    return text;
}
std::string_view trim_suffix(std::string_view text, std::string_view suffix) {
    if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
    return text;
}
std::string trim_space(std::string_view text) {
    return std::string(without_back(without_front(text, utf8::is_space), utf8::is_space));
}

std::string reverse(std::string_view text) {
    const auto points = utf8::points(text);
    std::string out;
    for (auto at = points.rbegin(); at != points.rend(); ++at) utf8::append(out, *at);
    return out;
}

/// A string, or a collection of strings.
std::optional<std::vector<std::string_view>> texts(const Value& value) {
    if (value.type() == Type::string) return std::vector{value.as_string()};
    if (value.type() != Type::array && value.type() != Type::set) return std::nullopt;
    std::vector<std::string_view> all;
    for (const Value& element : value.elements()) {
        if (element.type() != Type::string) return std::nullopt;
        all.push_back(element.as_string());
    }
    return all;
}

template <bool (*test)(std::string_view, std::string_view)>
Value any_match(const Arguments& a) {
    const auto subjects = texts(a[0]);
    const auto parts = texts(a[1]);
    if (!subjects || !parts) return {};
    for (const std::string_view subject : *subjects)
        for (const std::string_view part : *parts)
            if (test(subject, part)) return Value::boolean(true);
    return Value::boolean(false);
}

constexpr Builtin table[] = {
    {"concat", 2, concat},
    {"contains", 2, test_two<has>},
    {"endswith", 2, test_two<ends>},
    {"indexof", 2, indexof},
    {"indexof_n", 2, indexof_n},
    {"lower", 1, map_one<utf8::lower>},
    {"replace", 3, replace},
    {"split", 2, split},
    {"strings.split_n", 3, split_n},
    {"startswith", 2, test_two<begins>},
    {"strings.any_prefix_match", 2, any_match<begins>},
    {"strings.any_suffix_match", 2, any_match<ends>},
    {"strings.count", 2, occurrences},
    {"strings.replace_n", 2, replace_n},
    {"strings.reverse", 1, map_one<reverse>},
    {"substring", 3, substring},
    {"trim", 2, cut_two<trim>},
    {"trim_left", 2, cut_two<trim_left>},
    {"trim_prefix", 2, cut_two<trim_prefix>},
    {"trim_right", 2, cut_two<trim_right>},
    {"trim_space", 1, map_one<trim_space>},
    {"trim_suffix", 2, cut_two<trim_suffix>},
    {"upper", 1, map_one<utf8::upper>},
};

}  // namespace

std::span<const Builtin> strings() { return table; }

}  // namespace mistrial::rego::families
