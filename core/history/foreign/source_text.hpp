#pragma once

#include "core/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mistrial::history::foreign {

/// Where something stands in a file: line and column (in bytes), from 1.
struct Place {
    std::uint32_t line = 1;
    std::uint32_t column = 1;
    friend bool operator==(const Place&, const Place&) = default;
};

/// What is wrong with a text; thrown by the readers of this folder and caught at its face (`parse` in history.hpp).
struct Syntax {
    std::size_t at;  ///< offset in the whole text
    std::string message;
    std::optional<std::size_t> opened;  ///< where what is not finished began
};

/// The text of a file, with its name for messages. A view: the text outlives it.
class SourceText {
  public:
    SourceText(std::string_view text, std::string_view name) : text_(text), name_(name) {}

    [[nodiscard]] std::string_view text() const { return text_; }
    [[nodiscard]] std::string_view name() const { return name_; }
    [[nodiscard]] Place place(std::size_t at) const;
    /// "FILE:LINE:COLUMN: MESSAGE".
    [[nodiscard]] Error error(const Syntax& syntax) const;

  private:
    std::string_view text_;
    std::string_view name_;
};

/// What stands at `at`, short enough for a message: one token, or "the end of the text".
[[nodiscard]] std::string shown_at(std::string_view text, std::size_t at);

/// Deeper nesting is refused: what walks it later does so recursively. As in history.jsonl.
inline constexpr int kDeepest = 256;

}  // namespace mistrial::history::foreign
