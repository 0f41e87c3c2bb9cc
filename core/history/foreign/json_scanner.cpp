#include "core/history/foreign/json_scanner.hpp"

namespace mistrial::history::foreign {

void JsonScanner::expected(std::string_view what) const {
    throw Syntax{at_, fmt::format("expected {}, got {}", what, shown_at(text_, at_)), std::nullopt};
}

bool JsonScanner::skip() {
    at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
    return at_ < text_.size();
}

bool JsonScanner::take(char c) {
    if (!skip() || text_[at_] != c) return false;
    ++at_;
    return true;
}

void JsonScanner::string() {
    const std::size_t opened = at_++;
    for (; at_ < text_.size(); ++at_) {
        if (text_[at_] == '\\') {
            ++at_;
        } else if (text_[at_] == '"') {
            ++at_;
            return;
        }
    }
    throw Syntax{text_.size(), "expected the end of a string, got the end of the text", opened};
}

JsonScanner::Value JsonScanner::value() {
    if (!skip()) expected("a value");
    const std::size_t opened = at_;
    const auto extent = [&] { return Value{text_.substr(opened, at_ - opened), opened}; };
    if (text_[at_] == '"') {
        string();
        return extent();
    }
    if (text_[at_] != '{' && text_[at_] != '[') {
        at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
        if (at_ == opened) expected("a value");
        return extent();
    }
    int depth = 0;
    while (at_ < text_.size()) {
        const char c = text_[at_];
        if (c == '"') {
            string();
            continue;
        }
        ++at_;
        if ((c == '{' || c == '[') && ++depth > kDeepest)
            throw Syntax{at_ - 1, fmt::format("nested deeper than {}", kDeepest), std::nullopt};
        if ((c == '}' || c == ']') && --depth == 0) return extent();
    }
    throw Syntax{
        at_,
        fmt::format("expected the end of an {}, got the end of the text", text_[opened] == '{' ? "object" : "array"),
        opened};
}

std::vector<JsonScanner::Member> JsonScanner::object() {
    if (!take('{')) expected("an object");
    std::vector<Member> members;
    if (take('}')) return members;
    do {
        if (!skip() || text_[at_] != '"') expected("a key in quotes");
        const std::size_t begin = at_;
        string();
        Member member{text_.substr(begin + 1, at_ - begin - 2), begin, {}};
        if (!take(':')) expected("':' after the key");
        member.value = value();
        members.push_back(member);
    } while (take(','));
    if (!take('}')) expected("',' or '}' after a member");
    return members;
}

}  // namespace mistrial::history::foreign
