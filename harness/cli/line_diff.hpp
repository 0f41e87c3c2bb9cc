#pragma once

#include <string>

namespace mistrial::cli {

/// What changed from one text to another, line by line, as `diff -u` prints it, without its head.
[[nodiscard]] std::string line_diff(const std::string& before, const std::string& after);

}  // namespace mistrial::cli
