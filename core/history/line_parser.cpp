#include "core/history/line_parser.hpp"

#include <simdjson.h>

#include <array>
#include <cstring>

namespace mistrial::history {
namespace {

namespace od = simdjson::ondemand;

/// Deeper JSON is refused: what walks it later does so recursively.
constexpr int kDeepest = 256;

/// Where in the record we are, for messages: "value.timeout".
struct Place {
    std::string_view parent;
    std::string_view key;

    [[nodiscard]] std::string text() const {
        return parent.empty() ? std::string(key) : fmt::format("{}.{}", parent, key);
    }
};

std::string shown(std::string_view token) {
    while (!token.empty() && std::strchr(" \t\r\n", token.back()) != nullptr) token.remove_suffix(1);
    if (token.starts_with('{')) return "an object";
    if (token.starts_with('[')) return "an array";
    constexpr std::size_t kLongest = 40;
    if (token.size() <= kLongest) return std::string(token);
    return std::string(token.substr(0, kLongest)) + "…";
}

/// The value's text as far as its first token; spaces may follow.
std::string_view token_of(od::value value) { return value.raw_json_token(); }

[[noreturn]] void unexpected(od::value value, Place place, std::string_view expected) {
    const std::string_view token = token_of(value);
    throw Malformed{token.data(),
                    fmt::format("{}: expected {}, got {}", place.text(), expected, shown(token))};
}

[[noreturn]] void not_json(const char* at, simdjson::error_code error) {
    throw Malformed{at, fmt::format("not JSON: {}", simdjson::error_message(error))};
}

bool is_null(od::value value) {
    bool null = false;
    return token_of(value).starts_with('n') && value.is_null().get(null) == simdjson::SUCCESS && null;
}

/// What stands between the quotes, when no escape is in it: nearly always, and then it need not be copied
/// first.
std::optional<std::string_view> plain_string(std::string_view token) {
    while (!token.empty() && token.back() != '"') token.remove_suffix(1);  // spaces before the next token
    if (token.size() < 2 || token.front() != '"') return std::nullopt;
    const std::string_view inside = token.substr(1, token.size() - 2);
    if (std::memchr(inside.data(), '\\', inside.size()) != nullptr) return std::nullopt;
    return inside;
}

/// A member's key, compared where it stands: only what no table knows is taken out of the line.
class Key {
  public:
    explicit Key(od::field& field) : field_(field), raw_(field.key().raw()) {}

    /// Names hold no quote, so that one behind an equal text ends the key. The line is padded.
    [[nodiscard]] bool is(std::string_view name) const {
        return std::memcmp(raw_, name.data(), name.size()) == 0 && raw_[name.size()] == '"';
    }
    [[nodiscard]] std::string text() const {
        std::string_view text;
        if (const auto error = field_.unescaped_key().get(text)) not_json(raw_, error);
        return std::string(text);
    }

  private:
    od::field& field_;
    const char* raw_;
};

// One `read` for each type. Those of composed types are declared first, since each may hold any other.

template <class T>
void read(od::value value, Place place, std::optional<T>& into);
template <class T>
void read(od::value value, Place place, std::vector<T>& into);
template <class T>
void read(od::value value, Place place, std::map<std::string, T>& into);
void read(od::value value, Place place, Json& into);
void read(od::value value, Place place, RunInfo::Agent& into);
void read(od::value value, Place place, Excuse& into);
void read(od::value value, Place place, Skew& into);

void read(od::value value, Place place, std::string& into) {
    const std::string_view token = token_of(value);
    if (token.starts_with('"')) {
        if (const auto plain = plain_string(token)) {
            into.assign(*plain);
            return;
        }
    }
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) unexpected(value, place, "a string");
    into.assign(text);
}

void read(od::value value, Place place, bool& into) {
    if (value.get_bool().get(into) != simdjson::SUCCESS) unexpected(value, place, "true or false");
}

void read(od::value value, Place place, std::int64_t& into) {
    if (value.get_int64().get(into) != simdjson::SUCCESS) unexpected(value, place, "an integer of 64 bits");
}

void read(od::value value, Place place, std::uint64_t& into) {
    if (value.get_uint64().get(into) != simdjson::SUCCESS)
        unexpected(value, place, "an integer, not negative");
}

void read(od::value value, Place place, int& into) {
    std::int64_t wide = 0;
    if (value.get_int64().get(wide) != simdjson::SUCCESS || !std::in_range<int>(wide))
        unexpected(value, place, "an integer of 32 bits");
    into = static_cast<int>(wide);
}

void read(od::value value, Place place, Duration& into) {
    std::int64_t nanos = 0;
    if (value.get_int64().get(nanos) != simdjson::SUCCESS) unexpected(value, place, "integer nanoseconds");
    into = Duration{nanos};
}

template <class Clock>
void read(od::value value, Place place, std::chrono::time_point<Clock>& into) {
    Duration since{};
    read(value, place, since);
    into = std::chrono::time_point<Clock>{since};
}

/// Calls `on(key, value)` for every member.
template <class Object, class On>
void each_member(Object& object, On on) {
    for (auto member : object) {
        od::field field;
        if (const auto error = std::move(member).get(field)) not_json(nullptr, error);
        on(Key(field), field.value());
    }
}

od::object object_of(od::value value, Place place) {
    od::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) unexpected(value, place, "an object");
    return object;
}

template <class On>
void each_element(od::value value, Place place, On on) {
    od::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS) unexpected(value, place, "an array");
    for (auto element : array) {
        od::value item;
        if (const auto error = element.get(item)) not_json(nullptr, error);
        on(item);
    }
}

void read_number(od::value value, Json& into) {
    od::number number;
    if (value.get_number().get(number) == simdjson::SUCCESS) {
        if (number.is_int64())
            into = number.get_int64();
        else if (number.is_uint64())
            into = number.get_uint64();
        else
            into = number.get_double();
        return;
    }
    // Integers beyond 64 bits, and what is no number at all.
    const std::string_view token = token_of(value);
    into = Json::parse(token, nullptr, false);
    if (!into.is_number()) throw Malformed{token.data(), fmt::format("not JSON: {}", shown(token))};
}

void read_json(od::value value, Place place, Json& into, int depth) {
    const std::string_view token = token_of(value);
    if (depth > kDeepest)
        throw Malformed{token.data(), fmt::format("{}: nested deeper than {}", place.text(), kDeepest)};
    switch (token.empty() ? '\0' : token.front()) {
        case '{': {
            into = Json::object();
            auto& members = into.get_ref<Json::object_t&>();
            auto object = object_of(value, place);
            each_member(object, [&](const Key& key, od::value inner) {
                read_json(inner, place, members.try_emplace(members.end(), key.text())->second, depth + 1);
            });
            return;
        }
        case '[': {
            into = Json::array();
            auto& elements = into.get_ref<Json::array_t&>();
            each_element(value, place, [&](od::value inner) {
                read_json(inner, place, elements.emplace_back(), depth + 1);
            });
            return;
        }
        case '"':
            into = std::string();
            return read(value, place, into.get_ref<std::string&>());
        case 't':
        case 'f':
            into = false;
            return read(value, place, into.get_ref<bool&>());
        case 'n':
            if (!is_null(value)) unexpected(value, place, "null");
            into = nullptr;
            return;
        default:
            read_number(value, into);
    }
}

void read(od::value value, Place place, Json& into) { read_json(value, place, into, 0); }

void read_verdict(od::value value, Place place, Verdict& into) {
    const std::string_view token = token_of(value);
    // The two verdicts of nearly every history, without a DOM.
    if (token.starts_with('t') || token.starts_with('f')) {
        bool verdict = false;
        read(value, place, verdict);
        into = verdict ? "true" : "false";
        return;
    }
    Json verdict;
    read(value, place, verdict);
    into = canonical(verdict);
}

template <class T>
void read(od::value value, Place place, std::optional<T>& into) {
    if constexpr (!std::is_same_v<T, Json>) {  // null is JSON too
        if (is_null(value)) return;
    }
    read(value, place, into.emplace());
}

template <class T>
void read(od::value value, Place place, std::vector<T>& into) {
    into.clear();
    each_element(value, place, [&](od::value item) { read(item, place, into.emplace_back()); });
}

template <class T>
void read(od::value value, Place place, std::map<std::string, T>& into) {
    into.clear();
    auto object = object_of(value, place);
    each_member(object, [&](const Key& key, od::value inner) {
        // Mostly written in order, so that the end is the right hint.
        read(inner, place, into.try_emplace(into.end(), key.text())->second);
    });
}

void read_range(od::value value, Place place, Duration& low, Duration& high) {
    const char* at = token_of(value).data();
    std::vector<Duration> ends;
    read(value, place, ends);
    if (ends.size() != 2 || ends[0] > ends[1])
        throw Malformed{at, fmt::format("{}: expected [low, high] in nanoseconds, low first", place.text())};
    low = ends[0];
    high = ends[1];
}

/// A member of an object that becomes a T: its key, and how it is taken.
template <class T>
struct Member {
    std::string_view key;
    void (*take)(od::value value, Place place, T& into);
    bool needed = false;
};

template <auto Field>
struct Owner;
template <class T, class Type, Type T::*Field>
struct Owner<Field> {
    using type = T;
};

/// The member of that key is read into that field.
template <auto Field>
constexpr auto member(std::string_view key, bool needed = false) {
    using T = typename Owner<Field>::type;
    return Member<T>{key, [](od::value value, Place place, T& into) { read(value, place, into.*Field); },
                     needed};
}
constexpr bool needed = true;

/// Reads an object by the table of its members, which stands in the order in which they are mostly written:
/// each search starts behind the last member found. Members that the table has not are kept in `unknown`, or
/// passed over.
template <class T, std::size_t N>
void read_members(od::value value, Place place, T& into, const std::array<Member<T>, N>& members,
                  Json* unknown) {
    const char* at = token_of(value).data();
    auto object = object_of(value, place);
    std::array<bool, N> seen{};
    std::size_t next = 0;
    const std::string parent_memory = place.parent.empty() ? std::string() : place.text();
    const std::string_view parent = place.parent.empty() ? place.key : std::string_view(parent_memory);
    each_member(object, [&](const Key& key, od::value inner) {
        for (std::size_t i = 0; i < N; ++i) {
            const std::size_t which = next + i < N ? next + i : next + i - N;
            if (!key.is(members[which].key)) continue;
            members[which].take(inner, {parent, members[which].key}, into);
            seen[which] = true;
            next = which + 1 < N ? which + 1 : 0;
            return;
        }
        if (unknown != nullptr) {
            const std::string name = key.text();
            read(inner, {parent, name}, (*unknown)[name]);
        }
    });
    for (std::size_t i = 0; i < N; ++i)
        if (members[i].needed && !seen[i])
            throw Malformed{at, fmt::format("{}.{}: is needed and is not there", parent, members[i].key),
                            place.parent.empty()};
}

void read(od::value value, Place place, RunInfo::Agent& into) {
    static constexpr std::array kMembers{
        member<&RunInfo::Agent::driver>("driver"), member<&RunInfo::Agent::version>("version"),
        member<&RunInfo::Agent::bundles>("bundles"), member<&RunInfo::Agent::persist>("persist")};
    read_members(value, place, into, kMembers, nullptr);
}

void read(od::value value, Place place, Excuse& into) {
    static constexpr std::array kMembers{member<&Excuse::bundles>("bundles"),
                                         member<&Excuse::status>("status"), member<&Excuse::log>("log"),
                                         member<&Excuse::answers>("answers")};
    read_members(value, place, into, kMembers, nullptr);
}

void read(od::value value, Place place, Skew& into) {
    static constexpr std::array kMembers{Member<Skew>{"wall", [](od::value range, Place where, Skew& skew) {
                                                          read_range(range, where, skew.low, skew.high);
                                                      }}};
    read_members(value, place, into, kMembers, nullptr);
}

void read(od::value value, Place place, Refused& into) {
    static constexpr std::array kMembers{member<&Refused::status>("status", needed),
                                         member<&Refused::code>("code")};
    read_members(value, place, into, kMembers, nullptr);
}

// The tables of the values, in the order in which the writer writes.

constexpr std::array kRun{
    member<&RunInfo::format>("format"),         member<&RunInfo::wall_at_zero>("wall_at_zero"),
    member<&RunInfo::wall_error>("wall_error"), member<&RunInfo::concurrency>("concurrency"),
    member<&RunInfo::agents>("agents"),         member<&RunInfo::atomic>("atomic"),
    member<&RunInfo::inputs>("inputs"),         member<&RunInfo::claims>("claims"),
    member<&RunInfo::settle>("settle")};

constexpr std::array kPublish{member<&Publish::bundle>("bundle", needed),
                              member<&Publish::revision>("revision", needed),
                              member<&Publish::digest>("digest"), member<&Publish::authority>("authority"),
                              member<&Publish::content>("content")};

/// A revision, or an object of revisions by bundle.
void read_wanted(od::value value, Place place, std::optional<Json>& into) {
    if (is_null(value)) return;
    const std::string_view token = token_of(value);
    if (!token.starts_with('"') && !token.starts_with('{'))
        unexpected(value, place, "a revision, or an object of revisions by bundle");
    if (token.starts_with('"')) {
        std::string revision;
        read(value, place, revision);
        into = std::move(revision);
    } else {
        Revisions revisions;
        read(value, place, revisions);
        into = Json(std::move(revisions));
    }
}

void take_answer(od::value value, Decide& decide, Answer answer) {
    if (decide.answer)
        throw Malformed{token_of(value).data(),
                        "value: expected one of verdict, undefined and refused, got two"};
    decide.answer = std::move(answer);
}

constexpr std::array kDecide{member<&Decide::agent>("agent", needed),
                             member<&Decide::path>("path"),
                             member<&Decide::input>("input"),
                             member<&Decide::input_id>("input_id"),
                             member<&Decide::nonce>("nonce"),
                             Member<Decide>{"at_least",
                                            [](od::value value, Place place, Decide& decide) {
                                                read_wanted(value, place, decide.at_least);
                                            }},
                             Member<Decide>{"exactly",
                                            [](od::value value, Place place, Decide& decide) {
                                                read_wanted(value, place, decide.exactly);
                                            }},
                             member<&Decide::timeout>("timeout"),
                             Member<Decide>{"verdict",
                                            [](od::value value, Place place, Decide& decide) {
                                                Verdict verdict;
                                                read_verdict(value, place, verdict);
                                                take_answer(value, decide, std::move(verdict));
                                            }},
                             Member<Decide>{"undefined",
                                            [](od::value value, Place place, Decide& decide) {
                                                bool undefined = false;
                                                read(value, place, undefined);
                                                if (undefined) take_answer(value, decide, Undefined{});
                                            }},
                             Member<Decide>{"refused",
                                            [](od::value value, Place place, Decide& decide) {
                                                const od::value start = value;
                                                Refused refused;
                                                read(value, place, refused);
                                                take_answer(start, decide, std::move(refused));
                                            }},
                             member<&Decide::revisions>("revisions"),
                             member<&Decide::markers>("markers"),
                             member<&Decide::agent_time>("agent_time"),
                             member<&Decide::decision_id>("decision_id"),
                             member<&Decide::incarnation>("incarnation")};

constexpr std::array kHealth{member<&Health::agent>("agent", needed), member<&Health::query>("query"),
                             member<&Health::status>("status"), member<&Health::incarnation>("incarnation")};

constexpr std::array kStatus{member<&Status::agent>("agent", needed),
                             member<&Status::incarnation>("incarnation"),
                             member<&Status::revisions>("revisions"), member<&Status::errors>("errors")};

constexpr std::array kLog{
    member<&Log::agent>("agent", needed),
    member<&Log::incarnation>("incarnation"),
    member<&Log::decision_id>("decision_id"),
    member<&Log::nonce>("nonce"),
    member<&Log::path>("path"),
    member<&Log::input_id>("input_id"),
    member<&Log::revisions>("revisions"),
    Member<Log>{"verdict", [](od::value value, Place place,
                              Log& log) { read_verdict(value, place, log.verdict.emplace()); }},
    member<&Log::agent_time>("agent_time"),
    member<&Log::upload>("upload")};

constexpr std::array kLogUpload{
    member<&LogUpload::agent>("agent", needed), member<&LogUpload::incarnation>("incarnation"),
    member<&LogUpload::upload>("upload"),       member<&LogUpload::began>("began"),
    member<&LogUpload::status>("status"),       member<&LogUpload::events>("events"),
    member<&LogUpload::dropped>("dropped")};

constexpr std::array kServe{member<&Serve::server>("server", needed), member<&Serve::agent>("agent"),
                            member<&Serve::bundle>("bundle", needed), member<&Serve::revision>("revision"),
                            member<&Serve::digest>("digest"),         member<&Serve::began>("began"),
                            member<&Serve::status>("status"),         member<&Serve::bytes>("bytes"),
                            member<&Serve::complete>("complete")};

constexpr std::array kBoot{member<&Boot::agent>("agent", needed), member<&Boot::incarnation>("incarnation"),
                           member<&Boot::persisted>("persisted")};

constexpr std::array kDeath{member<&Death::agent>("agent", needed),
                            member<&Death::incarnation>("incarnation"), member<&Death::how>("how")};

constexpr std::array kClockSample{member<&ClockSample::agent>("agent"),
                                  Member<ClockSample>{"wall_offset",
                                                      [](od::value value, Place place, ClockSample& sample) {
                                                          read_range(value, place, sample.low, sample.high);
                                                      },
                                                      needed}};

constexpr std::array kBarrier{member<&Barrier::revision>("revision"), member<&Barrier::agents>("agents")};

constexpr std::array kStall{member<&Stall::began>("began", needed)};

constexpr std::array kFault{member<&Fault::fault>("fault"),
                            member<&Fault::kind>("kind"),
                            Member<Fault>{"target",
                                          [](od::value value, Place place, Fault& fault) {
                                              if (token_of(value).starts_with('"'))
                                                  read(value, place, fault.target.emplace_back());
                                              else
                                                  read(value, place, fault.target);
                                          }},
                            member<&Fault::parameters>("parameters"),
                            member<&Fault::excuses>("excuses"),
                            member<&Fault::skews>("skews"),
                            member<&Fault::evidence>("evidence")};

/// False: nothing of ours after all, to be read again as foreign.
bool read_value(od::value value, Record& record, Origin origin) {
    if (token_of(value).starts_with('n')) return false;  // null says as little as no value
    const std::string_view f = record.f;
    const auto as = [&]<class T, std::size_t N>(const std::array<Member<T>, N>& members) {
        if (origin == Origin::foreign && !token_of(value).starts_with('{')) return false;
        try {
            read_members(value, {"", "value"}, record.value.emplace<T>(), members, &record.value_extra);
            return true;
        } catch (const Malformed& malformed) {
            if (origin == Origin::ours || !malformed.of_another) throw;
            return false;
        }
    };
    if (f == "decide") return as(kDecide);
    if (f == "serve") return as(kServe);
    if (f == "log") return as(kLog);
    if (f == "log-upload") return as(kLogUpload);
    if (f == "status") return as(kStatus);
    if (f == "health") return as(kHealth);
    if (f == "publish") return as(kPublish);
    if (f == "clock-sample") return as(kClockSample);
    if (f == "boot") return as(kBoot);
    if (f == "death") return as(kDeath);
    if (f == "barrier") return as(kBarrier);
    if (f == "stall") return as(kStall);
    if (f == "run") return as(kRun);
    const auto* process = std::get_if<std::string>(&record.process);
    if (process == nullptr || *process != "nemesis" || !token_of(value).starts_with('{')) return false;
    if (!as(kFault)) return false;
    // A nemesis record of ours names its interval; one of another harness does not.
    return !std::get<Fault>(record.value).fault.empty();
}

void read_type(od::value value, Place place, Record& record) {
    std::string text;
    if (token_of(value).starts_with('"')) read(value, place, text);
    if (text == "invoke")
        record.type = Type::invoke;
    else if (text == "ok")
        record.type = Type::ok;
    else if (text == "fail")
        record.type = Type::fail;
    else if (text == "info")
        record.type = Type::info;
    else
        unexpected(value, place, "\"invoke\", \"ok\", \"fail\" or \"info\"");
}

void read_process(od::value value, Place place, Record& record) {
    if (token_of(value).starts_with('"')) return read(value, place, record.process.emplace<std::string>());
    std::int64_t number = 0;
    if (value.get_int64().get(number) != simdjson::SUCCESS)
        unexpected(value, place, "a client's number or a name");
    record.process = number;
}

/// Ours is a text; other harnesses put any JSON there, kept as its text.
void read_error(od::value value, Place place, Record& record) {
    if (token_of(value).starts_with('"')) return read(value, place, record.error);
    if (is_null(value)) return;
    Json any;
    read(value, place, any);
    record.error = canonical(any);
}

constexpr std::size_t kIndexKey = 0, kTimeKey = 1, kProcessKey = 3, kNameKey = 4, kValueKey = 5;

/// The keys of a record, as the writer writes them; `value` is taken elsewhere.
constexpr std::array kRecord{member<&Record::index>("index"),
                             member<&Record::time>("time", needed),
                             Member<Record>{"type", read_type, needed},
                             Member<Record>{"process", read_process, needed},
                             member<&Record::f>("f", needed),
                             Member<Record>{"value", nullptr},
                             member<&Record::node>("node"),
                             Member<Record>{"error", read_error},
                             member<&Record::session>("session"),
                             member<&Record::sched>("sched")};

}  // namespace

/// One pass over the line's members. The value waits for `f` and `process`, which say what it is; where it
/// comes before them, or turns out foreign, the line is walked again.
struct LineParser::State {
    od::parser parser;
    od::document document;

    Keys parse(std::string_view text, std::size_t capacity, Record& record, Origin origin) {
        if (const auto error = parser.iterate(text.data(), text.size(), capacity).get(document))
            not_json(text.data(), error);
        std::array<bool, kRecord.size()> seen{};
        std::size_t next = 0;
        bool settled = false;
        walk([&](const Key& key, od::value value) {
            for (std::size_t i = 0; i < kRecord.size(); ++i) {
                const std::size_t which = (next + i) % kRecord.size();
                if (!key.is(kRecord[which].key)) continue;
                next = which + 1;
                if (seen[which])
                    throw Malformed{token_of(value).data(),
                                    fmt::format("{}: expected once in a record, got twice", kRecord[which].key)};
                if (origin == Origin::foreign && which <= kTimeKey && is_null(value)) return;
                seen[which] = true;
                if (which != kValueKey)
                    kRecord[which].take(value, {"", kRecord[which].key}, record);
                else if (seen[kProcessKey] && seen[kNameKey])
                    settled = read_value(value, record, origin);
                return;
            }
            const std::string name = key.text();
            read(value, {"", name}, record.extra[name]);
        });
        const char* rest = nullptr;  // simdjson says OUT_OF_BOUNDS where there is none
        if (document.current_location().get(rest) == simdjson::SUCCESS)
            throw Malformed{rest, "not JSON: more after the record's end"};
        for (std::size_t i = 0; i < kRecord.size(); ++i)
            if (kRecord[i].needed && !seen[i] && !(origin == Origin::foreign && i == kTimeKey))
                throw Malformed{text.data(),
                                fmt::format("{}: expected in every record, got none", kRecord[i].key)};
        if (!settled && seen[kValueKey]) settle_value(record, origin);
        const auto* decide = std::get_if<Decide>(&record.value);
        if (decide != nullptr && record.type == Type::ok && !decide->answer)
            throw Malformed{text.data(),
                            "value: expected one of verdict, undefined and refused in an ok, got none"};
        return {seen[kIndexKey], seen[kTimeKey]};
    }

    template <class On>
    void walk(On on) {
        od::object object;
        if (const auto error = document.get_object().get(object)) {
            if (error == simdjson::INCORRECT_TYPE)
                throw Malformed{nullptr, "expected a record, a JSON object"};
            not_json(nullptr, error);
        }
        each_member(object, on);
    }

    void settle_value(Record& record, Origin origin) {
        for (const bool foreign : {false, true}) {
            record.value_extra = nullptr;
            document.rewind();
            bool settled = false;
            walk([&](const Key& key, od::value value) {
                if (!key.is("value")) return;
                if (foreign)
                    read(value, {"", "value"}, record.value.emplace<Foreign>().value);
                else
                    settled = read_value(value, record, origin);
            });
            if (settled) return;
        }
    }
};

LineParser::LineParser() : state_(std::make_unique<State>()) {}
LineParser::LineParser(LineParser&&) noexcept = default;
LineParser& LineParser::operator=(LineParser&&) noexcept = default;
LineParser::~LineParser() = default;

Keys LineParser::parse(std::string_view text, std::size_t capacity, Record& record, Origin origin) {
    return state_->parse(text, capacity, record, origin);
}

std::size_t LineParser::padding() { return simdjson::SIMDJSON_PADDING; }

}  // namespace mistrial::history
