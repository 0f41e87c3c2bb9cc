#include "engine/control_plane/exchange.hpp"

#include "core/json.hpp"

namespace mistrial::control_plane {

history::Serve to_record(const Served& served, TrueTime began, std::int64_t bytes, bool complete) {
    return {.server = served.server,
            .agent = served.node,
            .bundle = served.bundle,
            .revision = served.revision,
            .digest = served.digest,
            .began = began,
            .status = served.status,
            .bytes = bytes,
            .complete = complete};
}

std::string node_prefix(std::string_view node) { return fmt::format("/nodes/{}", node); }

Address address_of(const RequestArrived& event) {
    constexpr std::string_view kNodes = "/nodes/";
    std::string_view path = http::path_of(event.request.target);
    if (!path.starts_with(kNodes)) return {event.edge, std::string(path)};
    path.remove_prefix(kNodes.size());
    const auto slash = path.find('/');
    return {std::string(path.substr(0, slash)),
            slash == std::string_view::npos ? "/" : std::string(path.substr(slash))};
}

http::Response error_response(int status, std::string_view code, std::string_view message) {
    return {.status = status,
            .headers = {{"Content-Type", "application/json"}},
            .body = http::make_body(OrderedJson{{"code", code}, {"message", message}}.dump(
                2, ' ', false, OrderedJson::error_handler_t::replace))};
}

}  // namespace mistrial::control_plane
