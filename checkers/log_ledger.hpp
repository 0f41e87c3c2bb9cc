#pragma once

#include "checkers/decision.hpp"
#include "checkers/excuses.hpp"
#include "checkers/kernels/log_reconciliation.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mistrial::checkers {

/// Revisions that an answer or an event names, as a number: equal sets are equal numbers.
using RevisionSetId = std::uint32_t;

/// What is kept of an answered decision until its event has arrived, and a while longer.
struct LoggedDecision {
    std::uint64_t index = 0;
    std::optional<std::uint64_t> invoke_index;
    TrueTime inv;
    IncarnationId incarnation = no_incarnation;
    SessionId session = no_session;
    InputId input = no_input;
    PathId path = 0;
    AnswerId answer = no_answer;
    RevisionSetId revisions = 0;
    std::uint64_t event = 0;  ///< record of its first event, once there is one
    bool by_id = false;       ///< known by its decision id; else by its nonce
};

/// An event of a decision log, without what goes away with its record.
struct LoggedEvent {
    std::uint64_t index = 0;
    TrueTime at;
    AgentId agent = 0;
    Key decision_id;
    Key nonce;
    InputId input = no_input;
    PathId path = 0;
    AnswerId answer = no_answer;
    std::optional<WallTime> clock;
    std::int64_t upload = 0;
    RevisionSetId revisions = 0;
    bool told_apart = true;  ///< false: it may be of a decision that waits no more by itself
};

using AwaitedLog = kernels::LogReconciliation<LoggedDecision>;

/// Who is told of what the ledger finds.
class LogListener {
  public:
    virtual ~LogListener() = default;
    /// An event of this decision arrived; `first`: none had before.
    virtual void on_logged(const AwaitedLog::Entry& decision, const LoggedEvent& event, bool first) = 0;
    /// The decision is let go of: no event of it arrived, long after it was due.
    virtual void on_unlogged(const AwaitedLog::Entry&) {}
};

/// Joins the decision log with the decisions: by decision id, else by nonce. Kept once for all properties that read the
/// log; does nothing while there is none of them. Events may arrive before the answer that they are about.
class LogLedger {
  public:
    explicit LogLedger(Excuses& excuses) : excuses_(excuses) {}

    /// `within`: by when events are due; decisions are remembered for twice that long. `always`: also of agents that show
    /// no sign of a decision log.
    void subscribe(LogListener& listener, Duration within, bool always);
    void limit(AwaitedLog::Limits limits) { awaited_ = AwaitedLog{limits}; }

    // What the suite tells it, in the order of the records.
    [[nodiscard]] bool active() const { return !listeners_.empty(); }
    void asked(const Key& nonce) { attempts_.add(nonce); }
    void answered(const Decision& decision, RevisionSetId revisions);
    void arrived(const LogEvent& event, RevisionSetId revisions);
    void uploaded(AgentId agent, std::uint64_t index) {
        of(agent).logs = true;
        heard_in(index);
    }
    /// The number of the revisions (bundle -> text) that an answer or an event names; unnamed ones are left out.
    template <class NameOf>
    RevisionSetId revisions_of(AgentId agent, const std::vector<Seen>& seen, const NameOf& name_of);

    // What checkers ask.
    [[nodiscard]] TrueTime deadline(AgentId agent, TrueTime since, Duration within) const;
    [[nodiscard]] std::deque<AwaitedLog::Entry>& waiting() { return awaited_.waiting(); }
    [[nodiscard]] const AwaitedLog& awaited() const { return awaited_; }
    /// True when the agent's decisions are logged as far as anyone can see.
    [[nodiscard]] bool logs(AgentId agent) const { return agent < agents_.size() && agents_[agent].logs; }
    [[nodiscard]] std::optional<std::uint64_t> first_event(AgentId agent) const;
    /// The first record of what came to a sink, of whichever agent; nullopt: as far as anyone can see there is no sink.
    [[nodiscard]] std::optional<std::uint64_t> first_heard() const { return first_heard_; }
    /// True when some event of the agent lacks the id (or the nonce) that it would have to be found by.
    [[nodiscard]] bool nameless_events(AgentId agent, bool by_id) const;
    /// Events that are of no decision so far, in the order of arrival.
    [[nodiscard]] std::vector<LoggedEvent> strays() const;
    [[nodiscard]] bool strays_forgotten() const { return strays_forgotten_; }
    /// True when a request of this nonce was made, and now and then of another nonce.
    [[nodiscard]] bool may_have_been_asked(const Key& nonce) const { return attempts_.may_hold(nonce); }
    /// True when an answer of this id was given whose event is not awaited any more, and now and then of another id.
    [[nodiscard]] bool may_have_been_answered(const Key& id) const {
        return awaited_.may_have_waited(id) || other_ids_.may_hold(id);
    }
    /// True when both name a revision of some bundle, and not the same.
    [[nodiscard]] bool revisions_differ(RevisionSetId a, RevisionSetId b) const;
    [[nodiscard]] std::string tell_revisions(RevisionSetId id) const;

  private:
    struct PerAgent {
        bool logs = false;
        bool event_without_id = false;
        bool event_without_nonce = false;
        std::optional<std::uint64_t> first_event;
        std::optional<std::uint64_t> revisions_hash;  ///< of the last set, most often the next one too
        RevisionSetId revisions = 0;
    };
    struct Early {
        LoggedEvent event;
        std::int64_t epoch = 0;
    };
    using RevisionSet = std::vector<std::pair<BundleId, std::string>>;

    PerAgent& of(AgentId agent);
    void heard_in(std::uint64_t index) { first_heard_ = first_heard_.value_or(index); }
    void release(TrueTime now);
    RevisionSetId intern(RevisionSet set);
    void wait_for_answer(const LoggedEvent& event, std::int64_t epoch, TrueTime now);
    void forget(std::uint64_t number);

    Excuses& excuses_;
    std::vector<LogListener*> listeners_;
    Duration within_{};
    bool always_ = false;
    AwaitedLog awaited_;
    kernels::KeyFilter attempts_;
    kernels::KeyFilter other_ids_;  ///< of answers whose events nobody awaits
    std::vector<PerAgent> agents_;
    std::map<std::uint64_t, Early> early_;                  ///< by number, in the order of arrival
    std::unordered_multimap<Key, std::uint64_t> early_keys_;
    std::uint64_t next_early_ = 0;
    bool strays_forgotten_ = false;
    std::optional<std::uint64_t> first_heard_;
    std::map<RevisionSet, RevisionSetId> revision_numbers_;
    std::vector<RevisionSet> revision_sets_{{}};
};

template <class NameOf>
RevisionSetId LogLedger::revisions_of(AgentId agent, const std::vector<Seen>& seen, const NameOf& name_of) {
    std::uint64_t hash = 0x9e3779b97f4a7c15U;
    for (const Seen& one : seen) {
        const std::uint64_t text = std::hash<std::string_view>{}(one.reported ? std::string_view(*one.reported) : one.text);
        hash = (hash ^ text ^ one.bundle * 0x100000001b3U ^ std::uint64_t{one.number} << 32 ^
                static_cast<std::uint64_t>(one.state)) * 0xbf58476d1ce4e5b9U;
        hash ^= hash >> 29;
    }
    PerAgent& known = of(agent);
    if (known.revisions_hash == hash) return known.revisions;
    RevisionSet set;
    for (const Seen& one : seen) {
        if (std::string name = name_of(one); !name.empty()) set.emplace_back(one.bundle, std::move(name));
    }
    known.revisions = intern(std::move(set));
    known.revisions_hash = hash;
    return known.revisions;
}

}  // namespace mistrial::checkers
