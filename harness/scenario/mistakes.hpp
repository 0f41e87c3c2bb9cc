#pragma once

#include "core/json.hpp"

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mistrial::scenario {

/// Where each value of a JSON document was written: "FILE:LINE", or the option that put it there.
class Origins {
  public:
    Origins() = default;
    /// Reads the lines of a text that parses as JSON (comments allowed).
    Origins(std::string file, std::string_view text);

    /// Everything at and below `pointer` was written by `origin`.
    void override_with(const std::string& pointer, const std::string& origin);

    /// Of the value at `pointer`, or of the nearest one above it that was written down.
    [[nodiscard]] std::string of(std::string pointer) const;
    /// Line of the same, for sorting; 0 for what an option wrote.
    [[nodiscard]] std::size_t line_of(std::string pointer) const;

    /// Keys that stand twice in one object, of which JSON takes the last: pointer -> line of the first.
    [[nodiscard]] const std::map<std::string, std::size_t>& repeated() const { return repeated_; }

  private:
    struct Origin {
        std::string option;  ///< empty: the file
        std::size_t line = 1;
    };
    [[nodiscard]] const Origin* find(std::string pointer) const;

    std::string file_;
    std::map<std::string, Origin, std::less<>> origins_;
    std::map<std::string, std::size_t> repeated_;
};

/// Everything that is wrong with a document, collected so that a person hears of it in one go.
class Mistakes {
  public:
    /// What is wrong at a JSON pointer: "expected ..., got ...", or a sentence that says what to do.
    void add(std::string pointer, std::string text);
    /// The same, unless something at this pointer has been told already: a value of the wrong type is one mistake,
    /// whoever reads it.
    void add_once(std::string pointer, std::string text);

    [[nodiscard]] bool empty() const { return mistakes_.empty(); }

    /// One line each, "FILE:LINE: /json/pointer: TEXT", in the order of the file.
    [[nodiscard]] Error report(const Origins& origins) const;

  private:
    struct Mistake {
        std::string pointer;
        std::string text;
        friend bool operator==(const Mistake&, const Mistake&) = default;
    };
    std::vector<Mistake> mistakes_;
    std::set<std::string, std::less<>> told_;
};

/// `pointer` with one more key, escaped as RFC 6901 says.
[[nodiscard]] std::string pointer_to(std::string_view pointer, std::string_view key);
[[nodiscard]] std::string pointer_to(std::string_view pointer, std::size_t index);

/// A value as a person recognises it in a message: whole when short, else its beginning or its type.
[[nodiscard]] std::string shown(const Json& value);

/// The known name that `name` was probably meant to be (optimal string alignment distance), or an empty text.
[[nodiscard]] std::string nearest(std::string_view name, std::span<const std::string> known);

/// "; did you mean NAME?", or an empty text.
[[nodiscard]] std::string did_you_mean(std::string_view name, std::span<const std::string> known);

}  // namespace mistrial::scenario
