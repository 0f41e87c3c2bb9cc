#include "engine/rego/builtins/families.hpp"

#include <optional>
#include <vector>

namespace mistrial::rego::families {
namespace {

/// The keys named by an array, a set, or an object's own keys.
std::optional<Value> keys_of(const Value& value) {
    switch (value.type()) {
        case Type::array:
            return Value::set(std::vector<Value>(value.elements().begin(), value.elements().end()));
        case Type::set:
            return value;
        case Type::object: {
            std::vector<Value> keys;
            for (const Member& member : value.members()) keys.push_back(member.key);
            return Value::set(std::move(keys));
        }
        default:
            return std::nullopt;
    }
}

/// A key, or a path when it is an array.
Value get(const Arguments& a) {
    if (!a.is(0, Type::object)) return {};
    const Value* found = &a[0];
    if (!a.is(1, Type::array)) {
        found = found->find(a[1]);
    } else {
        for (const Value& step : a[1].elements()) {
            found = found->find(step);
            if (found == nullptr) break;
        }
    }
    return found == nullptr ? a[2] : *found;
}

Value keys(const Arguments& a) {
    if (!a.is(0, Type::object)) return {};
    return *keys_of(a[0]);
}

template <bool keep>
Value with_keys(const Arguments& a) {
    if (!a.is(0, Type::object)) return {};
    const auto named = keys_of(a[1]);
    if (!named) return {};
    std::vector<Member> kept;
    for (const Member& member : a[0].members())
        if ((named->find(member.key) != nullptr) == keep) kept.push_back(member);
    return Value::object(std::move(kept));
}

/// The second over the first, objects merged at every level.
Value merged(const Value& under, const Value& over) {
    if (under.type() != Type::object || over.type() != Type::object) return over;
    Value result = under;
    for (const Member& member : over.members()) {
        const Value* below = under.find(member.key);
        result.insert(member.key, below == nullptr ? member.value : merged(*below, member.value));
    }
    return result;
}

Value union_two(const Arguments& a) {
    return a.is(0, Type::object) && a.is(1, Type::object) ? merged(a[0], a[1]) : Value();
}

Value union_all(const Arguments& a) {
    if (!a.is(0, Type::array)) return {};
    Value result = Value::object();
    for (const Value& element : a[0].elements()) {
        if (element.type() != Type::object) return {};
        result = merged(result, element);
    }
    return result;
}

constexpr Builtin table[] = {
    {"object.filter", 2, with_keys<true>},  {"object.get", 3, get},         {"object.keys", 1, keys},
    {"object.remove", 2, with_keys<false>}, {"object.union", 2, union_two}, {"object.union_n", 1, union_all},
};

}  // namespace

std::span<const Builtin> objects() { return table; }

}  // namespace mistrial::rego::families
