#pragma once

#include "core/history/foreign/format.hpp"
#include "core/history/operation.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace mistrial::history {

/// A history file of any format, record by record in history order. Our own two are read in windows; of another format
/// the whole file is read first, since it has to be sorted.
class Source {
  public:
    [[nodiscard]] static Result<Source> open(const std::filesystem::path& file, Format format);
    Source(Source&&) noexcept;
    Source& operator=(Source&&) noexcept;
    ~Source();

    /// The next record; nullopt at the end.
    [[nodiscard]] Result<std::optional<Record>> next();
    /// "FILE:LINE:COLUMN" of the record that `next` gave last, for what is wrong with it in its history; of the binary form
    /// its index and the byte where its frame begins.
    [[nodiscard]] std::string place() const;
    /// True once the end was reached and the last line, or frame, had been torn; of our own formats alone.
    [[nodiscard]] bool torn() const;

  private:
    struct State;
    explicit Source(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace mistrial::history
