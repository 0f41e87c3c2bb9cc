#pragma once

#include "engine/rego/value.hpp"

#include <string>

namespace mistrial::rego {

/// A value as Rego writes it: `{"a": [1, 2]}`, `{1, 2}`, `set()`; strings quoted. What sprintf's %v gives for
/// collections.
[[nodiscard]] std::string rego_text(const Value& value);

/// A string between double quotes, escaped as Go's strconv.Quote does.
[[nodiscard]] std::string quoted_text(std::string_view text);

}  // namespace mistrial::rego
