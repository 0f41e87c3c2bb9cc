#include "engine/rego/builtins/families.hpp"

namespace mistrial::rego::families {
namespace {

Value eq(const Arguments& a) { return Value::boolean(a[0] == a[1]); }
Value neq(const Arguments& a) { return Value::boolean(a[0] != a[1]); }
Value lt(const Arguments& a) { return Value::boolean(a[0] < a[1]); }
Value lte(const Arguments& a) { return Value::boolean(a[0] <= a[1]); }
Value gt(const Arguments& a) { return Value::boolean(a[0] > a[1]); }
Value gte(const Arguments& a) { return Value::boolean(a[0] >= a[1]); }

/// `x in collection`: among an object's values, not its keys.
Value member(const Arguments& a) {
    bool found = false;
    if (a.is(1, Type::set))
        found = a[1].find(a[0]) != nullptr;
    else if (a.is(1, Type::array))
        for (const Value& element : a[1].elements()) found = found || element == a[0];
    else if (a.is(1, Type::object))
        for (const Member& entry : a[1].members()) found = found || entry.value == a[0];
    return Value::boolean(found);
}

/// `key, x in collection`
Value member_with_key(const Arguments& a) {
    const Value* value = a[2].find(a[0]);
    return Value::boolean(value != nullptr && *value == a[1]);
}

constexpr Builtin table[] = {
    {"eq", 2, eq},
    {"equal", 2, eq},
    {"gt", 2, gt},
    {"gte", 2, gte},
    {"internal.member_2", 2, member},
    {"internal.member_3", 3, member_with_key},
    {"lt", 2, lt},
    {"lte", 2, lte},
    {"neq", 2, neq},
};

}  // namespace

std::span<const Builtin> comparison() { return table; }

}  // namespace mistrial::rego::families
