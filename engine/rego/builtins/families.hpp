#pragma once

#include "engine/rego/builtins/builtin.hpp"

#include <span>

/// The tables of the families, each in the file of its name.
namespace mistrial::rego::families {

[[nodiscard]] std::span<const Builtin> comparison();
[[nodiscard]] std::span<const Builtin> arithmetic();
[[nodiscard]] std::span<const Builtin> aggregates();
[[nodiscard]] std::span<const Builtin> arrays();
[[nodiscard]] std::span<const Builtin> sets();
[[nodiscard]] std::span<const Builtin> strings();
[[nodiscard]] std::span<const Builtin> formatting();
[[nodiscard]] std::span<const Builtin> objects();
[[nodiscard]] std::span<const Builtin> json_documents();
[[nodiscard]] std::span<const Builtin> types();
[[nodiscard]] std::span<const Builtin> time();
[[nodiscard]] std::span<const Builtin> encoding();
[[nodiscard]] std::span<const Builtin> graphs();
[[nodiscard]] std::span<const Builtin> runtime();

}  // namespace mistrial::rego::families
