#include "engine/rego/number.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <cstdlib>

/// OPA's arithmetic (topdown/arithmetic.go) rests on Go's math/big: exact big.Int for integers, and
/// big.Float, whose operations round to nearest even at 64 bits of mantissa, for the rest; printed as the
/// shortest decimal that reads back as the same 64 bits.
namespace mistrial::rego {
namespace {

using boost::multiprecision::cpp_int;

constexpr unsigned mantissa_bits = 64;
constexpr std::int64_t exponent_limit = 10'000;

cpp_int power_of_ten(std::int64_t exponent) {
    return boost::multiprecision::pow(cpp_int(10), static_cast<unsigned>(exponent));
}

/// A number as sign, digits and decimal exponent: value = digits x 10^exponent.
struct Exact {
    cpp_int coefficient;  ///< signed
    std::int64_t exponent = 0;
};

/// Nothing beyond the exponents that are computed with.
std::optional<Exact> exact(const Number& number) {
    if (const auto integer = number.int64()) return Exact{cpp_int(*integer), 0};
    const std::string text = number.text();
    const std::size_t mark = std::min(text.find_first_of("eE"), text.size());
    std::string digits = text.substr(0, mark);
    std::int64_t exponent = 0;
    if (mark != text.size()) {
        if (text.size() - mark > 12) return std::nullopt;
        exponent = std::strtoll(text.c_str() + mark + 1, nullptr, 10);
    }
    if (const auto dot = digits.find('.'); dot != std::string::npos) {
        exponent -= static_cast<std::int64_t>(digits.size() - dot - 1);
        digits.erase(dot, 1);
    }
    if (std::abs(exponent) > exponent_limit || digits.size() > static_cast<std::size_t>(exponent_limit))
        return std::nullopt;
    const bool negative = digits[0] == '-';
    if (negative) digits.erase(0, 1);
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));  // no octal reading
    cpp_int coefficient(digits);
    if (negative) coefficient = -coefficient;
    return Exact{std::move(coefficient), exponent};
}

/// The integer that `number` is by value.
std::optional<cpp_int> integer_of(const Number& number) {
    if (!number.is_integer()) return std::nullopt;
    const auto value = exact(number);
    if (!value) return std::nullopt;
    if (value->exponent >= 0) return value->coefficient * power_of_ten(value->exponent);
    return value->coefficient / power_of_ten(-value->exponent);
}

Number number_of(const cpp_int& integer) { return *Number::parse(integer.str()); }

/// A binary floating-point number: mantissa x 2^exponent, the mantissa of at most 64 bits.
struct Binary {
    cpp_int mantissa;  ///< signed
    std::int64_t exponent = 0;
};

/// numerator / denominator x 2^exponent, rounded to nearest even at 64 bits.
Binary rounded(cpp_int numerator, cpp_int denominator, std::int64_t exponent) {
    if (numerator == 0) return {};
    const bool negative = numerator < 0;
    if (negative) numerator = -numerator;
    // Scale so that the quotient has 65 or 66 bits: at least one more than the mantissa.
    const auto bits = static_cast<std::int64_t>(msb(numerator)) - static_cast<std::int64_t>(msb(denominator));
    const std::int64_t shift = static_cast<std::int64_t>(mantissa_bits) + 1 - bits;
    if (shift > 0)
        numerator <<= static_cast<unsigned>(shift);
    else
        denominator <<= static_cast<unsigned>(-shift);
    cpp_int quotient;
    cpp_int rest;
    divide_qr(numerator, denominator, quotient, rest);
    exponent -= shift;
    const unsigned excess = static_cast<unsigned>(msb(quotient)) + 1 - mantissa_bits;
    const cpp_int dropped = quotient & ((cpp_int(1) << excess) - 1);
    const cpp_int half = cpp_int(1) << (excess - 1);
    quotient >>= excess;
    exponent += excess;
    const bool above = dropped > half || (dropped == half && rest != 0);
    const bool tie = dropped == half && rest == 0;
    if (above || (tie && bit_test(quotient, 0))) ++quotient;
    // Keep the mantissa odd, so that equal numbers have one form and exponents stay small.
    const unsigned zeros = static_cast<unsigned>(lsb(quotient));
    quotient >>= zeros;
    exponent += zeros;
    if (negative) quotient = -quotient;
    return {std::move(quotient), exponent};
}

std::optional<Binary> binary(const Number& number) {
    const auto value = exact(number);
    if (!value) return std::nullopt;
    if (value->exponent >= 0) return rounded(value->coefficient * power_of_ten(value->exponent), 1, 0);
    return rounded(value->coefficient, power_of_ten(-value->exponent), 0);
}

bool is_integer(const Binary& value) { return value.exponent >= 0 || value.mantissa == 0; }

cpp_int truncated(const Binary& value) {
    if (value.exponent >= 0) return value.mantissa << static_cast<unsigned>(value.exponent);
    const cpp_int magnitude = abs(value.mantissa) >> static_cast<unsigned>(-value.exponent);
    return value.mantissa < 0 ? cpp_int(-magnitude) : magnitude;
}

/// The shortest digits D and exponent such that 0.D x 10^point lies within half a unit of the 64-bit
/// mantissa.
void shortest_digits(const Binary& value, std::string& digits, std::int64_t& point) {
    // The mantissa widened to the full 64 bits; as in Go, half a unit away on both sides still reads back the
    // same (also below a power of two). Everything is scaled by 2 so that those bounds are integers.
    cpp_int mantissa = abs(value.mantissa);
    std::int64_t exponent = value.exponent;
    const unsigned missing = mantissa_bits - 1 - static_cast<unsigned>(msb(mantissa));
    mantissa <<= missing;
    exponent -= missing;
    cpp_int numerator = mantissa << 1;
    cpp_int low = numerator - 1;
    cpp_int high = numerator + 1;
    const bool inclusive = !bit_test(mantissa, 0);
    cpp_int denominator = 2;
    if (exponent >= 0) {
        const auto by = static_cast<unsigned>(exponent);
        numerator <<= by;
        low <<= by;
        high <<= by;
    } else {
        denominator <<= static_cast<unsigned>(-exponent);
    }
    // point: the value is in [10^(point-1), 10^point).
    const auto estimate =
        static_cast<std::int64_t>((static_cast<double>(exponent) + mantissa_bits) * 0.30102999566398120) - 1;
    if (estimate > 0) {
        denominator *= power_of_ten(estimate);
    } else if (estimate < 0) {
        const cpp_int by = power_of_ten(-estimate);
        numerator *= by;
        low *= by;
        high *= by;
    }
    point = estimate;
    while (numerator >= denominator) {
        denominator *= 10;
        ++point;
    }
    while (numerator * 10 < denominator) {
        numerator *= 10;
        low *= 10;
        high *= 10;
        --point;
    }
    // Digit by digit, until cutting off here or one more in the last place stays within the bounds.
    cpp_int produced = 0;
    for (std::size_t count = 1;; ++count) {
        numerator *= 10;
        low *= 10;
        high *= 10;
        produced *= 10;
        cpp_int digit;
        cpp_int rest;
        divide_qr(cpp_int(numerator - produced * denominator), denominator, digit, rest);
        produced += digit;
        const cpp_int down = produced * denominator;
        const cpp_int up = down + denominator;
        const bool down_fits = inclusive ? down >= low : down > low;
        const bool up_fits = inclusive ? up <= high : up < high;
        if (!down_fits && !up_fits) continue;
        const cpp_int twice = rest * 2;
        const bool nearer_up = twice > denominator || (twice == denominator && bit_test(produced, 0));
        if (up_fits && (!down_fits || nearer_up)) ++produced;
        digits = produced.str();
        if (digits.size() > count) ++point;  // 9.9 became 10
        break;
    }
    while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
}

/// As Go's Float.Text: 'f' for integers, 'g' for the rest, both with precision -1.
Number number_of(const Binary& value) {
    if (value.mantissa == 0) return Number(0);
    std::string digits;
    std::int64_t point = 0;
    shortest_digits(value, digits, point);
    std::string text = value.mantissa < 0 ? "-" : "";
    const auto count = static_cast<std::int64_t>(digits.size());
    if (is_integer(value)) {
        text += digits;
        text.append(static_cast<std::size_t>(std::max<std::int64_t>(point - count, 0)), '0');
    } else if (const std::int64_t exponent = point - 1; exponent < -4 || exponent >= 6) {
        text += digits[0];
        if (count > 1) text.append(".").append(digits, 1);
        text += exponent < 0 ? "e-" : "e+";
        const std::string written = std::to_string(std::abs(exponent));
        if (written.size() < 2) text += '0';
        text += written;
    } else if (point <= 0) {
        text += "0.";
        text.append(static_cast<std::size_t>(-point), '0').append(digits);
    } else if (count <= point) {
        text += digits;
        text.append(static_cast<std::size_t>(point - count), '0');
    } else {
        text.append(digits, 0, static_cast<std::size_t>(point))
            .append(".")
            .append(digits, static_cast<std::size_t>(point));
    }
    return *Number::parse(text);
}

Binary added(const Binary& a, const Binary& b) {
    if (a.mantissa == 0) return b;
    if (b.mantissa == 0) return a;
    const std::int64_t exponent = std::min(a.exponent, b.exponent);
    cpp_int total = (a.mantissa << static_cast<unsigned>(a.exponent - exponent)) +
                    (b.mantissa << static_cast<unsigned>(b.exponent - exponent));
    return rounded(std::move(total), 1, exponent);
}

Binary multiplied(const Binary& a, const Binary& b) {
    return rounded(cpp_int(a.mantissa * b.mantissa), 1, a.exponent + b.exponent);
}

/// Exactly as long as all are integers, roughly from the start otherwise.
template <class ExactOperation, class BinaryOperation>
std::optional<Number> folded(std::span<const Number> numbers, int start, ExactOperation exactly,
                             BinaryOperation roughly) {
    const bool integers =
        std::all_of(numbers.begin(), numbers.end(), [](const Number& n) { return n.is_integer(); });
    cpp_int total = start;
    Binary rough{cpp_int(start), 0};
    for (const Number& number : numbers) {
        if (integers) {
            const auto value = integer_of(number);
            if (!value) return std::nullopt;
            total = exactly(total, *value);
        } else {
            const auto value = binary(number);
            if (!value) return std::nullopt;
            rough = roughly(rough, *value);
        }
    }
    return integers ? number_of(total) : number_of(rough);
}

template <class ExactOperation, class BinaryOperation>
std::optional<Number> arithmetic(const Number& a, const Number& b, ExactOperation exactly,
                                 BinaryOperation roughly) {
    if (a.is_integer() && b.is_integer()) {
        const auto x = integer_of(a);
        const auto y = integer_of(b);
        if (!x || !y) return std::nullopt;
        return number_of(cpp_int(exactly(*x, *y)));
    }
    const auto x = binary(a);
    const auto y = binary(b);
    if (!x || !y) return std::nullopt;
    return number_of(roughly(*x, *y));
}

}  // namespace

std::optional<Number> add(const Number& a, const Number& b) {
    const auto x = a.int64();
    const auto y = b.int64();
    std::int64_t result = 0;
    if (x && y && !__builtin_add_overflow(*x, *y, &result)) return Number(result);
    return arithmetic(
        a, b, [](const cpp_int& m, const cpp_int& n) { return cpp_int(m + n); }, added);
}

std::optional<Number> subtract(const Number& a, const Number& b) {
    const auto x = a.int64();
    const auto y = b.int64();
    std::int64_t result = 0;
    if (x && y && !__builtin_sub_overflow(*x, *y, &result)) return Number(result);
    return arithmetic(
        a, b, [](const cpp_int& m, const cpp_int& n) { return cpp_int(m - n); },
        [](const Binary& m, const Binary& n) {
            return added(m, Binary{-n.mantissa, n.exponent});
        });
}

std::optional<Number> multiply(const Number& a, const Number& b) {
    const auto x = a.int64();
    const auto y = b.int64();
    std::int64_t result = 0;
    if (x && y && !__builtin_mul_overflow(*x, *y, &result)) return Number(result);
    return arithmetic(
        a, b, [](const cpp_int& m, const cpp_int& n) { return cpp_int(m * n); }, multiplied);
}

std::optional<Number> divide(const Number& a, const Number& b) {
    const auto x = a.int64();
    const auto y = b.int64();
    // Below 2^63 both are exact in 64 bits of mantissa, and so is the quotient.
    if (x && y && *y > 0 && *x % *y == 0) return Number(*x / *y);
    if (b.sign() == 0) return std::nullopt;
    const auto m = binary(a);
    const auto n = binary(b);
    if (!m || !n || n->mantissa == 0) return std::nullopt;
    cpp_int numerator = m->mantissa;
    if (n->mantissa < 0) numerator = -numerator;
    return number_of(rounded(std::move(numerator), abs(n->mantissa), m->exponent - n->exponent));
}

std::optional<Number> remainder(const Number& a, const Number& b) {
    const auto x = a.int64();
    const auto y = b.int64();
    if (x && y && *y > 0) return Number(*x % *y);
    if (b.sign() == 0) return std::nullopt;
    const auto m = integer_of(a);
    const auto n = integer_of(b);
    if (!m || !n) return std::nullopt;
    return number_of(cpp_int(*m % *n));
}

std::optional<Number> sum(std::span<const Number> numbers) {
    return folded(
        numbers, 0, [](const cpp_int& m, const cpp_int& n) { return cpp_int(m + n); }, added);
}

std::optional<Number> product(std::span<const Number> numbers) {
    return folded(
        numbers, 1, [](const cpp_int& m, const cpp_int& n) { return cpp_int(m * n); }, multiplied);
}

std::optional<Number> absolute(const Number& a) {
    if (const auto integer = a.int64(); integer && *integer >= 0) return a;
    const auto value = binary(a);
    if (!value) return std::nullopt;
    return number_of(Binary{abs(value->mantissa), value->exponent});
}

std::optional<Number> round(const Number& a) {
    if (a.int64()) return a;
    const auto value = binary(a);
    if (!value) return std::nullopt;
    const Binary half{cpp_int(value->mantissa < 0 ? -1 : 1), -1};
    return number_of(truncated(added(*value, half)));
}

std::optional<Number> ceil(const Number& a) {
    if (a.int64()) return a;
    const auto value = binary(a);
    if (!value) return std::nullopt;
    cpp_int whole = truncated(*value);
    if (!is_integer(*value) && whole >= 0) ++whole;  // OPA's: 1 for -0.5
    return number_of(whole);
}

std::optional<Number> floor(const Number& a) {
    if (a.int64()) return a;
    const auto value = binary(a);
    if (!value) return std::nullopt;
    cpp_int whole = truncated(*value);
    if (!is_integer(*value) && whole < 0) --whole;  // OPA's: 0 for -0.5
    return number_of(whole);
}

std::optional<std::string> format_integer(const Number& a, int base) {
    if (base != 2 && base != 8 && base != 10 && base != 16) return std::nullopt;
    cpp_int whole;
    if (a.text().find_first_of(".eE") == std::string::npos) {
        const auto integer = integer_of(a);
        if (!integer) return std::nullopt;
        whole = *integer;
    } else {
        const auto value = binary(a);
        if (!value) return std::nullopt;
        whole = truncated(*value);
    }
    const bool negative = whole < 0;
    if (negative) whole = -whole;
    std::string digits;
    do {
        digits += "0123456789abcdef"[static_cast<unsigned>(whole % base)];
        whole /= base;
    } while (whole != 0);
    if (negative) digits += '-';
    std::reverse(digits.begin(), digits.end());
    return digits;
}

}  // namespace mistrial::rego
