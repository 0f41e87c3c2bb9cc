#include "engine/agent/decision.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace mistrial::agent {
namespace {

using rego::Value;

std::vector<std::string> parts_of(std::string_view path) {
    std::vector<std::string> parts;
    while (!path.empty()) {
        const auto slash = path.find('/');
        if (slash != 0) parts.push_back(percent_decoded(path.substr(0, slash)));
        path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    }
    return parts;
}

std::string joined(const std::vector<std::string>& parts, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += (i > 0 ? "/" : "") + parts[i];
    return text;
}

/// What stands below `value`; a part that is a number names an array's element as well as a key.
const Value* below(const Value& value, const std::vector<std::string>& parts, std::size_t from) {
    const Value* at = &value;
    for (std::size_t i = from; i < parts.size() && at != nullptr; ++i) {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(parts[i].data(), parts[i].data() + parts[i].size(), number);
        const bool is_number = error == std::errc() && end == parts[i].data() + parts[i].size();
        const Value* next = is_number ? at->find(Value::integer(number)) : nullptr;
        at = next != nullptr                   ? next
             : at->type() == rego::Type::array ? nullptr
                                               : at->find(Value::string(parts[i]));
    }
    return at;
}

std::optional<Value> copy_of(const Value* value) {
    if (value == nullptr) return std::nullopt;
    return *value;
}

}  // namespace

Result<std::optional<Value>> Decisions::decide(const std::shared_ptr<const Snapshot>& snapshot,
                                               std::string_view path, const Value& input, WallTime now) {
    const std::vector<std::string> parts = parts_of(path);
    if (snapshot->policy) {
        const rego::Plan& plan = *snapshot->policy->plan;
        for (std::size_t count = parts.size(); count > 0; --count) {
            const std::string name = joined(parts, count);
            if (!plan.has_entrypoint(name)) continue;
            auto result = evaluator_for(snapshot->policy)
                              .evaluate(name, input, snapshot->data, rego::QueryContext{.now = now});
            if (!result) return result.error();
            if (!result->has_value()) return std::optional<Value>();
            return copy_of(below(**result, parts, count));
        }
        const std::string asked = joined(parts, parts.size());
        for (const std::string& name : plan.entrypoints())
            if (bundle::owns(asked, name))
                return fail(
                    "'{}' holds policy; an embedded agent answers for entry points of the plan ('{}') and "
                    "for data",
                    asked, name);
    }
    return copy_of(below(snapshot->data, parts, 0));
}

rego::Evaluator& Decisions::evaluator_for(const std::shared_ptr<const Loaded>& policy) {
    if (!evaluator_ || policy_ != policy) {
        evaluator_ = std::make_unique<rego::Evaluator>(*policy->plan);
        policy_ = policy;
    }
    return *evaluator_;
}

std::string percent_decoded(std::string_view text, bool plus_is_space) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            unsigned byte = 0;
            const auto [end, error] = std::from_chars(&text[i + 1], &text[i + 1] + 2, byte, 16);
            if (error == std::errc() && end == &text[i + 1] + 2) {
                out += static_cast<char>(byte);
                i += 2;
                continue;
            }
        }
        out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
    return out;
}

std::optional<std::string> query_parameter(std::string_view query, std::string_view name) {
    std::optional<std::string> value;
    while (!query.empty()) {
        const auto end = query.find('&');
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
        const auto equals = pair.find('=');
        if (percent_decoded(pair.substr(0, equals), true) != name) continue;
        value = equals == std::string_view::npos ? "" : percent_decoded(pair.substr(equals + 1), true);
    }
    return value;
}

bool query_switch(std::string_view query, std::string_view name) {
    auto value = query_parameter(query, name);
    if (!value) return false;
    std::transform(value->begin(), value->end(), value->begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return value->empty() || *value == "true";
}

}  // namespace mistrial::agent
