#include "engine/shell/http_conversion.hpp"

#include <utility>

namespace mistrial::shell {
namespace {

net::Headers to_net(const http::Headers& headers) {
    net::Headers result;
    for (const auto& [name, value] : headers) result.add(name, value);
    return result;
}

http::Headers from_net(const net::Headers& headers) {
    http::Headers result;
    for (const net::Header header : headers) result.add(std::string(header.name), std::string(header.value));
    return result;
}

http::Body body_of(std::string bytes) { return bytes.empty() ? nullptr : http::make_body(std::move(bytes)); }

}  // namespace

net::HttpRequest to_net(const http::Request& request) {
    return {.method = request.method,
            .target = request.target,
            .headers = to_net(request.headers),
            .body = std::string(http::bytes_of(request.body))};
}

net::HttpResponse to_net(const http::Response& response) {
    return {.status = response.status,
            .reason = {},
            .headers = to_net(response.headers),
            .body = std::string(http::bytes_of(response.body))};
}

http::Request from_net(const net::HttpRequest& request) {
    return {.method = request.method,
            .target = request.target,
            .headers = from_net(request.headers),
            .body = body_of(request.body)};
}

http::Response from_net(net::HttpResponse response) {
    return {.status = response.status,
            .headers = from_net(response.headers),
            .body = body_of(std::move(response.body))};
}

}  // namespace mistrial::shell
