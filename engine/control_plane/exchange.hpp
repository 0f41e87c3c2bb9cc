#pragma once

#include "core/history/operation.hpp"
#include "core/time.hpp"
#include "engine/http_message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What authority, mirror and sinks have in common: exchanges that begin with a request and end with one
/// reply. The cores own no socket, thread, clock or random device: `on(event, clocks) -> actions`.
namespace mistrial::control_plane {

/// One request and its reply, named by whoever carries them; never used twice in the life of a core.
using ExchangeId = std::uint64_t;
/// Names a timer of one core; setting it again moves it.
using TimerId = std::uint64_t;

/// A request has arrived completely. Whom it is from is told by its path: `/nodes/NODE/...`, else by `edge`.
struct RequestArrived {
    ExchangeId exchange = 0;
    http::Request request;
    std::optional<std::string> edge;  ///< the node at the other end, where the carrier knows it
};
/// The client is gone; a reply would reach nobody.
struct ExchangeClosed {
    ExchangeId exchange = 0;
};
struct TimerFired {
    TimerId timer = 0;
};

/// What a bundle's name stands for on a server, now.
struct Published {
    std::string revision;
    std::string digest;  ///< the ETag, without its quotes
    http::Body archive;
    friend bool operator==(const Published&, const Published&) = default;
};

/// What a `serve` record says of a bundle request; the carrier adds when it began, how many body bytes went
/// out and whether all did.
struct Served {
    std::string server;
    std::optional<std::string> node;  ///< who asked: an agent or a mirror
    std::string bundle;
    std::string revision;  ///< empty when none was served (404, 502)
    std::optional<std::string> digest;
    int status = 0;
    friend bool operator==(const Served&, const Served&) = default;
};
[[nodiscard]] history::Serve to_record(const Served& served, TrueTime began, std::int64_t bytes,
                                       bool complete);

/// Ends an exchange.
struct Reply {
    ExchangeId exchange = 0;
    http::Response response;
    std::optional<Served> served;
};
struct SetTimer {
    TimerId timer = 0;
    MonoTime at;
};
struct CancelTimer {
    TimerId timer = 0;
};
/// Ask the server above (a mirror's upstream). Answered by UpstreamAnswered or UpstreamFailed with the same
/// id.
struct AskUpstream {
    std::uint64_t id = 0;
    http::Request request;
};
struct UpstreamAnswered {
    std::uint64_t id = 0;
    http::Response response;
};
struct UpstreamFailed {
    std::uint64_t id = 0;
    std::string reason;
};
/// Something that belongs in the history: Status, Log or LogUpload. `began` of a LogUpload is left for the
/// carrier.
struct Observed {
    ExchangeId exchange = 0;
    history::Value value;
};

using Event = std::variant<RequestArrived, ExchangeClosed, TimerFired, UpstreamAnswered, UpstreamFailed>;
using Action = std::variant<Reply, SetTimer, CancelTimer, AskUpstream, Observed>;
using Actions = std::vector<Action>;

/// Who asks, and for what: `/nodes/a1/bundles/main?x` is {a1, "/bundles/main"}.
struct Address {
    std::optional<std::string> node;
    std::string path;
    friend bool operator==(const Address&, const Address&) = default;
};
[[nodiscard]] Address address_of(const RequestArrived& event);

/// The path prefix by which a node names itself to the control plane.
[[nodiscard]] std::string node_prefix(std::string_view node);

/// `Content-Type: application/gzip`, `application/vnd.openpolicyagent.bundles` where long polling is offered.
inline constexpr std::string_view kGzip = "application/gzip";
inline constexpr std::string_view kLongPolling = "application/vnd.openpolicyagent.bundles";

/// A JSON error in the shape of OPA's own.
[[nodiscard]] http::Response error_response(int status, std::string_view code, std::string_view message);

}  // namespace mistrial::control_plane
