#include "engine/rego/builtins/families.hpp"

#include <algorithm>
#include <vector>

namespace mistrial::rego::families {
namespace {

/// Longer ranges would be a policy's way to exhaust the agent's memory.
constexpr std::int64_t longest_range = 10'000'000;

Value defined_number(const std::optional<Number>& number) { return number ? Value::number(*number) : Value(); }

template <std::optional<Number> (*operation)(const Number&, const Number&)>
Value two(const Arguments& a) {
    const auto x = a.number(0);
    const auto y = a.number(1);
    return x && y ? defined_number(operation(*x, *y)) : Value();
}

template <std::optional<Number> (*operation)(const Number&)>
Value one(const Arguments& a) {
    const auto x = a.number(0);
    return x ? defined_number(operation(*x)) : Value();
}

/// Of numbers, or of sets.
Value minus(const Arguments& a) {
    if (!a.is(0, Type::set) || !a.is(1, Type::set)) return two<subtract>(a);
    std::vector<Value> left;
    std::ranges::set_difference(a[0].elements(), a[1].elements(), std::back_inserter(left));
    return Value::set(std::move(left));
}

Value range_by(const Arguments& a, std::int64_t step) {
    const auto from = a.integer(0);
    const auto to = a.integer(1);
    if (!from || !to || step <= 0) return {};
    const bool up = *from <= *to;
    const auto distance = up ? static_cast<std::uint64_t>(*to) - static_cast<std::uint64_t>(*from)
                             : static_cast<std::uint64_t>(*from) - static_cast<std::uint64_t>(*to);
    const std::uint64_t last = distance / static_cast<std::uint64_t>(step);
    if (last >= static_cast<std::uint64_t>(longest_range))
        return a.refuse("a range of more than 10,000,000 numbers");
    std::vector<Value> numbers;
    numbers.reserve(last + 1);
    for (std::uint64_t i = 0; i <= last; ++i) {
        const std::uint64_t moved = i * static_cast<std::uint64_t>(step);
        const auto start = static_cast<std::uint64_t>(*from);
        numbers.push_back(Value::integer(static_cast<std::int64_t>(up ? start + moved : start - moved)));
    }
    return Value::array(std::move(numbers));
}

Value range(const Arguments& a) { return range_by(a, 1); }
Value range_step(const Arguments& a) { return range_by(a, a.integer(2).value_or(0)); }

constexpr Builtin table[] = {
    {"abs", 1, one<absolute>},
    {"ceil", 1, one<ceil>},
    {"div", 2, two<divide>},
    {"floor", 1, one<floor>},
    {"minus", 2, minus},
    {"mul", 2, two<multiply>},
    {"numbers.range", 2, range},
    {"numbers.range_step", 3, range_step},
    {"plus", 2, two<add>},
    {"rem", 2, two<remainder>},
    {"round", 1, one<round>},
};

}  // namespace

std::span<const Builtin> arithmetic() { return table; }

}  // namespace mistrial::rego::families
