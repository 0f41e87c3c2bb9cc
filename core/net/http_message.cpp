#include "core/net/http_message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace mistrial::net {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool equal_without_case(std::string_view left, std::string_view right) {
    return left.size() == right.size() && std::equal(left.begin(), left.end(), right.begin(),
                                                     [](char a, char b) { return lower(a) == lower(b); });
}

void write_fields(std::string& out, const Headers& headers) {
    for (const auto [name, value] : headers) {
        out.append(name).append(": ").append(value).append("\r\n");
    }
}

void write_length(std::string& out, std::size_t bytes) {
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", bytes);
}

bool framed_by_caller(const Headers& headers) {
    return headers.has("Content-Length") || headers.has("Transfer-Encoding");
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
            hex_digit(text[i + 2]) >= 0) {
            out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

}  // namespace

Headers::Headers(std::initializer_list<Header> fields) {
    for (const auto& [name, value] : fields) add(name, value);
}

void Headers::add(std::string_view name, std::string_view value) {
    fields_.push_back({static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size()),
                       static_cast<std::uint32_t>(value.size())});
    text_.append(name).append(value);
}

void Headers::set(std::string_view name, std::string_view value) {
    // Copies, since both may be views into this very object.
    const std::string own_name(name);
    const std::string own_value(value);
    remove(own_name);
    add(own_name, own_value);
}

void Headers::remove(std::string_view name) {
    if (!has(name)) return;
    Headers kept;
    for (const auto field : *this) {
        if (!equal_without_case(field.name, name)) kept.add(field.name, field.value);
    }
    *this = std::move(kept);
}

void Headers::clear() {
    text_.clear();
    fields_.clear();
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
    for (const auto field : *this) {
        if (equal_without_case(field.name, name)) return field.value;
    }
    return std::nullopt;
}

Header Headers::operator[](std::size_t index) const {
    const auto& field = fields_[index];
    const std::string_view text = text_;
    return {text.substr(field.begin, field.name_size),
            text.substr(field.begin + field.name_size, field.value_size)};
}

bool operator==(const Headers& left, const Headers& right) {
    return left.size() == right.size() &&
           std::equal(left.begin(), left.end(), right.begin(), [](Header a, Header b) {
               return equal_without_case(a.name, b.name) && a.value == b.value;
           });
}

std::string_view reason_phrase(int status) {
    switch (status) {
        case 100:
            return "Continue";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Payload Too Large";
        case 415:
            return "Unsupported Media Type";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        default:
            return {};
    }
}

Target split_target(std::string_view target) {
    const auto mark = target.find('?');
    if (mark == std::string_view::npos) return {target, {}};
    return {target.substr(0, mark), target.substr(mark + 1)};
}

std::optional<std::string> query_value(std::string_view query, std::string_view key) {
    while (!query.empty()) {
        const auto end = query.find('&');
        const auto pair = query.substr(0, end);
        const auto equals = pair.find('=');
        if (percent_decoded(pair.substr(0, equals)) == key) {
            return equals == std::string_view::npos ? std::string()
                                                    : percent_decoded(pair.substr(equals + 1));
        }
        if (end == std::string_view::npos) break;
        query.remove_prefix(end + 1);
    }
    return std::nullopt;
}

void write_head(std::string& out, const HttpRequest& request, std::string_view host, bool keep_alive) {
    out.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
    if (!request.headers.has("Host")) out.append("Host: ").append(host).append("\r\n");
    write_fields(out, request.headers);
    const bool expects_body =
        request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
    if ((expects_body || !request.body.empty()) && !framed_by_caller(request.headers)) {
        write_length(out, request.body.size());
    }
    if (!keep_alive && !request.headers.has("Connection")) out.append("Connection: close\r\n");
    out.append("\r\n");
}

void write_head(std::string& out, const HttpResponse& response, bool keep_alive, bool to_head) {
    const std::string_view reason =
        response.reason.empty() ? reason_phrase(response.status) : response.reason;
    fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", response.status, reason);
    write_fields(out, response.headers);
    const bool announces = may_have_body(response.status) && !(to_head && response.body.empty());
    if (announces && !framed_by_caller(response.headers)) write_length(out, response.body.size());
    if (!keep_alive && !response.headers.has("Connection")) out.append("Connection: close\r\n");
    out.append("\r\n");
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace mistrial::net
