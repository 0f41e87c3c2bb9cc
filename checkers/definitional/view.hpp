#pragma once

#include "checkers/claims.hpp"
#include "core/history/operation.hpp"
#include "core/json.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// The second opinion: properties.md's definitions, transcribed over plain lists of operations with no regard for speed.
/// It shares value types with the checkers (history records, claims, findings) and not one line more; a test holds that.
namespace mistrial::checkers::definitional {

/// A publish; its place in `View::publishes` (among those of its bundle) is its place in the version order.
struct Publish {
    std::uint64_t index = 0;
    std::optional<std::uint64_t> completion;  ///< index of the record that ended it
    std::string bundle;
    std::string revision;
    std::string authority;  ///< empty: not named
    std::optional<std::string> digest;
    TrueTime inv;
    std::optional<TrueTime> res;
    std::size_t completed = 0;  ///< place of the completion in the history
    history::Type outcome = history::Type::invoke;  ///< invoke: never completed
    Json content;
    bool bad = false;
    std::string session;  ///< who published it; empty: nobody in particular
    /// Ends of operations that showed this revision while its publish was not known to have failed.
    std::vector<TrueTime> observations;
};

/// The revision of one bundle that an operation shows: a place in `View::publishes`, or nothing, or no sense at all.
struct Shown {
    enum class State : std::uint8_t { revision, nothing, unpublished, torn, ambiguous };
    State state = State::nothing;
    std::size_t publish = 0;
    std::string text;
    bool by_markers = false;
    std::size_t markers = 0;
    std::optional<std::string> reported;
};

/// A complete answer (or a status report, which answers nothing).
struct Operation {
    std::uint64_t index = 0;
    bool is_status = false;
    TrueTime inv;
    TrueTime res;
    std::string agent;
    std::string incarnation;  ///< empty: none can be told
    std::string path;
    std::string input;        ///< empty: none
    std::string answer;       ///< canonical verdict, "undefined" or "refused"
    bool is_verdict = false;
    std::optional<WallTime> clock;
    std::map<std::string, Shown> shown;  ///< by bundle
    bool has_errors = false;             ///< of a status report
    std::string session;                 ///< empty: none
    std::optional<Json> at_least;
    std::optional<Json> exactly;
    bool names_incarnation = false;      ///< it says itself whose it is
};

/// A decision that was asked for and not answered.
struct Missing {
    std::uint64_t index = 0;
    TrueTime due;
    TrueTime inv;
    TrueTime res;
    std::string agent;
    bool sent = true;  ///< false: no process was free to send it
};

/// An answered health query.
struct Health {
    TrueTime inv;
    TrueTime res;
    std::string agent;
    std::string incarnation;
    std::string query;
    int status = 0;
};

/// A request for a bundle that a server answered.
struct Request {
    std::uint64_t index = 0;
    TrueTime at;
    std::string server;
    std::string agent;
    std::string bundle;
};

/// A process of an agent began or ended.
struct Turn {
    std::uint64_t index = 0;
    TrueTime at;
    std::string agent;
    bool boot = false;
};

/// A barrier that was passed.
struct Barrier {
    TrueTime res;
    std::string session;  ///< empty: everybody's
    std::string revision;
    std::vector<std::string> agents;
};

struct Boot {
    TrueTime at;
    std::string agent;
    std::string incarnation;  ///< as operations name it
    history::Revisions persisted;
};

/// A time for which deadlines do not run at an agent (empty: all) for a bundle (empty: all). Open at both ends.
struct Window {
    std::string agent;
    std::string bundle;
    bool fault = false;
    TrueTime from;
    TrueTime to;
    bool restart = false;  ///< the agent begins anew at `to`: what was due of it before is due again one bound later
    bool suspected = false;  ///< no record tells that it was taken down
};

/// A delivery as its server saw it, over at `at`.
struct Served {
    std::uint64_t index = 0;
    TrueTime at;
    history::Serve serve;
};

struct View {
    std::vector<Publish> publishes;
    std::vector<Operation> operations;  ///< in the order of their ends
    std::vector<Window> windows;
    std::map<std::string, std::vector<Window>> silenced;  ///< "answers", "status" or "log" -> faults that cut them off
    std::vector<Missing> missing;                         ///< in the order of their ends
    std::vector<Health> healths;
    std::vector<Request> requests;  ///< in the order of their answers
    std::vector<Turn> turns;
    /// By agent: the newest record that told of a process of which no boot is recorded, while another was thought to run.
    std::map<std::string, std::uint64_t> strangers;
    std::map<std::uint64_t, std::string> uploaders;  ///< by record of an upload: the process behind it; empty: none can be told
    std::vector<std::string> agents;  ///< of the run record
    std::vector<std::string> listed_bundles;  ///< those that they have, by the run record
    std::vector<history::Serve> deliveries;
    std::vector<Served> serves;  ///< those of `deliveries` and all others, with their records
    std::map<std::string, std::string> versions;  ///< by agent: its driver and version, where the run record tells them
    std::optional<Duration> settle;
    std::vector<TrueTime> delivered;  ///< when each of them was over, as its server saw it
    std::map<std::string, std::map<std::string, std::vector<std::string>>> persisted;  ///< agent, bundle -> revisions
    std::vector<Barrier> barriers;
    std::vector<Boot> boots;
    std::vector<std::string> persistent;  ///< agents of which the run record promises that they persist
    Json inputs = Json::object();
    std::vector<std::vector<std::string>> atomic;
    std::vector<history::Record> foreign;  ///< of clients that read, write, cas, get, put or append, as they stand
    TrueTime end;
    /// Set by whoever knows them: what is claimed together, for decisions that only all claims together rule out.
    Claims asserted;
    std::vector<history::Record> records;  ///< as given: for what only one group of properties reads
};

/// Reads records in history order; they need not be the whole history.
[[nodiscard]] View view_of(const std::vector<history::Record>& records);

// The words that definitions are made of.

/// How operations name the process that `agent` calls `incarnation`: agents may call their processes alike.
[[nodiscard]] std::string process_of(const std::string& agent, const std::string& incarnation);
[[nodiscard]] const Publish* find_publish(const View& view, const std::string& bundle, const std::string& revision);
/// By when the publish certainly had taken effect; TrueTime::max() when that cannot be said.
[[nodiscard]] TrueTime effective(const Publish& publish);
/// When the publish counts as acknowledged; TrueTime::max() when it does not.
[[nodiscard]] TrueTime acknowledged(const Publish& publish);
/// True when `later` follows from `earlier`: one authority published both in that order, or `later` says that it includes it.
[[nodiscard]] bool builds_on(const View& view, const Publish& later, const Publish& earlier);
/// True when `a` precedes `b` in every completion of the history. `a` empty: no revision, which precedes all.
[[nodiscard]] bool certainly_before(const View& view, const Publish* a, const Publish& b);
/// D_a(r) (docs/properties.md, "Deadlines") for the process of `agent` that runs at `t`; TrueTime::max() for none.
[[nodiscard]] TrueTime deadline(const View& view, const Publish& publish, const std::string& agent, TrueTime t,
                                Duration within, bool faults_excuse);

/// The verdicts that `publish` admits for the input, canonical; empty when its content does not say.
[[nodiscard]] std::vector<std::string> admitted(const View& view, const Publish& publish, const std::string& input,
                                                std::optional<WallTime> clock);
/// The bundles that the input of the operation depends on, as far as publishes that had begun by its end tell.
[[nodiscard]] std::vector<std::string> bundles_of(const View& view, const Operation& operation);
/// The verdicts that a state (one publish or nothing a bundle) admits; empty when the oracle does not say.
[[nodiscard]] std::vector<std::string> admitted_by_state(const View& view, const std::vector<const Publish*>& state,
                                                         const std::string& input, std::optional<WallTime> clock);
[[nodiscard]] bool allows(const std::string& answer);

}  // namespace mistrial::checkers::definitional
