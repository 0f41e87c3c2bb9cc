#include "engine/rego/builtins/families.hpp"

#include "engine/rego/builtins/rego_text.hpp"
#include "engine/rego/builtins/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string>
#include <variant>

/// sprintf is Go's fmt.Sprintf over what OPA hands it: integers, fractions as doubles, and text (collections
/// in Rego's own notation).
namespace mistrial::rego::families {
namespace {

using Argument = std::variant<Number, double, std::string>;  ///< an integer, a fraction, text

Argument argument_of(const Value& value) {
    if (value.type() == Type::string) return std::string(value.as_string());
    if (value.type() != Type::number) return rego_text(value);
    const Number number = value.as_number();
    if (number.int64()) return number;
    const std::string text = number.text();
    if (text.find('.') != std::string::npos) return number.to_double();
    if (text.find_first_of("eE") != std::string::npos) return text;
    return number;
}

struct Directive {
    bool minus = false;
    bool plus = false;
    bool sharp = false;
    bool space = false;
    bool zero = false;
    bool go_syntax = false;
    bool big_plus = false;  ///< the + of %+v, which only a big integer shows
    std::optional<int> width;
    std::optional<int> precision;
    char32_t verb = 0;
};

class Printer {
  public:
    Printer(std::string_view format, std::span<const Value> values) : format_(format), values_(values) {}

    std::string print() {
        while (!format_.empty()) {
            const std::size_t percent = std::min(format_.find('%'), format_.size());
            out_ += format_.substr(0, percent);
            format_.remove_prefix(percent);
            if (!format_.empty()) {
                format_.remove_prefix(1);
                one();
            }
        }
        if (!reordered_ && next_ < values_.size()) {
            out_ += "%!(EXTRA ";
            for (bool first = true; next_ < values_.size(); ++next_) {
                if (!std::exchange(first, false)) out_ += ", ";
                const Argument argument = argument_of(values_[next_]);
                out_ += type_of(argument) + "=" + plain(argument);
            }
            out_ += ')';
        }
        return std::move(out_);
    }

    /// What of the format this printer does not know, where Go does; empty when nothing.
    [[nodiscard]] const std::string& unsupported() const { return unsupported_; }

  private:
    static constexpr int widest = 1'000'000;  // Go's limit, too

    void one() {
        Directive d;
        good_index_ = true;
        for (bool flags = true; flags && !format_.empty();) {
            switch (format_[0]) {
                case '-':
                    d.minus = true;
                    break;
                case '+':
                    d.plus = true;
                    break;
                case '#':
                    d.sharp = true;
                    break;
                case ' ':
                    d.space = true;
                    break;
                case '0':
                    d.zero = true;
                    break;
                default:
                    flags = false;
            }
            if (flags) format_.remove_prefix(1);
        }
        bool indexed = index();
        if (take('*')) {
            const auto width = star();
            if (!width) out_ += "%!(BADWIDTH)";
            d.width = width;
            if (d.width && *d.width < 0) {
                d.width = -*d.width;
                d.minus = true;
            }
            indexed = false;
        } else {
            d.width = digits();
            if (indexed && d.width) good_index_ = false;
        }
        if (take('.')) {
            if (indexed) good_index_ = false;
            indexed = index();
            if (take('*')) {
                const auto precision = star();
                if (!precision || *precision < 0)
                    out_ += "%!(BADPREC)";
                else
                    d.precision = precision;
                indexed = false;
            } else {
                d.precision = digits().value_or(0);
            }
        }
        if (!indexed) index();
        if (format_.empty()) {
            out_ += "%!(NOVERB)";
            return;
        }
        d.verb = utf8::take(format_);
        if (d.minus) d.zero = false;
        if (d.verb == 'v') {  // Go's %#v and %+v are verbs of their own
            d.go_syntax = std::exchange(d.sharp, false);
            d.big_plus = std::exchange(d.plus, false);
        }
        if (d.verb == '%') {
            out_ += '%';
        } else if (!good_index_) {
            bad("BADINDEX", d.verb);
        } else if (next_ >= values_.size()) {
            bad("MISSING", d.verb);
        } else {
            argument(d, argument_of(values_[next_++]));
        }
    }

    void bad(std::string_view what, char32_t verb) {
        out_ += "%!";
        utf8::append(out_, verb);
        out_ += fmt::format("({})", what);
    }

    bool take(char c) {
        if (format_.empty() || format_[0] != c) return false;
        format_.remove_prefix(1);
        return true;
    }

    std::optional<int> digits() {
        int number = 0;
        const auto [end, error] = std::from_chars(format_.data(), format_.data() + format_.size(), number);
        if (error != std::errc{} || format_[0] == '-' || number > widest) return std::nullopt;
        format_.remove_prefix(static_cast<std::size_t>(end - format_.data()));
        return number;
    }

    /// An explicit argument index, `[2]`.
    bool index() {
        if (format_.empty() || format_[0] != '[') return false;
        reordered_ = true;
        const std::size_t close = format_.find(']');
        if (close == std::string_view::npos) {
            good_index_ = false;
            format_.remove_prefix(1);
            return false;
        }
        std::size_t number = 0;
        const auto [end, error] = std::from_chars(format_.data() + 1, format_.data() + close, number);
        good_index_ =
            error == std::errc{} && end == format_.data() + close && number >= 1 && number <= values_.size();
        format_.remove_prefix(close + 1);
        if (good_index_) next_ = number - 1;
        return good_index_;
    }

    std::optional<int> star() {
        if (next_ >= values_.size()) return std::nullopt;
        const auto number = values_[next_++].int64();
        if (!number || *number > widest || *number < -widest) return std::nullopt;
        return static_cast<int>(*number);
    }

    static std::string type_of(const Argument& argument) {
        if (const auto* number = std::get_if<Number>(&argument))
            return number->int64() ? "int64" : "*big.Int";
        return std::holds_alternative<double>(argument) ? "float64" : "string";
    }

    static std::string plain(const Argument& argument) {
        Directive d;
        d.verb = 'v';
        if (const auto* number = std::get_if<Number>(&argument)) return number->text();
        if (const auto* fraction = std::get_if<double>(&argument)) return fraction_text(d, *fraction);
        return std::get<std::string>(argument);
    }

    void pad(const Directive& d, std::string_view text) {
        const std::size_t size = utf8::count(text);
        const std::size_t width = d.width ? static_cast<std::size_t>(*d.width) : 0;
        const std::size_t missing = width > size ? width - size : 0;
        if (!d.minus) out_.append(missing, d.zero ? '0' : ' ');
        out_ += text;
        if (d.minus) out_.append(missing, ' ');
    }

    /// A number's sign and digits, zeros between them when asked for.
    void pad_number(const Directive& d, bool negative, std::string digits, bool zeros) {
        std::string sign = negative ? "-" : d.plus ? "+" : d.space ? " " : "";
        const std::size_t width = d.width ? static_cast<std::size_t>(*d.width) : 0;
        if (zeros && !d.minus && sign.size() + digits.size() < width)
            digits.insert(0, width - sign.size() - digits.size(), '0');
        Directive rest = d;
        rest.zero = false;
        pad(rest, sign + digits);
    }

    void argument(const Directive& d, const Argument& argument) {
        if (d.verb == 'T') {
            pad(d, type_of(argument));
            return;
        }
        bool known = false;
        if (const auto* number = std::get_if<Number>(&argument))
            known = integer(d, *number);
        else if (const auto* fraction = std::get_if<double>(&argument))
            known = floating(d, *fraction);
        else
            known = text(d, std::get<std::string>(argument));
        if (known) return;
        out_ += "%!";
        utf8::append(out_, d.verb);
        if (const auto* number = std::get_if<Number>(&argument); number != nullptr && !number->int64()) {
            out_ += fmt::format("(big.Int={})", number->text());
            return;
        }
        out_ += fmt::format("({}=", type_of(argument));
        Directive as_value = d;
        as_value.verb = 'v';
        as_value.sharp = false;
        this->argument(as_value, argument);
        out_ += ')';
    }

    bool integer(const Directive& d, const Number& number) {
        int base = 10;
        std::string prefix;
        switch (d.verb) {
            case 'v':
            case 'd':
                break;
            case 's':  // only big.Int prints itself so
                if (number.int64()) return false;
                break;
            case 'b':
                base = 2;
                if (d.sharp) prefix = "0b";
                break;
            case 'o':
                base = 8;
                if (d.sharp) prefix = "0";
                break;
            case 'O':
                base = 8;
                prefix = "0o";
                break;
            case 'x':
            case 'X':
                base = 16;
                if (d.sharp) prefix = d.verb == 'x' ? "0x" : "0X";
                break;
            case 'c':
            case 'q':
            case 'U':
                return character(d, number);
            default:
                return false;
        }
        auto digits = format_integer(number, base);
        if (!digits) return false;
        const bool negative = digits->front() == '-';
        if (negative) digits->erase(0, 1);
        if (d.verb == 'X')
            std::transform(digits->begin(), digits->end(), digits->begin(), [](char c) {
                return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
            });
        if (d.precision) {
            const auto wanted = static_cast<std::size_t>(*d.precision);
            if (wanted == 0 && *digits == "0") {
                pad(d, "");
                return true;
            }
            if (digits->size() < wanted) digits->insert(0, wanted - digits->size(), '0');
        }
        Directive signs = d;
        signs.plus = d.plus || (d.big_plus && !number.int64());
        pad_number(signs, negative, prefix + *digits, d.zero && !d.precision);
        return true;
    }

    bool character(const Directive& d, const Number& number) {
        const auto value = number.int64();
        if (!value) return false;
        const char32_t point = *value >= 0 && *value <= 0x10ffff ? static_cast<char32_t>(*value) : 0xfffd;
        std::string text;
        if (d.verb == 'U') {
            text = fmt::format("U+{:04X}", static_cast<std::uint64_t>(*value));
        } else {
            utf8::append(text, point);
            if (d.verb == 'q') {
                text = point == '"' ? "\"" : point == '\'' ? "\\'" : quoted_text(text).substr(1);
                if (text.back() == '"' && point != '"') text.pop_back();
                text = "'" + text + "'";
            }
        }
        pad(d, text);
        return true;
    }

    static std::string fraction_text(const Directive& d, double value) {
        char buffer[512];
        const auto written = [&](std::chars_format format) {
            const auto result =
                d.precision || d.verb == 'f' || d.verb == 'F' || d.verb == 'e' || d.verb == 'E'
                    ? std::to_chars(buffer, buffer + sizeof buffer, value, format,
                                    std::min(d.precision.value_or(6), 150))
                    : std::to_chars(buffer, buffer + sizeof buffer, value, format);
            return std::string(buffer, result.ptr);
        };
        switch (d.verb) {
            case 'f':
            case 'F':
                return written(std::chars_format::fixed);
            case 'e':
            case 'E':
                return written(std::chars_format::scientific);
            default:
                break;
        }
        if (d.precision) return written(std::chars_format::general);
        // The shortest digits that read back, with an exponent below -4 and from 6 on.
        std::string scientific = written(std::chars_format::scientific);
        const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
        return exponent < -4 || exponent >= (d.go_syntax ? 21 : 6) ? scientific
                                                                   : written(std::chars_format::fixed);
    }

    /// As Go writes it: 0x1.8p-02.
    static std::string hexadecimal(const Directive& d, double value) {
        char buffer[512];
        const auto end = d.precision
                             ? std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::hex,
                                             std::min(*d.precision, 150))
                             : std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::hex);
        std::string text(buffer, end.ptr);
        text.insert(text.front() == '-' ? 1 : 0, "0x");
        if (const auto exponent = text.find('p'); text.size() - exponent == 3) text.insert(exponent + 2, "0");
        return text;
    }

    bool floating(const Directive& d, double value) {
        switch (d.verb) {
            case 'v':
            case 'f':
            case 'F':
            case 'e':
            case 'E':
            case 'g':
            case 'G':
            case 'x':
            case 'X':
                break;
            case 'b':
                unsupported_ = "sprintf's %b of a fraction";
                return true;
            default:
                return false;
        }
        if (d.sharp) unsupported_ = "sprintf's # flag for a fraction";
        std::string text = d.verb == 'x' || d.verb == 'X' ? hexadecimal(d, value) : fraction_text(d, value);
        if (d.verb == 'X') text = utf8::upper(text);
        if (d.verb == 'E' || d.verb == 'G') std::replace(text.begin(), text.end(), 'e', 'E');
        const bool negative = text.front() == '-';
        if (negative) text.erase(0, 1);
        pad_number(d, negative, text, d.zero);
        return true;
    }

    bool text(const Directive& d, std::string_view value) {
        if (d.precision) value = utf8::slice(value, 0, static_cast<std::size_t>(*d.precision));
        switch (d.verb) {
            case 's':
            case 'v':
                pad(d, d.go_syntax ? quoted_text(value) : std::string(value));
                return true;
            case 'q':
                pad(d, d.sharp && value.find('`') == std::string_view::npos ? "`" + std::string(value) + "`"
                                                                            : quoted_text(value));
                return true;
            case 'x':
            case 'X': {
                std::string hex;
                for (const char c : value) {
                    if (d.space && !hex.empty()) hex += ' ';
                    const auto byte = static_cast<unsigned char>(c);
                    hex += d.verb == 'x' ? fmt::format("{:02x}", byte) : fmt::format("{:02X}", byte);
                }
                if (d.sharp && !hex.empty()) hex.insert(0, d.verb == 'x' ? "0x" : "0X");
                pad(d, hex);
                return true;
            }
            default:
                return false;
        }
    }

    std::string_view format_;
    std::span<const Value> values_;
    std::size_t next_ = 0;
    bool reordered_ = false;
    bool good_index_ = true;
    std::string out_;
    std::string unsupported_;
};

Value sprintf(const Arguments& a) {
    const auto format = a.text(0);
    if (!format || !a.is(1, Type::array)) return {};
    Printer printer(*format, a[1].elements());
    std::string printed = printer.print();
    if (!printer.unsupported().empty())
        return a.refuse(
            fmt::format("{} is not supported; use another verb, or run OPA", printer.unsupported()));
    return Value::string(std::move(printed));
}

Value format_int(const Arguments& a) {
    const auto number = a.number(0);
    const auto base = a.integer(1);
    if (!number || !base || *base < 2 || *base > 16) return {};
    auto text = format_integer(*number, static_cast<int>(*base));
    return text ? Value::string(std::move(*text)) : Value();
}

/// Each part is a scalar, or a set of at most one value that stands for a part that may be undefined.
Value template_string(const Arguments& a) {
    if (!a.is(0, Type::array)) return {};
    std::string out;
    for (const Value& part : a[0].elements()) {
        const Value* shown = &part;
        if (part.type() == Type::set) {
            if (part.size() == 0) {
                out += "<undefined>";
                continue;
            }
            if (part.size() > 1) return a.refuse("template-strings must not produce multiple outputs");
            shown = &part.elements()[0];
        } else if (part.type() == Type::array || part.type() == Type::object) {
            return a.refuse(fmt::format("illegal argument type: {}", name_of(part.type())));
        }
        out += shown->type() == Type::string ? std::string(shown->as_string()) : rego_text(*shown);
    }
    return Value::string(std::move(out));
}

constexpr Builtin table[] = {
    {"format_int", 2, format_int},
    {"internal.template_string", 1, template_string},
    {"sprintf", 2, sprintf},
};

}  // namespace

std::span<const Builtin> formatting() { return table; }

}  // namespace mistrial::rego::families
