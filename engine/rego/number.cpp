#include "engine/rego/number.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>

namespace mistrial::rego {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A machine integer in the same form as a Decimal, for comparing the two.
struct View {
    bool negative;
    std::string_view digits;
    std::int64_t point;
};

class Digits {
  public:
    explicit Digits(std::int64_t integer) {
        const auto end = std::to_chars(text_, text_ + sizeof text_, integer).ptr;
        const char* begin = text_;
        view_.negative = integer < 0;
        if (view_.negative) ++begin;
        std::string_view digits(begin, static_cast<std::size_t>(end - begin));
        view_.point = static_cast<std::int64_t>(digits.size());
        while (!digits.empty() && digits.back() == '0') digits.remove_suffix(1);
        view_.digits = digits;
    }
    [[nodiscard]] const View& view() const { return view_; }

  private:
    char text_[24];
    View view_{};
};

int sign_of(const View& view) { return view.digits.empty() ? 0 : view.negative ? -1 : 1; }

std::strong_ordering compare_views(const View& a, const View& b) {
    const int sign_a = sign_of(a);
    const int sign_b = sign_of(b);
    if (sign_a != sign_b) return sign_a <=> sign_b;
    if (sign_a == 0) return std::strong_ordering::equal;
    auto magnitude = a.point <=> b.point;
    if (magnitude == 0) magnitude = a.digits <=> b.digits;  // 0.DIGITS: the order of the texts
    return sign_a > 0 ? magnitude : 0 <=> magnitude;
}

}  // namespace

std::optional<Number> Number::parse(std::string_view text) {
    std::size_t at = 0;
    const auto digits_from = [&](std::size_t from) {
        while (from < text.size() && is_digit(text[from])) ++from;
        return from;
    };
    const bool negative = !text.empty() && text[0] == '-';
    if (negative) at = 1;
    const std::size_t whole_end = digits_from(at);
    if (whole_end == at || (text[at] == '0' && whole_end != at + 1)) return std::nullopt;
    const std::string_view whole = text.substr(at, whole_end - at);
    at = whole_end;
    std::string_view fraction;
    if (at < text.size() && text[at] == '.') {
        const std::size_t end = digits_from(at + 1);
        if (end == at + 1) return std::nullopt;
        fraction = text.substr(at + 1, end - at - 1);
        at = end;
    }
    std::int64_t exponent = 0;
    const bool plain = at == text.size() && fraction.empty();
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        const bool down = at < text.size() && text[at] == '-';
        if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
        const std::size_t end = digits_from(at);
        if (end == at) return std::nullopt;
        // Beyond 18 digits the exponent is as good as infinite, and stays far from overflow below.
        const std::string_view digits = text.substr(at, end - at);
        const auto significant = std::min(digits.find_first_not_of('0'), digits.size());
        if (digits.size() - significant > 17)
            exponent = 100'000'000'000'000'000;
        else
            std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
        if (down) exponent = -exponent;
        at = end;
    }
    if (at != text.size()) return std::nullopt;

    std::int64_t integer = 0;
    if (plain && !(negative && whole == "0")) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
        if (error == std::errc{}) return Number(integer);
    }
    auto* decimal = new detail::Decimal;
    const DecimalPointer owner(decimal);
    decimal->text = text;
    decimal->negative = negative;
    decimal->digits.reserve(whole.size() + fraction.size());
    decimal->digits.append(whole).append(fraction);
    const std::size_t leading = std::min(decimal->digits.find_first_not_of('0'), decimal->digits.size());
    decimal->digits.erase(0, leading);
    while (!decimal->digits.empty() && decimal->digits.back() == '0') decimal->digits.pop_back();
    decimal->point = static_cast<std::int64_t>(whole.size()) - static_cast<std::int64_t>(leading) + exponent;
    if (decimal->digits.empty()) decimal->point = 0;
    return Number(owner);
}

bool Number::is_integer() const noexcept {
    return !decimal_ || decimal_->point >= static_cast<std::int64_t>(decimal_->digits.size());
}

std::optional<std::int64_t> Number::whole() const noexcept {
    if (!decimal_) return integer_;
    if (!is_integer() || decimal_->point > 19) return std::nullopt;
    std::int64_t value = 0;
    for (std::int64_t i = 0; i < decimal_->point; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const int digit = at < decimal_->digits.size() ? decimal_->digits[at] - '0' : 0;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, decimal_->negative ? -digit : digit, &value))
            return std::nullopt;
    }
    return value;
}

int Number::sign() const noexcept {
    if (decimal_) return decimal_->digits.empty() ? 0 : decimal_->negative ? -1 : 1;
    return integer_ < 0 ? -1 : integer_ > 0 ? 1 : 0;
}

std::string Number::text() const { return decimal_ ? decimal_->text : std::to_string(integer_); }

double Number::to_double() const {
    if (!decimal_) return static_cast<double>(integer_);
    double value = 0;
    const char* begin = decimal_->text.data();
    const auto [end, error] = std::from_chars(begin, begin + decimal_->text.size(), value);
    if (error == std::errc::result_out_of_range) {
        value = decimal_->point > 0 ? std::numeric_limits<double>::max() : 0.0;
        if (decimal_->negative) value = -value;
    }
    return value;
}

std::strong_ordering Number::compare_slow(const Number& a, const Number& b) noexcept {
    const Digits small_a(a.integer_);
    const Digits small_b(b.integer_);
    const View view_a =
        a.decimal_ ? View{a.decimal_->negative, a.decimal_->digits, a.decimal_->point} : small_a.view();
    const View view_b =
        b.decimal_ ? View{b.decimal_->negative, b.decimal_->digits, b.decimal_->point} : small_b.view();
    return compare_views(view_a, view_b);
}

}  // namespace mistrial::rego
