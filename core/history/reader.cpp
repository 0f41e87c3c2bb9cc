#include "core/history/reader.hpp"

#include "core/history/line_parser.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace mistrial::history {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;
/// Beyond this a file without newlines is taken for no history at all, before it fills the memory.
constexpr std::size_t kLongestLine = std::size_t{1} << 28;

std::size_t column_of(const Malformed& malformed, std::string_view line) {
    if (malformed.at < line.data() || malformed.at > line.data() + line.size()) return 1;
    return static_cast<std::size_t>(malformed.at - line.data()) + 1;
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

}  // namespace

struct Reader::State {
    std::string name;
    int fd = -1;
    LineParser parser;
    std::vector<char> buffer = std::vector<char>(kBlock + LineParser::padding());
    std::size_t begin = 0;    ///< first byte not yet given out
    std::size_t end = 0;      ///< one past the last byte read
    std::size_t scanned = 0;  ///< no newline in [begin, scanned)
    bool at_end = false;      ///< of the file
    bool torn = false;
    std::uint64_t line_number = 0;
    std::uint64_t next_index = 0;

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        if (fd >= 0) ::close(fd);
    }

    [[nodiscard]] std::size_t room() const { return buffer.size() - LineParser::padding(); }

    Result<> fill() {
        if (begin > 0) {
            std::memmove(buffer.data(), buffer.data() + begin, end - begin);
            end -= begin;
            scanned -= begin;
            begin = 0;
        }
        if (end == room()) {
            if (room() >= kLongestLine)
                return fail("{}:{}:1: a line of more than {} bytes; this is no history", name, line_number + 1,
                            room());
            buffer.resize(room() * 2 + LineParser::padding());
        }
        ssize_t n = 0;
        do {
            n = ::read(fd, buffer.data() + end, room() - end);
        } while (n < 0 && errno == EINTR);
        if (n < 0) return fail("{}: cannot be read: {}", name, std::strerror(errno));
        at_end = n == 0;
        end += static_cast<std::size_t>(n);
        return {};
    }

    Result<std::optional<Line>> line() {
        for (;;) {
            const char* from = buffer.data() + scanned;
            if (const void* newline = std::memchr(from, '\n', end - scanned)) {
                const auto length =
                    static_cast<std::size_t>(static_cast<const char*>(newline) - buffer.data()) - begin;
                const Line found{{buffer.data() + begin, length}, true};
                begin += length + 1;
                scanned = begin;
                return std::optional(found);
            }
            scanned = end;
            if (at_end) {
                if (begin == end) return std::optional<Line>();
                const Line found{{buffer.data() + begin, end - begin}, false};
                begin = end;
                return std::optional(found);
            }
            if (auto filled = fill(); !filled) return filled.error();
        }
    }
};

Reader::Reader(std::unique_ptr<State> state) : state_(std::move(state)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

Result<Reader> Reader::open(const std::filesystem::path& file) {
    auto state = std::make_unique<State>();
    state->name = file.string();
    state->fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (state->fd < 0) return fail("{}: cannot be read: {}", state->name, std::strerror(errno));
    struct stat info {};
    if (::fstat(state->fd, &info) == 0 && S_ISDIR(info.st_mode))
        return fail("{}: is a directory; expected a history file", state->name);
    return Reader(std::move(state));
}

Result<std::optional<Reader::Line>> Reader::next_line() {
    for (;;) {
        auto line = state_->line();
        if (!line) return line.error();
        if (!*line) return std::optional<Line>();
        ++state_->line_number;
        if (!is_blank((*line)->text)) return line;
    }
}

Result<std::optional<Record>> Reader::parse(const Line& line) {
    const auto [text, whole] = line;
    const auto offset = static_cast<std::size_t>(text.data() - state_->buffer.data());
    try {
        std::optional<Record> found_record(std::in_place);
        Record& record = *found_record;
        const Keys keys = state_->parser.parse(text, state_->buffer.size() - offset, record);
        if (!keys.index) record.index = state_->next_index;
        if (record.index < state_->next_index)
            return fail("{}:{}:1: index: expected at least {}, one more than the record before, got {}", state_->name,
                        state_->line_number, state_->next_index, record.index);
        state_->next_index = record.index + 1;
        return found_record;
    } catch (const Malformed& malformed) {
        if (!whole && !Json::accept(text)) {
            state_->torn = true;
            return std::optional<Record>();
        }
        return fail("{}:{}:{}: {}", state_->name, state_->line_number, column_of(malformed, text), malformed.message);
    }
}

void Reader::passed(std::uint64_t index) { state_->next_index = index + 1; }

Result<std::optional<Record>> Reader::next() {
    const auto line = next_line();
    if (!line) return line.error();
    return *line ? parse(**line) : std::optional<Record>();
}

bool Reader::torn() const { return state_->torn; }
std::uint64_t Reader::line() const { return state_->line_number; }

Result<Record> parse_line(std::string_view line) {
    std::string padded(line);
    padded.append(LineParser::padding(), ' ');
    const std::string_view text(padded.data(), line.size());
    LineParser parser;
    try {
        Record record;
        (void)parser.parse(text, padded.size(), record);
        return record;
    } catch (const Malformed& malformed) {
        return fail("column {}: {}", column_of(malformed, text), malformed.message);
    }
}

Result<std::vector<Record>> read_all(const std::filesystem::path& file) {
    auto reader = Reader::open(file);
    if (!reader) return reader.error();
    std::vector<Record> records;
    for (;;) {
        auto record = reader->next();
        if (!record) return record.error();
        if (!*record) return records;
        records.push_back(std::move(**record));
    }
}

}  // namespace mistrial::history
