#pragma once

#include "checkers/activations.hpp"
#include "checkers/decision.hpp"
#include "checkers/excuses.hpp"
#include "checkers/finding.hpp"
#include "checkers/fleet.hpp"
#include "checkers/log_ledger.hpp"
#include "checkers/revisions.hpp"
#include "core/history/operation.hpp"
#include "core/history/rows.hpp"

#include <boost/container/small_vector.hpp>

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace mistrial::checkers {

/// An input of the pool, and what the run record says about it.
struct Input {
    enum class Canary : std::uint8_t { none, allow, deny };
    enum class Combine : std::uint8_t { single, conjunction, disjunction };

    /// A promise: allowed by nobody but who has `newer` or later together with something before `older`.
    struct NewEnemy {
        BundleId newer_bundle = 0;
        std::string newer;
        BundleId older_bundle = 0;
        std::string older;
    };

    Combine combine = Combine::single;
    std::vector<BundleId> bundles;              ///< that combine
    std::optional<ExpectedId> inactive;         ///< what a bundle that is not active contributes
    Canary canary = Canary::none;
    std::optional<NewEnemy> new_enemy;
    std::string subject;  ///< whom it is about: "alice"
    std::string text;     ///< the whole question: "user alice, action read"
};

/// Revisions that somebody named.
using Wanted = boost::container::small_vector<std::pair<BundleId, RevisionNumber>, 4>;

/// Everything that all checkers read: publishes with their oracle, agents, excuses, inputs, answers. It is built from
/// the same stream of records that the checkers see, one step ahead of them, and holds no decision.
/// Not thread-safe; the checkers keep references to it.
class Model {
  public:
    Model();
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;

    // What checkers ask.
    [[nodiscard]] const Bundle& bundle(BundleId id) const { return bundles_[id]; }
    /// The bundle of this name; `no_bundle` when nothing has spoken of it.
    [[nodiscard]] BundleId find_bundle(std::string_view name) const { return bundle_names_.find(name); }
    [[nodiscard]] BundleId bundle_count() const { return static_cast<BundleId>(bundles_.size()); }
    /// The revisions that `at_least` or `exactly` of a request name, as far as their publishes have begun; a plain text
    /// names one of the only bundle that has a revision of that name.
    [[nodiscard]] Wanted wanted(const Json& asked) const;
    [[nodiscard]] const Fleet& fleet() const { return fleet_; }
    [[nodiscard]] const Agent& agent(AgentId id) const { return fleet_.agent(id); }
    [[nodiscard]] const Answers& answers() const { return answers_; }
    [[nodiscard]] const Excuses& excuses() const { return excuses_; }
    [[nodiscard]] FloorTable& floor_table(Duration within, bool faults_excuse) {
        return excuses_.table(within, faults_excuse ? Duty::enforce : Duty::enforce_always);
    }
    [[nodiscard]] FloorTable& floor_table(Duration within, Duty duty) { return excuses_.table(within, duty); }
    [[nodiscard]] const kernels::DeadlineFloor& floor(FloorTable& table, AgentId agent, BundleId bundle) const {
        return excuses_.floor(table, agent, bundle);
    }
    [[nodiscard]] RevisionNumber required(FloorTable& table, AgentId agent, BundleId bundle, TrueTime t) const {
        return floor(table, agent, bundle).required(t, bundles_[bundle].acknowledged());
    }
    /// What an answer in [inv, res] must have been given under: less than `required(inv)` when a new process may have given it.
    [[nodiscard]] RevisionNumber required(FloorTable& table, AgentId agent, BundleId bundle, TrueTime inv,
                                          TrueTime res) const {
        return floor(table, agent, bundle).required(inv, res, bundles_[bundle].acknowledged());
    }
    [[nodiscard]] const Input* input(InputId id) const { return id < inputs_.size() ? &inputs_[id] : nullptr; }
    [[nodiscard]] const std::string& input_name(InputId id) const { return input_names_.text(id); }
    [[nodiscard]] const std::string& session_name(SessionId id) const { return session_names_.text(id); }
    /// The bundles that a question depends on: those that combine, else the one that tells as far as publishes have begun,
    /// else all.
    [[nodiscard]] const std::vector<BundleId>& bundles_of(InputId id) const {
        return id < bundles_of_input_.size() && bundles_of_input_[id] != nullptr ? *bundles_of_input_[id] : find_bundles_of(id);
    }
    /// True when a bundle counts as one whose parts switch together.
    [[nodiscard]] bool atomic(BundleId id) const;
    [[nodiscard]] const std::map<std::string, history::RunInfo::Agent>& listed_agents() const { return run_.agents; }
    [[nodiscard]] const history::RunInfo& run() const { return run_; }
    [[nodiscard]] TrueTime now() const { return now_; }
    [[nodiscard]] std::uint64_t newest_index() const { return newest_index_; }  ///< of the record of `now`
    /// True when publishes have no invoke records: at any time there may be one that nobody knows of yet, so that nothing
    /// can be said of what *every* revision begun by now decides.
    [[nodiscard]] bool may_hide_publishes() const { return may_hide_publishes_; }
    [[nodiscard]] const std::deque<FaultSeen>& faults() const { return faults_; }
    [[nodiscard]] const Activations& activations() const { return activations_; }
    /// Agents that each fault (in the order of `faults`) can delay, silence or skew.
    [[nodiscard]] const std::vector<std::set<std::string>>& fault_agents() const { return fault_agents_; }

    // What the suite tells it, in the order of the records.
    void at(TrueTime now, std::uint64_t index) {
        now_ = now;
        newest_index_ = index;
    }
    [[nodiscard]] Result<> run_record(const history::RunInfo& run);
    [[nodiscard]] Result<std::pair<BundleId, RevisionNumber>> publish_begins(const history::Publish& publish,
                                                                             std::uint64_t index, TrueTime inv);
    /// The publish ended; nullopt when it never began.
    [[nodiscard]] std::optional<std::pair<BundleId, RevisionNumber>> publish_ends(const history::Publish& publish,
                                                                                  const history::Record& record);
    void publishes_begin_unseen() { may_hide_publishes_ = true; }
    void serve(const history::Serve& serve, const history::Record& record);
    void boot(const history::Boot& boot, TrueTime at);
    void death(const history::Death& death, TrueTime at);
    void stall(TrueTime from, TrueTime to);
    void fault(const history::Fault& fault, const history::Record& record);

    AgentId intern_agent(std::string_view name) { return fleet_.intern(name); }
    Fleet& lives() { return fleet_; }
    /// The decision log, joined with the decisions.
    LogLedger& logs() { return logs_; }
    /// The number of the revisions that an answer or an event names, for comparison in the ledger.
    RevisionSetId named_revisions(AgentId agent, const std::vector<Seen>& seen);
    InputId intern_input(const std::optional<std::string>& name, const std::optional<Json>& input);
    /// The number of an input that is only named; `no_input` for the empty name.
    InputId intern_input(std::string_view name);
    SessionId intern_session(const std::optional<std::string>& name) {
        return name ? session_names_.intern(*name) : no_session;
    }
    /// The same path for `/mistrial/decision` and `mistrial/decision`; 0 for none.
    PathId intern_path(std::string_view path) {
        if (path_names_.size() == 0) (void)path_names_.intern("");
        return path_names_.intern(path.starts_with('/') ? path.substr(1) : path);
    }
    [[nodiscard]] const std::string& path_name(PathId id) const { return path_names_.text(id); }
    AnswerId intern_answer(const history::Answer& answer) { return answers_.id_of(answer); }
    /// Resolves what an answer or a status of this agent shows; remembered until the agent shows something else.
    [[nodiscard]] const std::vector<Seen>& resolve(AgentId agent, const history::Revisions& revisions,
                                                   const history::Markers& markers);
    /// The same of a text that has a number, so that texts are compared only when the number is another one.
    [[nodiscard]] const std::vector<Seen>& resolve(AgentId agent, std::uint32_t number, const history::Shown& shown) {
        if (agent < shown_.size() && shown_[agent].holds(publishes_) && shown_[agent].number == number) return shown_[agent].seen;
        const std::vector<Seen>& seen = resolve(agent, shown.revisions, shown.markers);
        shown_[agent].number = number;
        return seen;
    }
    /// The same for what an event of a decision log names; such events come from many moments, so nothing is remembered.
    [[nodiscard]] std::vector<Seen> resolve_logged(const history::Revisions& revisions);
    /// The same of a text that has a number: of those that are asked for again and again.
    [[nodiscard]] const std::vector<Seen>& resolve_logged(std::uint32_t number, const history::Shown& shown);
    void shows(const Decision& decision) { activations_.shows(decision); }
    void shows(const StatusReport& status) { activations_.shows(status); }
    /// Something shows this revision at `t`: it has taken effect.
    void observed(BundleId bundle, RevisionNumber number, std::uint64_t by, TrueTime t) {
        if (number != nothing_active && bundles_[bundle].revision(number).effective > t) first_observed(bundle, number, by, t);
    }

  private:
    struct Shown {
        bool set = false;
        std::uint32_t number = history::Row::none;  ///< of a history of rows
        std::uint64_t publishes = 0;  ///< begun when it was resolved: one more may promise the same markers
        history::Revisions revisions;
        history::Markers markers;
        std::vector<Seen> seen;

        [[nodiscard]] bool holds(std::uint64_t publishes_begun) const { return set && publishes == publishes_begun; }
    };
    /// A delivery, or what a boot found on disk, of a revision that no publish has named yet: where publishes are recorded by
    /// their completions alone, or at one instant with it, the publish comes later.
    struct Unnamed {
        AgentId agent;  ///< nobody in particular: Names::none
        TrueTime at;
        std::uint64_t index;
        std::optional<Delivery> delivery;  ///< empty: kept on disk
    };
    struct BadHead {
        BundleId bundle;
        RevisionNumber number;
        Excuses::WindowId window;
    };

    BundleId intern_bundle(std::string_view name);
    void shown_to_agent(BundleId bundle, RevisionNumber number, const Unnamed& shown);
    void remember(BundleId bundle, const std::string& revision, Unnamed unnamed);
    void first_observed(BundleId bundle, RevisionNumber number, std::uint64_t by, TrueTime t);
    void acknowledge(BundleId bundle, RevisionNumber number, TrueTime at);
    [[nodiscard]] const std::vector<BundleId>& find_bundles_of(InputId id) const;
    [[nodiscard]] Seen resolve_bundle(BundleId bundle, const std::map<std::string, std::string>& markers,
                                      const std::string* reported) const;

    TrueTime now_;
    std::uint64_t newest_index_ = 0;
    history::RunInfo run_;
    Names bundle_names_;
    std::deque<Bundle> bundles_;
    Answers answers_;
    Excuses excuses_;
    Fleet fleet_;
    Activations activations_;
    LogLedger logs_;
    Names input_names_;
    Names session_names_;
    Names path_names_;
    std::vector<Input> inputs_;
    mutable std::vector<const std::vector<BundleId>*> bundles_of_input_;  ///< by input; null where it was not asked yet
    mutable std::set<std::vector<BundleId>> bundle_lists_;                ///< what they point to: few, whatever the inputs
    BundleId bundles_of_input_at_ = 0;  ///< how many bundles there were when it was last cleared
    std::uint64_t publishes_ = 0;
    bool may_hide_publishes_ = false;
    std::vector<BundleId> all_bundles_;
    std::vector<Shown> shown_;  ///< by agent
    std::vector<Shown> logged_;  ///< by number, some of them
    std::map<std::pair<BundleId, std::string>, std::vector<Unnamed>> unnamed_;  ///< by the revision's name
    std::size_t unnamed_count_ = 0;
    std::vector<BadHead> bad_heads_;
    std::vector<std::pair<BundleId, RevisionNumber>> not_yet_effective_;
    std::deque<FaultSeen> faults_;
    std::vector<std::set<std::string>> fault_agents_;
    std::unordered_map<std::string, std::size_t> fault_by_id_;
    std::vector<std::vector<Excuses::WindowId>> fault_windows_;
};

}  // namespace mistrial::checkers
