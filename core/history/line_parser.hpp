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
    bool of_another = false;  ///< the value lacks what ours always has: it may be another harness's
};

/// Whose line it is. Another harness may leave out times and indexes (null is as good as nothing), and may give one of
/// our names to something else: a value that is no object, or lacks a needed member, is then kept as foreign.
enum class Origin : std::uint8_t { ours, foreign };

/// Which of the keys that may be missing were there. Of our own lines only hand-written ones lack the index.
struct Keys {
    bool index = false;
    bool time = false;
};

class LineParser {
  public:
    LineParser();
    LineParser(LineParser&&) noexcept;
    LineParser& operator=(LineParser&&) noexcept;
    ~LineParser();

    /// Reads `text` into `record`, which is fresh. `capacity` counts the readable bytes from `text` on: at
    /// least `padding()` more than its length.
    [[nodiscard]] Keys parse(std::string_view text, std::size_t capacity, Record& record,
                             Origin origin = Origin::ours);
    [[nodiscard]] static std::size_t padding();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mistrial::history
