#pragma once

#include "core/history/operation.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mistrial::history {

/// Reads history.jsonl in blocks with simdjson: memory does not grow with the file, keys in any order. An error names
/// file, line and column. A torn last line (no newline, not JSON) is dropped and reported by `torn()`.
class Reader {
  public:
    [[nodiscard]] static Result<Reader> open(const std::filesystem::path& file);
    Reader(Reader&&) noexcept;
    Reader& operator=(Reader&&) noexcept;
    ~Reader();

    /// The next record; nullopt at the end.
    [[nodiscard]] Result<std::optional<Record>> next();
    /// True once the end was reached and the last line had been torn.
    [[nodiscard]] bool torn() const;
    /// The number of the line that `next` gave last, from 1.
    [[nodiscard]] std::uint64_t line() const;

    // For who can tell what a line says without making a record of it (line_rows.hpp): `next` in two steps.

    struct Line {
        std::string_view text;  ///< without its newline; good until the next one is asked for
        bool whole = true;      ///< ended by a newline
    };
    /// The next line that is not blank; nullopt at the end.
    [[nodiscard]] Result<std::optional<Line>> next_line();
    /// Reads the line that `next_line` gave last; nullopt when it is the torn last one.
    [[nodiscard]] Result<std::optional<Record>> parse(const Line& line);
    /// That line holds the record of this index and was not given to `parse`.
    void passed(std::uint64_t index);

  private:
    struct State;
    explicit Reader(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// One line of history.jsonl.
[[nodiscard]] Result<Record> parse_line(std::string_view line);

/// The whole file at once, for small histories and tests.
[[nodiscard]] Result<std::vector<Record>> read_all(const std::filesystem::path& file);

}  // namespace mistrial::history
