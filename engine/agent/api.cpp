#include "engine/agent/api.hpp"

#include "engine/agent/decision.hpp"
#include "engine/bundle/gzip.hpp"

namespace mistrial::agent {
namespace {

using rego::Value;

constexpr std::string_view kDataPath = "/v1/data";
constexpr std::uint64_t kMaxBody = 64ULL << 20;

std::string json_text(std::string_view text) {
    return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

http::Response bad_request(std::string_view message) {
    return error_answer(400, "invalid_parameter", message);
}

void append_revisions(std::string& out, const history::Revisions& revisions) {
    out += "\"bundles\":{";
    bool first = true;
    for (const auto& [name, revision] : revisions) {
        out +=
            fmt::format("{}{}:{{\"revision\":{}}}", first ? "" : ",", json_text(name), json_text(revision));
        first = false;
    }
    out += '}';
}

}  // namespace

boost::system::result<Question, http::Response> read_question(const http::Request& request) {
    const std::string_view query = http::query_of(request.target);
    std::string_view path = http::path_of(request.target);
    path.remove_prefix(kDataPath.size());
    while (path.starts_with('/')) path.remove_prefix(1);
    Question question;
    question.path = path;
    question.provenance = query_switch(query, "provenance");
    for (const std::string_view name : {"strict-builtin-errors", "instrument"})
        if (query_switch(query, name))
            return bad_request(fmt::format("the embedded agent does not support the parameter '{}'", name));
    if (const auto explain = query_parameter(query, "explain");
        explain && !explain->empty() && *explain != "off")
        return bad_request("the embedded agent does not support the parameter 'explain'");

    if (request.method == "GET") {
        const auto text = query_parameter(query, "input");
        if (!text) return question;
        auto input = rego::parse_value(*text, "input");
        if (!input)
            return bad_request(
                fmt::format("parameter contains malformed input document: {}", input.error().message));
        question.input = std::move(*input);
        return question;
    }
    std::string_view body = http::bytes_of(request.body);
    std::string unpacked;
    if (request.headers.get("Content-Encoding") == "gzip") {
        auto text = bundle::gunzip(body, {.bytes = kMaxBody});
        if (!text) return bad_request(fmt::format("could not decompress the body: {}", text.error().message));
        unpacked = std::move(*text);
        body = unpacked;
    }
    if (request.headers.get("Content-Type").find("yaml") != std::string_view::npos)
        return bad_request("the embedded agent reads JSON only, not YAML");
    if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        question.input_missing = true;
        return question;
    }
    auto document = rego::parse_value(body, "body");
    if (!document)
        return bad_request(
            fmt::format("body contains malformed input document: {}", document.error().message));
    if (document->type() != rego::Type::object)
        return bad_request("body contains malformed input document: expected an object");
    const Value* input = document->find("input");
    if (input == nullptr || input->type() == rego::Type::null)
        question.input_missing = true;
    else
        question.input = *input;
    return question;
}

http::Response answer(const std::optional<Value>& result, const std::optional<std::string>& decision_id,
                      const std::optional<Provenance>& provenance, bool input_missing) {
    std::string text = "{";
    const auto separate = [&] {
        if (text.size() > 1) text += ',';
    };
    if (decision_id) text += fmt::format("\"decision_id\":{}", json_text(*decision_id));
    if (provenance) {
        separate();
        text += fmt::format(
            "\"provenance\":{{\"version\":{},\"build_commit\":\"\",\"build_timestamp\":\"\",\"build_"
            "hostname\":\"\"",
            json_text(provenance->version));
        if (!provenance->revisions.empty()) {
            text += ',';
            append_revisions(text, provenance->revisions);
        }
        text += '}';
    }
    if (result) {
        separate();
        text += "\"result\":";
        rego::append_text(text, *result);
    }
    if (input_missing) {
        separate();
        text += R"("warning":{"code":"api_usage_warning","message":"'input' key missing from the request"})";
    }
    return json_answer(200, text += "}\n");
}

http::Response error_answer(int status, std::string_view code, std::string_view message,
                            std::string_view detail) {
    OrderedJson json{{"code", code}, {"message", message}};
    if (!detail.empty()) {
        const auto colon = detail.find(": ");
        const bool coded = colon != std::string_view::npos && detail.substr(0, colon).ends_with("_error") &&
                           detail.substr(0, colon).find(' ') == std::string_view::npos;
        json["errors"] =
            OrderedJson::array({OrderedJson{{"code", coded ? detail.substr(0, colon) : "internal_error"},
                                            {"message", coded ? detail.substr(colon + 2) : detail}}});
    }
    return json_answer(status, json.dump(2, ' ', false, OrderedJson::error_handler_t::replace));
}

http::Response evaluation_error(std::string_view message) {
    return error_answer(500, "internal_error", "error(s) occurred while evaluating query", message);
}

http::Response json_answer(int status, std::string text) {
    return {.status = status,
            .headers = {{"Content-Type", "application/json"}},
            .body = http::make_body(std::move(text))};
}

http::Response not_found() {
    return {.status = 404,
            .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
            .body = http::make_body("404 page not found\n")};
}

http::Response method_not_allowed(std::string_view allowed) {
    return {.status = 405,
            .headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Allow", std::string(allowed)}},
            .body = http::make_body("Method Not Allowed\n")};
}

std::string to_text(const DecisionEvent& event, const std::map<std::string, std::string>& labels) {
    std::string text = fmt::format("{{\"labels\":{},\"decision_id\":{}",
                                   Json(labels).dump(-1, ' ', false, Json::error_handler_t::replace),
                                   json_text(event.decision_id));
    if (!event.revisions.empty()) {
        text += ',';
        append_revisions(text, event.revisions);
    }
    text += fmt::format(",\"path\":{}", json_text(event.path));
    if (event.input.is_defined()) {
        text += ",\"input\":";
        rego::append_text(text, event.input);
    }
    if (event.result) {
        text += ",\"result\":";
        rego::append_text(text, *event.result);
    }
    if (event.error)
        text +=
            fmt::format(",\"error\":{{\"code\":\"internal_error\",\"message\":{}}}", json_text(*event.error));
    return text +=
           fmt::format(",\"timestamp\":\"{}\",\"req_id\":{}}}", format_rfc3339(event.time), event.number);
}

}  // namespace mistrial::agent
