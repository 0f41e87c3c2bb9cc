#include "core/history/foreign/json_scanner.hpp"
#include "core/history/foreign/readers.hpp"
#include "core/history/foreign/transcript.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>

namespace mistrial::history::foreign {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kGreatestClient = std::int64_t{1} << 53;

using Value = JsonScanner::Value;

/// One element of the array, its values still text.
struct Operation {
    std::int64_t client = 0;
    std::int64_t call = 0;
    std::int64_t returned = kNever;
    std::optional<Value> input, output, metadata;
    std::size_t at = 0;
};

std::int64_t integer(const Value& value, std::string_view key, std::string_view what) {
    std::int64_t number = 0;
    const char* end = value.json.data() + value.json.size();
    const auto [stop, error] = std::from_chars(value.json.data(), end, number);
    if (error != std::errc{} || stop != end)
        throw Syntax{value.at, fmt::format("{}: expected {}, got {}", key, what, shown_at(value.json, 0)),
                     std::nullopt};
    return number;
}

Operation operation(const Value& element, std::string_view text) {
    Operation operation;
    operation.at = element.at;
    std::set<std::string_view> seen;
    for (const JsonScanner::Member& member : JsonScanner(text, element.at, element.at + element.json.size()).object()) {
        if (!seen.insert(member.key).second)
            throw Syntax{member.at, fmt::format("expected each key once, got {} again", member.key), std::nullopt};
        if (member.key == "ClientId") {
            operation.client = integer(member.value, member.key, "a client's number");
            if (operation.client < 0 || operation.client > kGreatestClient)
                throw Syntax{member.value.at,
                             fmt::format("ClientId: expected a client's number, got {}", operation.client),
                             std::nullopt};
        }
        if (member.key == "Call") operation.call = integer(member.value, member.key, "integer nanoseconds");
        if (member.key == "Return" && member.value.json != "null") {
            operation.returned =
                integer(member.value, member.key, "integer nanoseconds, or null when it never returned");
            if (seen.contains("Call") && operation.returned < operation.call)
                throw Syntax{
                    member.value.at,
                    fmt::format("Return: expected at least Call, {}, got {}", operation.call, operation.returned),
                    std::nullopt};
        }
        if (member.key == "Input") operation.input = member.value;
        if (member.key == "Output") operation.output = member.value;
        if (member.key == "Metadata") operation.metadata = member.value;
    }
    for (const std::string_view needed : {"Call", "Input"})
        if (!seen.contains(needed))
            throw Syntax{element.at, fmt::format("{}: expected in every operation, got none", needed), std::nullopt};
    if (operation.returned < operation.call)
        throw Syntax{element.at,
                     fmt::format("Return: expected at least Call, {}, got {}", operation.call, operation.returned),
                     std::nullopt};
    return operation;
}

/// Porcupine itself does not look at ClientId, so that it need not be true: an operation that begins while its client
/// is busy, or after one of that client never returned, gets a client of its own.
void give_clients(std::vector<Operation>& operations) {
    std::map<std::int64_t, std::int64_t> free_from;  ///< by client
    std::int64_t next = 0;
    for (const Operation& one : operations)
        if (one.client < kNever) next = std::max(next, one.client + 1);
    for (Operation& one : operations) {
        const auto [busy, first] = free_from.try_emplace(one.client, one.returned);
        if (first) continue;
        if (busy->second <= one.call && busy->second != kNever) {
            busy->second = one.returned;
            continue;
        }
        while (free_from.contains(next)) ++next;
        one.client = next;
        free_from.emplace(next, one.returned);
    }
}

class Rewriter {
  public:
    explicit Rewriter(std::string_view text) : text_(text) {}

    void rewrite(const Operation& operation, std::vector<Placed>& placed) {
        name(operation);
        placed.push_back(half(operation, "invoke", operation.call, value_ ? &*value_ : nullptr));
        if (operation.returned == kNever) return;
        const Value* output = operation.output ? &*operation.output : value_ ? &*value_ : nullptr;
        placed.push_back(half(operation, "ok", operation.returned, output));
    }

  private:
    [[nodiscard]] std::vector<JsonScanner::Member> members(const Value& value) const {
        if (!value.json.starts_with('{')) return {};
        return JsonScanner(text_, value.at, value.at + value.json.size()).object();
    }

    /// What was called, with what: {"f", "value", …} says it; any other input is the value of an f named "call".
    void name(const Operation& operation) {
        f_.reset();
        extras_.clear();
        value_ = operation.input;
        const auto input = members(*operation.input);
        const auto f = std::find_if(input.begin(), input.end(), [](const auto& member) {
            return member.key == "f" && member.value.json.starts_with('"');
        });
        if (f == input.end()) return;
        f_ = f->value;
        value_.reset();
        for (const JsonScanner::Member& member : input) {
            if (member.key == "value")
                value_ = member.value;
            else if (!is_reserved(member.key))
                extras_.push_back(member);
        }
    }

    static bool is_reserved(std::string_view key) {
        return key == "f" || key == "value" || key == "type" || key == "process" || key == "time" || key == "index";
    }

    Placed half(const Operation& operation, std::string_view type, std::int64_t time, const Value* value) {
        transcript_.clear();
        transcript_.put(fmt::format(R"({{"time":{},"type":"{}","process":{})", time, type, operation.client));
        transcript_.put(",\"f\":");
        f_ ? transcript_.quote(f_->json, f_->at) : transcript_.put("\"call\"");
        if (value != nullptr) member("value", *value);
        for (const JsonScanner::Member& extra : extras_) member(extra.key, extra.value);
        if (operation.metadata && operation.metadata->json != "null") metadata(*operation.metadata, type);
        transcript_.put("}");
        Placed placed = transcript_.record(operation.at);
        placed.has_time = true;  // whatever it is
        return placed;
    }

    void member(std::string_view raw_key, const Value& value) {
        transcript_.put(fmt::format(",\"{}\":", raw_key));
        transcript_.quote(value.json, value.at);
    }

    /// What our own writer has left there, or anything else, which is kept beside the invoke.
    void metadata(const Value& metadata, std::string_view type) {
        const auto parts = members(metadata);
        const bool ours = !parts.empty() && std::all_of(parts.begin(), parts.end(), [](const auto& part) {
            return (part.key == "invoke" || part.key == "ok") && part.value.json.starts_with('{');
        });
        if (!ours) {
            if (type == "invoke") member("metadata", metadata);
            return;
        }
        for (const JsonScanner::Member& part : parts) {
            if (part.key != type) continue;
            for (const JsonScanner::Member& extra : members(part.value))
                if (!is_reserved(extra.key)) member(extra.key, extra.value);
        }
    }

    std::string_view text_;
    Transcript transcript_;
    std::optional<Value> f_, value_;
    std::vector<JsonScanner::Member> extras_;
};

}  // namespace

std::vector<Placed> read_porcupine(const SourceText& source) {
    JsonScanner json(source.text());
    std::vector<Operation> operations;
    if (!json.skip()) return {};
    if (!json.take('[')) json.expected("an array of operations");
    if (!json.take(']')) {
        do {
            if (json.skip() && json.peek() != '{')
                json.expected(R"(an operation such as {"ClientId":0,"Call":1,"Return":2,"Input":…,"Output":…})");
            operations.push_back(operation(json.value(), source.text()));
        } while (json.take(','));
        if (!json.take(']')) json.expected("',' or ']' after an operation");
    }
    if (json.skip()) json.expected("the end after the operations");
    std::stable_sort(operations.begin(), operations.end(), [](const Operation& a, const Operation& b) {
        return a.call != b.call ? a.call < b.call : a.returned < b.returned;
    });
    give_clients(operations);
    std::vector<Placed> placed;
    placed.reserve(2 * operations.size());
    Rewriter rewriter(source.text());
    for (const Operation& one : operations) rewriter.rewrite(one, placed);
    return placed;
}

}  // namespace mistrial::history::foreign
