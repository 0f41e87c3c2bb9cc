#include "engine/agent/status.hpp"

namespace mistrial::agent {
namespace {

/// Go's zero time stands for "never".
std::string time_text(const std::optional<WallTime>& time) {
    return time ? format_rfc3339(*time) : "0001-01-01T00:00:00Z";
}

}  // namespace

OrderedJson to_json(const BundleStatus& status) {
    OrderedJson json{{"name", status.name}};
    if (!status.active_revision.empty()) json["active_revision"] = status.active_revision;
    json["last_successful_activation"] = time_text(status.last_successful_activation);
    if (status.seen) json["type"] = "snapshot";
    if (status.size > 0) json["size"] = status.size;
    json["last_successful_download"] = time_text(status.last_successful_download);
    json["last_successful_request"] = time_text(status.last_successful_request);
    json["last_request"] = time_text(status.last_request);
    if (status.problem) {
        json["code"] = "bundle_error";
        json["message"] = *status.problem;
        if (status.http_code) json["http_code"] = *status.http_code;
    }
    return json;
}

OrderedJson status_report(const std::map<std::string, std::string>& labels,
                          const std::map<std::string, BundleStatus>& bundles,
                          const std::map<std::string, std::string>& plugins) {
    OrderedJson report{{"labels", labels}};
    for (const auto& [name, status] : bundles) report["bundles"][name] = to_json(status);
    for (const auto& [name, state] : plugins) report["plugins"][name] = OrderedJson{{"state", state}};
    return report;
}

}  // namespace mistrial::agent
