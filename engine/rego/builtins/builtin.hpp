#pragma once

#include "engine/rego/value.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

/// Rego's built-in functions. A family is one file with one table of rows; a new function is one more row, a
/// new family one more table in builtin.cpp. What OPA has and no row names is refused when a plan is read.
namespace mistrial::rego {

struct QueryContext;

/// What a builtin is given: its arguments, all defined, as many as its row says, and the query's context. The
/// typed readers give nothing for a value of another type, for which a builtin answers undefined.
class Arguments {
  public:
    Arguments(std::span<const Value* const> values, const QueryContext& query, std::string& refusal)
        : values_(values), query_(&query), refusal_(&refusal) {}

    [[nodiscard]] const Value& operator[](std::size_t index) const { return *values_[index]; }
    [[nodiscard]] std::size_t size() const { return values_.size(); }
    [[nodiscard]] const QueryContext& query() const { return *query_; }

    [[nodiscard]] bool is(std::size_t index, Type type) const { return values_[index]->type() == type; }
    [[nodiscard]] std::optional<std::string_view> text(std::size_t index) const {
        if (!is(index, Type::string)) return std::nullopt;
        return values_[index]->as_string();
    }
    [[nodiscard]] std::optional<Number> number(std::size_t index) const {
        if (!is(index, Type::number)) return std::nullopt;
        return values_[index]->as_number();
    }
    [[nodiscard]] std::optional<std::int64_t> integer(std::size_t index) const {
        return values_[index]->int64();
    }
    /// An array's or a set's elements.
    [[nodiscard]] std::optional<std::span<const Value>> elements(std::size_t index) const {
        if (!is(index, Type::array) && !is(index, Type::set)) return std::nullopt;
        return values_[index]->elements();
    }

    /// For what OPA can do and this builtin cannot: the query ends with an error that says so, instead of an
    /// answer that OPA would not have given. Returns undefined.
    Value refuse(std::string why) const {
        *refusal_ = std::move(why);
        return {};
    }

  private:
    std::span<const Value* const> values_;
    const QueryContext* query_;
    std::string* refusal_;
};

/// Undefined where OPA reports an error, such as an argument of the wrong type.
using BuiltinFunction = Value (*)(const Arguments& arguments);

struct Builtin {
    std::string_view name;  ///< as the plan calls it
    std::uint8_t arity = 0;
    BuiltinFunction function = nullptr;
};

/// The builtin of that name, null when there is none.
[[nodiscard]] const Builtin* find_builtin(std::string_view name);

/// Every builtin, in order of the names.
[[nodiscard]] std::span<const Builtin> builtins();

}  // namespace mistrial::rego
