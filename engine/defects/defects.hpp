#pragma once

#include "engine/agent/behaviour.hpp"
#include "engine/control_plane/behaviour.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Seeded defects: each is one small class that bends a point of a correct core. They prove that the harness
/// finds what it claims to find.
namespace mistrial::defects {

/// Whose defect it is.
enum class Of : std::uint8_t { agent, authority, mirror, status_sink, log_sink };
[[nodiscard]] std::string_view to_text(Of of);  ///< "agent", ..., "status sink", "log sink"

/// What a run must have for the defect to show.
enum class Need : std::uint8_t {
    two_agents,        ///< to disagree with
    mirror,            ///< between agents and authority
    long_polls,        ///< without a mirror between
    persistence,       ///< agents persist
    bad_revision,      ///< one that must be refused, since it has data outside its roots
    tokens,            ///< sessions that roam and carry tokens
    many_reports,      ///< more than one report or upload of an agent
    source_partition,  ///< an agent is cut off from where its bundles come from
    authority_partition,  ///< a mirror is cut off from its authority
    status_partition,  ///< an agent is cut off from the status sink
    logs_partition,    ///< an agent is cut off from the log sink
    kill,              ///< an agent is killed and starts again
    loss_of_state,     ///< ... without what it had on its disk
    pause,
    clock,
};
[[nodiscard]] std::string_view to_text(Need need);  ///< "two agents", ...

/// A property that may be violated beside the one that must be, and why.
struct Beside {
    std::string_view property;
    std::string_view why;
};

/// What a violation of a property may bring with it, whatever the defect behind it.
[[nodiscard]] std::vector<Beside> entailed(std::string_view property);

using MakeAgent = std::shared_ptr<agent::Behaviour> (*)();
using MakeAuthority = std::shared_ptr<control_plane::AuthorityBehaviour> (*)();
using MakeMirror = std::shared_ptr<control_plane::MirrorBehaviour> (*)();
using MakeSink = std::shared_ptr<control_plane::SinkBehaviour> (*)();

struct Defect {
    std::string_view name;  ///< "reports-ahead"
    Of of = Of::agent;
    std::string_view about;             ///< one sentence
    std::string_view finds;             ///< the property that must find it, by its name
    std::vector<Beside> beside{};       ///< at most two that may find it too, beside what all of these entail
    std::vector<Need> needs{};
    std::variant<MakeAgent, MakeAuthority, MakeMirror, MakeSink> make{};
};

/// All of them: agents' first, in the order of what they bend.
[[nodiscard]] const std::vector<Defect>& all();
[[nodiscard]] const Defect* find(std::string_view name);
/// The names of those that a node of this kind can have.
[[nodiscard]] std::vector<std::string> names_of(Of of);

/// A new behaviour with the defect of this name; null without a name, and of a name that is none of such a node's.
[[nodiscard]] std::shared_ptr<agent::Behaviour> agent_behaviour(std::string_view name);
[[nodiscard]] std::shared_ptr<control_plane::AuthorityBehaviour> authority_behaviour(std::string_view name);
[[nodiscard]] std::shared_ptr<control_plane::MirrorBehaviour> mirror_behaviour(std::string_view name);
[[nodiscard]] std::shared_ptr<control_plane::SinkBehaviour> sink_behaviour(std::string_view name);

}  // namespace mistrial::defects
