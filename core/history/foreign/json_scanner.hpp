#pragma once

#include "core/history/foreign/source_text.hpp"

#include <string_view>
#include <vector>

namespace mistrial::history::foreign {

/// Finds where the values of a JSON text begin and end, without reading them: whoever takes a value reads it, and is
/// told where it stands. Every function throws Syntax.
class JsonScanner {
  public:
    struct Value {
        std::string_view json;
        std::size_t at = 0;
    };
    struct Member {
        std::string_view key;  ///< as it is written between its quotes
        std::size_t at = 0;
        Value value;
    };

    /// Scans [begin, end) of a text.
    JsonScanner(std::string_view text, std::size_t begin, std::size_t end) : text_(text.substr(0, end)), at_(begin) {}
    explicit JsonScanner(std::string_view text) : JsonScanner(text, 0, text.size()) {}

    /// Goes past white space; false at the end.
    bool skip();
    [[nodiscard]] std::size_t at() const { return at_; }
    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    /// Passes over `c` (and white space before it) when it is next.
    bool take(char c);
    /// The extent of the value that is next.
    [[nodiscard]] Value value();
    /// The members of the object that is next.
    [[nodiscard]] std::vector<Member> object();
    [[noreturn]] void expected(std::string_view what) const;

  private:
    void string();

    std::string_view text_;
    std::size_t at_;
};

}  // namespace mistrial::history::foreign
