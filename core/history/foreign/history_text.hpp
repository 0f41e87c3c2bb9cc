#pragma once

#include "core/history/foreign/assembly.hpp"
#include "core/history/foreign/format.hpp"

#include <filesystem>
#include <string>
#include <string_view>

/// Whole histories in other tools' formats. Clients' operations of an unknown `f` are history::Foreign; records that
/// are ours become ours, so that a history of ours survives a foreign format and back as far as that format can say it.
namespace mistrial::history::foreign {

/// A whole text, sorted as `assemble` says. `name` is the file's; errors say "NAME:LINE:COLUMN: what was expected, what
/// stands there". Of `Format::jsonl` every line must be whole; `Format::mst` is no text and is refused (Source reads it).
[[nodiscard]] Result<History> parse(Format format, std::string_view text, std::string_view name);
[[nodiscard]] Result<History> read(Format format, const std::filesystem::path& file);

}  // namespace mistrial::history::foreign
