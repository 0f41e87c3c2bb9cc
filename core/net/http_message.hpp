#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// HTTP/1.1 messages as plain values: what the I/O-free cores speak, and what the client and the server
/// carry.
namespace mistrial::net {

/// A view into a `Headers`; valid until that is changed.
struct Header {
    std::string_view name;
    std::string_view value;
};

/// Header fields in the order in which they were added; names compare without case. One block of text, so
/// that a message costs two allocations, however many fields it has.
class Headers {
  public:
    class Iterator;

    Headers() = default;
    Headers(std::initializer_list<Header> fields);

    void add(std::string_view name, std::string_view value);
    /// Replaces every field of that name by one.
    void set(std::string_view name, std::string_view value);
    void remove(std::string_view name);
    void clear();

    /// The first field of that name.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const { return find(name).has_value(); }

    [[nodiscard]] std::size_t size() const { return fields_.size(); }
    [[nodiscard]] bool empty() const { return fields_.empty(); }
    [[nodiscard]] Header operator[](std::size_t index) const;
    [[nodiscard]] Iterator begin() const;
    [[nodiscard]] Iterator end() const;

    /// Same fields in the same order; names without case, values exactly.
    friend bool operator==(const Headers& left, const Headers& right);

  private:
    struct Field {
        std::uint32_t begin;
        std::uint32_t name_size;
        std::uint32_t value_size;
    };

    std::string text_;
    std::vector<Field> fields_;
};

class Headers::Iterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Header;
    using difference_type = std::ptrdiff_t;
    using pointer = const Header*;
    using reference = Header;

    Iterator() = default;
    Iterator(const Headers* headers, std::size_t index) : headers_(headers), index_(index) {}

    Header operator*() const { return (*headers_)[index_]; }
    Iterator& operator++() {
        ++index_;
        return *this;
    }
    Iterator operator++(int) { return std::exchange(*this, Iterator{headers_, index_ + 1}); }
    friend bool operator==(const Iterator&, const Iterator&) = default;

  private:
    const Headers* headers_ = nullptr;
    std::size_t index_ = 0;
};

inline Headers::Iterator Headers::begin() const { return {this, 0}; }
inline Headers::Iterator Headers::end() const { return {this, size()}; }

/// `Host`, `Content-Length` and `Connection` are written by the client and need not be given.
struct HttpRequest {
    std::string method = "GET";
    std::string target = "/";
    Headers headers;
    std::string body;

    friend bool operator==(const HttpRequest&, const HttpRequest&) = default;
};

/// `Content-Length` and `Connection` are written by the server and need not be given; an empty `reason` is
/// written as the usual one of the status.
struct HttpResponse {
    int status = 200;
    std::string reason;
    Headers headers;
    std::string body;

    friend bool operator==(const HttpResponse&, const HttpResponse&) = default;
};

/// "Not Found" for 404; empty for a status that has no usual phrase.
[[nodiscard]] std::string_view reason_phrase(int status);

/// A request target in two: the path, and what follows `?` (empty without one).
struct Target {
    std::string_view path;
    std::string_view query;
};
[[nodiscard]] Target split_target(std::string_view target);

/// The value of `key` in a query string, percent-decoded; a key without `=` has an empty value.
[[nodiscard]] std::optional<std::string> query_value(std::string_view query, std::string_view key);

/// The header block of a message as it goes over the wire, the blank line included. `host` is used when the
/// request names none. `keep_alive` false adds `Connection: close`.
void write_head(std::string& out, const HttpRequest& request, std::string_view host, bool keep_alive = true);
/// `to_head`: the answer to a HEAD request, which announces a body that is not sent.
void write_head(std::string& out, const HttpResponse& response, bool keep_alive, bool to_head = false);
/// False for a status that never has a body (1xx, 204, 304).
[[nodiscard]] bool may_have_body(int status);

}  // namespace mistrial::net
