#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Text as Rego's string builtins see it: code points of UTF-8, a byte that is none read as U+FFFD, as in Go.
namespace mistrial::rego::utf8 {

/// Takes the first code point off `text`, which is not empty.
[[nodiscard]] char32_t take(std::string_view& text);
void append(std::string& out, char32_t point);

[[nodiscard]] std::size_t count(std::string_view text);
[[nodiscard]] std::vector<char32_t> points(std::string_view text);
/// The code points [from, to) of `text`, as a part of it; both cut to its length.
[[nodiscard]] std::string_view slice(std::string_view text, std::size_t from, std::size_t to);

/// Unicode's simple case mapping.
[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] std::string upper(std::string_view text);
/// White space as Unicode defines it (Go's unicode.IsSpace).
[[nodiscard]] bool is_space(char32_t point);

}  // namespace mistrial::rego::utf8
