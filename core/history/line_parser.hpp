#pragma once

#include "core/history/operation.hpp"

#include <memory>
#include <string>
#include <string_view>

/// From one line to one Record: the reader's inner half, for `reader.cpp` alone. Reuses its memory from line
/// to line; one owner, no sharing between threads.
namespace mistrial::history {

/// What is wrong with a line; thrown by `parse` and caught by the reader, it never leaves this library.
struct Malformed {
    const char* at;  ///< in the line, or null when only the line is known
    std::string message;
};

struct ParsedLine {
    Record record;
    bool has_index;  ///< a hand-written line may leave its index out
};

class LineParser {
  public:
    LineParser();
    LineParser(LineParser&&) noexcept;
    LineParser& operator=(LineParser&&) noexcept;
    ~LineParser();

    /// `capacity` counts the readable bytes from `text` on: at least `padding()` more than its length.
    [[nodiscard]] ParsedLine parse(std::string_view text, std::size_t capacity);
    [[nodiscard]] static std::size_t padding();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mistrial::history
