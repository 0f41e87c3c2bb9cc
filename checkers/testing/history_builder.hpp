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
    history::Type type = history::Type::ok;
};

class HistoryBuilder {
  public:
    HistoryBuilder& run(const Json& claims, const std::vector<std::string>& agents = {}, const Json& inputs = Json::object()) {
        history::RunInfo info;
        for (const std::string& agent : agents) info.agents[agent] = {"embedded", "1", {"main"}, false};
        info.claims = claims;
        info.inputs = inputs;
        info.wall_at_zero = WallTime{};
        record(TrueTime{}, history::Type::info, "run", "harness", info);
        return *this;
    }

    HistoryBuilder& publish(const std::string& revision, std::int64_t inv, std::int64_t res, const Json& content = nullptr,
                            history::Type type = history::Type::ok, const std::string& bundle = "main") {
        history::Publish value;
        value.bundle = bundle;
        value.revision = revision;
        if (!content.is_null()) value.content = content;
        const history::Process process = next_process_++;
        record(at_ms(inv), history::Type::invoke, "publish", process, value);
        if (type != history::Type::invoke) record(at_ms(res), type, "publish", process, value);
        return *this;
    }

    HistoryBuilder& decide(std::int64_t inv, std::int64_t res, const Answered& what) {
        history::Decide value;
        value.agent = what.agent;
        value.path = "mistrial/decision";
        if (!what.input_id.empty()) value.input_id = what.input_id;
        if (!what.input.is_null()) value.input = what.input;
        const history::Process process = next_process_++;
        record(at_ms(inv), history::Type::invoke, "decide", process, value, what.session);
        if (what.type == history::Type::invoke) return *this;
        if (what.type == history::Type::ok) {
            value.answer = what.answer;
            value.revisions = what.revisions;
            value.markers = what.markers;
            value.incarnation = what.incarnation;
            value.agent_time = what.agent_time;
        }
        record(at_ms(res), what.type, "decide", process, value, what.session);
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

    HistoryBuilder& boot(const std::string& agent, const std::string& incarnation, std::int64_t at,
                         std::optional<history::Revisions> persisted = std::nullopt) {
        record(at_ms(at), history::Type::info, "boot", "observer", history::Boot{agent, incarnation, std::move(persisted)});
        return *this;
    }
    HistoryBuilder& death(const std::string& agent, const std::string& incarnation, std::int64_t at) {
        record(at_ms(at), history::Type::info, "death", "observer", history::Death{agent, incarnation, "killed"});
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
    /// The four records of a fault that keeps `agents` from bundle main; a negative time leaves the record out.
    HistoryBuilder& fault(const std::string& id, const std::string& kind, const std::vector<std::string>& agents,
                          const std::array<std::int64_t, 4>& times, bool bit = true) {
        for (std::size_t i = 0; i < times.size(); ++i) {
            if (times[i] < 0) continue;
            history::Fault value;
            value.fault = id;
            value.kind = kind;
            value.target = agents;
            for (const std::string& agent : agents) value.excuses[agent].bundles = {"main"};
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
