#include "core/history/foreign/source.hpp"

#include "core/history/binary.hpp"
#include "core/history/foreign/history_text.hpp"
#include "core/history/reader.hpp"

namespace mistrial::history {

struct Source::State {
    std::string name;
    std::optional<Reader> lines;
    std::optional<BinaryReader> binary;
    std::uint64_t index = 0;  ///< of the binary history's last record
    foreign::History whole;
    std::size_t next = 0;
};

Source::Source(std::unique_ptr<State> state) : state_(std::move(state)) {}
Source::Source(Source&&) noexcept = default;
Source& Source::operator=(Source&&) noexcept = default;
Source::~Source() = default;

Result<Source> Source::open(const std::filesystem::path& file, Format format) {
    auto state = std::make_unique<State>();
    state->name = file.string();
    if (format == Format::jsonl) {
        auto reader = Reader::open(file);
        if (!reader) return reader.error();
        state->lines.emplace(std::move(*reader));
    } else if (format == Format::mst) {
        auto reader = BinaryReader::open(file);
        if (!reader) return reader.error();
        state->binary.emplace(std::move(*reader));
    } else {
        auto whole = foreign::read(format, file);
        if (!whole) return whole.error();
        state->whole = std::move(*whole);
    }
    return Source(std::move(state));
}

Result<std::optional<Record>> Source::next() {
    if (state_->lines) return state_->lines->next();
    if (state_->binary) {
        auto record = state_->binary->next();
        if (record && *record) state_->index = (*record)->index;
        return record;
    }
    if (state_->next == state_->whole.records.size()) return std::optional<Record>();
    return std::optional(std::move(state_->whole.records[state_->next++]));
}

std::string Source::place() const {
    if (state_->lines) return fmt::format("{}:{}:1", state_->name, state_->lines->line());
    if (state_->binary)
        return fmt::format("{}: record {}, in the frame at byte {}", state_->name, state_->index,
                           state_->binary->frame());
    const foreign::Place& place = state_->whole.places.at(state_->next - 1);
    return fmt::format("{}:{}:{}", state_->name, place.line, place.column);
}

bool Source::torn() const {
    return (state_->lines && state_->lines->torn()) || (state_->binary && state_->binary->torn());
}

}  // namespace mistrial::history
