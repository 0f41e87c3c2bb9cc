#include "engine/rego/builtins/families.hpp"

#include "engine/rego/builtins/utf8.hpp"

#include <algorithm>
#include <vector>

namespace mistrial::rego::families {
namespace {

Value count(const Arguments& a) {
    switch (a[0].type()) {
        case Type::array:
        case Type::object:
        case Type::set:
            return Value::integer(static_cast<std::int64_t>(a[0].size()));
        case Type::string:
            return Value::integer(static_cast<std::int64_t>(utf8::count(a[0].as_string())));
        default:
            return {};
    }
}

template <std::optional<Number> (*operation)(std::span<const Number>)>
Value fold(const Arguments& a) {
    const auto elements = a.elements(0);
    if (!elements) return {};
    std::vector<Number> numbers;
    for (const Value& element : *elements) {
        if (element.type() != Type::number) return {};
        numbers.push_back(element.as_number());
    }
    const auto result = operation(numbers);
    return result ? Value::number(*result) : Value();
}

/// Integers of 64 bits wrap around, as they do in OPA; a sum with any other number in it does not.
Value sum_of(const Arguments& a) {
    const auto elements = a.elements(0);
    if (!elements) return {};
    std::uint64_t total = 0;
    for (const Value& element : *elements) {
        const auto integer = element.int64();
        if (!integer) return fold<sum>(a);
        total += static_cast<std::uint64_t>(*integer);
    }
    return Value::integer(static_cast<std::int64_t>(total));
}

Value max(const Arguments& a) {
    const auto elements = a.elements(0);
    if (!elements || elements->empty()) return {};
    // The last of equals, as OPA; it shows in how a number is written.
    return *std::max_element(elements->begin(), elements->end(),
                             [](const Value& x, const Value& y) { return x <= y; });
}

Value min(const Arguments& a) {
    const auto elements = a.elements(0);
    if (!elements || elements->empty()) return {};
    const Value* least = &elements->front();
    // Of a set, OPA passes over null where it can.
    if (a.is(0, Type::set))
        return elements->size() > 1 && least->type() == Type::null ? (*elements)[1] : *least;
    for (const Value& element : *elements)
        if (element <= *least) least = &element;
    return *least;
}

Value sort(const Arguments& a) {
    const auto elements = a.elements(0);
    if (!elements) return {};
    std::vector<Value> sorted(elements->begin(), elements->end());
    std::stable_sort(sorted.begin(), sorted.end(), [](const Value& x, const Value& y) { return x < y; });
    return Value::array(std::move(sorted));
}

Value all(const Arguments& a) {
    const auto elements = a.elements(0);
    if (!elements) return {};
    return Value::boolean(
        std::all_of(elements->begin(), elements->end(), [](const Value& v) { return v.is_true(); }));
}

Value any(const Arguments& a) {
    const auto elements = a.elements(0);
    if (!elements) return {};
    return Value::boolean(
        std::any_of(elements->begin(), elements->end(), [](const Value& v) { return v.is_true(); }));
}

constexpr Builtin table[] = {
    {"all", 1, all},   {"any", 1, any},    {"count", 1, count},
    {"max", 1, max},   {"min", 1, min},    {"product", 1, fold<product>},
    {"sort", 1, sort}, {"sum", 1, sum_of},
};

}  // namespace

std::span<const Builtin> aggregates() { return table; }

}  // namespace mistrial::rego::families
