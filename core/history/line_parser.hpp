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

class LineParser {
  public:
    LineParser();
    LineParser(LineParser&&) noexcept;
    LineParser& operator=(LineParser&&) noexcept;
    ~LineParser();

    /// Reads `text` into `record`, which is fresh. `capacity` counts the readable bytes from `text` on: at
    /// least `padding()` more than its length. True when the line has an index; a hand-written one may leave
    /// it out.
    [[nodiscard]] bool parse(std::string_view text, std::size_t capacity, Record& record);
    [[nodiscard]] static std::size_t padding();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mistrial::history
