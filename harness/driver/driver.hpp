#pragma once

#include "core/json.hpp"
#include "core/time.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// How one kind of agent is found, started, configured and asked: data, so that a new agent needs no C++. The format is
/// scenarios/schema/driver.schema.json.
namespace mistrial::driver {

/// How a decision is asked and where in an answer what stands (JSON Pointers; `{path}` and `{bundle}` are filled in).
struct DecisionProtocol {
    std::string method = "POST";
    std::string target = "/v1/data/{path}?provenance=true";
    Json body = {{"input", "{input}"}};
    std::string result = "/result";  ///< absent from an answer: undefined
    std::string revision = "/provenance/bundles/{bundle}/revision";
    std::string decision_id = "/decision_id";
    std::string error_code = "/code";  ///< of a 4xx or 5xx of the agent's own
    friend bool operator==(const DecisionProtocol&, const DecisionProtocol&) = default;
};

struct Driver {
    std::string name;
    std::string about;

    std::vector<std::string> binary_names;           ///< looked up in PATH
    std::optional<std::string> binary_environment;   ///< a variable that names the binary
    bool binary_beside = false;                      ///< stands beside mistrial's own
    std::optional<std::string> binary_cache;         ///< below the user's cache directory, `{version}` filled in
    std::string default_version;
    std::string oldest_version;
    std::string how_to_get;

    std::vector<std::string> version_arguments;  ///< empty: it tells no version
    std::string version_pattern;

    std::vector<std::string> start_arguments;
    std::vector<std::string> start_environment;
    std::string working_directory;

    Json configuration;
    std::string bundle_at;  ///< JSON Pointer with `{bundle}`
    Json bundle_configuration;
    Json long_poll_configuration;
    bool whole_seconds = false;

    bool needs_plan = false;  ///< bundles must carry a compiled plan

    std::string health_path;
    std::optional<std::string> bundles_health_path;  ///< whether every bundle has been activated; not every agent tells
    std::string ready_path;
    int ready_status = 200;
    DecisionProtocol decision;
    Duration stop_grace = std::chrono::seconds(10);
};

/// A driver that comes with the program, by name, or one's own by path.
[[nodiscard]] Result<Driver> load(const std::string& name_or_path);
/// Names of those that come with the program, with their `about`.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> list();

/// Values for a template's `{name}`s.
using Fill = std::map<std::string, Json, std::less<>>;

/// `text` with every `{name}` of `values` replaced by its text.
[[nodiscard]] std::string fill_text(std::string text, const Fill& values);
/// A template filled in: a string that is exactly `{name}` becomes the value itself, whatever its type.
[[nodiscard]] Json fill(const Json& pattern, const Fill& values);

/// What one agent's configuration is made of.
struct AgentConfiguration {
    Fill values;  ///< control_plane, status, logs, node, incarnation, state, ...
    std::vector<std::string> bundles;
    Duration poll_min{};
    Duration poll_max{};
    std::optional<Duration> long_poll;
    bool persist = false;
    Json own = Json::object();  ///< the user's configuration, merged over the template (RFC 7396)
};
/// The configuration document. An error when the driver takes whole seconds only and a delay is none.
[[nodiscard]] Result<Json> configure(const Driver& driver, const AgentConfiguration& agent);

struct Binary {
    std::filesystem::path path;
    std::string version;  ///< as it says itself, or of mistrial's own agent
};
/// Finds the agent's binary: `binary` when given, else the driver's ways for `version` (or its default). Errors say where
/// was looked and how to get it. Runs the binary once to ask for its version.
[[nodiscard]] Result<Binary> find_binary(const Driver& driver, const std::optional<std::string>& binary,
                                         const std::optional<std::string>& version);

}  // namespace mistrial::driver
