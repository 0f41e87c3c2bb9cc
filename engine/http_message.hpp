#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// HTTP messages as values, for cores that own no socket: a shell or the simulation carries them. Header
/// only.
namespace mistrial::http {

/// Bodies are shared, never copied: one bundle is handed to a whole fleet. Null and empty are the same body.
using Body = std::shared_ptr<const std::string>;

[[nodiscard]] inline Body make_body(std::string bytes) {
    return std::make_shared<const std::string>(std::move(bytes));
}
[[nodiscard]] inline std::string_view bytes_of(const Body& body) {
    return body ? std::string_view(*body) : std::string_view();
}

/// Names compare without regard to case; order and spelling are kept.
class Headers {
  public:
    using Field = std::pair<std::string, std::string>;

    Headers() = default;
    Headers(std::initializer_list<Field> fields) : fields_(fields) {}

    void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const {
        for (const auto& [key, value] : fields_)
            if (same_name(key, name)) return value;
        return std::nullopt;
    }
    /// The value of `name`, or nothing at all: an absent header and an empty one mean the same to a caller of
    /// this.
    [[nodiscard]] std::string_view get(std::string_view name) const {
        return find(name).value_or(std::string_view());
    }
    [[nodiscard]] auto begin() const { return fields_.begin(); }
    [[nodiscard]] auto end() const { return fields_.end(); }
    [[nodiscard]] std::size_t size() const { return fields_.size(); }

    friend bool operator==(const Headers&, const Headers&) = default;

  private:
    static bool same_name(std::string_view a, std::string_view b) {
        const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
        return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                          [&](char x, char y) { return lower(x) == lower(y); });
    }
    std::vector<Field> fields_;
};

struct Request {
    std::string method = "GET";
    std::string target = "/";  ///< path and query, as on the request line
    Headers headers;
    Body body;
};

struct Response {
    int status = 200;
    Headers headers;
    Body body;
};

/// `/a/b?c` is split at the first `?`.
[[nodiscard]] inline std::string_view path_of(std::string_view target) {
    return target.substr(0, target.find('?'));
}
[[nodiscard]] inline std::string_view query_of(std::string_view target) {
    const auto mark = target.find('?');
    return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

}  // namespace mistrial::http
