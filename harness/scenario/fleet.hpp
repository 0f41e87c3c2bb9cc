#pragma once

#include "harness/scenario/plan.hpp"
#include "harness/scenario/reader.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mistrial::scenario {

/// Names that stand for nodes: each node for itself, each group for its members, in the order of the fleet.
class Roster {
  public:
    Roster() = default;
    explicit Roster(const Fleet& fleet);

    /// The nodes that a name stands for; none when nobody knows the name.
    [[nodiscard]] const std::vector<std::string>* find(std::string_view name) const;

    [[nodiscard]] bool is_agent(std::string_view node) const;
    /// Every name that may be written, groups first: for messages.
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

    /// Reads a name or an array of names as agents, groups expanded; told when it is something else.
    [[nodiscard]] std::vector<std::string> read_agents(const Reader& reader) const;
    /// Nodes of one name; an unknown one is told.
    [[nodiscard]] std::vector<std::string> read_name(const Reader& reader) const;

  private:
    std::map<std::string, std::vector<std::string>, std::less<>> nodes_;
    std::vector<std::string> agents_;
    std::vector<std::string> names_;
};

/// Who speaks to whom: `client` opens the connections.
struct Edge {
    std::string client;
    std::string server;
    friend auto operator<=>(const Edge&, const Edge&) = default;
};

/// Ends of edges that are no nodes of the fleet: the harness's clients and the two sinks.
inline constexpr std::string_view clients_end = "clients";
inline constexpr std::string_view status_end = "status";
inline constexpr std::string_view logs_end = "logs";

/// Every edge: agent to its source, status sink and log sink, mirror to its authority, clients to agents and to
/// authorities (publishes).
[[nodiscard]] std::vector<Edge> edges_of(const Fleet& fleet);

/// That every seeded defect of a plan is there, and is one of such a node: plans may be written by hand, or by another version.
[[nodiscard]] Result<> check_defects(const Fleet& fleet);

/// The mirror of that name, or nothing.
[[nodiscard]] const MirrorNode* find_mirror(const Fleet& fleet, std::string_view name);
/// The authority behind an agent's source.
[[nodiscard]] std::string authority_of(const Fleet& fleet, const AgentNode& agent);

/// Reads "/fleet". `bundles`: what the workload publishes, first the one with the policy, and what an agent downloads that
/// does not say; `directory`: what relative paths are relative to.
[[nodiscard]] Fleet read_fleet(const Reader& reader, const std::vector<std::string>& bundles, const std::string& directory);

}  // namespace mistrial::scenario
