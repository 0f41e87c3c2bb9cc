#include "engine/control_plane/sinks.hpp"

#include "core/json.hpp"
#include "engine/bundle/gzip.hpp"

namespace mistrial::control_plane {
namespace {

std::optional<std::string> text_at(const Json& json, std::string_view key) {
    if (!json.is_object()) return std::nullopt;
    const auto found = json.find(key);
    if (found == json.end() || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
}

const Json& member(const Json& json, std::string_view key) {
    static const Json nothing;
    if (!json.is_object()) return nothing;
    const auto found = json.find(key);
    return found == json.end() ? nothing : *found;
}

/// What stands at a JSON pointer; null when nothing does.
const Json* at(const Json& json, const std::string& pointer) {
    try {
        const Json::json_pointer where(pointer);
        return json.contains(where) ? &json.at(where) : nullptr;
    } catch (const Json::exception&) {
        return nullptr;
    }
}

/// Who reports: the path says, or the labels do.
std::string agent_of(const Address& address, const Json& labels) {
    if (address.node) return *address.node;
    if (auto node = text_at(labels, "node")) return *node;
    return text_at(labels, "id").value_or("");
}

Result<Json> payload_of(const http::Request& request, std::uint64_t limit) {
    std::string_view bytes = http::bytes_of(request.body);
    std::string unpacked;
    if (request.headers.get("Content-Encoding") == "gzip") {
        auto text = bundle::gunzip(bytes, {.bytes = limit});
        if (!text) return text.error();
        unpacked = std::move(*text);
        bytes = unpacked;
    }
    return parse_json(bytes, "payload");
}

Reply refused(ExchangeId exchange, std::string_view why) {
    return {exchange, error_response(400, "invalid_parameter", why), std::nullopt};
}

history::Revisions revisions_of(const Json& bundles, std::string_view key) {
    history::Revisions revisions;
    if (bundles.is_object())
        for (const auto& [name, value] : bundles.items())
            revisions.emplace(name, text_at(value, key).value_or(""));
    return revisions;
}

/// Which input of the pool the event is about; nothing when it was masked or left out.
std::optional<std::string> input_id_of(const Json& event, const LogReading& reading) {
    if (reading.input_ids.empty() || !event.contains("input") || event.contains("erased") || event.contains("masked"))
        return std::nullopt;
    constexpr std::string_view kInput = "/input";
    Json whole = event["input"];
    if (reading.nonce.starts_with(kInput) && at(event, reading.nonce) != nullptr) {
        const Json::json_pointer nonce(reading.nonce.substr(kInput.size()));
        if (!nonce.empty() && whole.at(nonce.parent_pointer()).is_object()) whole.at(nonce.parent_pointer()).erase(nonce.back());
    }
    const auto known = reading.input_ids.find(canonical(whole));
    return known == reading.input_ids.end() ? kNotOfThePool : known->second;
}

/// Events that the agent says its decision log dropped, since it began: OPA's counters of dropped decisions.
std::int64_t dropped_of(const Json& status) {
    std::int64_t sum = 0;
    if (const Json& counters = member(member(status, "decision_logs"), "metrics"); counters.is_object())
        for (const auto& [name, count] : counters.items())
            if (name.starts_with("counter_decision_logs_dropped") && count.is_number_integer()) sum += count.get<std::int64_t>();
    return sum;
}

history::Log log_of(const Json& event, const LogReading& reading, std::string agent, std::int64_t upload) {
    history::Log log;
    log.agent = std::move(agent);
    log.upload = upload;
    log.incarnation = text_at(member(event, "labels"), "incarnation");
    log.decision_id = text_at(event, "decision_id");
    log.path = text_at(event, "path").value_or("");
    log.revisions = revisions_of(member(event, "bundles"), "revision");
    if (const Json* nonce = at(event, reading.nonce))
        log.nonce = nonce->is_string() ? nonce->get<std::string>() : nonce->dump();
    log.input_id = input_id_of(event, reading);
    if (const auto result = event.find("result"); result != event.end())
        if (const Json* verdict = at(*result, reading.verdict)) log.verdict = canonical(*verdict);
    if (const auto time = text_at(event, "timestamp"))
        if (auto parsed = parse_rfc3339(*time)) log.agent_time = *parsed;
    return log;
}

bool below(std::string_view path, std::string_view folder) {
    return path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

}  // namespace

Sink::Sink(SinkConfig config) : config_(std::move(config)) {
    if (!config_.behaviour) config_.behaviour = std::make_shared<SinkBehaviour>();
}

Actions Sink::on(const Event& event, const Clocks&) {
    Actions out;
    const auto* arrived = std::get_if<RequestArrived>(&event);
    if (arrived == nullptr) return out;
    const Address address = address_of(*arrived);
    if (!config_.behaviour->takes(*arrived)) {
        out.emplace_back(Reply{arrived->exchange, error_response(503, "unavailable", "come back later"), std::nullopt});
    } else if (arrived->request.method == "POST" && below(address.path, "/status")) {
        status(*arrived, address, out);
    } else if (arrived->request.method == "POST" && below(address.path, "/logs")) {
        logs(*arrived, address, out);
    } else {
        out.emplace_back(Reply{
            arrived->exchange,
            error_response(404, "resource_not_found", "expected POST /status or POST /logs"), std::nullopt});
    }
    return out;
}

void Sink::record(ExchangeId exchange, history::Value value, Actions& out) {
    const std::size_t times = config_.behaviour->records(value);
    for (std::size_t i = 1; i < times; ++i) out.emplace_back(Observed{exchange, value});
    if (times > 0) out.emplace_back(Observed{exchange, std::move(value)});
}

void Sink::accept(ExchangeId exchange, Actions& out) {
    if (!config_.behaviour->answers()) return;
    out.emplace_back(Reply{
        exchange,
        {.status = 200, .headers = {{"Content-Type", "application/json"}}, .body = http::make_body("{}")},
        std::nullopt});
}

void Sink::status(const RequestArrived& event, const Address& address, Actions& out) {
    auto payload = payload_of(event.request, config_.max_bytes);
    if (!payload || !payload->is_object()) {
        out.emplace_back(
            refused(event.exchange, payload ? "a status report is an object" : payload.error().message));
        return;
    }
    const Json& labels = member(*payload, "labels");
    history::Status status;
    status.agent = agent_of(address, labels);
    status.incarnation = text_at(labels, "incarnation");
    Json errors = Json::object();
    if (const Json& bundles = member(*payload, "bundles"); bundles.is_object())
        for (const auto& [name, bundle] : bundles.items()) {
            if (auto revision = text_at(bundle, "active_revision"))
                status.revisions.emplace(name, std::move(*revision));
            if (const auto code = text_at(bundle, "code"))
                errors[name] = Json{{"code", *code}, {"message", text_at(bundle, "message").value_or("")}};
        }
    if (!errors.empty()) status.errors = std::move(errors);
    if (const std::int64_t dropped = dropped_of(*payload); dropped > 0) {
        history::LogUpload report;
        report.agent = status.agent;
        report.incarnation = status.incarnation;
        report.status = 200;
        report.dropped = dropped;
        record(event.exchange, std::move(report), out);
    }
    record(event.exchange, std::move(status), out);
    accept(event.exchange, out);
}

void Sink::logs(const RequestArrived& event, const Address& address, Actions& out) {
    history::LogUpload upload;
    upload.upload = ++uploads_;
    auto payload = payload_of(event.request, config_.max_bytes);
    if (!payload || !payload->is_array()) {
        upload.agent = address.node.value_or("");
        upload.status = 400;
        record(event.exchange, std::move(upload), out);
        out.emplace_back(
            refused(event.exchange, payload ? "a decision-log upload is an array" : payload.error().message));
        return;
    }
    upload.agent = agent_of(address, payload->empty() ? Json() : member(payload->front(), "labels"));
    upload.status = 200;
    upload.events = static_cast<std::int64_t>(payload->size());
    if (!payload->empty()) upload.incarnation = text_at(member(payload->front(), "labels"), "incarnation");
    const std::int64_t number = upload.upload;
    record(event.exchange, std::move(upload), out);
    for (const Json& entry : *payload)
        if (entry.is_object())
            record(event.exchange,
                   log_of(entry, config_.reading, agent_of(address, member(entry, "labels")), number), out);
    accept(event.exchange, out);
}

}  // namespace mistrial::control_plane
