#include "checkers/linearizability/limits.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace mistrial::checkers::linearizability {

Result<std::uint64_t> parse_size(std::string_view text) {
    struct Unit {
        std::string_view name;
        unsigned shift;
    };
    constexpr std::array units{Unit{"", 0}, Unit{"B", 0}, Unit{"KiB", 10}, Unit{"MiB", 20}, Unit{"GiB", 30}, Unit{"TiB", 40}};
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    for (const Unit& one : units) {
        if (error != std::errc{} || number == 0 || one.name != unit) continue;
        if (number > std::numeric_limits<std::uint64_t>::max() >> one.shift) break;
        return number << one.shift;
    }
    return fail("expected a size such as \"4GiB\" or \"512MiB\", got \"{}\"", text);
}

Limits limits_of(const Json& parameters) {
    Limits limits;
    if (!parameters.is_object()) return limits;
    if (const auto time = parameters.find("time"); time != parameters.end()) {
        if (time->is_number_integer()) limits.time = Duration{time->get<std::int64_t>()};
        if (time->is_string()) {
            if (const auto read = parse_duration(time->get_ref<const std::string&>())) limits.time = *read;
        }
    }
    if (const auto memory = parameters.find("memory"); memory != parameters.end()) {
        if (memory->is_number_unsigned()) limits.memory = memory->get<std::uint64_t>();
        if (memory->is_string()) {
            if (const auto read = parse_size(memory->get_ref<const std::string&>())) limits.memory = *read;
        }
    }
    return limits;
}

}  // namespace mistrial::checkers::linearizability
