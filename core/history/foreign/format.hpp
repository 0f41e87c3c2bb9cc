#pragma once

#include "core/result.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace mistrial::history {

/// The formats of a history. All but the first two are other tools'.
enum class Format : std::uint8_t {
    jsonl,       ///< our own
    mst,         ///< our own, in few bytes (binary.hpp)
    edn,         ///< Jepsen's history.edn
    jepsen_log,  ///< Jepsen's history.txt, and logs of `jepsen.util`
    elle,        ///< elle-cli's JSON
    porcupine,   ///< an array of Porcupine's operations
};

[[nodiscard]] std::string_view to_text(Format format);  ///< "jsonl", "edn", "jepsen-log", …
[[nodiscard]] std::optional<Format> format_named(std::string_view name);
/// Every name, for messages and for the command line.
[[nodiscard]] std::vector<std::string_view> format_names();

/// What the file's name says: .jsonl, .mst, .edn, .txt or .log; .json may be elle's or Porcupine's, so that it says
/// nothing.
[[nodiscard]] std::optional<Format> format_of_name(const std::filesystem::path& file);
/// What the first bytes of a history are like.
[[nodiscard]] Format format_of_content(std::string_view beginning);
/// By name, else by content.
[[nodiscard]] Result<Format> guess_format(const std::filesystem::path& file);

}  // namespace mistrial::history
