#include "engine/rego/builtins/families.hpp"

#include "engine/rego/evaluator.hpp"

#include <chrono>
#include <limits>

namespace mistrial::rego::families {
namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::int64_t nanos_a_second = 1'000'000'000;

Value now_ns(const Arguments& a) { return Value::integer(nanos_of(a.query().now)); }

/// An instant, split into the day and the nanoseconds in it, both in UTC.
struct Instant {
    sys_days day;
    std::int64_t nanos;
};

/// Nanoseconds since the epoch, or an array of them and a time zone. Zones other than UTC are refused: their
/// rules are not in the agent.
std::optional<Instant> instant(const Arguments& a) {
    const Value* number = &a[0];
    if (a.is(0, Type::array)) {
        const auto parts = a[0].elements();
        if (parts.empty()) return std::nullopt;
        number = &parts[0];
        if (parts.size() > 2 && parts[2].type() != Type::string)
            return std::nullopt;  // a layout, not used here
        if (parts.size() > 1) {
            if (parts[1].type() != Type::string) return std::nullopt;
            const auto zone = parts[1].as_string();
            if (!zone.empty() && zone != "UTC") {
                static_cast<void>(
                    a.refuse(fmt::format("time zone {} is not supported; use UTC, or run OPA", zone)));
                return std::nullopt;
            }
        }
    }
    const auto nanos = number->int64();
    if (!nanos) return std::nullopt;
    const auto day = std::chrono::floor<std::chrono::days>(
        std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::nanoseconds(*nanos)));
    const std::int64_t seconds_before =
        std::chrono::floor<std::chrono::seconds>(std::chrono::nanoseconds(*nanos)).count();
    const std::int64_t second_of_day = seconds_before - day.time_since_epoch().count() * 86'400;
    return Instant{day, second_of_day};
}

Value date(const Arguments& a) {
    const auto at = instant(a);
    if (!at) return {};
    const year_month_day civil(at->day);
    return Value::array({Value::integer(static_cast<int>(civil.year())),
                         Value::integer(static_cast<unsigned>(civil.month())),
                         Value::integer(static_cast<unsigned>(civil.day()))});
}

Value clock(const Arguments& a) {
    const auto at = instant(a);
    if (!at) return {};
    return Value::array({Value::integer(at->nanos / 3600), Value::integer(at->nanos / 60 % 60),
                         Value::integer(at->nanos % 60)});
}

Value weekday(const Arguments& a) {
    static constexpr std::string_view names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                 "Thursday", "Friday", "Saturday"};
    const auto at = instant(a);
    return at ? Value::string(names[std::chrono::weekday(at->day).c_encoding()]) : Value();
}

/// Reads fixed-width numbers and literals off the front of a text.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {}

    bool literal(char c) {
        if (text_.empty() || text_[0] != c) return false;
        text_.remove_prefix(1);
        return true;
    }
    std::optional<int> number(std::size_t width) {
        if (text_.size() < width) return std::nullopt;
        int value = 0;
        for (const char c : text_.substr(0, width)) {
            if (c < '0' || c > '9') return std::nullopt;
            value = value * 10 + (c - '0');
        }
        text_.remove_prefix(width);
        return value;
    }
    /// `.5` as nanoseconds, digits beyond the ninth ignored; 0 when there is none.
    std::optional<std::int64_t> fraction() {
        if (!literal('.') && !literal(',')) return 0;
        std::int64_t value = 0;
        int digits = 0;
        for (; !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; text_.remove_prefix(1))
            if (digits < 9) {
                value = value * 10 + (text_[0] - '0');
                ++digits;
            } else {
                ++digits;
            }
        if (digits == 0) return std::nullopt;
        for (; digits < 9; ++digits) value *= 10;
        return value;
    }
    [[nodiscard]] bool done() const { return text_.empty(); }

  private:
    std::string_view text_;
};

Value parse_rfc3339(const Arguments& a) {
    const auto text = a.text(0);
    if (!text) return {};
    Scanner scan(*text);
    const auto year = scan.number(4);
    if (!year || !scan.literal('-')) return {};
    const auto month = scan.number(2);
    if (!month || !scan.literal('-')) return {};
    const auto day = scan.number(2);
    if (!day || !scan.literal('T')) return {};
    const auto hour = scan.number(2);
    if (!hour || !scan.literal(':')) return {};
    const auto minute = scan.number(2);
    if (!minute || !scan.literal(':')) return {};
    const auto second = scan.number(2);
    const auto fraction = scan.fraction();
    if (!second || !fraction) return {};
    std::int64_t offset = 0;
    if (!scan.literal('Z')) {
        const bool west = scan.literal('-');
        if (!west && !scan.literal('+')) return {};
        const auto hours = scan.number(2);
        if (!hours || !scan.literal(':')) return {};
        const auto minutes = scan.number(2);
        if (!minutes || *hours > 24 || *minutes > 60) return {};
        offset = (*hours * 60 + *minutes) * 60;
        if (west) offset = -offset;
    }
    if (!scan.done() || *hour > 23 || *minute > 59 || *second > 59) return {};
    const year_month_day civil{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                               std::chrono::day(static_cast<unsigned>(*day))};
    if (!civil.ok()) return {};
    const std::int64_t seconds = sys_days(civil).time_since_epoch().count() * std::int64_t{86'400} +
                                 *hour * 3600 + *minute * 60 + *second - offset;
    std::int64_t nanos = 0;
    if (__builtin_mul_overflow(seconds, nanos_a_second, &nanos) ||
        __builtin_add_overflow(nanos, *fraction, &nanos))
        return {};
    return Value::integer(nanos);
}

constexpr Builtin table[] = {
    {"time.clock", 1, clock},     {"time.date", 1, date},
    {"time.now_ns", 0, now_ns},   {"time.parse_rfc3339_ns", 1, parse_rfc3339},
    {"time.weekday", 1, weekday},
};

}  // namespace

std::span<const Builtin> time() { return table; }

}  // namespace mistrial::rego::families
