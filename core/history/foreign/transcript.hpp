#pragma once

#include "core/history/foreign/assembly.hpp"
#include "core/history/foreign/edn.hpp"
#include "core/history/line_parser.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mistrial::history::foreign {

/// One operation rewritten as a line of history.jsonl, so that what our records are is known in one place alone (the
/// line parser), with the way back from each of its characters to the source for messages. Reused from line to line.
class Transcript {
  public:
    void clear();
    /// JSON of our own making.
    void put(std::string_view json) { line_ += json; }
    void put_text(std::string_view characters);
    /// JSON as it stands at `at` in the source.
    void quote(std::string_view json, std::size_t at);
    /// The JSON that a form becomes: nil null; texts, characters, keywords, symbols and ratios texts; lists, vectors
    /// and sets arrays; maps objects; a tagged form what is tagged.
    void put(const edn::Value& value);
    /// A member of an object: its key, with the comma before it and the colon behind it. What is put next is its value.
    void key(std::string_view name);

    /// The record that the line is; the operation stands at `at` in the source. Throws Syntax.
    [[nodiscard]] Placed record(std::size_t at);

  private:
    struct Stretch {
        std::size_t begin;  ///< in the line
        std::size_t source;
        bool verbatim;  ///< character by character
    };
    [[nodiscard]] std::size_t source_of(std::size_t in_line, std::size_t otherwise) const;
    void stand_at(std::size_t source) { stretches_.push_back({line_.size(), source, false}); }

    std::string line_;
    std::vector<Stretch> stretches_;
    LineParser parser_;
};

}  // namespace mistrial::history::foreign
