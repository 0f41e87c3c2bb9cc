#pragma once

#include "core/history/operation.hpp"

#include <rapidcheck.h>

#include <limits>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

// How RapidCheck prints a counterexample; by itself it would ask a Json to become a string.
namespace nlohmann {
inline void showValue(const json& value, std::ostream& out) { out << value.dump(); }
}  // namespace nlohmann

/// Arbitrary records, for laws. Texts hold what hurts: quotes, escapes, control characters, two to four bytes of UTF-8.
namespace mistrial::history::arbitrary {

inline rc::Gen<std::string> text() {
    // One generated number a text: RapidCheck's strings of characters take most of a test's time.
    static const std::vector<std::string> kPieces{"a",
                                                  "B7",
                                                  "-",
                                                  "key.",
                                                  " ",
                                                  "\"",
                                                  "\\",
                                                  "/",
                                                  "\x7F",
                                                  "\n",
                                                  "\r\t",
                                                  "\x01",
                                                  "\x1F",
                                                  "\xC3\xA9",
                                                  "\xE2\x86\x92",
                                                  "\xF0\x9F\x94\xA5",
                                                  "{}",
                                                  "\xED\x9F\xBF",
                                                  "\xEE\x80\x80",
                                                  "\xF4\x8F\xBF\xBF",
                                                  std::string(1, '\0'),
                                                  "0",
                                                  "\\u0041",
                                                  "null"};
    return rc::gen::map(rc::gen::arbitrary<std::uint32_t>(), [](std::uint32_t draw) {
        std::string all;
        for (; draw > 0; draw /= 31)
            if (draw % 31 < kPieces.size()) all += kPieces[draw % 31];
        return all;
    });
}

inline rc::Gen<std::string> name() {
    return rc::gen::map(text(), [](std::string some) { return "n" + std::move(some); });
}

inline rc::Gen<std::int64_t> wide() {
    return rc::gen::oneOf(rc::gen::arbitrary<std::int64_t>(),
                          rc::gen::element(std::numeric_limits<std::int64_t>::min(),
                                           std::numeric_limits<std::int64_t>::max(), std::int64_t{0}));
}

inline rc::Gen<Json> json(int depth = 2) {
    const auto scalar = rc::gen::oneOf(
        rc::gen::map(text(), [](const std::string& some) { return Json(some); }),
        rc::gen::map(wide(), [](std::int64_t number) { return Json(number); }),
        rc::gen::map(rc::gen::arbitrary<std::uint64_t>(), [](std::uint64_t number) { return Json(number); }),
        rc::gen::map(rc::gen::arbitrary<std::int32_t>(),
                     [](std::int32_t number) { return Json(number / 64.0); }),
        rc::gen::element(Json(nullptr), Json(true), Json(false), Json::object(), Json::array()));
    if (depth == 0) return scalar;
    return rc::gen::weightedOneOf<Json>(
        {{3, scalar},
         {1, rc::gen::map(rc::gen::container<std::vector<Json>>(json(depth - 1)),
                          [](const std::vector<Json>& items) { return Json(items); })},
         {1, rc::gen::map(rc::gen::container<std::map<std::string, Json>>(text(), json(depth - 1)),
                          [](const std::map<std::string, Json>& members) {
                              Json object = Json::object();
                              for (const auto& [key, value] : members) object[key] = value;
                              return object;
                          })}});
}

inline rc::Gen<Json> json_object() {
    return rc::gen::map(rc::gen::container<std::map<std::string, Json>>(text(), json(1)),
                        [](const auto& members) {
                            Json object = Json::object();
                            for (const auto& [key, value] : members) object[key] = value;
                            return object;
                        });
}

inline Duration nanos() { return Duration{*wide()}; }
inline TrueTime moment() { return at_nanos<TrueTime>(*wide()); }
inline WallTime wall() { return at_nanos<WallTime>(*wide()); }
inline bool coin() { return *rc::gen::arbitrary<bool>(); }

template <class Make>
auto maybe(Make make) -> std::optional<decltype(make())> {
    if (!coin()) return std::nullopt;
    return make();
}
inline std::vector<std::string> names() { return *rc::gen::container<std::vector<std::string>>(name()); }
inline std::map<std::string, std::string> text_by_text() {
    return *rc::gen::container<std::map<std::string, std::string>>(text(), text());
}
inline std::string a_text() { return *text(); }
inline std::string a_name() { return *name(); }
inline Json a_json() { return *json(); }
/// What a request may ask for: a revision, or revisions by bundle.
inline Json some_revisions() { return coin() ? Json(a_text()) : Json(text_by_text()); }
inline Verdict a_verdict() { return canonical(*json()); }
inline std::pair<Duration, Duration> range() {
    const Duration one = nanos(), other = nanos();
    return std::minmax({one, other});
}

inline RunInfo a_run() {
    RunInfo run;
    run.format = *rc::gen::arbitrary<int>();
    run.wall_at_zero = maybe(wall);
    run.wall_error = maybe(nanos);
    run.concurrency = maybe([] { return *wide(); });
    for (const auto& agent : names()) run.agents[agent] = {a_text(), a_text(), names(), coin()};
    if (coin()) run.atomic = {names(), names()};
    run.inputs = *json_object();
    run.claims = *json_object();
    run.settle = maybe(nanos);
    return run;
}

inline Decide a_decide(bool answered) {
    Decide decide;
    decide.agent = a_name();
    decide.path = a_text();
    decide.input = maybe(a_json);
    decide.input_id = maybe(a_text);
    decide.nonce = maybe(a_text);
    decide.at_least = maybe(some_revisions);
    decide.exactly = maybe(some_revisions);
    decide.timeout = maybe(nanos);
    if (!answered) return decide;
    switch (*rc::gen::inRange(0, 3)) {
        case 0:
            decide.answer = a_verdict();
            break;
        case 1:
            decide.answer = Undefined{};
            break;
        default:
            decide.answer = Refused{*rc::gen::inRange(400, 600), maybe(a_text)};
    }
    decide.revisions = text_by_text();
    decide.markers = text_by_text();
    decide.agent_time = maybe(wall);
    decide.decision_id = maybe(a_text);
    decide.incarnation = maybe(a_text);
    return decide;
}

inline Fault a_fault() {
    Fault fault;
    fault.fault = a_name();
    fault.kind = a_text();
    fault.target = names();
    fault.parameters = a_json();
    for (const auto& agent : names()) fault.excuses[agent] = {names(), coin(), coin(), coin()};
    for (const auto& agent : names()) {
        const auto [low, high] = range();
        fault.skews[agent] = {low, high};
    }
    fault.evidence = maybe(a_json);
    return fault;
}

inline Record a_record() {
    Record record;
    record.index = *rc::gen::arbitrary<std::uint64_t>();
    record.time = moment();
    record.type = *rc::gen::element(Type::invoke, Type::ok, Type::fail, Type::info);
    record.process = coin() ? Process(*wide()) : Process(a_text());
    const auto be = [&](std::string_view f, Value value) {
        record.f = f;
        record.value = std::move(value);
    };
    const auto number = [] { return *wide(); };
    switch (*rc::gen::inRange(0, 15)) {
        case 0:
            be("run", a_run());
            break;
        case 1:
            be("publish", Publish{a_name(), a_name(), maybe(a_text), maybe(a_text), maybe(a_json)});
            break;
        case 2:
        case 3:
            be("decide", a_decide(record.type == Type::ok || coin()));
            break;
        case 4:
            be("health",
               Health{a_name(), a_text(), maybe([] { return *rc::gen::arbitrary<int>(); }), maybe(a_text)});
            break;
        case 5:
            be("status", Status{a_name(), maybe(a_text), text_by_text(), maybe(a_json)});
            break;
        case 6:
            be("log", Log{a_name(), maybe(a_text), maybe(a_text), maybe(a_text), a_text(), maybe(a_text),
                          text_by_text(), maybe(a_verdict), maybe(wall), number()});
            break;
        case 7:
            be("log-upload",
               LogUpload{a_name(), maybe(a_text), number(), moment(), 200, number(), maybe(number)});
            break;
        case 8:
            be("serve", Serve{a_name(), maybe(a_text), a_name(), a_text(), maybe(a_text), moment(), 304,
                              number(), coin()});
            break;
        case 9:
            be("boot", Boot{a_name(), a_text(), maybe(text_by_text)});
            break;
        case 10:
            be("death", Death{a_name(), a_text(), a_text()});
            break;
        case 11: {
            const auto [low, high] = range();
            be("clock-sample", ClockSample{coin() ? a_name() : std::string(), low, high});
            break;
        }
        case 12:
            be("barrier", Barrier{a_text(), names()});
            break;
        case 13:
            be("stall", Stall{moment()});
            break;
        default:
            if (coin()) {
                record.process = "nemesis";
                be(coin() ? "partition" : "heal-partition", a_fault());
            } else {
                be("x-" + a_text(), Foreign{a_json()});
            }
    }
    record.node = maybe(a_text);
    record.error = maybe(a_text);
    record.session = maybe(a_text);
    record.sched = maybe(moment);
    if (coin()) record.extra["x-" + a_text()] = a_json();
    if (coin() && !std::holds_alternative<Foreign>(record.value))
        record.value_extra["x-" + a_text()] = a_json();
    return record;
}

}  // namespace mistrial::history::arbitrary
