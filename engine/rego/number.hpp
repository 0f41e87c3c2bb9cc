#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <atomic>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Rego's numbers: integers of 64 bits held in place, every other number (larger, fractional, or written in
/// another way than its shortest) as an exact decimal with the text it came with, so that what a policy
/// prints is what it was given. Compared by value: `1`, `1.0` and `1e0` are equal.
///
/// Arithmetic is OPA's: integers of any size are exact; as soon as one operand has a fraction both are
/// rounded to binary floating point with 64 bits of mantissa, and the result is the shortest decimal that
/// reads back the same. No machine floating point is involved, so results are the same on every machine. One
/// difference is deliberate: OPA 1.19 takes `10.0` for equal to `1` (it strips zeros and dots off the end of
/// the text); here it is ten.
namespace mistrial::rego {

namespace detail {

/// A number as 0.DIGITS x 10^point, without leading or trailing zeros; zero has no digits.
struct Decimal {
    mutable std::atomic<std::uint32_t> references{0};
    bool negative = false;
    std::string digits;
    std::int64_t point = 0;
    std::string text;
};
inline void intrusive_ptr_add_ref(const Decimal* decimal) noexcept {
    decimal->references.fetch_add(1, std::memory_order_relaxed);
}
inline void intrusive_ptr_release(const Decimal* decimal) noexcept {
    if (decimal->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete decimal;
}

}  // namespace detail

class Number {
  public:
    Number() noexcept = default;
    explicit Number(std::int64_t integer) noexcept : integer_(integer) {}

    /// A number in JSON's grammar; nothing for any other text.
    [[nodiscard]] static std::optional<Number> parse(std::string_view text);

    /// The integer when the number is one of 64 bits written as such; nothing for `1.0`, as in OPA.
    [[nodiscard]] std::optional<std::int64_t> int64() const noexcept {
        if (decimal_) return std::nullopt;
        return integer_;
    }
    /// The integer of 64 bits that the number is by value: 1 for `1.0`.
    [[nodiscard]] std::optional<std::int64_t> whole() const noexcept;
    [[nodiscard]] bool is_integer() const noexcept;  ///< by value: true of `1.0` too
    [[nodiscard]] int sign() const noexcept;         ///< -1, 0 or 1
    [[nodiscard]] std::string text() const;          ///< as JSON, and as it was written
    [[nodiscard]] double to_double() const;          ///< nearest; for leaving Rego only

    friend std::strong_ordering operator<=>(const Number& a, const Number& b) noexcept {
        if (!a.decimal_ && !b.decimal_) return a.integer_ <=> b.integer_;
        return compare_slow(a, b);
    }
    friend bool operator==(const Number& a, const Number& b) noexcept { return (a <=> b) == 0; }

  private:
    friend class Value;
    using DecimalPointer = boost::intrusive_ptr<const detail::Decimal>;
    explicit Number(DecimalPointer decimal) noexcept : decimal_(std::move(decimal)) {}
    static std::strong_ordering compare_slow(const Number& a, const Number& b) noexcept;

    std::int64_t integer_ = 0;
    DecimalPointer decimal_;
};

/// Nothing where OPA reports an error (division by zero, remainder of fractions) and for exponents beyond
/// 10,000.
[[nodiscard]] std::optional<Number> add(const Number& a, const Number& b);
[[nodiscard]] std::optional<Number> subtract(const Number& a, const Number& b);
[[nodiscard]] std::optional<Number> multiply(const Number& a, const Number& b);
[[nodiscard]] std::optional<Number> divide(const Number& a, const Number& b);
[[nodiscard]] std::optional<Number> remainder(const Number& a, const Number& b);  ///< sign of the dividend
/// Exact when all are integers; else every step is rounded, integers among them too.
[[nodiscard]] std::optional<Number> sum(std::span<const Number> numbers);
[[nodiscard]] std::optional<Number> product(std::span<const Number> numbers);
[[nodiscard]] std::optional<Number> absolute(const Number& a);
[[nodiscard]] std::optional<Number> round(const Number& a);  ///< half away from zero
[[nodiscard]] std::optional<Number> ceil(const Number& a);
[[nodiscard]] std::optional<Number> floor(const Number& a);
/// The integer part in base 2, 8, 10 or 16 with lower-case digits; nothing for another base.
[[nodiscard]] std::optional<std::string> format_integer(const Number& a, int base);

}  // namespace mistrial::rego
