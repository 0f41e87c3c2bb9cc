#pragma once

#include "core/history/rows.hpp"

#include <filesystem>
#include <memory>
#include <optional>

/// history.mst: the history that history.jsonl holds, at 48 bytes a decision instead of 700. Made to be judged again
/// fast, in windows, without being held in memory.
///
/// A header of 16 bytes (name, version, byte order), then frames, each whole in itself: a head (magic, lengths, number of
/// its records, where index and time begin, a sum over all of it), a side table and rows of fixed width. The side table
/// holds the texts that are new (vocabulary, as JSON) and, in order, every record that no row can hold, as its line of
/// history.jsonl. Rows are of 8-byte words: a begin has three, an end three; one more each for a nonce, a token or a far
/// clock, two for a decision id; times are nanoseconds since the row before. A frame is handed to the kernel at once:
/// what a crash tears is the last frame alone, and the reader leaves it out.
namespace mistrial::history {

/// Appends to a binary history. Not thread-safe: one owner. Feed it records or batches, not both.
class BinaryWriter {
  public:
    /// Creates `file`; an existing one is refused.
    [[nodiscard]] static Result<BinaryWriter> create(const std::filesystem::path& file);
    BinaryWriter(BinaryWriter&&) noexcept;
    BinaryWriter& operator=(BinaryWriter&&) noexcept;
    ~BinaryWriter();

    /// Writes the record as it is, index included; indexes ascend. Buffered; see `flush`.
    [[nodiscard]] Result<> append(const Record& record);
    [[nodiscard]] Result<> append(const Batch& batch);
    /// Hands everything so far to the kernel, so that a killed process loses none of it.
    [[nodiscard]] Result<> flush();
    /// Flushes and syncs; further appends are an error.
    [[nodiscard]] Result<> close();

  private:
    struct State;
    explicit BinaryWriter(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Reads a binary history frame by frame. An error names the file and the byte where the frame begins.
class BinaryReader final : public BatchSource {
  public:
    [[nodiscard]] static Result<BinaryReader> open(const std::filesystem::path& file);
    BinaryReader(BinaryReader&&) noexcept;
    BinaryReader& operator=(BinaryReader&&) noexcept;
    ~BinaryReader() override;

    [[nodiscard]] Result<bool> next(Batch& batch) override;
    [[nodiscard]] bool torn() const override;

    /// The next record, as history::Reader gives it; nullopt at the end. Not to be mixed with batches.
    [[nodiscard]] Result<std::optional<Record>> next();

  private:
    struct State;
    explicit BinaryReader(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// True when the file begins as a binary history does.
[[nodiscard]] bool is_binary_history(const std::filesystem::path& file);

/// Writes the binary form of a history of lines to `binary`, which must not exist.
[[nodiscard]] Result<> write_binary(const std::filesystem::path& lines, const std::filesystem::path& binary);

}  // namespace mistrial::history
