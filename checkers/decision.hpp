#pragma once

#include "checkers/answers.hpp"
#include "checkers/fleet.hpp"
#include "checkers/key.hpp"
#include "checkers/revisions.hpp"
#include "core/history/operation.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Operations as checkers see them: names resolved to small numbers, no text that only a proof needs. Each is valid only
/// while it is being checked; what must outlive that is kept as an OperationNote.
namespace mistrial::checkers {

using InputId = std::uint32_t;
inline constexpr InputId no_input = Names::none;
using SessionId = std::uint32_t;
inline constexpr SessionId no_session = Names::none;
using PathId = std::uint32_t;

/// Under which revision of one bundle an answer was made: its own markers say, else what the agent reports.
struct Seen {
    /// `ambiguous`: several revisions show these markers, so that they prove nothing of which one it was.
    enum class State : std::uint8_t { known, unpublished, torn, ambiguous };

    BundleId bundle = 0;
    State state = State::known;
    RevisionNumber number = nothing_active;  ///< of a known one
    std::string text;                        ///< of one that nobody published so far
    bool from_markers = false;
    bool misreported = false;  ///< the agent reports another revision than its markers show
    std::vector<std::pair<std::string, std::string>> markers;  ///< root -> revision, as shown
    std::optional<std::string> reported;                       ///< what the agent says of this bundle
};

/// What a decision asked for, whatever became of it.
struct Invocation {
    std::uint64_t index = 0;  ///< of the invoke, or of the completion where there is none
    TrueTime inv;
    TrueTime due;  ///< when an open-loop schedule wanted it; else `inv`
    AgentId agent = 0;
    SessionId session = no_session;
    Key nonce;
};

/// A decision that was not answered: it certainly did not begin (`fail`), or it may have (`info`).
struct Unanswered {
    std::uint64_t index = 0;
    TrueTime inv;
    TrueTime res;
    TrueTime due;
    AgentId agent = 0;
    SessionId session = no_session;
    bool may_have_begun = false;
    Key nonce;
    std::optional<std::uint64_t> invoke_index;
    bool sent = true;  ///< false: nobody was free to send it when it was due
    bool lost = false;  ///< the connection was refused, or ended before the answer did: the process may have ended
};

/// Whether a decision that ended with this error may have met the end of the process that it asked. Refused, it certainly
/// found none; of one that may have begun, anything but a time-out may be the connection that broke.
[[nodiscard]] bool may_have_lost_connection(bool may_have_begun, std::string_view error);

/// A complete answer of an agent, with what the history says about it.
struct Decision {
    std::uint64_t index = 0;
    std::optional<std::uint64_t> invoke_index;
    TrueTime inv;
    TrueTime res;
    TrueTime due;
    AgentId agent = 0;
    IncarnationId incarnation = no_incarnation;
    SessionId session = no_session;
    InputId input = no_input;
    PathId path = 0;
    AnswerId answer = no_answer;
    std::optional<WallTime> clock;  ///< what the policy itself read
    Key decision_id;
    Key nonce;
    const Json* at_least = nullptr;  ///< the least revisions that were asked for, as written; nullptr when none were
    const Json* exactly = nullptr;   ///< the same of the only ones that were asked for
    const std::vector<Seen>& seen;

    [[nodiscard]] const Seen* of(BundleId bundle) const {
        for (const Seen& one : seen) {
            if (one.bundle == bundle) return &one;
        }
        return nullptr;
    }
};

/// What must be kept of an operation to name it in a proof.
struct OperationNote {
    enum class Kind : std::uint8_t { decision, status };

    Kind kind = Kind::decision;
    std::uint64_t index = 0;
    std::optional<std::uint64_t> invoke_index;
    TrueTime inv;
    TrueTime res;
    AgentId agent = 0;
    IncarnationId incarnation = no_incarnation;
    InputId input = no_input;
    AnswerId answer = no_answer;
    RevisionNumber number = nothing_active;  ///< of the bundle that the proof is about
    bool named = false;                      ///< it says of itself what that is; else it is inferred
    bool from_markers = false;
    SessionId session = no_session;
};

[[nodiscard]] OperationNote note_of(const Decision& decision, const Seen* seen);

/// A status report of an agent.
struct StatusReport {
    std::uint64_t index = 0;
    TrueTime at;
    AgentId agent = 0;
    IncarnationId incarnation = no_incarnation;
    bool names_incarnation = false;  ///< it says so itself
    bool has_errors = false;
    const std::vector<Seen>& seen;
};

[[nodiscard]] OperationNote note_of(const StatusReport& status, const Seen& seen);

/// An answered health query.
struct HealthReport {
    std::uint64_t index = 0;
    std::optional<std::uint64_t> invoke_index;
    TrueTime inv;
    TrueTime res;
    AgentId agent = 0;
    IncarnationId incarnation = no_incarnation;
    std::string_view query;
    int status = 0;
};

/// An event of a decision log that arrived.
struct LogEvent {
    std::uint64_t index = 0;
    TrueTime at;
    AgentId agent = 0;
    IncarnationId incarnation = no_incarnation;
    Key decision_id;
    Key nonce;
    InputId input = no_input;
    PathId path = 0;
    AnswerId answer = no_answer;  ///< `no_answer` when the event carries no verdict
    std::optional<WallTime> clock;
    std::int64_t upload = 0;
    const std::vector<Seen>& seen;  ///< the revisions that the event names
};

}  // namespace mistrial::checkers
