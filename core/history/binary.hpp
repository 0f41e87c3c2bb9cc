#pragma once

#include "core/history/operation.hpp"
#include "core/history/rows.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// history.mst: the history that history.jsonl holds, at 48 bytes a decision instead of 700. Made to be judged again fast,
/// in windows, without being held in memory.
///
/// A header of 16 bytes (name, version, byte order), then frames, each whole in itself: a head (magic, lengths, number of
/// its records, where index and time begin, a sum over itself and one over what follows), a side table and rows of fixed
/// width. The side table holds the texts that are new (vocabulary, as JSON) and, in order, every record that no row can
/// hold, as its line of history.jsonl. Rows are of 8-byte words: a begin has three, an end three; one more each for a
/// nonce, a token or a far clock, two for a decision id; times are nanoseconds since the row before. What a crash tears is
/// the last frame alone, and the reader leaves it out.
namespace mistrial::history {

/// From records to the bytes of a binary history. What comes of it is appended to `out`: nothing for most records, a
/// whole frame now and then.
class BinaryEncoder {
  public:
    BinaryEncoder();
    BinaryEncoder(BinaryEncoder&&) noexcept;
    BinaryEncoder& operator=(BinaryEncoder&&) noexcept;
    ~BinaryEncoder();

    /// What the file begins with.
    static void begin(std::string& out);
    /// The record as it is, index included; indexes ascend.
    void add(std::string& out, const Record& record);
    /// The same of a stretch of rows. A history is encoded from records or from batches of one source, not from both.
    void add(std::string& out, const Batch& batch);
    /// Closes the frame, if one is open; the next record begins another.
    void flush(std::string& out);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Reads a binary history frame by frame. An error names the file and the byte where the frame begins.
class BinaryReader final : public BatchSource {
  public:
    [[nodiscard]] static Result<BinaryReader> open(const std::filesystem::path& file);
    BinaryReader(BinaryReader&&) noexcept;
    BinaryReader& operator=(BinaryReader&&) noexcept;
    ~BinaryReader() override;

    /// The next frame.
    [[nodiscard]] Result<bool> next(Batch& batch) override;
    /// The next record, as history::Reader gives it; nullopt at the end. Not to be mixed with frames.
    [[nodiscard]] Result<std::optional<Record>> next();
    /// True once the end was reached and the last frame had been torn.
    [[nodiscard]] bool torn() const override;
    /// Where in the file the frame begins that holds what `next` gave last, in bytes.
    [[nodiscard]] std::uint64_t frame() const;

  private:
    struct State;
    explicit BinaryReader(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// True of what a binary history begins with.
[[nodiscard]] bool begins_binary_history(std::string_view beginning);

/// Writes the binary form of a history of lines to `binary`, which must not exist; on failure nothing is left there.
[[nodiscard]] Result<> write_binary(const std::filesystem::path& lines, const std::filesystem::path& binary);
[[nodiscard]] Result<> write_binary(BatchSource& source, const std::filesystem::path& binary);

}  // namespace mistrial::history
