#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Text that came from elsewhere (an agent's answer, a file) may hold any bytes; what we write must not.
namespace mistrial {

/// The length in bytes of the well-formed UTF-8 sequence at `text[at]`, 0 when there is none (Unicode 15, table 3-7:
/// no surrogates, no overlong forms). `at` is within the text.
[[nodiscard]] std::size_t utf8_sequence(std::string_view text, std::size_t at);

/// The code point of a sequence that `utf8_sequence` found.
[[nodiscard]] char32_t utf8_code_point(std::string_view sequence);

/// U+FFFD, what stands for bytes that are no text.
inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// How many code points: as good as columns for what we print.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

/// One line that is safe on a terminal: control characters (escape sequences, C1, bidirectional overrides) and bytes
/// that are no text become U+FFFD, line breaks and tabs a space.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace mistrial
