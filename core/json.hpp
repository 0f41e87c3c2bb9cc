#pragma once

#include "core/result.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <string_view>

/// JSON for everything that is not a history line: configuration, plans, results, verdicts.
namespace mistrial {

using Json = nlohmann::json;                   ///< keys sorted: equal values print alike
using OrderedJson = nlohmann::ordered_json;    ///< keys as written: for files that people read

/// One text for each JSON value (RFC 8785 in spirit): no space, keys sorted, numbers by value, so that `1`, `1.0`
/// and `1e0` are one. Verdicts are compared by it.
[[nodiscard]] std::string canonical(const Json& value);

/// `canonical` of a JSON text; an error names the position.
[[nodiscard]] Result<std::string> canonical_text(std::string_view text);

/// JSON as a person would write it: what fits on a line of `width` stands on one, the rest is a line a member, indented by two
/// spaces. Ends with a newline.
[[nodiscard]] std::string pretty(const OrderedJson& value, std::size_t width = 120);

/// Parses JSON; `comments` allows `//` and `/* */`. The error names `where` (a file, say), line and column.
[[nodiscard]] Result<Json> parse_json(std::string_view text, std::string_view where, bool comments = false);
[[nodiscard]] Result<Json> read_json(const std::filesystem::path& file, bool comments = false);

/// Reads a whole file; the error names the file.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& file);

/// Replaces `file` by `text` at once: written beside it, synced, renamed over it.
[[nodiscard]] Result<> replace_file(const std::filesystem::path& file, std::string_view text);

}  // namespace mistrial
