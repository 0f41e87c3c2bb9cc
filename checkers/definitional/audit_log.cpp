#include "checkers/definitional/definitions.hpp"
#include "checkers/definitional/questions.hpp"

#include <algorithm>
#include <map>

namespace mistrial::checkers::definitional {

using history::Type;

namespace {

bool given(const std::optional<std::string>& name) { return name && !name->empty(); }

/// A request as its records tell it.
struct Asked {
    const history::Record* completion = nullptr;  ///< none: it never completed
    const history::Decide* decide = nullptr;
    [[nodiscard]] bool answered() const { return completion != nullptr && completion->type == Type::ok; }
    [[nodiscard]] bool refused() const {
        return answered() && decide->answer && std::holds_alternative<history::Refused>(*decide->answer);
    }
    [[nodiscard]] bool certainly_not_begun() const { return completion != nullptr && completion->type == Type::fail; }
};

std::vector<Asked> requests_of(const View& view) {
    std::vector<Asked> all;
    std::map<history::Process, std::size_t> open;
    for (const history::Record& record : view.records) {
        const auto* decide = std::get_if<history::Decide>(&record.value);
        if (decide == nullptr) continue;
        if (record.type == Type::invoke) {
            open[record.process] = all.size();
            all.push_back({nullptr, decide});
        } else if (const auto begun = open.find(record.process); begun != open.end()) {
            all[begun->second] = {&record, decide};
            open.erase(begun);
        } else {
            all.push_back({&record, decide});
        }
    }
    return all;
}

struct Event {
    const history::Record* record;
    const history::Log* log;
};

std::vector<Event> events_of(const View& view) {
    std::vector<Event> all;
    for (const history::Record& record : view.records) {
        if (const auto* log = std::get_if<history::Log>(&record.value)) all.push_back({&record, log});
    }
    return all;
}

/// The event is of this answer: by decision id where both have one, else by nonce.
bool is_of(const history::Log& event, const history::Decide& answer) {
    if (given(event.decision_id) && given(answer.decision_id)) return *event.decision_id == *answer.decision_id;
    return !given(answer.decision_id) && given(event.nonce) && given(answer.nonce) && *event.nonce == *answer.nonce;
}

const Operation* operation_of(const View& view, std::uint64_t index) {
    for (const Operation& operation : view.operations) {
        if (operation.index == index) return &operation;
    }
    return nullptr;
}

struct Silence {
    TrueTime from;
    TrueTime to;
    bool fault = false;
    bool restart = false;  ///< another process runs after it than before it, however short it was
};

/// When the agent cannot bring its log to the sink.
std::vector<Silence> silences(const View& view, const std::string& agent) {
    std::vector<Silence> all;
    std::map<std::string, Silence> faults;
    std::map<std::string, int> heals;
    for (const history::Record& record : view.records) {
        const auto* fault = std::get_if<history::Fault>(&record.value);
        if (fault == nullptr) continue;
        const auto excuse = fault->excuses.find(agent);
        if (excuse == fault->excuses.end() || !excuse->second.log) continue;
        faults.try_emplace(fault->fault, Silence{record.time, TrueTime::max(), true});
        if (record.f.starts_with("heal-") && ++heals[fault->fault] == 2) faults[fault->fault].to = record.time;
    }
    for (const auto& [id, silence] : faults) all.push_back(silence);
    for (const Window& window : view.windows) {
        if (window.fault || !window.bundle.empty() || (!window.agent.empty() && window.agent != agent)) continue;
        all.push_back({window.from, window.to, false, window.restart});
    }
    return all;
}

/// The end of the first stretch of full length after the answer in which the sink was in reach of one process: what an
/// agent kept over a restart, its new process has as long to send as anything of its own.
TrueTime due(const View& view, const Operation& d, Duration within) {
    const std::vector<Silence> all = silences(view, d.agent);
    TrueTime begin = d.res;
    std::vector<TrueTime> starts{begin};
    for (const Silence& silence : all) {
        if (silence.to > begin && silence.to != TrueTime::max()) starts.push_back(silence.to);
    }
    TrueTime earliest = TrueTime::max();
    for (const TrueTime start : starts) {
        const bool interrupted = std::any_of(all.begin(), all.end(), [&](const Silence& silence) {
            return std::max(start, silence.from) < std::min(start + within, silence.to) ||
                   (silence.restart && start < silence.to && silence.to < start + within);
        });
        if (!interrupted) earliest = std::min(earliest, start + within);
    }
    return earliest;
}

enum class Ended { no, unseen, crashed, stopped };

/// How the process behind an answer ended. Nobody saw it end when it was followed by one that no boot tells of, or when the
/// agent is said to have died under another name.
std::pair<Ended, TrueTime> end_of(const View& view, const Operation& d) {
    std::string newest;
    bool followed = false;
    for (const history::Record& record : view.records) {
        if (const auto* death = std::get_if<history::Death>(&record.value);
            death && process_of(death->agent, death->incarnation) == d.incarnation) {
            return {death->how == "stopped" ? Ended::stopped : Ended::crashed, record.time};
        }
        if (const auto* boot = std::get_if<history::Boot>(&record.value); boot && boot->agent == d.agent) {
            newest = process_of(boot->agent, boot->incarnation);
            const auto stranger = view.strangers.find(d.agent);
            followed = stranger != view.strangers.end() && record.index < stranger->second;
        }
        if (const auto* death = std::get_if<history::Death>(&record.value); death && death->agent == d.agent) followed = true;
    }
    if (!newest.empty()) return {newest == d.incarnation && !followed ? Ended::no : Ended::unseen, TrueTime::max()};
    for (const Operation& other : view.operations) {
        if (other.is_status || other.agent != d.agent || other.incarnation.empty()) continue;
        if (other.incarnation != d.incarnation) return {Ended::unseen, TrueTime::max()};
    }
    return {Ended::no, TrueTime::max()};
}

/// How many events the process of the agent may have said that it dropped, and until when it certainly said all that it
/// ever did: a report that nobody in particular wrote may be its own, or none of its own.
std::pair<std::int64_t, TrueTime> dropped(const View& view, const std::string& agent, const std::string& incarnation) {
    std::int64_t most = 0;
    std::optional<TrueTime> own;
    std::optional<TrueTime> anybodys;
    for (const history::Record& record : view.records) {
        const auto* upload = std::get_if<history::LogUpload>(&record.value);
        if (upload == nullptr || !upload->dropped || *upload->dropped <= 0 || upload->agent != agent) continue;
        const std::string& by = view.uploaders.at(record.index);
        if (!by.empty() && by != incarnation) continue;
        most = std::max(most, *upload->dropped);
        if (by.empty()) {
            anybodys = anybodys.value_or(record.time);
        } else {
            own = record.time;
        }
    }
    return {most, own ? *own : anybodys.value_or(TrueTime::max())};
}

}  // namespace

// G1: every answer has an event by its deadline, or is excused by a crash, by a stop out of reach of the sink, by drops.
Indexes log_completeness(const View& view, const Claim& claim) {
    Indexes late;
    std::map<std::pair<std::string, std::string>, Indexes> lost;  // by agent and incarnation
    const bool crash_loss = claim.parameters.value("crash_loss", Json(true)) != false;
    const std::vector<Event> events = events_of(view);
    // Somebody recorded what comes to a sink.
    const bool heard = std::any_of(view.records.begin(), view.records.end(), [](const history::Record& record) {
        return std::holds_alternative<history::Log>(record.value) || std::holds_alternative<history::LogUpload>(record.value);
    });
    for (const Asked& request : requests_of(view)) {
        if (!request.answered() || request.refused() || !claim.covers_agent(request.decide->agent)) continue;
        const bool by_id = given(request.decide->decision_id);
        const Operation* d = operation_of(view, request.completion->index);
        if (d == nullptr || (!by_id && !given(request.decide->nonce)) || d->incarnation.empty()) continue;
        TrueTime first = TrueTime::max();
        bool logs = by_id;
        bool nameless = false;
        for (const Event& event : events) {
            if (is_of(*event.log, *request.decide)) first = std::min(first, event.record->time);
            if (event.log->agent != d->agent) continue;
            logs = true;
            nameless = nameless || !given(by_id ? event.log->decision_id : event.log->nonce);
        }
        for (const history::Record& record : view.records) {
            const auto* upload = std::get_if<history::LogUpload>(&record.value);
            logs = logs || (upload != nullptr && upload->agent == d->agent);
        }
        const TrueTime deadline = due(view, *d, *claim.within);
        if (first != TrueTime::max()) {
            if (deadline < first) late.insert(d->index);
            continue;
        }
        if (!(deadline < view.end) || !heard || !logs || nameless) continue;
        const auto [ended, at] = end_of(view, *d);
        const TrueTime end = at;
        if (ended == Ended::unseen && crash_loss) continue;
        if (ended == Ended::crashed && crash_loss && end <= deadline) continue;
        const std::vector<Silence> all = silences(view, d->agent);
        const bool out_of_reach = std::any_of(all.begin(), all.end(), [&](const Silence& silence) {
            return silence.fault && silence.from < end && silence.to > d->res;
        });
        if (ended == Ended::stopped && end <= deadline && out_of_reach) continue;
        const auto drops = dropped(view, d->agent, d->incarnation);
        if (drops.first > 0 && deadline >= drops.second) continue;
        lost[{d->agent, d->incarnation}].insert(d->index);
    }
    for (const auto& [process, indexes] : lost) {
        const auto missing = static_cast<std::int64_t>(indexes.size());
        if (missing > dropped(view, process.first, process.second).first) late.insert(indexes.begin(), indexes.end());
    }
    return late;
}

// G2: every event is of a request that was made, and equal to its answer in what both name; once, in strict mode.
Indexes log_integrity(const View& view, const Claim& claim) {
    Indexes indexes;
    const bool duplicates = claim.parameters.value("duplicates", Json(true)) != false;
    const std::vector<Asked> requests = requests_of(view);
    const std::vector<Event> events = events_of(view);
    const auto path_of = [](const std::string& path) { return path.starts_with('/') ? path.substr(1) : path; };
    const auto names = [](const std::string& text) { return !text.empty() && text != "-"; };
    for (const Event& event : events) {
        const history::Log& log = *event.log;
        if (!claim.covers_agent(log.agent)) continue;
        const Asked* of = nullptr;
        bool possible = false;
        for (const Asked& request : requests) {
            const history::Decide& asked = *request.decide;
            if (request.answered() && !request.refused() && is_of(log, asked)) of = &request;
            const bool ids = given(log.decision_id) && request.answered() && given(asked.decision_id);
            const bool nonces = given(log.nonce) && given(asked.nonce);
            if (ids && *log.decision_id == *asked.decision_id) possible = true;
            if (nonces && *log.nonce == *asked.nonce) possible = true;
            if (!ids && !nonces && asked.agent == log.agent && !request.certainly_not_begun()) possible = true;
        }
        if (of == nullptr) {
            // Others may ask the agent too; nonces are the history's own.
            if (!possible && given(log.nonce)) indexes.insert(event.record->index);
            continue;
        }
        const Operation& d = *operation_of(view, of->completion->index);
        bool differs = !log.path.empty() && !of->decide->path.empty() && path_of(log.path) != path_of(of->decide->path);
        differs = differs || (given(log.input_id) && !d.input.empty() && *log.input_id != d.input);
        differs = differs || (log.verdict && *log.verdict != d.answer);
        for (const auto& [bundle, revision] : log.revisions) {
            const auto shown = d.shown.find(bundle);
            if (!names(revision) || shown == d.shown.end()) continue;
            std::string answered;
            if (shown->second.reported && names(*shown->second.reported)) {
                answered = *shown->second.reported;
            } else if (shown->second.state == Shown::State::revision) {
                answered = view.publishes[shown->second.publish].revision;
            } else if (shown->second.state == Shown::State::unpublished) {
                answered = shown->second.text;
            }
            differs = differs || (names(answered) && answered != revision);
        }
        bool before = false;
        for (const Event& other : events) {
            if (other.record->index < event.record->index && is_of(*other.log, *of->decide)) before = true;
        }
        if (differs || (before && !duplicates)) indexes.insert(event.record->index);
    }
    return indexes;
}

}  // namespace mistrial::checkers::definitional
