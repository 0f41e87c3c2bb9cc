#include "core/history/foreign/source_text.hpp"

#include "core/utf8.hpp"

#include <algorithm>

namespace mistrial::history::foreign {

Place SourceText::place(std::size_t at) const {
    const std::string_view before = text_.substr(0, std::min(at, text_.size()));
    const auto newline = before.rfind('\n');
    const std::size_t line_start = newline == std::string_view::npos ? 0 : newline + 1;
    return {static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n') + 1),
            static_cast<std::uint32_t>(before.size() - line_start + 1)};
}

Error SourceText::error(const Syntax& syntax) const {
    const Place where = place(syntax.at);
    std::string message = fmt::format("{}:{}:{}: {}", name_, where.line, where.column, syntax.message);
    if (syntax.opened) {
        const Place opened = place(*syntax.opened);
        message += fmt::format(" (it begins at {}:{})", opened.line, opened.column);
    }
    return Error::saying(std::move(message));
}

std::string shown_at(std::string_view text, std::size_t at) {
    if (at >= text.size()) return "the end of the text";
    constexpr std::size_t kLongest = 40;
    std::string_view token = text.substr(at, kLongest);
    if (token.front() == '\n' || token.front() == '\r') return "the end of the line";
    const auto end = token.find_first_of(" \t\r\n,;()[]{}\"", 1);
    const bool cut = end == std::string_view::npos && token.size() == kLongest;
    return printable(token.substr(0, end)) + (cut ? "…" : "");
}

}  // namespace mistrial::history::foreign
