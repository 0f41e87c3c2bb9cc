#pragma once

#include "checkers/checker.hpp"
#include "checkers/claims.hpp"
#include "core/history/operation.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// Histories written by hand, for tests: operations in any order, given by their intervals in milliseconds; `build`
/// puts their records in history order and numbers them.
namespace mistrial::checkers::testing {

using std::chrono::milliseconds;

[[nodiscard]] inline TrueTime at_ms(std::int64_t ms) { return TrueTime{milliseconds{ms}}; }

/// What a decision says beside its interval.
struct Answered {
    std::string agent = "a1";
    std::map<std::string, std::string> markers;    ///< "main/policy" -> "r1"
    std::map<std::string, std::string> revisions;  ///< "main" -> "r1"
    std::string input_id;
    Json input = nullptr;
    std::optional<history::Answer> answer = history::Verdict{"true"};
    std::optional<std::string> incarnation;
    std::optional<WallTime> agent_time;
    std::string session;
    std::optional<Json> at_least;
    std::optional<Json> exactly;
    history::Type type = history::Type::ok;
    std::optional<std::string> error;
    std::optional<std::int64_t> due;  ///< in milliseconds; else when it is invoked
    std::optional<std::string> nonce;
    std::optional<std::string> decision_id;
};

class HistoryBuilder {
  public:
    HistoryBuilder& run(const Json& claims, const std::vector<std::string>& agents = {}, const Json& inputs = Json::object(),
                        bool persist = false) {
        history::RunInfo info;
        for (const std::string& agent : agents) info.agents[agent] = {"embedded", "1", {"main"}, persist};
        info.claims = claims;
        info.inputs = inputs;
        info.wall_at_zero = WallTime{};
        record(TrueTime{}, history::Type::info, "run", "harness", info);
        return *this;
    }

    HistoryBuilder& publish(const std::string& revision, std::int64_t inv, std::int64_t res, const Json& content = nullptr,
                            history::Type type = history::Type::ok, const std::string& bundle = "main",
                            const std::string& session = "") {
        history::Publish value;
        value.bundle = bundle;
        value.revision = revision;
        if (!content.is_null()) value.content = content;
        const history::Process process = next_process_++;
        record(at_ms(inv), history::Type::invoke, "publish", process, value, session);
        if (type != history::Type::invoke) record(at_ms(res), type, "publish", process, value, session);
        return *this;
    }

    /// A publish with all that its record may say.
    HistoryBuilder& published(const history::Publish& value, std::int64_t inv, std::int64_t res,
                              history::Type type = history::Type::ok) {
        const history::Process process = next_process_++;
        record(at_ms(inv), history::Type::invoke, "publish", process, value);
        if (type != history::Type::invoke) record(at_ms(res), type, "publish", process, value);
        return *this;
    }
    /// A publish of bundle main by a named authority; `includes` names what it incorporates of others (null: says nothing).
    HistoryBuilder& publish_by(const std::string& authority, const std::string& revision, std::int64_t inv, std::int64_t res,
                               const Json& includes = nullptr, Json content = Json::object(),
                               history::Type type = history::Type::ok) {
        if (!includes.is_null()) content["includes"] = includes;
        return published({"main", revision, std::nullopt, authority, content}, inv, res, type);
    }

    HistoryBuilder& decide(std::int64_t inv, std::int64_t res, const Answered& what) {
        history::Decide value;
        value.agent = what.agent;
        value.path = "mistrial/decision";
        if (!what.input_id.empty()) value.input_id = what.input_id;
        if (!what.input.is_null()) value.input = what.input;
        value.at_least = what.at_least;
        value.exactly = what.exactly;
        value.nonce = what.nonce;
        const history::Process process = next_process_++;
        const auto due = [&] {
            if (what.due) records_.back().sched = at_ms(*what.due);
        };
        record(at_ms(inv), history::Type::invoke, "decide", process, value, what.session);
        due();
        if (what.type == history::Type::invoke) return *this;
        if (what.type == history::Type::ok) {
            value.answer = what.answer;
            value.revisions = what.revisions;
            value.markers = what.markers;
            value.incarnation = what.incarnation;
            value.agent_time = what.agent_time;
            value.decision_id = what.decision_id;
        }
        record(at_ms(res), what.type, "decide", process, value, what.session);
        due();
        records_.back().error = what.error;
        return *this;
    }

    /// An answer that shows `revision` in both markers of bundle main.
    HistoryBuilder& shows(const std::string& agent, std::int64_t inv, std::int64_t res, const std::string& revision,
                          const std::string& input_id = "", const std::string& verdict = "true") {
        Answered answered;
        answered.agent = agent;
        answered.markers = {{"main/policy", revision}, {"main/data", revision}};
        answered.input_id = input_id;
        answered.answer = history::Verdict{verdict};
        return decide(inv, res, answered);
    }

    HistoryBuilder& barrier(const std::string& revision, const std::vector<std::string>& agents, std::int64_t inv,
                            std::int64_t res, const std::string& session = "", history::Type type = history::Type::ok) {
        const history::Process process = next_process_++;
        record(at_ms(inv), history::Type::invoke, "barrier", process, history::Barrier{revision, agents}, session);
        record(at_ms(res), type, "barrier", process, history::Barrier{revision, agents}, session);
        return *this;
    }

    HistoryBuilder& boot(const std::string& agent, const std::string& incarnation, std::int64_t at,
                         std::optional<history::Revisions> persisted = std::nullopt) {
        record(at_ms(at), history::Type::info, "boot", "observer", history::Boot{agent, incarnation, std::move(persisted)});
        return *this;
    }
    HistoryBuilder& death(const std::string& agent, const std::string& incarnation, std::int64_t at,
                          const std::string& how = "killed") {
        record(at_ms(at), history::Type::info, "death", "observer", history::Death{agent, incarnation, how});
        return *this;
    }
    HistoryBuilder& serve(const std::string& agent, const std::string& revision, std::int64_t began, std::int64_t at,
                          const std::string& bundle = "main") {
        history::Serve value;
        value.server = "cdn1";
        value.agent = agent;
        value.bundle = bundle;
        value.revision = revision;
        value.began = at_ms(began);
        value.status = 200;
        record(at_ms(at), history::Type::info, "serve", "observer", value);
        return *this;
    }
    /// A delivery with all that its record may say.
    HistoryBuilder& served(const history::Serve& value, std::int64_t at) {
        record(at_ms(at), history::Type::info, "serve", "observer", value);
        return *this;
    }
    /// A request for bundle main that a server answered with `status`: 304 for nothing new.
    HistoryBuilder& poll(const std::string& agent, std::int64_t began, std::int64_t at, int status = 304,
                         const std::string& server = "cdn1") {
        history::Serve value;
        value.server = server;
        value.agent = agent;
        value.bundle = "main";
        value.began = at_ms(began);
        value.status = status;
        record(at_ms(at), history::Type::info, "serve", "observer", value);
        return *this;
    }
    HistoryBuilder& health(const std::string& agent, std::int64_t inv, std::int64_t res, int status = 200,
                           const std::string& query = "bundles", std::optional<std::string> incarnation = std::nullopt) {
        history::Health value;
        value.agent = agent;
        value.query = query;
        const history::Process process = next_process_++;
        record(at_ms(inv), history::Type::invoke, "health", process, value);
        value.status = status;
        value.incarnation = std::move(incarnation);
        record(at_ms(res), history::Type::ok, "health", process, value);
        return *this;
    }
    /// A report that `agent` failed with its bundles.
    HistoryBuilder& status_error(const std::string& agent, std::int64_t at, std::optional<std::string> incarnation = std::nullopt) {
        history::Status value;
        value.agent = agent;
        value.incarnation = std::move(incarnation);
        value.errors = Json{{"main", "could not be read"}};
        record(at_ms(at), history::Type::info, "status", "observer", value);
        return *this;
    }
    HistoryBuilder& status(const std::string& agent, std::int64_t at, const std::string& revision,
                           std::optional<std::string> incarnation = std::nullopt) {
        history::Status value;
        value.agent = agent;
        value.incarnation = std::move(incarnation);
        value.revisions = {{"main", revision}};
        record(at_ms(at), history::Type::info, "status", "observer", value);
        return *this;
    }
    HistoryBuilder& stall(std::int64_t began, std::int64_t at) {
        record(at_ms(at), history::Type::info, "stall", "harness", history::Stall{at_ms(began)});
        return *this;
    }
    HistoryBuilder& log(std::int64_t at, history::Log value) {
        record(at_ms(at), history::Type::info, "log", "observer", std::move(value));
        return *this;
    }
    HistoryBuilder& log_upload(std::int64_t began, std::int64_t at, history::LogUpload value) {
        value.began = at_ms(began);
        record(at_ms(at), history::Type::info, "log-upload", "observer", std::move(value));
        return *this;
    }
    HistoryBuilder& clock_sample(const std::string& agent, std::int64_t at, milliseconds low, milliseconds high) {
        record(at_ms(at), history::Type::info, "clock-sample", "observer", history::ClockSample{agent, low, high});
        return *this;
    }
    /// The four records of any fault; a negative time leaves the record out.
    HistoryBuilder& fault(const history::Fault& value, const std::array<std::int64_t, 4>& times) {
        for (std::size_t i = 0; i < times.size(); ++i) {
            if (times[i] < 0) continue;
            history::Fault told = value;
            if (i == 3) told.evidence = Json{{"bit", true}};
            record(at_ms(times[i]), history::Type::info, i < 2 ? value.kind : "heal-" + value.kind, "nemesis", told);
        }
        return *this;
    }
    /// The four records of a fault that keeps `agents` from bundle main; a negative time leaves the record out.
    HistoryBuilder& fault(const std::string& id, const std::string& kind, const std::vector<std::string>& agents,
                          const std::array<std::int64_t, 4>& times, bool bit = true,
                          const history::Excuse& excuse = {{"main"}, false, false, false}) {
        for (std::size_t i = 0; i < times.size(); ++i) {
            if (times[i] < 0) continue;
            history::Fault value;
            value.fault = id;
            value.kind = kind;
            value.target = agents;
            for (const std::string& agent : agents) value.excuses[agent] = excuse;
            if (i == 3) value.evidence = Json{{"bit", bit}};
            record(at_ms(times[i]), history::Type::info, i < 2 ? kind : "heal-" + kind, "nemesis", value);
        }
        return *this;
    }

    [[nodiscard]] std::vector<history::Record> build() const {
        std::vector<history::Record> sorted = records_;
        std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
            if (a.time != b.time) return a.time < b.time;
            return (a.type == history::Type::invoke) > (b.type == history::Type::invoke) && a.f != "run" && b.f != "run";
        });
        for (std::size_t i = 0; i < sorted.size(); ++i) sorted[i].index = i;
        return sorted;
    }

    void record(TrueTime time, history::Type type, const std::string& f, history::Process process, history::Value value,
                const std::string& session = "") {
        history::Record made;
        made.time = time;
        made.type = type;
        made.process = std::move(process);
        made.f = f;
        made.value = std::move(value);
        if (!session.empty()) made.session = session;
        records_.push_back(std::move(made));
    }

  private:
    std::vector<history::Record> records_;
    std::int64_t next_process_ = 0;
};

/// Feeds a whole history to a Suite.
[[nodiscard]] inline Result<Judgement> judge(const std::vector<history::Record>& records, Suite::Options options = {}) {
    Suite suite{std::move(options)};
    for (const history::Record& record : records) {
        if (const Result<> fed = suite.on(record); !fed) return fed.error();
    }
    return suite.finish();
}

[[nodiscard]] inline const ClaimResult& claim(const Judgement& judgement, std::string_view property) {
    for (const ClaimResult& result : judgement.claims) {
        if (result.property == property) return result;
    }
    MISTRIAL_INVARIANT(false, "{} was not claimed", property);
}

}  // namespace mistrial::checkers::testing
