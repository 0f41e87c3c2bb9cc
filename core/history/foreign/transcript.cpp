#include "core/history/foreign/transcript.hpp"

#include <algorithm>
#include <cctype>

namespace mistrial::history::foreign {
namespace {

/// A number of EDN that has a fraction or an exponent, as JSON writes it.
std::string json_decimal(std::string_view written) {
    std::string number(written);
    if (number.back() == 'M') number.pop_back();
    if (const auto dot = number.find('.');
        dot != std::string::npos &&
        (dot + 1 == number.size() || !std::isdigit(static_cast<unsigned char>(number[dot + 1]))))
        number.insert(dot + 1, 1, '0');
    return number;
}

}  // namespace

void Transcript::clear() {
    line_.clear();
    stretches_.clear();
}

void Transcript::put_text(std::string_view characters) {
    line_ += '"';
    for (const char c : characters) {
        if (c == '"' || c == '\\') {
            line_ += '\\';
            line_ += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            line_ += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            line_ += c;
        }
    }
    line_ += '"';
}

void Transcript::quote(std::string_view json, std::size_t at) {
    stretches_.push_back({line_.size(), at, true});
    line_ += json;
}

void Transcript::key(std::string_view name) {
    if (line_.back() != '{') line_ += ',';
    put_text(name);
    line_ += ':';
}

void Transcript::put(const edn::Value& value) {
    using edn::Kind;
    stand_at(value.at);
    switch (value.kind) {
        case Kind::nil:
            line_ += "null";
            return;
        case Kind::boolean:
            line_ += value.text;
            return;
        case Kind::integer:
            line_.append(value.text, 0, value.text.size() - (value.text.back() == 'N' ? 1 : 0));
            return;
        case Kind::decimal:
            line_ += json_decimal(value.text);
            return;
        case Kind::ratio:
        case Kind::text:
        case Kind::character:
        case Kind::symbol:
        case Kind::keyword:
            return put_text(value.text);
        case Kind::list:
        case Kind::vector:
        case Kind::set: {
            line_ += '[';
            for (std::size_t i = 0; i < value.items.size(); ++i) {
                if (i > 0) line_ += ',';
                put(value.items[i]);
            }
            line_ += ']';
            return;
        }
        case Kind::map: {
            line_ += '{';
            for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) {
                stand_at(value.items[i].at);
                const bool named = value.items[i].kind == Kind::keyword || value.items[i].kind == Kind::text ||
                                   value.items[i].kind == Kind::symbol;
                key(named ? value.items[i].text : edn::print(value.items[i]));
                put(value.items[i + 1]);
            }
            line_ += '}';
            return;
        }
        case Kind::tagged:
            return put(value.items.front());
    }
}

std::size_t Transcript::source_of(std::size_t in_line, std::size_t otherwise) const {
    const auto after = std::upper_bound(stretches_.begin(), stretches_.end(), in_line,
                                        [](std::size_t at, const Stretch& stretch) { return at < stretch.begin; });
    if (after == stretches_.begin()) return otherwise;
    const Stretch& stretch = *std::prev(after);
    return stretch.verbatim ? stretch.source + (in_line - stretch.begin) : stretch.source;
}

Placed Transcript::record(std::size_t at) {
    const std::size_t length = line_.size();
    line_.append(LineParser::padding(), ' ');
    const std::string_view line(line_.data(), length);
    Placed placed;
    placed.at = at;
    try {
        const Keys keys = parser_.parse(line, line_.size(), placed.record, Origin::foreign);
        placed.has_index = keys.index;
        // What Jepsen writes where it knows no time.
        placed.has_time = keys.time && placed.record.time != at_nanos<TrueTime>(-1);
        return placed;
    } catch (const Malformed& malformed) {
        const bool known = malformed.at > line.data() && malformed.at <= line.data() + length;
        throw Syntax{known ? source_of(static_cast<std::size_t>(malformed.at - line.data()), at) : at,
                     malformed.message, std::nullopt};
    }
}

}  // namespace mistrial::history::foreign
