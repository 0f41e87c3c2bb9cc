#pragma once

#include "core/net/http_message.hpp"
#include "engine/http_message.hpp"

/// The cores' messages and the network's: the same things, owned differently (a core's body is shared by a
/// fleet).
namespace mistrial::shell {

[[nodiscard]] net::HttpRequest to_net(const http::Request& request);
[[nodiscard]] net::HttpResponse to_net(const http::Response& response);
[[nodiscard]] http::Request from_net(const net::HttpRequest& request);
[[nodiscard]] http::Response from_net(net::HttpResponse response);

}  // namespace mistrial::shell
