#include "core/history/foreign/readers.hpp"
#include "core/history/foreign/transcript.hpp"

#include <algorithm>

namespace mistrial::history::foreign {
namespace {

constexpr std::string_view kMarker = "jepsen.util";
constexpr std::string_view kBlank = " \t";

bool is_operation(std::string_view line) {
    if (line.starts_with('"')) return true;
    const auto end = line.find_first_of(kBlank);
    if (end == std::string_view::npos || end == 0) return false;
    const std::string_view process = line.substr(0, end);
    const auto type = line.find_first_not_of(kBlank, end);
    if (type == std::string_view::npos || line[type] != ':') return false;
    return process.front() == ':' || process.find_first_not_of("-0123456789") == std::string_view::npos;
}

class LineReader {
  public:
    explicit LineReader(const SourceText& source)
        : text_(source.text()), is_log_(text_.find(kMarker) != std::string_view::npos) {}

    /// Reads the line [begin, end); nothing when it is none of an operation.
    void read(std::size_t begin, std::size_t end, std::vector<Placed>& placed) {
        std::size_t at = past_blanks(begin, end);
        if (!is_operation(text_.substr(at, end - at))) {
            const auto marker = text_.substr(begin, end - begin).find(kMarker);
            if (marker == std::string_view::npos && (is_log_ || at == end)) return;
            if (marker == std::string_view::npos)
                throw Syntax{at,
                             fmt::format("expected an operation, PROCESS :TYPE :F VALUE, got {}",
                                         shown_at(text_.substr(0, end), at)),
                             std::nullopt};
            at = past_blanks(begin + marker + kMarker.size(), end);
            if (at < end && (text_[at] == '-' || text_[at] == ':')) ++at;
            at = past_blanks(at, end);
            if (!is_operation(text_.substr(at, end - at))) return;
        }
        placed.push_back(operation(at, end));
    }

  private:
    [[nodiscard]] std::size_t past_blanks(std::size_t at, std::size_t end) const {
        while (at < end && kBlank.find(text_[at]) != std::string_view::npos) ++at;
        return at;
    }

    Placed operation(std::size_t begin, std::size_t end) {
        edn::FormReader forms(text_, begin, end);
        transcript_.clear();
        transcript_.put("{");
        for (const std::string_view key : {"process", "type", "f", "value"}) {
            if (!forms.skip())
                throw Syntax{end, fmt::format("expected the operation's {}, got the end of the line", key),
                             std::nullopt};
            transcript_.key(key);
            transcript_.put(forms.form());
        }
        if (forms.skip()) {
            transcript_.key("error");
            put_error(forms.at(), end);
        }
        transcript_.put("}");
        return transcript_.record(begin);
    }

    /// As a form where it is one; Jepsen's logs print the words of an error as they are.
    void put_error(std::size_t begin, std::size_t end) {
        try {
            edn::FormReader forms(text_, begin, end);
            const edn::Value error = forms.form();
            if (!forms.skip()) return transcript_.put(error);
        } catch (const Syntax&) {
        }
        transcript_.put_text(text_.substr(begin, end - begin));
    }

    std::string_view text_;
    bool is_log_;
    Transcript transcript_;
};

}  // namespace

std::vector<Placed> read_jepsen_log(const SourceText& source) {
    std::vector<Placed> placed;
    LineReader lines(source);
    const std::string_view text = source.text();
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t newline = std::min(text.find('\n', begin), text.size());
        const bool carriage = newline > begin && text[newline - 1] == '\r';
        lines.read(begin, newline - (carriage ? 1 : 0), placed);
        begin = newline + 1;
    }
    return placed;
}

}  // namespace mistrial::history::foreign
