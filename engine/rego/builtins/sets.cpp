#include "engine/rego/builtins/families.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

namespace mistrial::rego::families {
namespace {

Value intersect(const Value& x, const Value& y) {
    std::vector<Value> both;
    std::ranges::set_intersection(x.elements(), y.elements(), std::back_inserter(both));
    return Value::set(std::move(both));
}

Value unite(const Value& x, const Value& y) {
    std::vector<Value> either;
    std::ranges::set_union(x.elements(), y.elements(), std::back_inserter(either));
    return Value::set(std::move(either));
}

bool all_sets(const Value& value) {
    return value.type() == Type::set && std::ranges::all_of(value.elements(), [](const Value& element) {
               return element.type() == Type::set;
           });
}

Value and_(const Arguments& a) {
    return a.is(0, Type::set) && a.is(1, Type::set) ? intersect(a[0], a[1]) : Value();
}

Value or_(const Arguments& a) {
    return a.is(0, Type::set) && a.is(1, Type::set) ? unite(a[0], a[1]) : Value();
}

Value intersection(const Arguments& a) {
    if (!all_sets(a[0])) return {};
    const auto sets = a[0].elements();
    if (sets.empty()) return Value::set();
    Value common = sets[0];
    for (const Value& set : sets.subspan(1)) common = intersect(common, set);
    return common;
}

Value union_(const Arguments& a) {
    if (!all_sets(a[0])) return {};
    std::vector<Value> all;
    for (const Value& set : a[0].elements())
        all.insert(all.end(), set.elements().begin(), set.elements().end());
    return Value::set(std::move(all));
}

Value set_difference(const Arguments& a) {
    if (!a.is(0, Type::set) || !a.is(1, Type::set)) return {};
    std::vector<Value> left;
    std::ranges::set_difference(a[0].elements(), a[1].elements(), std::back_inserter(left));
    return Value::set(std::move(left));
}

constexpr Builtin table[] = {
    {"and", 2, and_},     {"intersection", 1, intersection}, {"or", 2, or_}, {"set_diff", 2, set_difference},
    {"union", 1, union_},
};

}  // namespace

std::span<const Builtin> sets() { return table; }

}  // namespace mistrial::rego::families
