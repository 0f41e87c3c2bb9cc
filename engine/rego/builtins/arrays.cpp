#include "engine/rego/builtins/families.hpp"

#include <algorithm>
#include <vector>

namespace mistrial::rego::families {
namespace {

Value concat(const Arguments& a) {
    if (!a.is(0, Type::array) || !a.is(1, Type::array)) return {};
    std::vector<Value> joined(a[0].elements().begin(), a[0].elements().end());
    joined.insert(joined.end(), a[1].elements().begin(), a[1].elements().end());
    return Value::array(std::move(joined));
}

Value flatten(const Arguments& a) {
    if (!a.is(0, Type::array)) return {};
    std::vector<Value> flat;
    for (const Value& element : a[0].elements()) {
        if (element.type() == Type::array)
            flat.insert(flat.end(), element.elements().begin(), element.elements().end());
        else
            flat.push_back(element);
    }
    return Value::array(std::move(flat));
}

Value slice(const Arguments& a) {
    const auto start = a.integer(1);
    const auto stop = a.integer(2);
    if (!a.is(0, Type::array) || !start || !stop) return {};
    const auto elements = a[0].elements();
    const auto end = std::clamp<std::int64_t>(*stop, 0, static_cast<std::int64_t>(elements.size()));
    const auto begin = std::clamp<std::int64_t>(*start, 0, end);
    return Value::array(std::vector<Value>(elements.begin() + begin, elements.begin() + end));
}

Value reverse(const Arguments& a) {
    if (!a.is(0, Type::array)) return {};
    const auto elements = a[0].elements();
    return Value::array(std::vector<Value>(elements.rbegin(), elements.rend()));
}

constexpr Builtin table[] = {
    {"array.concat", 2, concat},
    {"array.flatten", 1, flatten},
    {"array.reverse", 1, reverse},
    {"array.slice", 3, slice},
};

}  // namespace

std::span<const Builtin> arrays() { return table; }

}  // namespace mistrial::rego::families
