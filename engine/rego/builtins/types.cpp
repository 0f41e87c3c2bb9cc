#include "engine/rego/builtins/families.hpp"

#include <string>

namespace mistrial::rego::families {
namespace {

template <Type type>
Value is(const Arguments& a) {
    return Value::boolean(a.is(0, type));
}

/// The value when it is of the type; casts convert nothing but between arrays and sets.
template <Type type>
Value cast(const Arguments& a) {
    return a.is(0, type) ? a[0] : Value();
}

Value cast_array(const Arguments& a) {
    const auto elements = a.elements(0);
    return elements ? Value::array({elements->begin(), elements->end()}) : Value();
}

Value cast_set(const Arguments& a) {
    const auto elements = a.elements(0);
    return elements ? Value::set({elements->begin(), elements->end()}) : Value();
}

Value type_name(const Arguments& a) { return Value::string(name_of(a[0].type())); }

Value to_number(const Arguments& a) {
    switch (a[0].type()) {
        case Type::null:
            return Value::integer(0);
        case Type::boolean:
            return Value::integer(a[0].is_true() ? 1 : 0);
        case Type::number:
            return a[0];
        case Type::string: {
            const auto number = Number::parse(a[0].as_string());
            return number ? Value::number(*number) : Value();
        }
        default:
            return {};
    }
}

constexpr Builtin table[] = {
    {"cast_array", 1, cast_array},      {"cast_boolean", 1, cast<Type::boolean>},
    {"cast_null", 1, cast<Type::null>}, {"cast_object", 1, cast<Type::object>},
    {"cast_set", 1, cast_set},          {"cast_string", 1, cast<Type::string>},
    {"is_array", 1, is<Type::array>},   {"is_boolean", 1, is<Type::boolean>},
    {"is_null", 1, is<Type::null>},     {"is_number", 1, is<Type::number>},
    {"is_object", 1, is<Type::object>}, {"is_set", 1, is<Type::set>},
    {"is_string", 1, is<Type::string>}, {"to_number", 1, to_number},
    {"type_name", 1, type_name},
};

}  // namespace

std::span<const Builtin> types() { return table; }

}  // namespace mistrial::rego::families
