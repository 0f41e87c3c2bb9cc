#pragma once

#include "core/history/rows.hpp"

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// One frame of a binary history as bytes: for `binary.cpp` alone (the format is described in binary.hpp).
namespace mistrial::history {

constexpr std::string_view binary_magic = "\x89MST\r\n\x1a\n";
constexpr std::uint32_t binary_version = 1;
constexpr std::uint32_t byte_order_mark = 0x01020304;
constexpr std::uint32_t frame_magic = 0x4D41'5246;  ///< "FRAM"

struct FrameHead {
    std::uint32_t magic = frame_magic;
    std::uint32_t side_bytes = 0;
    std::uint32_t row_bytes = 0;
    std::uint32_t records = 0;
    std::uint64_t first_index = 0;
    std::int64_t time_base = 0;   ///< of the record before the first
    std::int64_t clock_base = 0;  ///< agents' clocks are written as distances from the record's time plus this
    std::uint32_t payload_sum = 0;
    std::uint32_t head_sum = 0;  ///< of everything before it
};
static_assert(sizeof(FrameHead) == 48);

/// Four lanes of FNV-1a over 64-bit words: told apart from a tear or a flipped bit, not from an adversary.
[[nodiscard]] std::uint32_t payload_sum(std::string_view payload);
[[nodiscard]] std::uint32_t head_sum(const FrameHead& head);

/// What stands in the side table, by the first byte of an entry.
enum class Side : char { agent = 'a', name = 'n', question = 'q', token = 't', shown = 's', answer = 'v', record = 'r' };

/// Fills a frame.
class FramePacker {
  public:
    void add(const Vocabulary& added);
    /// False of a row of kind `other`, and of one that does not follow its predecessor: it must be added as a record.
    [[nodiscard]] bool add(const Row& row);
    void add(const Record& record);

    [[nodiscard]] std::size_t bytes() const { return side_.size() + rows_.size() * 8; }
    [[nodiscard]] bool empty() const { return side_.empty() && rows_.empty(); }
    /// The frame as it goes into the file; the packer begins the next one.
    void finish(std::string& out);

  private:
    void side(Side kind, std::string_view text);

    FrameHead head_;
    std::string side_;
    std::vector<std::uint64_t> rows_;
    std::int64_t last_time_ = 0;
    std::uint64_t next_index_ = 0;
    bool clock_known_ = false;
};

/// Reads frames. What is wrong comes back as a sentence without a place; the caller knows the place.
class FrameUnpacker {
  public:
    FrameUnpacker();
    ~FrameUnpacker();
    FrameUnpacker(FrameUnpacker&&) noexcept;
    FrameUnpacker& operator=(FrameUnpacker&&) noexcept;

    /// How many bytes must be readable behind a payload.
    [[nodiscard]] static std::size_t padding();
    [[nodiscard]] Result<> unpack(const FrameHead& head, std::string_view payload, Batch& batch);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mistrial::history
