#pragma once

#include "checkers/answers.hpp"
#include "checkers/fleet.hpp"
#include "checkers/revisions.hpp"
#include "core/history/operation.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mistrial::checkers {

using InputId = std::uint32_t;
inline constexpr InputId no_input = Names::none;

/// Under which revision of one bundle an answer was made: its own markers say, else what the agent reports.
struct Seen {
    enum class State : std::uint8_t { known, unpublished, torn };

    BundleId bundle = 0;
    State state = State::known;
    RevisionNumber number = nothing_active;  ///< of a known one
    std::string text;                        ///< of one that nobody published so far
    bool from_markers = false;
    bool misreported = false;  ///< the agent reports another revision than its markers show
};

/// A complete answer of an agent, with what the history says about it. Valid only while it is being checked.
struct Decision {
    const history::Record& record;
    const history::Decide& value;
    std::optional<std::uint64_t> invoke_index;
    TrueTime inv;
    TrueTime res;
    AgentId agent;
    IncarnationId incarnation;
    InputId input;
    AnswerId answer;
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
    bool from_markers = false;
    std::string session;
};

[[nodiscard]] OperationNote note_of(const Decision& decision, const Seen* seen);

/// A status report of an agent.
struct StatusReport {
    const history::Record& record;
    AgentId agent;
    IncarnationId incarnation;
    TrueTime at;
    const std::vector<Seen>& seen;
};

}  // namespace mistrial::checkers
