#include "engine/agent/download.hpp"

#include "engine/agent/backoff.hpp"

namespace mistrial::agent {
namespace {

constexpr std::string_view kOffersLongPolling = "application/vnd.openpolicyagent.bundles";

}  // namespace

Download::Download(BundleSource source, RandomSequence random)
    : source_(std::move(source)), random_(std::move(random)) {}

http::Request Download::request() const {
    std::string prefer = "modes=snapshot";
    if (long_polling())
        prefer += fmt::format(
            ";wait={}", std::chrono::duration_cast<std::chrono::seconds>(*source_.polling.long_poll).count());
    return {.method = "GET",
            .target = "/" + source_.resource,
            .headers = {{"If-None-Match", etag_}, {"Prefer", std::move(prefer)}},
            .body = nullptr};
}

Outcome Download::read(const http::Response& response) {
    switch (response.status) {
        case 200:
            long_polling_ = response.headers.get("Content-Type") == kOffersLongPolling;
            return Fresh{response.body, std::string(response.headers.get("ETag"))};
        case 304:
            if (const auto etag = response.headers.get("ETag"); !etag.empty()) etag_ = etag;
            return NotModified{};
        default:
            return DownloadFailed{fmt::format("server replied with status {}", response.status),
                                  response.status};
    }
}

Duration Download::settle(bool succeeded) {
    if (!succeeded) {
        etag_ = activated_;
        return backoff(source_.polling.max, retries_++, random_);
    }
    retries_ = 0;
    if (long_polling()) return Duration::zero();
    return Duration(random_.between(source_.polling.min.count(), source_.polling.max.count()));
}

}  // namespace mistrial::agent
