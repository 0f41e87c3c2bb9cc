#include "reports/xml.hpp"

#include "core/utf8.hpp"

namespace mistrial::reports {

std::string escaped(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_sequence(text, at);
        if (length == 0) {
            out += kReplacement;
            ++at;
            continue;
        }
        const std::string_view sequence = text.substr(at, length);
        at += length;
        switch (const char32_t code = utf8_code_point(sequence)) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            case '\n':
            case '\t':
                out += sequence;
                break;
            case '\r':
                out += "&#13;";
                break;  // a bare one would be read back as a newline
            default: {
                const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
                out += control || code == 0xFFFE || code == 0xFFFF ? kReplacement : sequence;
            }
        }
    }
    return out;
}

}  // namespace mistrial::reports
