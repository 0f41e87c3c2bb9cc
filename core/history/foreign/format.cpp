#include "core/history/foreign/format.hpp"

#include "core/history/binary.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace mistrial::history {
namespace {

constexpr std::array<std::pair<std::string_view, Format>, 6> kNames{{{"jsonl", Format::jsonl},
                                                                     {"mst", Format::mst},
                                                                     {"edn", Format::edn},
                                                                     {"jepsen-log", Format::jepsen_log},
                                                                     {"elle", Format::elle},
                                                                     {"porcupine", Format::porcupine}}};

std::string_view past_blanks(std::string_view text) {
    const auto at = text.find_first_not_of(" \t\r\n,");
    return at == std::string_view::npos ? std::string_view() : text.substr(at);
}

}  // namespace

std::string_view to_text(Format format) {
    return std::find_if(kNames.begin(), kNames.end(), [&](const auto& entry) { return entry.second == format; })->first;
}

std::optional<Format> format_named(std::string_view name) {
    const auto* found =
        std::find_if(kNames.begin(), kNames.end(), [&](const auto& entry) { return entry.first == name; });
    if (found == kNames.end()) return std::nullopt;
    return found->second;
}

std::vector<std::string_view> format_names() {
    std::vector<std::string_view> names;
    for (const auto& [name, format] : kNames) names.push_back(name);
    return names;
}

std::optional<Format> format_of_name(const std::filesystem::path& file) {
    const std::string extension = file.extension().string();
    if (extension == ".jsonl") return Format::jsonl;
    if (extension == ".mst") return Format::mst;
    if (extension == ".edn") return Format::edn;
    if (extension == ".txt" || extension == ".log") return Format::jepsen_log;
    return std::nullopt;
}

Format format_of_content(std::string_view beginning) {
    if (begins_binary_history(beginning)) return Format::mst;
    std::string_view rest = past_blanks(beginning);
    if (rest.empty()) return Format::jsonl;
    const bool array = rest.front() == '[';
    if (array) rest = past_blanks(rest.substr(1));
    if (rest.starts_with('{')) {
        const std::string_view inside = past_blanks(rest.substr(1));
        if (!inside.starts_with('"')) return Format::edn;
        const std::string_view first = inside.substr(0, inside.find('\n'));
        // As far as the first operation's own keys go; a longer one has them in front.
        const auto has = [&, keys = inside.substr(0, 400)](std::string_view key) {
            return keys.find(key) != std::string_view::npos;
        };
        if (has("\"ClientId\"") || (has("\"Call\"") && has("\"Input\""))) return Format::porcupine;
        return array || first.find("\"time\"") == std::string_view::npos ? Format::elle : Format::jsonl;
    }
    if (array) return rest.starts_with(']') ? Format::elle : Format::edn;
    return std::string_view("#(;").find(rest.front()) != std::string_view::npos ? Format::edn : Format::jepsen_log;
}

Result<Format> guess_format(const std::filesystem::path& file) {
    if (const auto named = format_of_name(file)) {
        // Porcupine's own data has EDN in .txt.
        if (*named != Format::jepsen_log) return *named;
    }
    errno = 0;
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail("{}: cannot be read: {}", file.string(), std::strerror(errno != 0 ? errno : EIO));
    std::array<char, 4096> beginning{};
    in.read(beginning.data(), beginning.size());
    return format_of_content({beginning.data(), static_cast<std::size_t>(in.gcount())});
}

}  // namespace mistrial::history
