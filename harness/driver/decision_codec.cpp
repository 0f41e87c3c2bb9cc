#include "harness/driver/decision_codec.hpp"

#include "core/json.hpp"

#include <simdjson.h>


namespace mistrial::driver {
namespace {

namespace dom = simdjson::dom;

/// What a policy's default says where a marker or the incarnation is missing.
constexpr std::string_view kAbsent = "-";

/// A token of a JSON Pointer: `~` and `/` are escaped (RFC 6901).
std::string pointer_token(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    }
    return out;
}

std::optional<std::string> text_at(const dom::element& root, const std::string& pointer) {
    std::string_view text;
    if (root.at_pointer(pointer).get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
    return std::string(text);
}

std::string canonical_of(const dom::element& element) {
    if (element.is_bool()) return element.get_bool().value_unsafe() ? "true" : "false";
    const std::string text = simdjson::minify(element);
    auto canonical = canonical_text(text);
    return canonical ? std::move(*canonical) : text;
}

}  // namespace

struct DecisionCodec::State {
    struct BundlePointer {
        std::string bundle;
        std::string pointer;
    };
    DecisionProtocol protocol;
    workload::DecisionShape shape;
    std::vector<BundlePointer> revisions;
    std::vector<std::pair<std::string, std::string>> markers;  ///< BUNDLE/ROOT -> where in the result
    std::string report;   ///< where an agent that tells of its revisions does so: "/provenance"
    std::string decider;  ///< the bundle that the decision rule and its markers belong to
    std::string target;
    std::string before_input, after_input;  ///< the body around the input
    dom::parser parser;
    std::string padded;
};

DecisionCodec::DecisionCodec(const DecisionProtocol& protocol, workload::DecisionShape shape,
                             std::vector<std::string> bundles, const std::string& path)
    : state_(std::make_unique<State>()) {
    state_->protocol = protocol;
    state_->shape = std::move(shape);
    state_->target = fill_text(protocol.target, {{"path", path}});
    // The template's text is split once where the input goes: a body is two copies and one dump.
    const std::string body = protocol.body.dump(), place = Json("{input}").dump();
    const auto at = body.find(place);
    state_->before_input = body.substr(0, at);
    if (at != std::string::npos) state_->after_input = body.substr(at + place.size());
    if (!bundles.empty()) state_->decider = bundles.front();
    for (const auto& [root, pointer] : state_->shape.markers)
        state_->markers.push_back({root.find('/') == std::string::npos ? state_->decider + "/" + root : root, pointer});
    state_->report = protocol.revision.substr(0, protocol.revision.find('/', 1));
    for (std::string& bundle : bundles)
        state_->revisions.push_back({bundle, fill_text(protocol.revision, {{"bundle", pointer_token(bundle)}})});
}
DecisionCodec::~DecisionCodec() = default;
DecisionCodec::DecisionCodec(DecisionCodec&&) noexcept = default;
DecisionCodec& DecisionCodec::operator=(DecisionCodec&&) noexcept = default;

DecisionRequest DecisionCodec::encode(const history::Decide& asked) const {
    Json input = asked.input.value_or(Json::object());
    if (state_->shape.nonce_in_input && asked.nonce) {
        const Json::json_pointer at(*state_->shape.nonce_in_input);
        if (input.is_object()) input[at] = *asked.nonce;
    }
    return {state_->protocol.method, state_->target, state_->before_input + input.dump() + state_->after_input};
}

Result<history::Decide> DecisionCodec::decode(history::Decide asked, int status, std::string_view body) {
    state_->padded.reserve(body.size() + simdjson::SIMDJSON_PADDING);
    state_->padded.assign(body);
    dom::element root;
    const bool readable =
        state_->parser.parse(state_->padded.data(), body.size(), false).get(root) == simdjson::SUCCESS && root.is_object();
    if (status >= 400) {
        history::Refused refused{status, std::nullopt};
        if (readable) refused.code = text_at(root, state_->protocol.error_code);
        asked.answer = std::move(refused);
        return asked;
    }
    if (!readable || status / 100 != 2)
        return fail("{}: answered {} with what is no JSON object: {:.80}", asked.agent, status, body);

    asked.decision_id = text_at(root, state_->protocol.decision_id);
    for (const auto& [bundle, pointer] : state_->revisions)
        if (auto revision = text_at(root, pointer)) asked.revisions.emplace(bundle, std::move(*revision));
    dom::element result;
    if (root.at_pointer(state_->protocol.result).get(result) != simdjson::SUCCESS) {
        asked.answer = history::Undefined{};
        // Undefined, and told by an agent that reports its revisions: of a bundle that it does not name it has nothing.
        if (root.at_pointer(state_->report).error() == simdjson::SUCCESS)
            for (const auto& [bundle, pointer] : state_->revisions) asked.revisions.try_emplace(bundle);
        return asked;
    }
    const auto inside = [&](const std::string& pointer) { return pointer.empty() ? simdjson::simdjson_result(dom::element(result)) : result.at_pointer(pointer); };
    dom::element verdict;
    if (inside(state_->shape.verdict).get(verdict) == simdjson::SUCCESS)
        asked.answer = canonical_of(verdict);
    else
        asked.answer = history::Undefined{};
    if (!result.is_object()) return asked;
    for (const auto& [key, pointer] : state_->markers)
        if (auto marker = text_at(result, pointer); marker && *marker != kAbsent) asked.markers.emplace(key, std::move(*marker));
    if (state_->shape.instance) asked.incarnation = text_at(result, *state_->shape.instance);
    if (asked.incarnation == kAbsent) asked.incarnation.reset();
    if (state_->shape.agent_time) {
        std::int64_t nanos = 0;
        if (result.at_pointer(*state_->shape.agent_time).get_int64().get(nanos) == simdjson::SUCCESS)
            asked.agent_time = at_nanos<WallTime>(nanos);
    }
    if (state_->shape.nonce && asked.nonce) {
        const auto echo = text_at(result, *state_->shape.nonce);
        if (echo && *echo != *asked.nonce)
            return fail("{}: answered another question: nonce {} for {}", asked.agent, *echo, *asked.nonce);
    }
    return asked;
}

}  // namespace mistrial::driver
