#include "engine/agent/log_upload.hpp"

#include "engine/agent/backoff.hpp"

#include <algorithm>

namespace mistrial::agent {
namespace {

/// OPA's pause between attempts to flush the log while stopping.
constexpr Duration kFlushPause = std::chrono::seconds(1);

}  // namespace

LogUpload::LogUpload(const DecisionLogging& logging, RandomSequence delays)
    : min_(logging.min),
      max_(logging.max),
      delays_(std::move(delays)),
      log_({.upload_bytes = logging.upload_bytes,
            .buffer_bytes = logging.buffer_bytes,
            .buffer_events = logging.buffer_events}) {}

LogUpload::Step LogUpload::begin() {
    left_ = log_.waiting();
    return next();
}

LogUpload::Step LogUpload::next() {
    if (left_ == 0) return settle(true);
    const std::size_t waiting = log_.waiting();
    http::Body chunk = log_.next_chunk();
    // A full buffer may have dropped some of them meanwhile.
    if (!chunk) return settle(true);
    left_ -= std::min(left_, waiting - log_.waiting());
    return Post{std::move(chunk)};
}

LogUpload::Step LogUpload::acknowledged() {
    log_.acknowledged();
    return next();
}

LogUpload::Step LogUpload::failed() {
    log_.failed();
    return settle(false);
}

std::optional<LogUpload::Step> LogUpload::stop() {
    stopping_ = true;
    if (log_.under_way()) return std::nullopt;
    return begin();
}

LogUpload::Step LogUpload::settle(bool succeeded) {
    if (stopping_) {
        if (!succeeded) return Wait{kFlushPause};
        if (log_.waiting() == 0) return Drained{};
        return begin();
    }
    if (!succeeded) return Wait{backoff(max_, retries_++, delays_)};
    retries_ = 0;
    return Wait{Duration(delays_.between(min_.count(), max_.count()))};
}

}  // namespace mistrial::agent
