#pragma once

#include "core/random.hpp"
#include "engine/agent/config.hpp"
#include "engine/http_message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace mistrial::agent {

/// What one finished attempt to download a bundle brought.
struct Fresh {
    http::Body archive;
    std::string etag;  ///< as the server wrote it; may be empty
};
struct NotModified {};
struct DownloadFailed {
    std::string message;
    std::optional<int> status;  ///< of a complete reply that is neither 200 nor 304
};
using Outcome = std::variant<Fresh, NotModified, DownloadFailed>;

/// The rules of one bundle's download loop, those of OPA 1.19 (v1/download): what to ask, what an answer
/// means, how long to wait. The agent does the sending, the waiting and the activation between `read` and
/// `settle`.
class Download {
  public:
    Download(BundleSource source, RandomSequence random);

    /// If-None-Match carries the last ETag that was activated, empty or not; Prefer the modes and, while long
    /// polling, the wait.
    [[nodiscard]] http::Request request() const;

    /// Whether the request now to be made is a long poll: no timeout for its headers then.
    [[nodiscard]] bool long_polling() const { return long_polling_ && source_.polling.long_poll.has_value(); }

    /// Interprets a complete reply. A 200 says by its Content-Type whether long polling goes on; a 304 does
    /// not.
    [[nodiscard]] Outcome read(const http::Response& response);

    /// The bundle of the last Fresh is in force: its ETag is worth sending from now on.
    void activated(std::string etag) { activated_ = etag_ = std::move(etag); }

    /// The attempt is over (download, activation, persistence): how long until the next one. Success: uniform
    /// in [min, max], or nothing while long polling; failure: back-off capped at max.
    [[nodiscard]] Duration settle(bool succeeded);

    [[nodiscard]] const BundleSource& source() const { return source_; }
    [[nodiscard]] const std::string& etag() const { return etag_; }

  private:
    BundleSource source_;
    RandomSequence random_;
    std::string etag_;          ///< sent next: the activated one, or what a 304 has called it since
    std::string activated_;     ///< what a failure goes back to
    bool long_polling_ = true;  ///< presumed until a 200 without the content type
    std::uint32_t retries_ = 0;
};

}  // namespace mistrial::agent
