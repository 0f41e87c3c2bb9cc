#include "checkers/definitional/lives.hpp"

#include "checkers/definitional/begins.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace mistrial::checkers::definitional {

using history::Record;
using history::Type;

namespace {

/// Which agent a record is from, and the incarnation that it names; empty: from none, it names none.
std::pair<std::string, std::string> heard_in(const Record& record) {
    if (const auto* decide = std::get_if<history::Decide>(&record.value); decide != nullptr && record.type == Type::ok) {
        return {decide->agent, decide->incarnation.value_or("")};
    }
    if (const auto* health = std::get_if<history::Health>(&record.value)) {
        if (record.type == Type::ok && health->status) return {health->agent, health->incarnation.value_or("")};
    }
    if (const auto* log = std::get_if<history::Log>(&record.value); log != nullptr && log->incarnation) {
        return {log->agent, *log->incarnation};
    }
    if (const auto* status = std::get_if<history::Status>(&record.value)) {
        return {status->agent, status->incarnation.value_or("")};
    }
    if (const auto* upload = std::get_if<history::LogUpload>(&record.value); upload != nullptr && upload->incarnation) {
        return {upload->agent, *upload->incarnation};
    }
    return {};
}

}  // namespace

bool loses_connection(const Record& record) {
    if (!std::holds_alternative<history::Decide>(record.value)) return false;
    if (record.type == Type::fail) return record.error != "no-process";
    if (record.type != Type::info || !record.error || record.error->empty()) return false;
    std::string error = *record.error;
    for (char& c : error) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    for (const char* out_of_time : {"timeout", "timed out", "time-out", "deadline", "response within"}) {
        if (error.find(out_of_time) != std::string::npos) return false;
    }
    return true;
}

Lives::Lives(const std::vector<Record>& records) : records_(records) { find(); }

void Lives::find() {
    struct Life {
        std::set<std::string> named;
        TrueTime heard = TrueTime::min();
        bool booted = false;
        std::optional<TrueTime> down;
        std::optional<TrueTime> refused;  ///< when it last refused or lost a connection, and was not heard of since
        bool suspected = false;           ///< `down` is told by a refusal
    };
    std::map<std::string, Life> lives;
    const auto restarts = [&](Life& life, const std::string& agent, TrueTime from, TrueTime at, bool suspected) {
        windows_.push_back({agent, "", false, from, at, true, suspected});
        life.down.reset();
        life.refused.reset();
        life.suspected = false;
    };
    for (std::size_t place = 0; place < records_.size(); ++place) {
        const Record& record = records_[place];
        if (const auto* boot = std::get_if<history::Boot>(&record.value)) {
            Life& life = lives[boot->agent];
            if (life.suspected) windows_.push_back({boot->agent, "", false, record.time, record.time, true});
            restarts(life, boot->agent, life.down.value_or(life.heard), record.time, life.suspected);
            life.heard = record.time;
            life.booted = true;
            life.named.insert(boot->incarnation);
        } else if (const auto* death = std::get_if<history::Death>(&record.value)) {
            Life& life = lives[death->agent];
            life.refused.reset();
            if (!life.down) life.down = record.time;
        } else if (const auto* decide = std::get_if<history::Decide>(&record.value);
                   decide != nullptr && loses_connection(record)) {
            Life& life = lives[decide->agent];
            if (life.booted) continue;
            implied_.push_back({place, decide->agent, life.heard, record.time});
            if (life.refused || !life.down) {
                if (!life.down) {
                    life.down = life.heard;
                    life.suspected = true;
                }
                life.refused = record.time;
            }
        }
        const auto [agent, echo] = heard_in(record);
        if (agent.empty()) continue;
        Life& life = lives[agent];
        const bool answers = std::holds_alternative<history::Decide>(record.value);
        const bool others = !life.named.empty();
        const bool stranger = names_something(echo) && life.named.insert(echo).second;
        if (life.refused) {
            // Only what was asked after the refusal tells that the agent is back.
            const TrueTime inv = answers ? began(records_, place) : TrueTime::min();
            if (inv > *life.refused) {
                restarts(life, agent, *life.down, record.time, life.suspected);
            } else if (inv > TrueTime::min()) {
                windows_.push_back({agent, "", false, record.time, record.time, true});  // of which process?
            }
        } else if (stranger && others && !life.down) {
            implied_.push_back({place, agent, life.heard, record.time});
            restarts(life, agent, life.heard, record.time, true);
            strangers_[agent] = record.index;
        }
        if (answers) life.heard = std::max(life.heard, record.time);
    }
    for (const auto& [agent, life] : lives) {
        if (life.down) windows_.push_back({agent, "", false, *life.down, TrueTime::max(), false, life.suspected});
    }
}

std::string Lives::incarnation(const Operation& operation, const std::optional<std::string>& echo, std::size_t place) const {
    if (echo && names_something(*echo)) return process_of(operation.agent, *echo);
    std::string living;
    int boots = 0;
    int suspicions = 0;
    TrueTime suspected = TrueTime::min();
    bool lived_all_the_while = false;
    bool before_any_boot = false;  // it was heard of, under no name
    std::set<std::string> names;
    const auto begins = [&](const std::string& name, TrueTime at) {
        ++boots;
        if (at <= operation.inv) living = process_of(operation.agent, name);
        lived_all_the_while = at <= operation.inv || (lived_all_the_while && at > operation.res);
    };
    for (std::size_t i = 0; i < place; ++i) {
        const Record& record = records_[i];
        if (const auto* boot = std::get_if<history::Boot>(&record.value); boot && boot->agent == operation.agent) {
            begins(boot->incarnation, record.time);
            names.insert(boot->incarnation);
        }
        if (const auto [agent, name] = heard_in(record); agent == operation.agent) {
            if (names_something(name)) names.insert(name);
            before_any_boot = before_any_boot || (boots == 0 && !names_something(name));
        }
        if (const auto* death = std::get_if<history::Death>(&record.value); death && death->agent == operation.agent) {
            lived_all_the_while = lived_all_the_while && record.time >= operation.res;
        }
        for (const Implied& implied : implied_) {
            if (implied.place != i || implied.agent != operation.agent) continue;
            if (boots > 0) {
                lived_all_the_while = lived_all_the_while && implied.heard >= operation.res;
            } else {
                ++suspicions;
                suspected = implied.at;
            }
        }
    }
    // A report may be under way for longer than its writer lives.
    const bool one_life = boots == 0 || (boots == 1 && names.size() == 1 && !before_any_boot);
    if (operation.is_status && (suspicions > 0 || !one_life)) return "";
    if (boots > 0) return lived_all_the_while ? living : "";
    if (suspicions > 0 && operation.inv <= suspected) return "";
    return operation.agent + " after " + std::to_string(suspicions) + " suspected restarts";
}

}  // namespace mistrial::checkers::definitional
