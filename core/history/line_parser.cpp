#include "core/history/line_parser.hpp"

#include <simdjson.h>

#include <cstring>

namespace mistrial::history {
namespace {

namespace od = simdjson::ondemand;

/// Deeper JSON is refused: what walks it later does so recursively.
constexpr int kDeepest = 256;

std::string shown(std::string_view token) {
    while (!token.empty() && std::strchr(" \t\r\n", token.back()) != nullptr) token.remove_suffix(1);
    if (token.starts_with('{')) return "an object";
    if (token.starts_with('[')) return "an array";
    constexpr std::size_t kLongest = 40;
    if (token.size() <= kLongest) return std::string(token);
    return std::string(token.substr(0, kLongest)) + "…";
}

std::string_view token_of(od::value value) { return value.raw_json_token(); }

[[noreturn]] void unexpected(od::value value, std::string_view what, std::string_view expected) {
    const std::string_view token = token_of(value);
    throw Malformed{token.data(), fmt::format("{}: expected {}, got {}", what, expected, shown(token))};
}

bool is_null(od::value value) { return token_of(value).starts_with('n') && value.is_null().value_unsafe(); }

// One `read` for each type; `what` names the member for the message. The member's type says what is expected.
// Those of composed types are declared first, since each may hold any other.

template <class T>
void read(od::value value, std::string_view what, std::optional<T>& into);
template <class T>
void read(od::value value, std::string_view what, std::vector<T>& into);
template <class T>
void read(od::value value, std::string_view what, std::map<std::string, T>& into);
void read(od::value value, std::string_view what, Json& into);
void read(od::value value, std::string_view what, RunInfo::Agent& into);
void read(od::value value, std::string_view what, Excuse& into);
void read(od::value value, std::string_view what, Skew& into);

void read(od::value value, std::string_view what, std::string& into) {
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) unexpected(value, what, "a string");
    into.assign(text);
}

void read(od::value value, std::string_view what, bool& into) {
    if (value.get_bool().get(into) != simdjson::SUCCESS) unexpected(value, what, "true or false");
}

void read(od::value value, std::string_view what, std::int64_t& into) {
    if (value.get_int64().get(into) != simdjson::SUCCESS) unexpected(value, what, "an integer of 64 bits");
}

void read(od::value value, std::string_view what, int& into) {
    std::int64_t wide = 0;
    if (value.get_int64().get(wide) != simdjson::SUCCESS || !std::in_range<int>(wide))
        unexpected(value, what, "a small integer");
    into = static_cast<int>(wide);
}

void read(od::value value, std::string_view what, Duration& into) {
    std::int64_t nanos = 0;
    if (value.get_int64().get(nanos) != simdjson::SUCCESS) unexpected(value, what, "integer nanoseconds");
    into = Duration{nanos};
}

template <class Clock>
void read(od::value value, std::string_view what, std::chrono::time_point<Clock>& into) {
    std::int64_t nanos = 0;
    if (value.get_int64().get(nanos) != simdjson::SUCCESS) unexpected(value, what, "integer nanoseconds");
    into = std::chrono::time_point<Clock>{Duration{nanos}};
}

/// The text of any value, to be parsed elsewhere.
std::string_view raw(od::value value) {
    std::string_view text = token_of(value);
    simdjson::error_code error = simdjson::SUCCESS;
    if (text.starts_with('{')) {
        od::object object;
        error = value.get_object().get(object);
        if (error == simdjson::SUCCESS) error = object.raw_json().get(text);
    } else if (text.starts_with('[')) {
        od::array array;
        error = value.get_array().get(array);
        if (error == simdjson::SUCCESS) error = array.raw_json().get(text);
    }
    if (error != simdjson::SUCCESS) throw Malformed{text.data(), simdjson::error_message(error)};
    return text;
}

void limit_depth(std::string_view json) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (quoted) {
            if (c == '\\') ++i;
            if (c == '"') quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > kDeepest)
                throw Malformed{json.data() + i, fmt::format("nested deeper than {}", kDeepest)};
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
}

void read(od::value value, std::string_view /*what*/, Json& into) {
    const std::string_view text = raw(value);
    limit_depth(text);
    try {
        into = Json::parse(text);
    } catch (const Json::exception& error) {
        throw Malformed{text.data(), error.what()};
    }
}

void read_verdict(od::value value, std::optional<Verdict>& into) {
    const std::string_view token = token_of(value);
    // The two verdicts of nearly every history, without a DOM.
    if ((token.starts_with("true") || token.starts_with("false")) && !token.starts_with('"')) {
        bool verdict = false;
        read(value, "value.verdict", verdict);
        into = verdict ? "true" : "false";
        return;
    }
    Json verdict;
    read(value, "value.verdict", verdict);
    into = canonical(verdict);
}

template <class T>
void read(od::value value, std::string_view what, std::optional<T>& into) {
    if constexpr (!std::is_same_v<T, Json>) {
        if (is_null(value)) return;
    }
    read(value, what, into.emplace());
}

template <class T>
void read(od::value value, std::string_view what, std::vector<T>& into) {
    od::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS) unexpected(value, what, "an array");
    into.clear();
    for (auto element : array) {
        od::value item;
        if (const auto error = element.get(item)) throw Malformed{nullptr, simdjson::error_message(error)};
        read(item, what, into.emplace_back());
    }
}

/// Calls `on(key, value)` for every member; `on` says whether it knows the key, and those it does not are
/// kept in `unknown`, or passed over when there is none.
template <class On>
void each_member(od::value value, std::string_view what, Json* unknown, On on) {
    od::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) unexpected(value, what, "an object");
    for (auto member : object) {
        std::string_view key;
        od::value inner;
        simdjson::error_code error = member.unescaped_key().get(key);
        if (error == simdjson::SUCCESS) error = member.value().get(inner);
        if (error != simdjson::SUCCESS) throw Malformed{nullptr, simdjson::error_message(error)};
        if (on(key, inner) || unknown == nullptr) continue;
        const std::string name(key);
        read(inner, name, (*unknown)[name]);
    }
}

template <class T>
void read(od::value value, std::string_view what, std::map<std::string, T>& into) {
    into.clear();
    each_member(value, what, nullptr, [&](std::string_view key, od::value inner) {
        // Mostly written in order, so that the end is the right hint.
        read(inner, what, into.try_emplace(into.end(), std::string(key))->second);
        return true;
    });
}

void read_range(od::value value, std::string_view what, Duration& low, Duration& high) {
    std::vector<Duration> ends;
    read(value, what, ends);
    if (ends.size() != 2 || ends[0] > ends[1])
        throw Malformed{token_of(value).data(),
                        fmt::format("{}: expected [low, high] in nanoseconds, low first", what)};
    low = ends[0];
    high = ends[1];
}

void read(od::value value, std::string_view what, RunInfo::Agent& into) {
    each_member(value, what, nullptr, [&](std::string_view key, od::value inner) {
        if (key == "driver") return read(inner, "value.agents.driver", into.driver), true;
        if (key == "version") return read(inner, "value.agents.version", into.version), true;
        if (key == "bundles") return read(inner, "value.agents.bundles", into.bundles), true;
        if (key == "persist") return read(inner, "value.agents.persist", into.persist), true;
        return false;
    });
}

void read(od::value value, std::string_view what, Excuse& into) {
    each_member(value, what, nullptr, [&](std::string_view key, od::value inner) {
        if (key == "bundles") return read(inner, "value.excuses.bundles", into.bundles), true;
        if (key == "status") return read(inner, "value.excuses.status", into.status), true;
        if (key == "log") return read(inner, "value.excuses.log", into.log), true;
        if (key == "answers") return read(inner, "value.excuses.answers", into.answers), true;
        return false;
    });
}

void read(od::value value, std::string_view what, Skew& into) {
    each_member(value, what, nullptr, [&](std::string_view key, od::value inner) {
        if (key == "wall") return read_range(inner, "value.skews.wall", into.low, into.high), true;
        return false;
    });
}

/// Names that are empty were not there: what the format asks for is asked for here.
void need(const char* at, std::string_view what, const std::string& text) {
    if (text.empty()) throw Malformed{at, fmt::format("{}: expected a name, got none", what)};
}

RunInfo read_run(od::value value, Json& unknown) {
    RunInfo run;
    each_member(value, "value", &unknown, [&](std::string_view key, od::value inner) {
        if (key == "format") return read(inner, "value.format", run.format), true;
        if (key == "wall_at_zero") return read(inner, "value.wall_at_zero", run.wall_at_zero), true;
        if (key == "wall_error") return read(inner, "value.wall_error", run.wall_error), true;
        if (key == "concurrency") return read(inner, "value.concurrency", run.concurrency), true;
        if (key == "agents") return read(inner, "value.agents", run.agents), true;
        if (key == "atomic") return read(inner, "value.atomic", run.atomic), true;
        if (key == "inputs") return read(inner, "value.inputs", run.inputs), true;
        if (key == "claims") return read(inner, "value.claims", run.claims), true;
        if (key == "settle") return read(inner, "value.settle", run.settle), true;
        return false;
    });
    return run;
}

Publish read_publish(od::value value, Json& unknown) {
    const char* at = token_of(value).data();
    Publish publish;
    each_member(value, "value", &unknown, [&](std::string_view key, od::value inner) {
        if (key == "bundle") return read(inner, "value.bundle", publish.bundle), true;
        if (key == "revision") return read(inner, "value.revision", publish.revision), true;
        if (key == "digest") return read(inner, "value.digest", publish.digest), true;
        if (key == "authority") return read(inner, "value.authority", publish.authority), true;
        if (key == "content") return read(inner, "value.content", publish.content), true;
        return false;
    });
    need(at, "value.bundle", publish.bundle);
    need(at, "value.revision", publish.revision);
    return publish;
}

Refused read_refused(od::value value) {
    Refused refused;
    each_member(value, "value.refused", nullptr, [&](std::string_view key, od::value inner) {
        if (key == "status") return read(inner, "value.refused.status", refused.status), true;
        if (key == "code") return read(inner, "value.refused.code", refused.code), true;
        return false;
    });
    return refused;
}

Decide read_decide(od::value value, Json& unknown) {
    const char* at = token_of(value).data();
    Decide decide;
    const auto answer = [&](od::value where, Answer what) {
        if (decide.answer)
            throw Malformed{token_of(where).data(),
                            "value: expected one of verdict, undefined and refused, got two"};
        decide.answer = std::move(what);
    };
    each_member(value, "value", &unknown, [&](std::string_view key, od::value inner) {
        if (key == "agent") return read(inner, "value.agent", decide.agent), true;
        if (key == "path") return read(inner, "value.path", decide.path), true;
        if (key == "input") return read(inner, "value.input", decide.input), true;
        if (key == "input_id") return read(inner, "value.input_id", decide.input_id), true;
        if (key == "nonce") return read(inner, "value.nonce", decide.nonce), true;
        if (key == "timeout") return read(inner, "value.timeout", decide.timeout), true;
        if (key == "verdict") {
            std::optional<Verdict> verdict;
            read_verdict(inner, verdict);
            return answer(inner, std::move(*verdict)), true;
        }
        if (key == "revisions") return read(inner, "value.revisions", decide.revisions), true;
        if (key == "markers") return read(inner, "value.markers", decide.markers), true;
        if (key == "agent_time") return read(inner, "value.agent_time", decide.agent_time), true;
        if (key == "decision_id") return read(inner, "value.decision_id", decide.decision_id), true;
        if (key == "incarnation") return read(inner, "value.incarnation", decide.incarnation), true;
        if (key == "at_least") return read(inner, "value.at_least", decide.at_least), true;
        if (key == "refused") return answer(inner, read_refused(inner)), true;
        if (key == "undefined") {
            bool undefined = false;
            read(inner, "value.undefined", undefined);
            if (undefined) answer(inner, Undefined{});
            return true;
        }
        return false;
    });
    need(at, "value.agent", decide.agent);
    return decide;
}

Health read_health(od::value value, Json& unknown) {
    const char* at = token_of(value).data();
    Health health;
    each_member(value, "value", &unknown, [&](std::string_view key, od::value inner) {
        if (key == "agent") return read(inner, "value.agent", health.agent), true;
        if (key == "query") return read(inner, "value.query", health.query), true;
        if (key == "status") return read(inner, "value.status", health.status), true;
        if (key == "incarnation") return read(inner, "value.incarnation", health.incarnation), true;
        return false;
    });
    need(at, "value.agent", health.agent);
    return health;
}

Status read_status(od::value value, Json& unknown) {
    const char* at = token_of(value).data();
    Status status;
    each_member(value, "value", &unknown, [&](std::string_view key, od::value inner) {
        if (key == "agent") return read(inner, "value.agent", status.agent), true;
        if (key == "incarnation") return read(inner, "value.incarnation", status.incarnation), true;
        if (key == "revisions") return read(inner, "value.revisions", status.revisions), true;
        if (key == "errors") return read(inner, "value.errors", status.errors), true;
        return false;
    });
    need(at, "value.agent", status.agent);
    return status;
}

Log read_log(od::value value, Json& unknown) {
    const char* at = token_of(value).data();
    Log log;
    each_member(value, "value", &unknown, [&](std::string_view key, od::value inner) {
        if (key == "agent") return read(inner, "value.agent", log.agent), true;
        if (key == "incarnation") return read(inner, "value.incarnation", log.incarnation), true;
        if (key == "decision_id") return read(inner, "value.decision_id", log.decision_id), true;
        if (key == "nonce") return read(inner, "value.nonce", log.nonce), true;
        if (key == "path") return read(inner, "value.path", log.path), true;
        if (key == "input_id") return read(inner, "value.input_id", log.input_id), true;
        if (key == "revisions") return read(inner, "value.revisions", log.revisions), true;
        if (key == "verdict") return read_verdict(inner, log.verdict), true;
        if (key == "agent_time") return read(inner, "value.agent_time", log.agent_time), true;
        if (key == "upload") return read(inner, "value.upload", log.upload), true;
        return false;
    });
    need(at, "value.agent", log.agent);
    return log;
}

LogUpload read_log_upload(od::value value, Json& unknown) {
    const char* at = token_of(value).data();
    LogUpload upload;
    each_member(value, "value", &unknown, [&](std::string_view key, od::value inner) {
        if (key == "agent") return read(inner, "value.agent", upload.agent), true;
        if (key == "incarnation") return read(inner, "value.incarnation", upload.incarnation), true;
        if (key == "upload") return read(inner, "value.upload", upload.upload), true;
        if (key == "began") return read(inner, "value.began", upload.began), true;
        if (key == "status") return read(inner, "value.status", upload.status), true;
        if (key == "events") return read(inner, "value.events", upload.events), true;
        if (key == "dropped") return read(inner, "value.dropped", upload.dropped), true;
        return false;
    });
    need(at, "value.agent", upload.agent);
    return upload;
}

Serve read_serve(od::value value, Json& unknown) {
    const char* at = token_of(value).data();
    Serve serve;
    each_member(value, "value", &unknown, [&](std::string_view key, od::value inner) {
        if (key == "server") return read(inner, "value.server", serve.server), true;
        if (key == "agent") return read(inner, "value.agent", serve.agent), true;
        if (key == "bundle") return read(inner, "value.bundle", serve.bundle), true;
        if (key == "revision") return read(inner, "value.revision", serve.revision), true;
        if (key == "digest") return read(inner, "value.digest", serve.digest), true;
        if (key == "began") return read(inner, "value.began", serve.began), true;
        if (key == "status") return read(inner, "value.status", serve.status), true;
        if (key == "bytes") return read(inner, "value.bytes", serve.bytes), true;
        if (key == "complete") return read(inner, "value.complete", serve.complete), true;
        return false;
    });
    need(at, "value.server", serve.server);
    need(at, "value.bundle", serve.bundle);
    return serve;
}

Boot read_boot(od::value value, Json& unknown) {
    const char* at = token_of(value).data();
    Boot boot;
    each_member(value, "value", &unknown, [&](std::string_view key, od::value inner) {
        if (key == "agent") return read(inner, "value.agent", boot.agent), true;
        if (key == "incarnation") return read(inner, "value.incarnation", boot.incarnation), true;
        if (key == "persisted") return read(inner, "value.persisted", boot.persisted), true;
        return false;
    });
    need(at, "value.agent", boot.agent);
    return boot;
}

Death read_death(od::value value, Json& unknown) {
    const char* at = token_of(value).data();
    Death death;
    each_member(value, "value", &unknown, [&](std::string_view key, od::value inner) {
        if (key == "agent") return read(inner, "value.agent", death.agent), true;
        if (key == "incarnation") return read(inner, "value.incarnation", death.incarnation), true;
        if (key == "how") return read(inner, "value.how", death.how), true;
        return false;
    });
    need(at, "value.agent", death.agent);
    return death;
}

ClockSample read_clock_sample(od::value value, Json& unknown) {
    const char* at = token_of(value).data();
    ClockSample sample;
    each_member(value, "value", &unknown, [&](std::string_view key, od::value inner) {
        if (key == "agent") return read(inner, "value.agent", sample.agent), true;
        if (key == "wall_offset")
            return read_range(inner, "value.wall_offset", sample.low, sample.high), true;
        return false;
    });
    need(at, "value.agent", sample.agent);
    return sample;
}

Barrier read_barrier(od::value value, Json& unknown) {
    Barrier barrier;
    each_member(value, "value", &unknown, [&](std::string_view key, od::value inner) {
        if (key == "revision") return read(inner, "value.revision", barrier.revision), true;
        if (key == "agents") return read(inner, "value.agents", barrier.agents), true;
        return false;
    });
    return barrier;
}

Stall read_stall(od::value value, Json& unknown) {
    Stall stall;
    each_member(value, "value", &unknown, [&](std::string_view key, od::value inner) {
        if (key == "began") return read(inner, "value.began", stall.began), true;
        return false;
    });
    return stall;
}

void read_target(od::value value, std::vector<std::string>& into) {
    if (token_of(value).starts_with('"'))
        read(value, "value.target", into.emplace_back());
    else
        read(value, "value.target", into);
}

/// A nemesis record of ours names its interval; one of another harness does not, and stays foreign.
std::optional<Fault> read_fault(od::value value, Json& unknown) {
    if (!token_of(value).starts_with('{')) return std::nullopt;
    Fault fault;
    each_member(value, "value", &unknown, [&](std::string_view key, od::value inner) {
        if (key == "fault") return read(inner, "value.fault", fault.fault), true;
        if (key == "kind") return read(inner, "value.kind", fault.kind), true;
        if (key == "target") return read_target(inner, fault.target), true;
        if (key == "parameters") return read(inner, "value.parameters", fault.parameters), true;
        if (key == "excuses") return read(inner, "value.excuses", fault.excuses), true;
        if (key == "skews") return read(inner, "value.skews", fault.skews), true;
        if (key == "evidence") return read(inner, "value.evidence", fault.evidence), true;
        return false;
    });
    if (fault.fault.empty()) return std::nullopt;
    return fault;
}

Foreign read_foreign(od::value value) {
    Foreign foreign;
    read(value, "value", foreign.value);
    return foreign;
}

/// nullopt: nothing of ours after all, to be read again as foreign.
std::optional<Value> read_value(const Record& record, od::value value, Json& unknown) {
    const std::string_view f = record.f;
    if (f == "decide") return read_decide(value, unknown);
    if (f == "serve") return read_serve(value, unknown);
    if (f == "log") return read_log(value, unknown);
    if (f == "log-upload") return read_log_upload(value, unknown);
    if (f == "status") return read_status(value, unknown);
    if (f == "health") return read_health(value, unknown);
    if (f == "publish") return read_publish(value, unknown);
    if (f == "clock-sample") return read_clock_sample(value, unknown);
    if (f == "boot") return read_boot(value, unknown);
    if (f == "death") return read_death(value, unknown);
    if (f == "barrier") return read_barrier(value, unknown);
    if (f == "stall") return read_stall(value, unknown);
    if (f == "run") return read_run(value, unknown);
    const auto* name = std::get_if<std::string>(&record.process);
    if (name == nullptr || *name != "nemesis") return read_foreign(value);
    if (auto fault = read_fault(value, unknown)) return std::move(*fault);
    return std::nullopt;
}

void read_type(od::value value, Type& into) {
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) text = {};
    if (text == "invoke")
        into = Type::invoke;
    else if (text == "ok")
        into = Type::ok;
    else if (text == "fail")
        into = Type::fail;
    else if (text == "info")
        into = Type::info;
    else
        unexpected(value, "type", "\"invoke\", \"ok\", \"fail\" or \"info\"");
}

void read_process(od::value value, Process& into) {
    if (token_of(value).starts_with('"')) return read(value, "process", into.emplace<std::string>());
    std::int64_t number = 0;
    if (value.get_int64().get(number) != simdjson::SUCCESS)
        unexpected(value, "process", "a client's number or a name");
    into = number;
}

enum Seen : unsigned { kIndex = 1, kTime = 2, kType = 4, kProcess = 8, kF = 16, kValue = 32 };

struct Line {
    Record record;
    unsigned seen = 0;
};

}  // namespace

/// One pass over the line's members. The value waits for `f` and `process`, which say what it is; where it
/// comes before them, or turns out foreign, `settle_value` walks the line again.
struct LineParser::State {
    Line parse(std::string_view text, std::size_t capacity) {
        Line line;
        const auto error = parser_.iterate(text.data(), text.size(), capacity).get(document_);
        if (error == simdjson::EMPTY) throw Malformed{text.data(), "expected a record, got an empty line"};
        if (error != simdjson::SUCCESS) throw Malformed{text.data(), not_json(error)};
        bool settled = false;
        walk([&](std::string_view key, od::value value) {
            Record& record = line.record;
            if (key == "index") return mark(line, kIndex), read_index(value, record.index);
            if (key == "time") return mark(line, kTime), read(value, "time", record.time);
            if (key == "type") return mark(line, kType), read_type(value, record.type);
            if (key == "process") return mark(line, kProcess), read_process(value, record.process);
            if (key == "f") return mark(line, kF), read(value, "f", record.f);
            if (key == "value") {
                mark(line, kValue);
                settled = (line.seen & (kF | kProcess)) == (kF | kProcess) && take_value(record, value);
                return;
            }
            if (key == "node") return read(value, "node", record.node);
            if (key == "error") return read_error(value, record.error);
            if (key == "session") return read(value, "session", record.session);
            if (key == "sched") return read(value, "sched", record.sched);
            const std::string name(key);
            read(value, name, record.extra[name]);
        });
        const char* rest = nullptr;  // simdjson says OUT_OF_BOUNDS where there is none
        if (document_.current_location().get(rest) == simdjson::SUCCESS)
            throw Malformed{rest, "not JSON: more after the record's end"};
        require(line, text);
        if (!settled) settle_value(line);
        const auto* decide = std::get_if<Decide>(&line.record.value);
        if (decide != nullptr && line.record.type == Type::ok && !decide->answer)
            throw Malformed{text.data(),
                            "value: expected one of verdict, undefined and refused in an ok, got none"};
        return line;
    }

    static std::string not_json(simdjson::error_code error) {
        return fmt::format("not JSON: {}", simdjson::error_message(error));
    }

    template <class On>
    void walk(On on) {
        od::object object;
        if (const auto error = document_.get_object().get(object))
            throw Malformed{nullptr, error == simdjson::INCORRECT_TYPE ? "expected a record, a JSON object"
                                                                       : not_json(error)};
        for (auto member : object) {
            std::string_view key;
            od::value value;
            simdjson::error_code error = member.unescaped_key().get(key);
            if (error == simdjson::SUCCESS) error = member.value().get(value);
            if (error != simdjson::SUCCESS) {
                const char* at = nullptr;
                if (document_.current_location().get(at) != simdjson::SUCCESS) at = nullptr;
                throw Malformed{at, not_json(error)};
            }
            on(key, value);
        }
    }

    static void mark(Line& line, Seen member) { line.seen |= member; }

    static void read_index(od::value value, std::uint64_t& into) {
        if (value.get_uint64().get(into) != simdjson::SUCCESS) unexpected(value, "index", "a line number");
    }

    /// Ours is a text; other harnesses put any JSON there, kept as its text.
    static void read_error(od::value value, std::optional<std::string>& into) {
        if (token_of(value).starts_with('"')) return read(value, "error", into);
        if (is_null(value)) return;
        Json any;
        read(value, "error", any);
        into = canonical(any);
    }

    static bool take_value(Record& record, od::value value) {
        auto taken = read_value(record, value, record.value_extra);
        if (!taken) return false;
        record.value = std::move(*taken);
        return true;
    }

    void settle_value(Line& line) {
        if ((line.seen & kValue) == 0) return;  // no value: foreign null, as it stands
        for (const bool foreign : {false, true}) {
            line.record.value_extra = nullptr;
            document_.rewind();
            bool settled = false;
            walk([&](std::string_view key, od::value value) {
                if (key != "value") return;
                settled = !foreign && take_value(line.record, value);
                if (foreign) line.record.value = read_foreign(value);
            });
            if (settled) return;
        }
    }

    static void require(const Line& line, std::string_view text) {
        const auto missing = [&](Seen member, std::string_view name) {
            if ((line.seen & member) == 0)
                throw Malformed{text.data(), fmt::format("{}: expected in every record, got none", name)};
        };
        missing(kTime, "time");
        missing(kType, "type");
        missing(kProcess, "process");
        missing(kF, "f");
    }

    od::parser parser_;
    od::document document_;
};

LineParser::LineParser() : state_(std::make_unique<State>()) {}
LineParser::LineParser(LineParser&&) noexcept = default;
LineParser& LineParser::operator=(LineParser&&) noexcept = default;
LineParser::~LineParser() = default;

ParsedLine LineParser::parse(std::string_view text, std::size_t capacity) {
    Line line = state_->parse(text, capacity);
    return {std::move(line.record), (line.seen & kIndex) != 0};
}

std::size_t LineParser::padding() { return simdjson::SIMDJSON_PADDING; }

}  // namespace mistrial::history
