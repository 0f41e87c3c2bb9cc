#pragma once

#include "core/json.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace mistrial::agent {

/// What the agent tells of one bundle, in OPA's words; all times are its own wall clock.
struct BundleStatus {
    std::string name;
    std::string active_revision;
    std::uint64_t size = 0;  ///< bytes of the active archive
    bool seen = false;       ///< a bundle was ever loaded: OPA then says `"type": "snapshot"`
    std::optional<WallTime> last_request;
    std::optional<WallTime> last_successful_request;
    std::optional<WallTime> last_successful_download;
    std::optional<WallTime> last_successful_activation;
    std::optional<std::string> problem;  ///< of the last attempt
    std::optional<int> http_code;        ///< with `problem`, when a server's status is the problem
};

[[nodiscard]] OrderedJson to_json(const BundleStatus& status);

/// The payload of `POST /status` and the result of `GET /v1/status`. `plugins`: name -> "OK" or "NOT_READY".
[[nodiscard]] OrderedJson status_report(const std::map<std::string, std::string>& labels,
                                        const std::map<std::string, BundleStatus>& bundles,
                                        const std::map<std::string, std::string>& plugins);

}  // namespace mistrial::agent
