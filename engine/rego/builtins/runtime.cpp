#include "engine/rego/builtins/families.hpp"

#include "engine/rego/evaluator.hpp"

namespace mistrial::rego::families {
namespace {

Value opa_runtime(const Arguments& a) { return a.query().runtime; }

/// Says nothing: an agent has no console.
Value print(const Arguments&) { return {}; }

Value trace(const Arguments& a) { return a.is(0, Type::string) ? Value::boolean(true) : Value(); }

constexpr Builtin table[] = {
    {"internal.print", 1, print},
    {"opa.runtime", 0, opa_runtime},
    {"trace", 1, trace},
};

}  // namespace

std::span<const Builtin> runtime() { return table; }

}  // namespace mistrial::rego::families
