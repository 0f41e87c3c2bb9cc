#pragma once

#include "core/json.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// OPA's configuration file, as far as the embedded agent supports it. What it does not support is refused by
/// name, so that no fleet runs on an option that is silently ignored.
namespace mistrial::agent {

struct Service {
    std::string url;  ///< "http://host:port/prefix", no slash at the end
    std::map<std::string, std::string> headers;
    Duration response_header_timeout = std::chrono::seconds(10);
    friend bool operator==(const Service&, const Service&) = default;
};

struct Polling {
    Duration min = std::chrono::seconds(60);
    Duration max = std::chrono::seconds(120);
    std::optional<Duration> long_poll;  ///< whole seconds; off when absent
    friend bool operator==(const Polling&, const Polling&) = default;
};

struct BundleSource {
    std::string service;
    std::string resource;  ///< path below the service's url, no slash at the start
    bool persist = false;
    Polling polling;
    std::uint64_t size_limit = 1'073'741'824;  ///< bytes of one member
    friend bool operator==(const BundleSource&, const BundleSource&) = default;
};

struct StatusReporting {
    std::optional<std::string> service;  ///< absent: /v1/status only
    std::string partition;
    bool console = false;  ///< also as a log line
    friend bool operator==(const StatusReporting&, const StatusReporting&) = default;
};

struct DecisionLogging {
    std::optional<std::string> service;
    std::string resource = "logs";  ///< path below the service's url, no slash at the start
    Duration min = std::chrono::seconds(300);
    Duration max = std::chrono::seconds(600);
    std::uint64_t upload_bytes = 32'768;         ///< of one chunk, compressed
    std::optional<std::uint64_t> buffer_bytes;   ///< `buffer_type` "size"; absent: unlimited
    std::optional<std::uint64_t> buffer_events;  ///< `buffer_type` "event"
    bool console = false;                        ///< also as a log line
    friend bool operator==(const DecisionLogging&, const DecisionLogging&) = default;
};

struct Config {
    std::map<std::string, Service> services;
    std::map<std::string, std::string> labels;
    std::map<std::string, BundleSource> bundles;
    std::optional<StatusReporting> status;
    std::optional<DecisionLogging> decision_logs;
    std::string persistence_directory = ".opa";  ///< OPA's default, below the working directory
    friend bool operator==(const Config&, const Config&) = default;
};

/// Every mistake at once, one a line, each with its JSON pointer: "FILE: /bundles/main/signing: not supported
/// ...".
[[nodiscard]] Result<Config> parse_config(const Json& json, std::string_view where);

/// Reads a file. OPA takes YAML too; the embedded agent reads JSON only and says so.
[[nodiscard]] Result<Config> read_config(const std::filesystem::path& file);

}  // namespace mistrial::agent
