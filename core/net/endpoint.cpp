#include "core/net/endpoint.hpp"

#include <arpa/inet.h>

#include <charconv>

namespace mistrial::net {

namespace {

bool is_numeric(const std::string& address) {
    unsigned char binary[sizeof(in6_addr)];
    return inet_pton(AF_INET, address.c_str(), binary) == 1 ||
           inet_pton(AF_INET6, address.c_str(), binary) == 1;
}

}  // namespace

std::string to_string(const Endpoint& endpoint) {
    const bool v6 = endpoint.address.find(':') != std::string::npos;
    return v6 ? fmt::format("[{}]:{}", endpoint.address, endpoint.port)
              : fmt::format("{}:{}", endpoint.address, endpoint.port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
    const auto refuse = [&] {
        return fail("{}: expected ADDRESS:PORT, as in 127.0.0.1:8181 or [::1]:8181", text);
    };
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return refuse();
    std::string_view address = text.substr(0, colon);
    const std::string_view digits = text.substr(colon + 1);
    const bool bracketed = address.size() >= 2 && address.front() == '[' && address.back() == ']';
    if (bracketed) address = address.substr(1, address.size() - 2);
    if (bracketed != (address.find(':') != std::string_view::npos)) return refuse();

    Endpoint endpoint{address == "localhost" ? "127.0.0.1" : std::string(address), 0};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return refuse();
    if (!is_numeric(endpoint.address)) return refuse();
    return endpoint;
}

}  // namespace mistrial::net
