#include "harness/driver/driver.hpp"

#include "harness/store/embedded.hpp"
#include "nemesis/process/command.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <regex>

namespace mistrial::driver {
namespace {

constexpr std::string_view kFolder = "agents/";

std::vector<std::string> strings(const Json& json, const char* key) {
    return json.value(key, std::vector<std::string>{});
}

Driver from_json(const Json& json) {
    Driver driver;
    driver.name = json.at("name");
    driver.about = json.value("about", "");

    const Json& binary = json.at("binary");
    driver.binary_names = strings(binary, "names");
    if (binary.contains("environment")) driver.binary_environment = binary["environment"].get<std::string>();
    driver.binary_beside = binary.value("beside", false);
    if (binary.contains("cache")) driver.binary_cache = binary["cache"].get<std::string>();
    driver.default_version = binary.value("version", "");
    driver.oldest_version = binary.value("oldest", "");
    driver.how_to_get = binary.value("missing", "");

    if (const auto version = json.find("version"); version != json.end()) {
        driver.version_arguments = strings(*version, "arguments");
        driver.version_pattern = version->value("pattern", "");
    }

    const Json& start = json.at("start");
    driver.start_arguments = strings(start, "arguments");
    driver.start_environment = strings(start, "environment");
    driver.working_directory = start.value("working_directory", "{state}");

    const Json& configuration = json.at("configuration");
    driver.configuration = configuration.at("template");
    driver.whole_seconds = configuration.value("whole_seconds", false);
    if (const auto each = configuration.find("each_bundle"); each != configuration.end()) {
        driver.bundle_at = each->value("at", "/bundles/{bundle}");
        driver.bundle_configuration = each->value("template", Json::object());
        driver.long_poll_configuration = each->value("long_poll", Json::object());
    }
    driver.needs_plan = json.contains("policy") && json["policy"].value("bundles_need", "") == "plan";

    const Json& health = json.at("health");
    driver.health_path = health.value("path", "/health");
    if (health.contains("bundles")) driver.bundles_health_path = health.at("bundles").get<std::string>();
    driver.ready_path = health.value("ready", driver.health_path);
    driver.ready_status = health.value("ready_status", 200);

    const Json& decision = json.at("decision");
    driver.decision.method = decision.value("method", "POST");
    driver.decision.target = decision.at("path");
    driver.decision.body = decision.value("body", Json::object());
    const Json answer = json.value("answer", Json::object());
    driver.decision.result = answer.value("result", driver.decision.result);
    driver.decision.revision = answer.value("revision", driver.decision.revision);
    driver.decision.decision_id = answer.value("decision_id", driver.decision.decision_id);
    driver.decision.error_code = answer.value("error_code", driver.decision.error_code);

    if (const auto stop = json.find("stop"); stop != json.end())
        if (const auto grace = parse_duration(stop->value("grace", "10s"))) driver.stop_grace = *grace;
    return driver;
}

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

Result<Json> seconds(const Driver& driver, Duration delay, std::string_view what) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    if (delay.count() % kSecond == 0) return Json(delay.count() / kSecond);
    if (driver.whole_seconds)
        return fail("driver {}: {} of {} is refused: it takes whole seconds only", driver.name, what,
                    format_duration(delay));
    return Json(static_cast<double>(delay.count()) / static_cast<double>(kSecond));
}

std::filesystem::path cache_directory() {
    if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') return cache;
    const char* home = std::getenv("HOME");
    return std::filesystem::path(home != nullptr ? home : "/") / ".cache";
}

bool is_executable(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

Result<std::string> version_of(const Driver& driver, const std::filesystem::path& binary) {
    if (driver.version_arguments.empty()) return std::string("unknown");
    nemesis::Command command;
    command.argv = {binary.string()};
    command.argv.insert(command.argv.end(), driver.version_arguments.begin(), driver.version_arguments.end());
    const auto output = nemesis::run_checked(command);
    if (!output) return with_context(fmt::format("asking {} for its version", binary.string()), output.error());
    try {
        const std::regex pattern(driver.version_pattern, std::regex::ECMAScript | std::regex::multiline);
        std::smatch match;
        if (std::regex_search(*output, match, pattern) && match.size() > 1) return match[1].str();
    } catch (const std::regex_error& error) {
        return fail("driver {}: /version/pattern: {}", driver.name, error.what());
    }
    return fail("{}: tells no version that driver {} understands", binary.string(), driver.name);
}

}  // namespace

Result<Driver> load(const std::string& name_or_path) {
    Result<Json> json = Error::saying("");
    if (name_or_path.find('/') != std::string::npos || name_or_path.ends_with(".json")) {
        json = read_json(name_or_path, true);
    } else if (const auto text = embedded::find(fmt::format("{}{}.json", kFolder, name_or_path))) {
        json = parse_json(*text, name_or_path, true);
    } else {
        std::string known;
        for (const auto& [name, about] : list()) known += (known.empty() ? "" : ", ") + name;
        return fail("{}: no such driver; known are {}; or give the path of a driver file", name_or_path, known);
    }
    if (!json) return json.error();
    try {
        return from_json(*json);
    } catch (const Json::exception& error) {
        return fail("driver {}: {} (mistrial schema driver tells the format)", name_or_path, error.what());
    }
}

std::vector<std::pair<std::string, std::string>> list() {
    std::vector<std::pair<std::string, std::string>> drivers;
    for (const embedded::File& file : embedded::files_below(kFolder))
        if (auto json = parse_json(file.bytes, file.path, true))
            drivers.emplace_back(json->value("name", ""), json->value("about", ""));
    return drivers;
}

std::string fill_text(std::string text, const Fill& values) {
    for (std::size_t open = text.find('{'); open != std::string::npos; open = text.find('{', open)) {
        const std::size_t close = text.find('}', open);
        if (close == std::string::npos) break;
        const auto found = values.find(std::string_view(text).substr(open + 1, close - open - 1));
        if (found == values.end()) {
            ++open;
            continue;
        }
        const std::string value = text_of(found->second);
        text.replace(open, close - open + 1, value);
        open += value.size();
    }
    return text;
}

Json fill(const Json& pattern, const Fill& values) {
    if (pattern.is_object()) {
        Json out = Json::object();
        for (const auto& [key, member] : pattern.items()) out[fill_text(key, values)] = fill(member, values);
        return out;
    }
    if (pattern.is_array()) {
        Json out = Json::array();
        for (const Json& element : pattern) out.push_back(fill(element, values));
        return out;
    }
    if (!pattern.is_string()) return pattern;
    const auto& text = pattern.get_ref<const std::string&>();
    if (text.size() > 2 && text.front() == '{' && text.back() == '}')
        if (const auto found = values.find(std::string_view(text).substr(1, text.size() - 2)); found != values.end())
            return found->second;
    return fill_text(text, values);
}

Result<Json> configure(const Driver& driver, const AgentConfiguration& agent) {
    Fill values = agent.values;
    const auto poll_min = seconds(driver, agent.poll_min, "a poll delay");
    if (!poll_min) return poll_min.error();
    const auto poll_max = seconds(driver, agent.poll_max, "a poll delay");
    if (!poll_max) return poll_max.error();
    values["poll_min"] = *poll_min;
    values["poll_max"] = *poll_max;
    values["persist"] = agent.persist;
    if (agent.long_poll) {
        const auto long_poll = seconds(driver, *agent.long_poll, "a long poll");
        if (!long_poll) return long_poll.error();
        values["long_poll"] = *long_poll;
    }
    Json configuration = fill(driver.configuration, values);
    for (const std::string& bundle : agent.bundles) {
        values["bundle"] = bundle;
        Json each = fill(driver.bundle_configuration, values);
        if (agent.long_poll) each.merge_patch(fill(driver.long_poll_configuration, values));
        configuration[Json::json_pointer(fill_text(driver.bundle_at, values))] = std::move(each);
    }
    configuration.merge_patch(agent.own);
    return configuration;
}

Result<Binary> find_binary(const Driver& driver, const std::optional<std::string>& binary,
                           const std::optional<std::string>& version) {
    const std::string wanted = version.value_or(driver.default_version);
    const Fill values{{"version", wanted}};
    std::vector<std::filesystem::path> candidates;
    if (binary) {
        if (!is_executable(*binary)) return fail("{}: no such binary of driver {}", *binary, driver.name);
        candidates.emplace_back(*binary);
    } else {
        if (driver.binary_environment)
            if (const char* named = std::getenv(driver.binary_environment->c_str()); named != nullptr && *named != '\0')
                candidates.emplace_back(named);
        if (driver.binary_beside) {
            std::error_code ignored;
            const auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
            for (const std::string& name : driver.binary_names) candidates.push_back(self.parent_path() / name);
        }
        if (driver.binary_cache) candidates.push_back(cache_directory() / fill_text(*driver.binary_cache, values));
        for (const std::string& name : driver.binary_names)
            if (auto found = nemesis::find_executable(name)) candidates.push_back(*found);
    }
    std::string looked;
    for (const std::filesystem::path& candidate : candidates) {
        looked += fmt::format("\n  {}", candidate.string());
        if (!is_executable(candidate)) {
            looked += ": not there";
            continue;
        }
        auto found = version_of(driver, candidate);
        if (!found) return found.error();
        // A version that was asked for is asked of the binary itself; without one, whatever stands first serves.
        if (version && *found != "unknown" && *found != *version && "v" + *found != *version) {
            looked += fmt::format(": is {}", *found);
            if (binary) return fail("{} is {} and not {}", candidate.string(), *found, *version);
            continue;
        }
        return Binary{candidate, *found};
    }
    return fail("no binary for driver {}{}; looked at:{}\n{}", driver.name, wanted.empty() ? "" : " " + wanted,
                looked.empty() ? " nothing" : looked, fill_text(driver.how_to_get, values));
}

}  // namespace mistrial::driver
