#pragma once

#include "checkers/excuses.hpp"
#include "checkers/names.hpp"
#include "checkers/revisions.hpp"
#include "core/history/operation.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mistrial::checkers {

using IncarnationId = std::uint32_t;
inline constexpr IncarnationId no_incarnation = Names::none;

/// A delivery of a revision to an agent, as its server saw it.
struct Delivery {
    TrueTime began;
    TrueTime at;
    RevisionNumber number;
    std::string server;
    std::uint64_t index;
    bool complete;
};

struct Incarnation {
    IncarnationId id = no_incarnation;
    TrueTime boot;
    std::optional<TrueTime> death;
};

/// What is known of one agent's life, from the records of boots, deaths, deliveries and answers.
class Agent {
  public:
    explicit Agent(std::string name) : name_(std::move(name)) {}

    [[nodiscard]] const std::string& name() const { return name_; }

    /// Records may tell of it late, when its revision is published only then: deliveries stay in the order of their records.
    void delivered(BundleId bundle, Delivery delivery);
    /// Something that was delivered or kept is not remembered: nothing follows from what else was.
    void forget_deliveries() { deliveries_forgotten_ = true; }
    [[nodiscard]] bool deliveries_tracked() const { return deliveries_tracked_ && !deliveries_forgotten_; }
    [[nodiscard]] const std::vector<Delivery>& deliveries(BundleId bundle) const;
    void persisted(BundleId bundle, RevisionNumber number);
    /// What boot records say was there from an earlier life, of all its lives.
    [[nodiscard]] const std::vector<RevisionNumber>& persisted(BundleId bundle) const;
    /// True when the revision had begun to arrive by `t`, or was there from an earlier life.
    [[nodiscard]] bool exposed(BundleId bundle, RevisionNumber number, TrueTime t) const;

    std::deque<Incarnation> incarnations;
    bool in_run_record = false;
    bool asked = false;  ///< some decision was asked of it
    std::optional<TrueTime> last_answer;  ///< end of its newest complete answer
    std::optional<Excuses::WindowId> down;
    std::vector<IncarnationId> named_lives;  ///< that a boot record or an echo named
    // For an agent of which no boot is recorded: what its answers and refusals suggest.
    IncarnationId unnamed_life = no_incarnation;
    TrueTime unnamed_since = TrueTime::min();  ///< when it may have begun anew
    bool maybe_down = false;  ///< refused or lost a connection, and has not answered since

  private:
    std::string name_;
    bool deliveries_tracked_ = false;
    bool deliveries_forgotten_ = false;
    std::vector<std::vector<Delivery>> deliveries_;              ///< by bundle
    std::vector<std::unordered_map<RevisionNumber, TrueTime>> first_began_;  ///< by bundle: its deliveries' first beginnings
    std::vector<std::vector<RevisionNumber>> persisted_;         ///< by bundle
};

/// All agents, and who of them a decision came from.
class Fleet {
  public:
    explicit Fleet(Excuses& excuses) : excuses_(excuses) {}

    AgentId intern(std::string_view name);
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(agents_.size()); }
    [[nodiscard]] const Agent& agent(AgentId id) const { return agents_[id]; }
    [[nodiscard]] Agent& agent(AgentId id) { return agents_[id]; }
    [[nodiscard]] std::uint32_t find(std::string_view name) const { return names_.find(name); }
    [[nodiscard]] const std::string& incarnation_name(IncarnationId id) const { return incarnation_names_[id]; }

    void boots(AgentId id, const history::Boot& boot, TrueTime at);
    void dies(AgentId id, const history::Death& death, TrueTime at);
    void answers(AgentId id, TrueTime res) { agents_[id].last_answer = res; }
    /// A connection was refused, or broke: without boot records, that may have been a restart. True when that excuses the
    /// past.
    bool loses_connection(AgentId id, TrueTime at);
    /// An answer in [inv, at], or a report that arrived at `at` and was begun nobody knows when (TrueTime::min()), shows that
    /// the agent runs, and as whom. True when it shows a restart that no record told of, which excuses the past: somebody
    /// who was never heard of, or anybody who answers what was asked after a refused connection.
    bool heard_of(AgentId id, std::optional<std::string_view> echo, TrueTime inv, TrueTime at);

    /// The incarnation behind an answer in [inv, res]: the one that it names itself, else the one that lived all the
    /// while, else none. An agent without any boot record is one life between suspected restarts.
    [[nodiscard]] IncarnationId incarnation_of(AgentId id, std::optional<std::string_view> echo, TrueTime inv, TrueTime res);
    /// The incarnation that wrote a report which arrived at `t`: the one that it names itself, else the only one there has
    /// been so far, else none, since a report may be under way for longer than its writer lives.
    [[nodiscard]] IncarnationId incarnation_at(AgentId id, std::optional<std::string_view> echo, TrueTime t);

  private:
    /// Agents may call their lives alike ("1"): a name is one agent's.
    IncarnationId life_named(Agent& agent, std::string_view name);
    IncarnationId new_life(std::string name);
    void may_have_restarted(Agent& agent, TrueTime at);

    Excuses& excuses_;
    Names names_;
    std::vector<std::string> incarnation_names_;
    std::deque<Agent> agents_;
};

/// False for the texts that stand for "there is none": empty, or the dash of a policy's default rule.
[[nodiscard]] inline bool is_named(std::string_view text) { return !text.empty() && text != "-"; }

}  // namespace mistrial::checkers
