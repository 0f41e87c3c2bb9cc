#pragma once

#include "core/history/reader.hpp"
#include "core/history/rows.hpp"

#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace mistrial::history {

/// Reads history.jsonl into rows. A line of a decision or of a log's event, written as our writer writes it, is fixed text that was said before
/// around a few numbers and names: such a line is told by comparing the fixed text with what an earlier line, read by the
/// whole parser, was found to mean. Any other line goes through that parser. Errors are the Reader's.
class LineRows final : public BatchSource {
  public:
    [[nodiscard]] static Result<LineRows> open(const std::filesystem::path& file);

    [[nodiscard]] Result<bool> next(Batch& batch) override;
    [[nodiscard]] bool torn() const override { return reader_.torn(); }

  private:
    struct Parts;
    struct Asked {
        std::uint32_t question = 0;
        std::uint32_t token = Row::none;
    };
    struct Answered {
        std::uint32_t answer = 0;
        std::uint32_t shown = 0;
    };
    /// What the fixed text of an event says.
    struct Logged {
        std::uint32_t question = 0;
        std::uint32_t shown = 0;
        std::uint32_t answer = Row::none;
    };
    /// What the line of a begin said, for its end to be compared with.
    struct Begun {
        std::uint64_t index = ~std::uint64_t{0};
        std::string value;  ///< up to the brace that closes it
        std::string tail;   ///< from that brace on
    };
    template <class Meaning>
    struct Learned {
        std::deque<std::string> texts;  ///< never move: the keys point into them
        std::unordered_map<std::string_view, Meaning> meanings;

        [[nodiscard]] const Meaning* find(std::string_view text) const {
            const auto found = meanings.find(text);
            return found == meanings.end() ? nullptr : &found->second;
        }
        void forget(std::string_view text) {
            if (const auto found = meanings.find(text); found != meanings.end()) meanings.erase(found);
        }
        void learn(std::string_view text, Meaning meaning) {
            if (texts.size() >= most_texts || meanings.contains(text)) return;
            meanings.emplace(texts.emplace_back(text), meaning);
        }
    };
    static constexpr std::size_t most_texts = std::size_t{1} << 20;
    static constexpr std::size_t begun_places = 8192;

    explicit LineRows(Reader reader) : reader_(std::move(reader)) {}

    [[nodiscard]] bool tell(std::string_view line, Row& row);
    [[nodiscard]] bool tell_begin(const Parts& parts, Row& row);
    [[nodiscard]] bool tell_end(const Parts& parts, Row& row);
    [[nodiscard]] bool tell_event(const Parts& parts, Row& row);
    [[nodiscard]] bool tell_nonce(std::string_view nonce, Row& row) const;
    [[nodiscard]] static bool tell_id(std::string_view id, Row& row);
    void learn(std::string_view line, const Record& record, const Row& row);
    Begun& begun_at(std::int64_t process) { return begun_[static_cast<std::uint64_t>(process) % begun_places]; }

    Reader reader_;
    RowMaker maker_;
    Learned<Asked> asked_;
    Learned<Answered> answered_;
    Learned<Logged> logged_;
    std::vector<Begun> begun_ = std::vector<Begun>(begun_places);
    std::string key_;
    std::optional<Error> wrong_;  ///< with the line after those of the last batch
};

}  // namespace mistrial::history
