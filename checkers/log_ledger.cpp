#include "checkers/log_ledger.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {

/// Events that wait for their answer; more are strays that nobody will ever explain.
constexpr std::size_t most_early = 65'536;
/// Epochs of the bounded form: as long as a table of two thousand cells tells apart what is lost at a high rate.
constexpr std::int64_t epoch_length = 1'000'000'000;

/// Nonces and decision ids are two name spaces.
Key of_nonce(Key nonce) {
    nonce.high ^= 0x6e6f6e6365U;
    return nonce;
}

Key name_of(const LoggedEvent& event) { return event.decision_id.is_set() ? event.decision_id : of_nonce(event.nonce); }

/// By the agent's own clock at both ends, so that an offset does not matter; without one, by the harness's.
std::int64_t epoch_of(const std::optional<WallTime>& clock, TrueTime at) {
    return (clock ? nanos_of(*clock) : nanos_of(at)) / epoch_length;
}

}  // namespace

void LogLedger::subscribe(LogListener& listener, Duration within, bool always) {
    listeners_.push_back(&listener);
    within_ = std::max(within_, within);
    always_ = always_ || always;
}

LogLedger::PerAgent& LogLedger::of(AgentId agent) {
    if (agents_.size() <= agent) agents_.resize(agent + 1);
    return agents_[agent];
}

TrueTime LogLedger::deadline(AgentId agent, TrueTime since, Duration within) const {
    return excuses_.floor(excuses_.table(within, Duty::log), agent, no_bundle).deadline(since, since);
}

void LogLedger::release(TrueTime now) {
    awaited_.release(
        [&](const AwaitedLog::Entry& oldest) {
            if (now - oldest.since <= 2 * within_) return false;
            if (oldest.arrived != TrueTime::max()) return true;
            const TrueTime due = deadline(oldest.subject, oldest.since, within_);
            return due != TrueTime::max() && now - due > within_;
        },
        [&](const AwaitedLog::Entry& oldest) {
            if (oldest.arrived != TrueTime::max()) return;
            for (LogListener* listener : listeners_) listener->on_unlogged(oldest);
        });
}

void LogLedger::answered(const Decision& decision, RevisionSetId revisions) {
    release(decision.res);
    const bool by_id = decision.decision_id.is_set();
    if (!by_id && !decision.nonce.is_set()) return;
    if (decision.answer == refused_answer) {
        // It may or may not have come as far as the log.
        if (by_id) other_ids_.add(decision.decision_id);
        return;
    }
    if (!by_id && !always_ && !logs(decision.agent)) return;
    AwaitedLog::Entry entry;
    entry.key = by_id ? decision.decision_id : of_nonce(decision.nonce);
    entry.since = decision.res;
    entry.subject = decision.agent;
    entry.epoch = epoch_of(decision.clock, decision.res);
    entry.detail = {decision.index, decision.invoke_index, decision.inv,    decision.incarnation, decision.session,
                    decision.input, decision.path,         decision.answer, revisions,            0,                by_id};
    if (!awaited_.expect(entry) || early_.empty()) return;
    const auto [first, last] = early_keys_.equal_range(entry.key);
    std::vector<std::uint64_t> numbers;
    for (auto one = first; one != last; ++one) numbers.push_back(one->second);
    std::sort(numbers.begin(), numbers.end());
    for (const std::uint64_t number : numbers) {
        const Early early = early_.at(number);
        AwaitedLog::Entry* found = awaited_.find(entry.key);
        if (!early.event.told_apart) awaited_.arrived_early(name_of(early.event), early.event.agent, early.epoch);
        const bool fresh = found->arrived == TrueTime::max();
        if (fresh) {
            found->arrived = early.event.at;
            found->detail.event = early.event.index;
        }
        for (LogListener* listener : listeners_) listener->on_logged(*found, early.event, fresh);
        forget(number);
    }
}

void LogLedger::arrived(const LogEvent& event, RevisionSetId revisions) {
    release(event.at);
    PerAgent& agent = of(event.agent);
    agent.logs = true;
    heard_in(event.index);
    if (!agent.first_event) agent.first_event = event.index;
    agent.event_without_id = agent.event_without_id || !event.decision_id.is_set();
    agent.event_without_nonce = agent.event_without_nonce || !event.nonce.is_set();
    LoggedEvent logged{event.index, event.at,    event.agent,  event.decision_id, event.nonce, event.input,
                       event.path,  event.answer, event.clock, event.upload,      revisions,   true};
    AwaitedLog::Entry* found = event.decision_id.is_set() ? awaited_.find(event.decision_id) : nullptr;
    if (found == nullptr && event.nonce.is_set()) found = awaited_.find(of_nonce(event.nonce));
    if (found != nullptr) {
        const bool first = found->arrived == TrueTime::max();
        if (first) {
            found->arrived = event.at;
            found->detail.event = event.index;
        }
        for (LogListener* listener : listeners_) listener->on_logged(*found, logged, first);
        return;
    }
    if (!event.decision_id.is_set() && !event.nonce.is_set()) return;
    const std::int64_t epoch = epoch_of(event.clock, event.at);
    logged.told_apart = !awaited_.arrived_unknown(name_of(logged), event.agent, epoch);
    wait_for_answer(logged, epoch, event.at);
}

void LogLedger::wait_for_answer(const LoggedEvent& event, std::int64_t epoch, TrueTime now) {
    // Of those that may be of decisions which wait no more by themselves, only the newest may still be early.
    while (!early_.empty() && !early_.begin()->second.event.told_apart && now - early_.begin()->second.event.at > within_) {
        strays_forgotten_ = true;
        forget(early_.begin()->first);
    }
    if (early_.size() >= most_early) {
        strays_forgotten_ = true;
        return;
    }
    const std::uint64_t number = next_early_++;
    early_.emplace(number, Early{event, epoch});
    if (event.decision_id.is_set()) early_keys_.emplace(event.decision_id, number);
    if (event.nonce.is_set()) early_keys_.emplace(of_nonce(event.nonce), number);
}

void LogLedger::forget(std::uint64_t number) {
    const auto early = early_.find(number);
    for (const Key& key : {early->second.event.decision_id, of_nonce(early->second.event.nonce)}) {
        const auto [first, last] = early_keys_.equal_range(key);
        for (auto one = first; one != last; ++one) {
            if (one->second != number) continue;
            early_keys_.erase(one);
            break;
        }
    }
    early_.erase(early);
}

std::optional<std::uint64_t> LogLedger::first_event(AgentId agent) const {
    return agent < agents_.size() ? agents_[agent].first_event : std::nullopt;
}

bool LogLedger::nameless_events(AgentId agent, bool by_id) const {
    return agent < agents_.size() && (by_id ? agents_[agent].event_without_id : agents_[agent].event_without_nonce);
}

std::vector<LoggedEvent> LogLedger::strays() const {
    std::vector<LoggedEvent> all;
    for (const auto& [number, early] : early_) all.push_back(early.event);
    return all;
}

RevisionSetId LogLedger::intern(RevisionSet set) {
    if (set.empty()) return 0;
    const auto [known, fresh] = revision_numbers_.try_emplace(std::move(set), static_cast<RevisionSetId>(revision_sets_.size()));
    if (fresh) revision_sets_.push_back(known->first);
    return known->second;
}

bool LogLedger::revisions_differ(RevisionSetId a, RevisionSetId b) const {
    if (a == b) return false;
    for (const auto& [bundle, name] : revision_sets_[a]) {
        for (const auto& [other_bundle, other] : revision_sets_[b]) {
            if (bundle == other_bundle && name != other) return true;
        }
    }
    return false;
}

std::string LogLedger::tell_revisions(RevisionSetId id) const {
    std::vector<std::string> names;
    for (const auto& [bundle, name] : revision_sets_[id]) names.push_back(name);
    return names.empty() ? "no revision" : fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace mistrial::checkers
