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
        case Type::set: return Value::integer(static_cast<std::int64_t>(a[0].size()));
        case Type::string: return Value::integer(static_cast<std::int64_t>(utf8::count(a[0].as_string())));
        default: return {};
    }
}

template <std::optional<Number> (*operation)(const Number&, const Number&), int start>
Value fold(const Arguments& a) {
    const auto elements = a.elements(0);
    if (!elements) return {};
    Number total(start);
    for (const Value& element : *elements) {
        if (element.type() != Type::number) return {};
        const auto next = operation(total, element.as_number());
        if (!next) return {};
        total = *next;
    }
    return Value::number(total);
}

Value max(const Arguments& a) {
    const auto elements = a.elements(0);
    if (!elements || elements->empty()) return {};
    // The last of equals, as OPA; it shows in how a number is written.
    return *std::max_element(elements->begin(), elements->end(), [](const Value& x, const Value& y) { return x <= y; });
}

Value min(const Arguments& a) {
    const auto elements = a.elements(0);
    if (!elements || elements->empty()) return {};
    const Value* least = &elements->front();
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
    return Value::boolean(std::all_of(elements->begin(), elements->end(), [](const Value& v) { return v.is_true(); }));
}

Value any(const Arguments& a) {
    const auto elements = a.elements(0);
    if (!elements) return {};
    return Value::boolean(std::any_of(elements->begin(), elements->end(), [](const Value& v) { return v.is_true(); }));
}

constexpr Builtin table[] = {
    {"all", 1, all},   {"any", 1, any},      {"count", 1, count}, {"max", 1, max}, {"min", 1, min},
    {"product", 1, fold<multiply, 1>}, {"sort", 1, sort}, {"sum", 1, fold<add, 0>},
};

}  // namespace

std::span<const Builtin> aggregates() { return table; }

}  // namespace mistrial::rego::families
