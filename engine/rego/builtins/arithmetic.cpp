#include "engine/rego/builtins/families.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <vector>

namespace mistrial::rego::families {
namespace {

/// Longer ranges would be a policy's way to exhaust the agent's memory.
constexpr std::uint64_t longest_range = 10'000'000;

Value defined_number(const std::optional<Number>& number) {
    return number ? Value::number(*number) : Value();
}

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

Value range_by(const Arguments& a, const Number& step) {
    const auto first = a.number(0);
    const auto last = a.number(1);
    if (!first || !last || !first->is_integer() || !last->is_integer() || !step.is_integer() ||
        step.sign() <= 0)
        return {};
    const auto from = first->whole();
    const auto to = last->whole();
    if (!from || !to) return a.refuse("a range of numbers beyond 64 bits");
    const bool up = *from <= *to;
    const auto distance = up ? static_cast<std::uint64_t>(*to) - static_cast<std::uint64_t>(*from)
                             : static_cast<std::uint64_t>(*from) - static_cast<std::uint64_t>(*to);
    const auto stride =
        static_cast<std::uint64_t>(step.whole().value_or(std::numeric_limits<std::int64_t>::max()));
    if (!step.whole() && distance >= stride) return a.refuse("a step beyond 64 bits");
    const std::uint64_t steps = distance / stride;
    if (steps >= longest_range) return a.refuse("a range of more than 10,000,000 numbers");
    std::vector<Value> numbers;
    numbers.reserve(steps + 1);
    for (std::uint64_t i = 0; i <= steps; ++i) {
        const auto start = static_cast<std::uint64_t>(*from);
        const std::uint64_t moved = i * stride;
        numbers.push_back(Value::integer(static_cast<std::int64_t>(up ? start + moved : start - moved)));
    }
    return Value::array(std::move(numbers));
}

Value range(const Arguments& a) { return range_by(a, Number(1)); }
Value range_step(const Arguments& a) {
    const auto step = a.number(2);
    return step ? range_by(a, *step) : Value();
}

constexpr Builtin table[] = {
    {"abs", 1, one<absolute>},   {"ceil", 1, one<ceil>},
    {"div", 2, two<divide>},     {"floor", 1, one<floor>},
    {"minus", 2, minus},         {"mul", 2, two<multiply>},
    {"numbers.range", 2, range}, {"numbers.range_step", 3, range_step},
    {"plus", 2, two<add>},       {"rem", 2, two<remainder>},
    {"round", 1, one<round>},
};

}  // namespace

std::span<const Builtin> arithmetic() { return table; }

}  // namespace mistrial::rego::families
