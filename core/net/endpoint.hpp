#pragma once

#include "core/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace mistrial::net {

/// A TCP address, loopback unless told otherwise. A numeric address: no name is ever resolved, save
/// `localhost`, which means 127.0.0.1. Port 0 means "any" when listening.
struct Endpoint {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;

    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// `127.0.0.1:8181`, `[::1]:8181`.
[[nodiscard]] std::string to_string(const Endpoint& endpoint);

/// Reads what `to_string` writes, and `localhost:PORT`. The error says what was expected.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);

}  // namespace mistrial::net
