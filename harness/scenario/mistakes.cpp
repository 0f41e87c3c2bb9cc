#include "harness/scenario/mistakes.hpp"

#include <algorithm>

namespace mistrial::scenario {
namespace {

/// Walks a text that is known to be JSON and notes the line on which each value begins (a member's: its key's).
class LineScanner {
  public:
    using Found = std::map<std::string, std::size_t>;
    Found repeated;  ///< keys that stand twice: where they stood first

    explicit LineScanner(std::string_view text) : text_(text) {}

    Found scan() {
        value("", 0);
        return std::move(found_);
    }

  private:
    void skip() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '\n') {
                ++line_;
                ++at_;
            } else if (c == ' ' || c == '\t' || c == '\r') {
                ++at_;
            } else if (text_.substr(at_).starts_with("//")) {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else if (text_.substr(at_).starts_with("/*")) {
                const std::size_t end = std::min(text_.find("*/", at_ + 2), text_.size() - 2) + 2;
                line_ += static_cast<std::size_t>(std::ranges::count(text_.substr(at_, end - at_), '\n'));
                at_ = end;
            } else {
                return;
            }
        }
    }

    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    std::string_view string() {
        const std::size_t from = at_++;
        while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
        ++at_;
        return text_.substr(from, at_ - from);
    }

    /// `line`: where the value's key stands; 0 when it has none.
    void value(const std::string& pointer, std::size_t line) {
        skip();
        found_[pointer] = line > 0 ? line : line_;
        if (peek() == '{') {
            ++at_;
            for (skip(); peek() == '"'; skip()) {
                const std::size_t key_line = line_;
                const std::string_view raw = string();
                const Json key = Json::parse(raw, nullptr, false);
                skip();
                if (peek() == ':') ++at_;
                const std::string member =
                    pointer_to(pointer, key.is_string() ? key.get<std::string>() : std::string(raw));
                if (const auto before = found_.find(member); before != found_.end()) repeated.insert(*before);
                value(member, key_line);
                skip();
                if (peek() == ',') ++at_;
            }
            if (peek() == '}') ++at_;
        } else if (peek() == '[') {
            ++at_;
            skip();
            for (std::size_t index = 0; at_ < text_.size() && peek() != ']'; ++index) {
                value(pointer_to(pointer, index), 0);
                skip();
                if (peek() == ',') ++at_;
                skip();
            }
            ++at_;
        } else if (peek() == '"') {
            (void)string();
        } else {
            at_ = std::min(text_.find_first_of(",]} \t\r\n/", at_ + 1), text_.size());
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    Found found_;
};

}  // namespace

Origins::Origins(std::string file, std::string_view text) : file_(std::move(file)) {
    LineScanner scanner(text);
    for (const auto& [pointer, line] : scanner.scan()) origins_[pointer].line = line;
    repeated_ = std::move(scanner.repeated);
}

void Origins::override_with(const std::string& pointer, const std::string& origin) {
    const std::string below = pointer + "/";
    std::erase_if(origins_, [&](const auto& entry) { return entry.first.starts_with(below); });
    origins_[pointer] = {origin, 0};
}

const Origins::Origin* Origins::find(std::string pointer) const {
    for (;;) {
        if (const auto found = origins_.find(pointer); found != origins_.end()) return &found->second;
        if (pointer.empty()) return nullptr;
        pointer.erase(pointer.rfind('/'));
    }
}

std::string Origins::of(std::string pointer) const {
    const Origin* origin = find(std::move(pointer));
    if (origin == nullptr) return file_;
    return origin->option.empty() ? fmt::format("{}:{}", file_, origin->line) : origin->option;
}

std::size_t Origins::line_of(std::string pointer) const {
    const Origin* origin = find(std::move(pointer));
    return origin == nullptr ? 0 : origin->line;
}

void Mistakes::add(std::string pointer, std::string text) {
    Mistake mistake{std::move(pointer), std::move(text)};
    told_.insert(mistake.pointer);
    if (std::ranges::find(mistakes_, mistake) == mistakes_.end()) mistakes_.push_back(std::move(mistake));
}

void Mistakes::add_once(std::string pointer, std::string text) {
    if (!told_.contains(pointer)) add(std::move(pointer), std::move(text));
}

Error Mistakes::report(const Origins& origins) const {
    std::vector<std::pair<std::size_t, std::string>> lines;
    for (const Mistake& mistake : mistakes_)
        lines.emplace_back(origins.line_of(mistake.pointer),
                           fmt::format("{}: {}: {}", origins.of(mistake.pointer),
                                       mistake.pointer.empty() ? "/" : mistake.pointer, mistake.text));
    std::ranges::stable_sort(lines, {}, &std::pair<std::size_t, std::string>::first);
    std::string text;
    for (const auto& [line, said] : lines) text += (text.empty() ? "" : "\n") + said;
    return Error::saying(std::move(text));
}

std::string pointer_to(std::string_view pointer, std::string_view key) {
    std::string result = fmt::format("{}/", pointer);
    for (const char c : key) {
        if (c == '~') result += "~0";
        else if (c == '/') result += "~1";
        else result += c;
    }
    return result;
}

std::string pointer_to(std::string_view pointer, std::size_t index) { return fmt::format("{}/{}", pointer, index); }

std::string shown(const Json& value) {
    constexpr std::size_t kShort = 48;
    if (value.is_null()) return "null";
    if (value.is_object() && value.empty()) return "an empty object";
    if (value.is_array() && value.empty()) return "an empty array";
    const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() <= kShort) return text;
    if (value.is_object()) return fmt::format("an object with {} keys", value.size());
    if (value.is_array()) return fmt::format("an array of {}", value.size());
    return text.substr(0, kShort) + "...";
}

std::string nearest(std::string_view name, std::span<const std::string> known) {
    std::string best;
    // A third of the letters may be wrong: "duratoin" is meant, "colour" for "name" is not.
    std::size_t best_distance = std::max<std::size_t>(1, (name.size() + 1) / 3) + 1;
    for (const std::string& candidate : known) {
        std::vector<std::size_t> before, above(candidate.size() + 1), row(candidate.size() + 1);
        for (std::size_t j = 0; j <= candidate.size(); ++j) above[j] = j;
        for (std::size_t i = 1; i <= name.size(); ++i) {
            row[0] = i;
            for (std::size_t j = 1; j <= candidate.size(); ++j) {
                const std::size_t same = name[i - 1] == candidate[j - 1] ? 0 : 1;
                row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + same});
                if (i > 1 && j > 1 && name[i - 1] == candidate[j - 2] && name[i - 2] == candidate[j - 1])
                    row[j] = std::min(row[j], before[j - 2] + 1);
            }
            before = above;
            above = row;
        }
        if (above.back() < best_distance) {
            best_distance = above.back();
            best = candidate;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> known) {
    const std::string meant = nearest(name, known);
    return meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant);
}

}  // namespace mistrial::scenario
