#include "core/history/binary.hpp"

#include "core/history/frame.hpp"
#include "core/history/line_rows.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace mistrial::history {
namespace {

/// A frame is closed at this size: its rows, unpacked, stay in a core's own cache.
constexpr std::size_t frame_bytes = std::size_t{16} << 10;
constexpr std::size_t window_bytes = std::size_t{1} << 20;
constexpr std::size_t header_bytes = 16;

std::string file_header() {
    std::string header(binary_magic);
    for (const std::uint32_t number : {binary_version, byte_order_mark}) {
        std::array<char, 4> bytes{};
        std::memcpy(bytes.data(), &number, 4);
        header.append(bytes.data(), bytes.size());
    }
    return header;
}

class File {
  public:
    explicit File(int fd) : fd_(fd) {}
    File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    File& operator=(File&&) = delete;
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }

    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

}  // namespace

struct BinaryEncoder::State {
    RowMaker maker;
    FramePacker packer;
    Vocabulary added;
};

BinaryEncoder::BinaryEncoder() : state_(std::make_unique<State>()) {}
BinaryEncoder::BinaryEncoder(BinaryEncoder&&) noexcept = default;
BinaryEncoder& BinaryEncoder::operator=(BinaryEncoder&&) noexcept = default;
BinaryEncoder::~BinaryEncoder() = default;

void BinaryEncoder::begin(std::string& out) { out += file_header(); }

void BinaryEncoder::add(std::string& out, const Record& record) {
    State& state = *state_;
    state.added.clear();
    const Row row = state.maker.make(record, state.added);
    if (!state.added.empty()) state.packer.add(state.added);
    if (!state.packer.add(row)) state.packer.add(record);
    if (state.packer.bytes() >= frame_bytes) state.packer.finish(out);
}

void BinaryEncoder::add(std::string& out, const Batch& batch) {
    FramePacker& packer = state_->packer;
    if (!batch.added.empty()) packer.add(batch.added);
    auto other = batch.others.begin();
    for (const Row& row : batch.rows) {
        if (row.kind == Row::Kind::other) {
            packer.add(*other++);
        } else {
            const bool packed = packer.add(row);
            MISTRIAL_INVARIANT(packed, "record {} does not follow the one before it", row.index);
        }
        if (packer.bytes() >= frame_bytes) packer.finish(out);
    }
}

void BinaryEncoder::flush(std::string& out) {
    if (!state_->packer.empty()) state_->packer.finish(out);
}

struct BinaryReader::State {
    State(std::string file_name, int fd) : name(std::move(file_name)), file(fd) {}

    std::string name;
    File file;
    std::uint64_t size = 0;  ///< of the file when it was opened
    FrameUnpacker unpacker;
    std::vector<char> window = std::vector<char>(window_bytes + FrameUnpacker::padding());
    std::size_t begin = 0;  ///< first byte not yet given out
    std::size_t end = 0;    ///< one past the last byte read
    std::uint64_t offset = 0;  ///< of `begin` in the file
    std::uint64_t frame = 0;   ///< of the frame in `batch`
    bool at_end = false;
    bool torn = false;
    Batch batch;
    RowTeller teller;
    std::size_t row = 0;
    std::size_t other = 0;

    [[nodiscard]] std::size_t room() const { return window.size() - FrameUnpacker::padding(); }

    /// Reads until `bytes` are there, or the file ends.
    Result<> want(std::size_t bytes) {
        if (end - begin >= bytes) return {};
        std::memmove(window.data(), window.data() + begin, end - begin);
        end -= begin;
        begin = 0;
        if (room() < bytes) window.resize(bytes + FrameUnpacker::padding());
        while (end < bytes && !at_end) {
            const ssize_t n = ::read(file.get(), window.data() + end, room() - end);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return fail("{}: cannot be read: {}", name, std::strerror(errno));
            at_end = n == 0;
            end += static_cast<std::size_t>(n);
        }
        return {};
    }

    void pass(std::size_t bytes) {
        begin += bytes;
        offset += bytes;
    }

    /// The rest of the file is what a crash left of the last frame: cut, or zeros that were never written.
    Result<bool> tear() {
        torn = true;
        begin = end = 0;
        at_end = true;
        return false;
    }
    [[nodiscard]] bool only_zeros() const {
        return std::all_of(window.begin() + static_cast<std::ptrdiff_t>(begin), window.begin() + static_cast<std::ptrdiff_t>(end),
                           [](char c) { return c == '\0'; });
    }

    Result<bool> next_frame(Batch& into) {
        into.clear();
        if (torn) return false;
        if (auto read = want(sizeof(FrameHead)); !read) return read.error();
        if (begin == end) return false;
        if (end - begin < sizeof(FrameHead)) return tear();
        FrameHead head;
        std::memcpy(&head, window.data() + begin, sizeof head);
        if (head.magic != frame_magic || head.head_sum != head_sum(head) || head.row_bytes % 8 != 0) {
            if (auto read = want(room()); !read) return read.error();
            if (at_end && only_zeros()) return tear();
            return fail("{}: byte {}: here a frame should begin, and none does", name, offset);
        }
        const std::size_t payload = std::size_t{head.side_bytes} + head.row_bytes;
        if (offset + sizeof head + payload > size) return tear();
        if (auto read = want(sizeof head + payload + 1); !read) return read.error();
        if (end - begin < sizeof head + payload) return tear();
        const std::string_view bytes(window.data() + begin + sizeof head, payload);
        if (payload_sum(bytes) != head.payload_sum) {
            if (end - begin == sizeof head + payload && at_end) return tear();
            return fail("{}: byte {}: the frame that begins here is damaged", name, offset);
        }
        if (auto unpacked = unpacker.unpack(head, bytes, into); !unpacked) {
            return fail("{}: byte {}: the frame that begins here is wrong: {}", name, offset, unpacked.error().message);
        }
        frame = offset;
        pass(sizeof head + payload);
        return true;
    }
};

BinaryReader::BinaryReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
BinaryReader::BinaryReader(BinaryReader&&) noexcept = default;
BinaryReader& BinaryReader::operator=(BinaryReader&&) noexcept = default;
BinaryReader::~BinaryReader() = default;

Result<BinaryReader> BinaryReader::open(const std::filesystem::path& file) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail("{}: cannot be read: {}", file.string(), std::strerror(errno));
    auto state = std::make_unique<State>(file.string(), fd);
    struct stat info {};
    if (::fstat(fd, &info) != 0) return fail("{}: cannot be read: {}", state->name, std::strerror(errno));
    if (S_ISDIR(info.st_mode)) return fail("{}: is a directory; expected a history file", state->name);
    state->size = static_cast<std::uint64_t>(info.st_size);
    if (auto read = state->want(header_bytes); !read) return read.error();
    const std::string header = file_header();
    const std::string_view found(state->window.data(), std::min(state->end, header_bytes));
    if (found.size() < header_bytes || !found.starts_with(binary_magic))
        return fail("{}: byte 0: is no binary history (history.mst)", state->name);
    if (found.substr(12) != header.substr(12))
        return fail("{}: byte 12: was written on a machine of another byte order; convert its history.jsonl here", state->name);
    if (found != header) {
        std::uint32_t version = 0;
        std::memcpy(&version, found.data() + 8, 4);
        return fail("{}: byte 8: is of version {}; this program reads version {}", state->name, version, binary_version);
    }
    state->pass(header_bytes);
    return BinaryReader(std::move(state));
}

bool BinaryReader::torn() const { return state_->torn; }
std::uint64_t BinaryReader::frame() const { return state_->frame; }

Result<bool> BinaryReader::next(Batch& batch) { return state_->next_frame(batch); }

Result<std::optional<Record>> BinaryReader::next() {
    State& state = *state_;
    while (state.row == state.batch.rows.size()) {
        const auto more = state.next_frame(state.batch);
        if (!more) return more.error();
        if (!*more) return std::optional<Record>();
        state.teller.learn(state.batch.added);
        state.row = 0;
        state.other = 0;
    }
    const Row& row = state.batch.rows[state.row++];
    if (row.kind == Row::Kind::other) return std::optional<Record>(std::move(state.batch.others[state.other++]));
    return std::optional<Record>(state.teller.record(row));
}

bool begins_binary_history(std::string_view beginning) { return beginning.starts_with(binary_magic); }

namespace {

Result<> write_all(const File& file, std::string_view bytes, const std::filesystem::path& name) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(file.get(), bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail("{}: cannot be written: {}", name.string(), std::strerror(errno));
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

Result<> encode(BatchSource& source, const File& file, const std::filesystem::path& name) {
    BinaryEncoder encoder;
    std::string bytes;
    BinaryEncoder::begin(bytes);
    Batch batch;
    for (;;) {
        const auto more = source.next(batch);
        if (!more) return more.error();
        if (!*more) break;
        encoder.add(bytes, batch);
        if (bytes.size() < window_bytes) continue;
        if (auto written = write_all(file, bytes, name); !written) return written;
        bytes.clear();
    }
    encoder.flush(bytes);
    if (auto written = write_all(file, bytes, name); !written) return written;
    if (::fsync(file.get()) != 0) return fail("{}: cannot be synced: {}", name.string(), std::strerror(errno));
    return {};
}

}  // namespace

Result<> write_binary(const std::filesystem::path& lines, const std::filesystem::path& binary) {
    auto reader = LineRows::open(lines);
    if (!reader) return reader.error();
    return write_binary(*reader, binary);
}

Result<> write_binary(BatchSource& source, const std::filesystem::path& binary) {
    const File file(::open(binary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (file.get() < 0 && errno == EEXIST)
        return fail("{}: exists; a history is never written over", binary.string());
    if (file.get() < 0) return fail("{}: cannot be created: {}", binary.string(), std::strerror(errno));
    auto encoded = encode(source, file, binary);
    if (!encoded) ::unlink(binary.c_str());
    return encoded;
}

}  // namespace mistrial::history
