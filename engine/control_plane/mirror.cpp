#include "engine/control_plane/mirror.hpp"

#include "engine/bundle/archive.hpp"
#include "engine/bundle/manifest.hpp"

namespace mistrial::control_plane {
namespace {

constexpr std::string_view kFetch = "/bundles/";

std::string unquoted(std::string_view etag) {
    if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
    return std::string(etag);
}

std::string etag_of(std::string_view digest) { return fmt::format("\"{}\"", digest); }

/// What the authority says, else what the archive's manifest says.
std::string revision_of(const http::Response& response) {
    if (const auto revision = response.headers.find("Mistrial-Revision")) return std::string(*revision);
    const auto members = bundle::read_archive(http::bytes_of(response.body));
    if (!members) return {};
    const auto text = members->find(".manifest");
    if (text == members->end()) return {};
    auto manifest = bundle::parse_manifest(text->second, ".manifest");
    return manifest ? std::move(manifest->revision) : std::string();
}

}  // namespace

Mirror::Mirror(MirrorConfig config) : config_(std::move(config)) {
    if (!config_.behaviour) config_.behaviour = std::make_shared<MirrorBehaviour>();
}

const Published* Mirror::cached(std::string_view bundle) const {
    const auto found = entries_.find(bundle);
    return found == entries_.end() || !found->second.value ? nullptr : &*found->second.value;
}

Actions Mirror::on(const Event& event, const Clocks& clocks) {
    Actions out;
    if (const auto* arrived = std::get_if<RequestArrived>(&event)) {
        request(*arrived, clocks, out);
    } else if (const auto* answer = std::get_if<UpstreamAnswered>(&event)) {
        answered(*answer, clocks, out);
    } else if (const auto* failure = std::get_if<UpstreamFailed>(&event)) {
        failed(*failure, out);
    } else if (const auto* closed = std::get_if<ExchangeClosed>(&event)) {
        for (auto& [bundle, entry] : entries_)
            std::erase_if(entry.waiting,
                          [&](const Waiting& one) { return one.exchange == closed->exchange; });
    }
    return out;
}

void Mirror::request(const RequestArrived& event, const Clocks& clocks, Actions& out) {
    const Address address = address_of(event);
    if (event.request.method != "GET" || !address.path.starts_with(kFetch)) {
        out.emplace_back(Reply{event.exchange,
                               error_response(404, "resource_not_found", "expected GET /bundles/NAME"),
                               std::nullopt});
        return;
    }
    if (!config_.behaviour->answers(address.node)) return;
    const std::string bundle = address.path.substr(kFetch.size());
    Entry& entry = entries_[bundle];
    Waiting waiting{event.exchange, address.node, std::string(event.request.headers.get("If-None-Match"))};
    if (entry.value && config_.behaviour->fresh(bundle, clocks.mono < entry.fetched + config_.ttl)) {
        out.emplace_back(deliver(bundle, *entry.value, waiting, clocks));
        return;
    }
    entry.waiting.push_back(std::move(waiting));
    if (entry.asking) return;
    entry.asking = next_id_++;
    entry.asked = clocks.mono;
    AskUpstream ask{*entry.asking,
                    {.method = "GET",
                     .target = node_prefix(config_.name) + std::string(kFetch) + bundle,
                     .headers = {},
                     .body = nullptr}};
    if (entry.value) ask.request.headers.add("If-None-Match", etag_of(entry.value->digest));
    out.emplace_back(std::move(ask));
}

void Mirror::answered(const UpstreamAnswered& event, const Clocks& clocks, Actions& out) {
    std::string bundle;
    Entry* entry = asked_by(event.id, bundle);
    if (entry == nullptr) return;
    entry->asking.reset();
    switch (event.response.status) {
        case 200: {
            Published given{.revision = revision_of(event.response),
                            .digest = unquoted(event.response.headers.get("ETag")),
                            .archive = event.response.body};
            if (given.digest.empty()) given.digest = digest_of_archive(http::bytes_of(event.response.body));
            entry->value = config_.behaviour->keeps(bundle, std::move(given));
            break;
        }
        case 304:
            if (entry->value) break;
            return refuse_all(bundle, *entry, 502, "the upstream replied 304 to a request without an ETag",
                              out);
        case 404:
            entry->value.reset();
            return refuse_all(bundle, *entry, 404, "no such bundle", out);
        default:
            return refuse_all(bundle, *entry, 502,
                              fmt::format("the upstream replied with status {}", event.response.status), out);
    }
    entry->fetched = entry->asked;
    for (const Waiting& waiting : entry->waiting) out.emplace_back(deliver(bundle, *entry->value, waiting, clocks));
    entry->waiting.clear();
}

void Mirror::failed(const UpstreamFailed& event, Actions& out) {
    std::string bundle;
    Entry* entry = asked_by(event.id, bundle);
    if (entry == nullptr) return;
    entry->asking.reset();
    config_.behaviour->failed(bundle);
    refuse_all(bundle, *entry, 502, fmt::format("the upstream cannot be reached: {}", event.reason), out);
}

Mirror::Entry* Mirror::asked_by(std::uint64_t id, std::string& bundle) {
    for (auto& [name, entry] : entries_)
        if (entry.asking == id) {
            bundle = name;
            return &entry;
        }
    return nullptr;
}

Reply Mirror::deliver(const std::string& bundle, const Published& newest, const Waiting& to,
                      const Clocks& clocks) const {
    const Published& published = config_.behaviour->gives(bundle, to.node, newest, clocks);
    const bool same = config_.behaviour->unchanged(to.node, to.etag == etag_of(published.digest));
    Reply reply{to.exchange,
                {.status = same ? 304 : 200,
                 .headers = {{"Content-Type", std::string(kGzip)}, {"ETag", etag_of(published.digest)}},
                 .body = same ? nullptr : published.archive},
                std::nullopt};
    reply.served =
        Served{config_.name, to.node, bundle, published.revision, published.digest, reply.response.status};
    return reply;
}

void Mirror::refuse_all(const std::string& bundle, Entry& entry, int status, std::string_view why,
                        Actions& out) const {
    const std::string_view code = status == 404 ? "resource_not_found" : "bad_gateway";
    for (const Waiting& waiting : entry.waiting)
        out.emplace_back(Reply{waiting.exchange, error_response(status, code, why),
                               Served{config_.name, waiting.node, bundle, "", std::nullopt, status}});
    entry.waiting.clear();
}

}  // namespace mistrial::control_plane
