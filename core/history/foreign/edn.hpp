#pragma once

#include "core/history/foreign/source_text.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// EDN (github.com/edn-format/edn), Clojure's notation, as far as Clojure itself prints it.
namespace mistrial::history::foreign::edn {

enum class Kind : std::uint8_t {
    nil,
    boolean,
    integer,
    decimal,
    ratio,
    text,
    character,
    symbol,
    keyword,
    list,
    vector,
    set,
    map,
    tagged,
};

/// Characters that have a name, since they do not show.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kCharacterNames{{
    {"newline", "\n"},
    {"space", " "},
    {"tab", "\t"},
    {"return", "\r"},
    {"formfeed", "\f"},
    {"backspace", "\b"},
}};

/// One form. Numbers stay as they are written, so that none loses anything.
struct Value {
    Kind kind = Kind::nil;
    /// Of a text its characters, of a character its one, of a keyword its name without the colon, of a tagged form the
    /// tag; of other scalars what is written.
    std::string text;
    std::vector<Value> items;  ///< of a map key, value, key, value …; of a tagged form the one form
    std::size_t at = 0;        ///< where it stands in its text

    friend bool operator==(const Value& a, const Value& b) {
        return a.kind == b.kind && a.text == b.text && a.items == b.items;
    }
};

/// Reads forms one after another out of [begin, end) of a text; white space, commas, comments and what `#_` discards
/// are passed over. Every function throws Syntax.
class FormReader {
  public:
    FormReader(std::string_view text, std::size_t begin, std::size_t end) : text_(text.substr(0, end)), at_(begin) {}
    explicit FormReader(std::string_view text) : FormReader(text, 0, text.size()) {}

    /// Goes to the next form, or to the bracket that closes; false at the end of the text.
    bool skip();
    [[nodiscard]] std::size_t at() const { return at_; }
    /// The character at `at`, '\0' at the end.
    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    /// Passes over one character.
    void step() { ++at_; }
    /// The next form; there must be one.
    [[nodiscard]] Value form();

  private:
    Value hashed();
    Value sequence(Kind kind, char close, std::size_t opened);
    Value text_form();
    Value character();
    Value atom();
    void skip_space();
    std::string_view token();
    char32_t four_hex(std::size_t begin, std::size_t at);
    [[noreturn]] void expected(std::string_view what, std::size_t at) const;

    std::string_view text_;
    std::size_t at_;
    int depth_ = 0;
};

/// The one form that the text holds.
[[nodiscard]] Result<Value> parse(std::string_view text, std::string_view name = "EDN");

void append(std::string& out, const Value& value);
[[nodiscard]] std::string print(const Value& value);

[[nodiscard]] Value text(std::string characters);
/// A keyword of that name where it may be one, else a text.
[[nodiscard]] Value name(std::string characters);

}  // namespace mistrial::history::foreign::edn
