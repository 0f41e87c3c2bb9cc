#pragma once

#include "core/history/operation.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace mistrial::history {

/// The record as a line of history.jsonl, without the newline: compiled fmt, no DOM for known values.
[[nodiscard]] std::string to_line(const Record& record);

/// Appends records to a history file. Crash-safe: only whole lines are handed to the kernel, a torn last line can
/// only come from the machine's own crash and is recovered by the reader. Not thread-safe: one owner.
class Writer {
  public:
    /// Creates `file`; an existing one is refused.
    [[nodiscard]] static Result<Writer> create(const std::filesystem::path& file);
    Writer(Writer&&) noexcept;
    Writer& operator=(Writer&&) noexcept;
    ~Writer();

    /// Gives the record the next index, writes it, returns it as written. Buffered; see `flush`.
    [[nodiscard]] Result<Record> append(Record record);
    /// Hands everything so far to the kernel, so that a killed process loses none of it.
    [[nodiscard]] Result<> flush();
    /// Flushes and syncs; further appends are an error.
    [[nodiscard]] Result<> close();

  private:
    struct State;
    explicit Writer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace mistrial::history
