#include "engine/control_plane/authority.hpp"

#include "core/json.hpp"
#include "engine/bundle/digest.hpp"

#include <charconv>

namespace mistrial::control_plane {
namespace {

constexpr std::string_view kPublish = "/v1/bundles/";
constexpr std::string_view kFetch = "/bundles/";

/// "wait=N" of a Prefer header ("modes=snapshot,delta;wait=30").
std::optional<std::int64_t> wait_of(std::string_view prefer) {
    while (!prefer.empty()) {
        const auto end = prefer.find_first_of(";,");
        std::string_view item = prefer.substr(0, end);
        prefer.remove_prefix(end == std::string_view::npos ? prefer.size() : end + 1);
        item.remove_prefix(std::min(item.find_first_not_of(' '), item.size()));
        if (!item.starts_with("wait=")) continue;
        item.remove_prefix(5);
        std::int64_t seconds = 0;
        const auto [rest, error] = std::from_chars(item.data(), item.data() + item.size(), seconds);
        if (error == std::errc() && rest == item.data() + item.size() && seconds > 0) return seconds;
    }
    return std::nullopt;
}

std::string etag_of(std::string_view digest) { return fmt::format("\"{}\"", digest); }

/// Whether an If-None-Match header (a list, weak or not, or `*`) names `digest`.
bool names(std::string_view if_none_match, std::string_view digest) {
    while (!if_none_match.empty()) {
        const auto comma = if_none_match.find(',');
        std::string_view tag = if_none_match.substr(0, comma);
        if_none_match.remove_prefix(comma == std::string_view::npos ? if_none_match.size() : comma + 1);
        const auto from = tag.find_first_not_of(" \t");
        if (from == std::string_view::npos) continue;
        tag = tag.substr(from, tag.find_last_not_of(" \t") - from + 1);
        if (tag.starts_with("W/")) tag.remove_prefix(2);
        if (tag == "*" || tag == etag_of(digest)) return true;
    }
    return false;
}

}  // namespace

std::string digest_of_archive(std::string_view archive) {
    auto members = bundle::read_archive(archive);
    return members ? bundle::digest(*members) : bundle::digest_of_bytes(archive);
}

Authority::Authority(AuthorityConfig config) : config_(std::move(config)) {
    if (!config_.behaviour) config_.behaviour = std::make_shared<AuthorityBehaviour>();
}

const Published* Authority::current(std::string_view bundle) const {
    const auto found = bundles_.find(bundle);
    return found == bundles_.end() ? nullptr : &found->second;
}

Actions Authority::on(const Event& event, const Clocks& clocks) {
    Actions out;
    if (const auto* arrived = std::get_if<RequestArrived>(&event)) {
        request(*arrived, clocks, out);
    } else if (const auto* closed = std::get_if<ExchangeClosed>(&event)) {
        if (waiting_.erase(closed->exchange) > 0) out.emplace_back(CancelTimer{closed->exchange});
    } else if (const auto* fired = std::get_if<TimerFired>(&event)) {
        if (const auto found = waiting_.find(fired->timer); found != waiting_.end()) {
            const auto& [bundle, node] = found->second;
            out.emplace_back(not_modified(fired->timer, bundle, node, given(bundle, node, clocks)));
            waiting_.erase(found);
        }
    }
    return out;
}

void Authority::request(const RequestArrived& event, const Clocks& clocks, Actions& out) {
    const Address address = address_of(event);
    const std::string& method = event.request.method;
    if (address.path.starts_with(kPublish) && method == "PUT")
        return publish(event, address.path.substr(kPublish.size()), clocks, out);
    if (address.path.starts_with(kFetch) && method == "GET")
        return fetch(event, address, address.path.substr(kFetch.size()), clocks, out);
    out.emplace_back(Reply{
        event.exchange,
        error_response(
            404, "resource_not_found",
            fmt::format("{} {}: expected GET /bundles/NAME or PUT /v1/bundles/NAME", method, address.path)),
        std::nullopt});
}

void Authority::publish(const RequestArrived& event, std::string bundle, const Clocks& clocks, Actions& out) {
    const auto revision = event.request.headers.find("Mistrial-Revision");
    if (bundle.empty() || !revision) {
        out.emplace_back(
            Reply{event.exchange,
                  error_response(400, "invalid_parameter",
                                 "a publish needs a bundle's name and the header Mistrial-Revision"),
                  std::nullopt});
        return;
    }
    Published published{.revision = std::string(*revision),
                        .digest = std::string(event.request.headers.get("Mistrial-Digest")),
                        .archive = event.request.body};
    if (published.digest.empty()) published.digest = digest_of_archive(http::bytes_of(published.archive));
    const OrderedJson receipt{
        {"bundle", bundle}, {"revision", published.revision}, {"digest", published.digest}};
    if (auto taken = config_.behaviour->takes(bundle, std::move(published)))
        bundles_.insert_or_assign(bundle, std::move(*taken));
    out.emplace_back(Reply{event.exchange,
                           {.status = config_.behaviour->acknowledges(),
                            .headers = {{"Content-Type", "application/json"}},
                            .body = http::make_body(receipt.dump())},
                           std::nullopt});
    if (!bundles_.contains(bundle) || !config_.behaviour->wakes()) return;
    for (auto waiting = waiting_.begin(); waiting != waiting_.end();) {
        if (waiting->second.bundle != bundle) {
            ++waiting;
            continue;
        }
        out.emplace_back(CancelTimer{waiting->first});
        out.emplace_back(deliver(waiting->first, bundle, waiting->second.node, given(bundle, waiting->second.node, clocks)));
        waiting = waiting_.erase(waiting);
    }
}

void Authority::fetch(const RequestArrived& event, const Address& address, std::string bundle,
                      const Clocks& clocks, Actions& out) {
    if (!config_.behaviour->answers(address.node)) return;
    if (current(bundle) == nullptr) {
        Reply reply{event.exchange, error_response(404, "resource_not_found", "no such bundle"),
                    std::nullopt};
        reply.served = Served{config_.name, address.node, std::move(bundle), "", std::nullopt, 404};
        out.emplace_back(std::move(reply));
        return;
    }
    const Published& published = given(bundle, address.node, clocks);
    if (!config_.behaviour->unchanged(address.node,
                                      names(event.request.headers.get("If-None-Match"), published.digest))) {
        out.emplace_back(deliver(event.exchange, bundle, address.node, published));
        return;
    }
    const auto wait = config_.long_polling ? wait_of(event.request.headers.get("Prefer")) : std::nullopt;
    if (!wait) {
        out.emplace_back(not_modified(event.exchange, bundle, address.node, published));
        return;
    }
    const auto most = std::chrono::duration_cast<std::chrono::seconds>(config_.max_wait).count();
    waiting_.insert_or_assign(event.exchange, Waiting{std::move(bundle), address.node});
    out.emplace_back(SetTimer{event.exchange, clocks.mono + std::chrono::seconds(std::min(*wait, most))});
}

const Published& Authority::given(const std::string& bundle, const std::optional<std::string>& node,
                                  const Clocks& clocks) const {
    return config_.behaviour->gives(bundle, node, bundles_.at(bundle), clocks);
}

Reply Authority::deliver(ExchangeId exchange, const std::string& bundle, const std::optional<std::string>& node,
                         const Published& published) const {
    return {exchange,
            {.status = 200,
             .headers = {{"Content-Type", std::string(config_.long_polling ? kLongPolling : kGzip)},
                         {"ETag", etag_of(published.digest)},
                         {"Mistrial-Revision", published.revision}},
             .body = published.archive},
            Served{config_.name, node, bundle, published.revision, published.digest, 200}};
}

Reply Authority::not_modified(ExchangeId exchange, const std::string& bundle,
                              const std::optional<std::string>& node, const Published& published) const {
    return {exchange,
            {.status = 304,
             .headers = {{"Content-Type", std::string(config_.long_polling ? kLongPolling : kGzip)},
                         {"ETag", etag_of(published.digest)}},
             .body = nullptr},
            Served{config_.name, node, bundle, published.revision, published.digest, 304}};
}

http::Request publish_request(std::string_view publisher, std::string_view bundle, std::string_view revision,
                              std::string_view digest, http::Body archive) {
    return {.method = "PUT",
            .target = fmt::format("{}{}{}", node_prefix(publisher), kPublish, bundle),
            .headers = {{"Content-Type", std::string(kGzip)},
                        {"Mistrial-Revision", std::string(revision)},
                        {"Mistrial-Digest", std::string(digest)}},
            .body = std::move(archive)};
}

}  // namespace mistrial::control_plane
