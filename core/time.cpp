#include "core/time.hpp"

#include <array>
#include <ctime>
#include <limits>

namespace mistrial {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t nanos;
};

constexpr std::array<Unit, 6> kUnits{{
    {"h", 3'600'000'000'000},
    {"m", 60'000'000'000},
    {"s", 1'000'000'000},
    {"ms", 1'000'000},
    {"us", 1'000},
    {"ns", 1},
}};

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
    const auto refuse = [&] {
        return fail("'{}' is not a duration; expected a number and a unit, such as 250ms, 5s, 2m or 1h", text);
    };
    std::string_view rest = text;
    const bool negative = rest.starts_with('-');
    if (negative) rest.remove_prefix(1);
    const auto unit_at = rest.find_first_not_of("0123456789.");
    if (unit_at == 0 || unit_at == std::string_view::npos) return refuse();
    const std::string_view number = rest.substr(0, unit_at);
    const std::string_view unit_name = rest.substr(unit_at);
    const Unit* unit = nullptr;
    for (const Unit& candidate : kUnits)
        if (candidate.name == unit_name) unit = &candidate;
    if (unit == nullptr) return refuse();

    __extension__ using Wide = __int128;
    Wide total = 0;
    std::int64_t scale = unit->nanos;
    bool seen_digit = false, seen_point = false;
    for (const char c : number) {
        if (c == '.') {
            if (seen_point || !seen_digit) return refuse();
            seen_point = true;
            seen_digit = false;
            continue;
        }
        seen_digit = true;
        const int digit = c - '0';
        if (!seen_point) {
            total = total * 10 + static_cast<Wide>(digit) * unit->nanos;
        } else {
            if (scale % 10 != 0 && digit != 0) return fail("'{}' is finer than a nanosecond", text);
            scale /= 10;
            total += static_cast<Wide>(digit) * scale;
        }
        if (total > std::numeric_limits<std::int64_t>::max()) return fail("'{}' is too long a duration", text);
    }
    if (!seen_digit) return refuse();
    const auto nanos = static_cast<std::int64_t>(total);
    return Duration{negative ? -nanos : nanos};
}

std::string format_duration(Duration duration) {
    const std::int64_t nanos = duration.count();
    if (nanos == 0) return "0s";
    for (const Unit& unit : kUnits)
        if (nanos % unit.nanos == 0) return fmt::format("{}{}", nanos / unit.nanos, unit.name);
    return fmt::format("{}ns", nanos);
}

std::string format_short(Duration duration) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    const std::int64_t seconds = duration.count() / kSecond, rest = duration.count() % kSecond;
    if (seconds == 0 || (rest == 0 && seconds % 60 == 0)) return format_duration(duration);
    if (rest == 0) return fmt::format("{}s", seconds);
    std::string decimals = fmt::format("{:09}", rest < 0 ? -rest : rest);
    decimals.erase(decimals.find_last_not_of('0') + 1);
    return fmt::format("{}.{}s", seconds, decimals);
}

std::string format_seconds(Duration duration) {
    // What would read as zero and is not: of an agent on this machine, or of a history that only counts.
    const std::int64_t exact = duration.count();
    if (exact != 0 && exact > -1000 && exact < 1000) return fmt::format("{} ns", exact);
    const std::int64_t micros = duration.count() / 1000;
    const std::int64_t millis = (micros + (micros >= 0 ? 500 : -500)) / 1000;
    const std::int64_t magnitude = millis < 0 ? -millis : millis;
    return fmt::format("{}{}.{:03} s", millis < 0 ? "-" : "", magnitude / 1000, magnitude % 1000);
}

std::string format_wall(WallTime time) {
    std::int64_t seconds = nanos_of(time) / 1'000'000'000;
    std::int64_t nanos = nanos_of(time) % 1'000'000'000;
    if (nanos < 0) {
        nanos += 1'000'000'000;
        --seconds;
    }
    const std::time_t stamp = seconds;
    std::tm utc{};
    gmtime_r(&stamp, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                       utc.tm_hour, utc.tm_min, utc.tm_sec, nanos / 1'000'000);
}

std::string format_rfc3339(WallTime time) {
    std::int64_t seconds = nanos_of(time) / 1'000'000'000;
    std::int64_t nanos = nanos_of(time) % 1'000'000'000;
    if (nanos < 0) {
        nanos += 1'000'000'000;
        --seconds;
    }
    const std::time_t stamp = seconds;
    std::tm utc{};
    gmtime_r(&stamp, &utc);
    std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", utc.tm_year + 1900, utc.tm_mon + 1,
                                   utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
    if (nanos != 0) {
        text += fmt::format(".{:09}", nanos);
        while (text.ends_with('0')) text.pop_back();
    }
    return text + "Z";
}

Result<WallTime> parse_rfc3339(std::string_view text) {
    const auto refuse = [&] {
        return fail("'{}' is not a time; expected RFC 3339, such as 2026-11-23T07:35:00.123Z", text);
    };
    std::size_t at = 0;
    const auto digits = [&](std::size_t count, std::int64_t low, std::int64_t high) -> std::int64_t {
        if (at + count > text.size()) return -1;
        std::int64_t value = 0;
        for (std::size_t i = 0; i < count; ++i, ++at) {
            if (text[at] < '0' || text[at] > '9') return -1;
            value = value * 10 + (text[at] - '0');
        }
        return value >= low && value <= high ? value : -1;
    };
    const auto sign = [&](std::string_view any_of) {
        return at < text.size() && any_of.find(text[at]) != std::string_view::npos ? text[at++] : '\0';
    };
    const std::int64_t year = digits(4, 1678, 2261);
    if (year < 0 || sign("-") == 0) return refuse();
    const std::int64_t month = digits(2, 1, 12);
    if (month < 0 || sign("-") == 0) return refuse();
    const std::int64_t day = digits(2, 1, 31);
    if (day < 0 || sign("Tt ") == 0) return refuse();
    const std::int64_t hour = digits(2, 0, 23);
    if (hour < 0 || sign(":") == 0) return refuse();
    const std::int64_t minute = digits(2, 0, 59);
    if (minute < 0 || sign(":") == 0) return refuse();
    const std::int64_t second = digits(2, 0, 60);
    if (second < 0) return refuse();
    std::int64_t nanos = 0;
    if (sign(".,") != 0) {
        std::int64_t unit = 100'000'000;
        const std::size_t from = at;
        for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) nanos += (text[at] - '0') * unit;
        if (at == from) return refuse();
    }
    std::int64_t offset = 0;
    const char zone = sign("Zz+-");
    if (zone == '+' || zone == '-') {
        const std::int64_t hours = digits(2, 0, 23);
        if (hours < 0 || sign(":") == 0) return refuse();
        const std::int64_t minutes = digits(2, 0, 59);
        if (minutes < 0) return refuse();
        offset = (hours * 3600 + minutes * 60) * (zone == '-' ? -1 : 1);
    } else if (zone == 0) {
        return refuse();
    }
    if (at != text.size()) return refuse();
    using namespace std::chrono;
    const year_month_day date{std::chrono::year(static_cast<int>(year)), std::chrono::month(static_cast<unsigned>(month)),
                              std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok()) return refuse();
    const std::int64_t seconds = sys_days(date).time_since_epoch().count() * 86'400LL + hour * 3600 + minute * 60 +
                                 second - offset;
    return at_nanos<WallTime>(seconds * 1'000'000'000 + nanos);
}

}  // namespace mistrial
