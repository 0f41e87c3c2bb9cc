#pragma once

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
    std::string bundle;
    std::string revision;
    TrueTime inv;
    std::optional<TrueTime> res;
    std::size_t completed = 0;  ///< place of the completion in the history
    history::Type outcome = history::Type::invoke;  ///< invoke: never completed
    Json content;
    bool bad = false;
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
    std::string input;        ///< empty: none
    std::string answer;       ///< canonical verdict, "undefined" or "refused"
    bool is_verdict = false;
    std::optional<WallTime> clock;
    std::map<std::string, Shown> shown;  ///< by bundle
};

/// A time for which deadlines do not run at an agent (empty: all) for a bundle (empty: all). Open at both ends.
struct Window {
    std::string agent;
    std::string bundle;
    bool fault = false;
    TrueTime from;
    TrueTime to;
    bool restart = false;  ///< the agent begins anew at `to`: what was due of it before is due again one bound later
};

struct View {
    std::vector<Publish> publishes;
    std::vector<Operation> operations;  ///< in the order of their ends
    std::vector<Window> windows;
    std::vector<history::Serve> deliveries;
    std::map<std::string, std::map<std::string, std::vector<std::string>>> persisted;  ///< agent, bundle -> revisions
    Json inputs = Json::object();
    std::vector<std::vector<std::string>> atomic;
    TrueTime end;
};

/// Reads records in history order; they need not be the whole history.
[[nodiscard]] View view_of(const std::vector<history::Record>& records);

// The words that definitions are made of.

[[nodiscard]] const Publish* find_publish(const View& view, const std::string& bundle, const std::string& revision);
/// By when the publish certainly had taken effect; TrueTime::max() when that cannot be said.
[[nodiscard]] TrueTime effective(const Publish& publish);
/// When the publish counts as acknowledged; TrueTime::max() when it does not.
[[nodiscard]] TrueTime acknowledged(const Publish& publish);
/// True when `a` precedes `b` in every completion of the history. `a` empty: no revision, which precedes all.
[[nodiscard]] bool certainly_before(const Publish* a, const Publish& b);
/// D_a(r) (docs/properties.md, "Deadlines") for the process of `agent` that runs at `t`; TrueTime::max() for none.
[[nodiscard]] TrueTime deadline(const View& view, const Publish& publish, const std::string& agent, TrueTime t,
                                Duration within, bool faults_excuse);

/// The verdicts that `publish` admits for the input, canonical; empty when its content does not say.
[[nodiscard]] std::vector<std::string> admitted(const View& view, const Publish& publish, const std::string& input,
                                                std::optional<WallTime> clock);
/// The bundles that the input depends on.
[[nodiscard]] std::vector<std::string> bundles_of(const View& view, const std::string& input);
/// The verdicts that a state (one publish or nothing a bundle) admits; empty when the oracle does not say.
[[nodiscard]] std::vector<std::string> admitted_by_state(const View& view, const std::vector<const Publish*>& state,
                                                         const std::string& input, std::optional<WallTime> clock);
[[nodiscard]] bool allows(const std::string& answer);

}  // namespace mistrial::checkers::definitional
