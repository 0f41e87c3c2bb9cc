#include "engine/agent/config.hpp"

#include <initializer_list>
#include <limits>
#include <string_view>
#include <vector>

namespace mistrial::agent {
namespace {

/// Collects every mistake of a file while it is read.
class Mistakes {
  public:
    explicit Mistakes(std::string_view where) : where_(where) {}

    template <class... Args>
    void add(std::string_view pointer, fmt::format_string<Args...> format, Args&&... args) {
        text_ +=
            fmt::format("{}{}: {}: {}", text_.empty() ? "" : "\n", where_, pointer.empty() ? "/" : pointer,
                        fmt::format(format, std::forward<Args>(args)...));
    }
    [[nodiscard]] bool none() const { return text_.empty(); }
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    std::string where_;
    std::string text_;
};

/// One object of the file: gives its members by name and type, and refuses by name whatever was not asked
/// for.
class Section {
  public:
    Section(const Json& json, std::string pointer, Mistakes& mistakes)
        : json_(json), pointer_(std::move(pointer)), mistakes_(mistakes) {
        if (!json_.is_object()) mistakes_.add(pointer_, "expected an object, got {}", json_.dump());
    }

    [[nodiscard]] std::string at(std::string_view key) const { return fmt::format("{}/{}", pointer_, key); }

    const Json* find(std::string_view key) {
        known_.emplace_back(key);
        if (!json_.is_object()) return nullptr;
        const auto found = json_.find(key);
        return found == json_.end() || found->is_null() ? nullptr : &*found;
    }

    std::optional<std::string> text(std::string_view key) {
        const Json* found = find(key);
        if (found == nullptr) return std::nullopt;
        if (found->is_string()) return found->get<std::string>();
        mistakes_.add(at(key), "expected a string, got {}", found->dump());
        return std::nullopt;
    }

    bool flag(std::string_view key) {
        const Json* found = find(key);
        if (found == nullptr) return false;
        if (found->is_boolean()) return found->get<bool>();
        mistakes_.add(at(key), "expected true or false, got {}", found->dump());
        return false;
    }

    std::optional<std::int64_t> number(std::string_view key, std::int64_t low, std::int64_t high) {
        const Json* found = find(key);
        if (found == nullptr) return std::nullopt;
        if (found->is_number_integer() &&
            (!found->is_number_unsigned() ||
             found->get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max())) {
            const auto value = found->get<std::int64_t>();
            if (value >= low && value <= high) return value;
        }
        mistakes_.add(at(key), "expected a whole number from {} to {}, got {}", low, high, found->dump());
        return std::nullopt;
    }

    /// Seconds; a year at most.
    std::optional<Duration> seconds(std::string_view key, std::int64_t low = 1) {
        const auto value = number(key, low, 31'536'000);
        if (!value) return std::nullopt;
        return std::chrono::seconds(*value);
    }

    std::map<std::string, std::string> texts(std::string_view key) {
        std::map<std::string, std::string> result;
        const Json* found = find(key);
        if (found == nullptr) return result;
        if (!found->is_object())
            mistakes_.add(at(key), "expected an object of strings, got {}", found->dump());
        else
            for (const auto& [name, value] : found->items()) {
                if (value.is_string())
                    result.emplace(name, value.get<std::string>());
                else
                    mistakes_.add(fmt::format("{}/{}", at(key), name), "expected a string, got {}",
                                  value.dump());
            }
        return result;
    }

    /// OPA has it and we do not: an error when it is given, whatever its value.
    void refuse(std::initializer_list<std::string_view> keys, std::string_view why) {
        for (const std::string_view key : keys)
            if (find(key) != nullptr) mistakes_.add(at(key), "not supported by the embedded agent: {}", why);
    }

    /// The same, but `false` asks for nothing.
    void refuse_true(std::string_view key, std::string_view why) {
        if (flag(key)) mistakes_.add(at(key), "not supported by the embedded agent: {}", why);
    }

    void periodic_only(std::string_view key) {
        const auto trigger = text(key);
        if (trigger && *trigger != "periodic")
            mistakes_.add(at(key), "the embedded agent supports \"periodic\" only, not \"{}\"", *trigger);
    }

    void no_other_keys() {
        if (!json_.is_object()) return;
        for (const auto& [key, value] : json_.items()) {
            bool is_known = false;
            for (const std::string& name : known_) is_known = is_known || name == key;
            if (!is_known) mistakes_.add(at(key), "not an option that the embedded agent knows");
        }
    }

  private:
    const Json& json_;
    std::string pointer_;
    Mistakes& mistakes_;
    std::vector<std::string> known_;
};

constexpr std::string_view kUseRealOpa = "use real OPA (--agent opa) for it";

std::string without_slashes_at_start(std::string text) {
    text.erase(0, std::min(text.find_first_not_of('/'), text.size()));
    return text;
}

void read_service(const Json& json, const std::string& pointer, std::string name, Config& config,
                  Mistakes& mistakes) {
    Section section(json, pointer, mistakes);
    Service service;
    section.find("name");
    if (auto url = section.text("url")) {
        while (url->ends_with('/')) url->pop_back();
        service.url = std::move(*url);
        if (service.url.starts_with("https://"))
            mistakes.add(section.at("url"), "TLS is not supported by the embedded agent; {}", kUseRealOpa);
        else if (!service.url.starts_with("http://") || service.url.size() == 7)
            mistakes.add(section.at("url"), "expected http://HOST:PORT with an optional path, got \"{}\"",
                         service.url);
    } else if (json.is_object()) {
        mistakes.add(section.at("url"), "missing; expected http://HOST:PORT with an optional path");
    }
    service.headers = section.texts("headers");
    if (auto timeout = section.seconds("response_header_timeout_seconds"))
        service.response_header_timeout = *timeout;
    section.refuse({"credentials", "tls", "allow_insecure_tls", "type"}, kUseRealOpa);
    section.no_other_keys();
    config.services.emplace(std::move(name), std::move(service));
}

void read_services(const Json* json, Config& config, Mistakes& mistakes) {
    if (json == nullptr) return;
    if (json->is_object()) {
        for (const auto& [name, value] : json->items())
            read_service(value, fmt::format("/services/{}", name), name, config, mistakes);
    } else if (json->is_array()) {
        for (std::size_t i = 0; i < json->size(); ++i) {
            const Json& value = (*json)[i];
            const std::string pointer = fmt::format("/services/{}", i);
            const auto name = value.is_object() ? value.find("name") : value.end();
            if (!value.is_object() || name == value.end() || !name->is_string())
                mistakes.add(pointer, "expected an object with a name");
            else
                read_service(value, pointer, name->get<std::string>(), config, mistakes);
        }
    } else {
        mistakes.add("/services", "expected an object, got {}", json->dump());
    }
}

/// The service that a section names, or the only one.
std::string service_of(Section& section, const Config& config, Mistakes& mistakes, bool needed = true) {
    const auto named = section.text("service");
    if (named) {
        if (!config.services.contains(*named))
            mistakes.add(section.at("service"), "no service is named \"{}\"", *named);
        return *named;
    }
    if (config.services.size() == 1) return config.services.begin()->first;
    if (needed) mistakes.add(section.at("service"), "missing, and there is not exactly one service to mean");
    return {};
}

/// `min_delay_seconds` and `max_delay_seconds`: both or neither, as OPA.
void read_delays(Section& section, Duration& min, Duration& max, Mistakes& mistakes) {
    const bool has_min = section.find("min_delay_seconds") != nullptr;
    const bool has_max = section.find("max_delay_seconds") != nullptr;
    const auto low = section.seconds("min_delay_seconds");
    const auto high = section.seconds("max_delay_seconds");
    if (has_min != has_max) {
        mistakes.add(section.at(has_min ? "max_delay_seconds" : "min_delay_seconds"),
                     "missing; give both delays or neither");
    } else if (low && high) {
        if (*low > *high)
            mistakes.add(section.at("max_delay_seconds"), "must not be less than min_delay_seconds");
        min = *low;
        max = *high;
    }
}

void read_bundle(const std::string& name, const Json& json, Config& config, Mistakes& mistakes) {
    Section section(json, fmt::format("/bundles/{}", name), mistakes);
    BundleSource source;
    source.service = service_of(section, config, mistakes);
    source.resource = without_slashes_at_start(section.text("resource").value_or("bundles/" + name));
    if (source.resource.empty()) source.resource = "bundles/" + name;
    if (source.resource.starts_with("file:"))
        mistakes.add(section.at("resource"), "bundles from files are not supported by the embedded agent; {}",
                     kUseRealOpa);
    source.persist = section.flag("persist");
    if (const Json* polling = section.find("polling")) {
        Section delays(*polling, section.at("polling"), mistakes);
        read_delays(delays, source.polling.min, source.polling.max, mistakes);
        source.polling.long_poll = delays.seconds("long_polling_timeout_seconds");
        delays.no_other_keys();
    }
    if (const auto limit = section.number("size_limit_bytes", 0, std::int64_t{1} << 40); limit && *limit > 0)
        source.size_limit = static_cast<std::uint64_t>(*limit);
    section.periodic_only("trigger");
    section.refuse({"signing"}, "it does not verify signatures; " + std::string(kUseRealOpa));
    section.no_other_keys();
    // It names a folder below the persistence directory.
    if (name.empty() || name.starts_with('/') || fmt::format("/{}/", name).find("/../") != std::string::npos)
        mistakes.add(fmt::format("/bundles/{}", name), "a bundle's name is a path that leads down");
    config.bundles.emplace(name, std::move(source));
}

void read_status(const Json& json, Config& config, Mistakes& mistakes) {
    Section section(json, "/status", mistakes);
    StatusReporting status;
    const bool console = section.flag("console");
    std::string service = service_of(section, config, mistakes, !console);
    if (!service.empty() && (!console || section.find("service") != nullptr))
        status.service = std::move(service);
    status.partition = section.text("partition_name").value_or("");
    status.console = console;
    section.periodic_only("trigger");
    section.refuse({"plugin"}, kUseRealOpa);
    section.refuse_true("prometheus", "it has no metrics");
    section.refuse({"prometheus_config"}, "it has no metrics");
    section.no_other_keys();
    config.status = std::move(status);
}

void read_decision_logs(const Json& json, Config& config, Mistakes& mistakes) {
    Section section(json, "/decision_logs", mistakes);
    DecisionLogging logging;
    const bool console = section.flag("console");
    std::string service = service_of(section, config, mistakes, !console);
    if (!service.empty() && (!console || section.find("service") != nullptr))
        logging.service = std::move(service);
    logging.console = console;
    if (auto resource = section.text("resource"))
        logging.resource = without_slashes_at_start(std::move(*resource));
    if (auto partition = section.text("partition_name"); partition && !partition->empty())
        logging.resource = "logs/" + *partition;
    if (const Json* reporting = section.find("reporting")) {
        Section delays(*reporting, "/decision_logs/reporting", mistakes);
        read_delays(delays, logging.min, logging.max, mistakes);
        if (auto bytes = delays.number("upload_size_limit_bytes", 90, 4'294'967'296))
            logging.upload_bytes = static_cast<std::uint64_t>(*bytes);
        const auto type = delays.text("buffer_type");
        if (type && *type != "size" && *type != "event")
            mistakes.add(delays.at("buffer_type"), "expected \"size\" or \"event\", got \"{}\"", *type);
        const bool by_event = type && *type == "event";
        constexpr std::int64_t kMost = std::int64_t{1} << 40;
        if (auto bytes = delays.number("buffer_size_limit_bytes", 1, kMost)) {
            logging.buffer_bytes = static_cast<std::uint64_t>(*bytes);
            if (by_event)
                mistakes.add(delays.at("buffer_size_limit_bytes"), "not with \"buffer_type\": \"event\"");
        }
        if (by_event) logging.buffer_events = 10'000;
        if (auto events = delays.number("buffer_size_limit_events", 1, kMost)) {
            logging.buffer_events = static_cast<std::uint64_t>(*events);
            if (!by_event)
                mistakes.add(delays.at("buffer_size_limit_events"), "only with \"buffer_type\": \"event\"");
        }
        delays.periodic_only("trigger");
        delays.refuse({"max_decisions_per_second"}, kUseRealOpa);
        delays.no_other_keys();
    }
    section.refuse({"plugin", "mask_decision", "drop_decision", "request_context"}, kUseRealOpa);
    section.refuse_true("nd_builtin_cache", kUseRealOpa);
    section.no_other_keys();
    config.decision_logs = std::move(logging);
}

}  // namespace

Result<Config> parse_config(const Json& json, std::string_view where) {
    Mistakes mistakes(where);
    Config config;
    Section top(json, "", mistakes);
    read_services(top.find("services"), config, mistakes);
    config.labels = top.texts("labels");
    if (const Json* bundles = top.find("bundles")) {
        if (!bundles->is_object())
            mistakes.add("/bundles", "expected an object, got {}", bundles->dump());
        else
            for (const auto& [name, value] : bundles->items()) read_bundle(name, value, config, mistakes);
    }
    if (const Json* status = top.find("status")) read_status(*status, config, mistakes);
    if (const Json* logs = top.find("decision_logs")) read_decision_logs(*logs, config, mistakes);
    if (auto directory = top.text("persistence_directory"))
        config.persistence_directory = directory->empty() ? "." : std::move(*directory);
    top.refuse({"bundle"}, "OPA itself has deprecated it; write \"bundles\"");
    top.refuse({"discovery", "keys", "plugins", "default_decision", "default_authorization_decision",
                "caching", "distributed_tracing", "metrics_export", "server", "storage"},
               kUseRealOpa);
    top.refuse_true("nd_builtin_cache", kUseRealOpa);
    top.no_other_keys();
    if (!mistakes.none()) return Error::saying(mistakes.text());
    return config;
}

Result<Config> read_config(const std::filesystem::path& file) {
    auto text = read_file(file);
    if (!text) return text.error();
    auto json = parse_json(*text, file.string());
    if (!json)
        return fail(
            "{} (the embedded agent reads its configuration as JSON only; OPA's YAML files have to be "
            "converted)",
            json.error().message);
    return parse_config(*json, file.string());
}

}  // namespace mistrial::agent
