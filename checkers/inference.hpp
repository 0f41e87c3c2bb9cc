#pragma once

#include "checkers/kernels/episodes.hpp"
#include "checkers/kernels/least_assignment.hpp"
#include "checkers/proof.hpp"
#include "checkers/sessions.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mistrial::checkers {

/// Decisions that do not say under which revision they were made, explained together with all others (kernel K3): each
/// gets the least revision that explains its verdict and that its agent's and its session's past, its token and its
/// deadline permit, as far as those are claimed. One that none explains violates what it was held to.
///
/// Each property is judged by itself first, and only then all that are claimed together; what only the whole of them
/// rules out is told under the property without whose demand the decision would be explained, unless one of the others is
/// violated by itself there: from a demand that was not met nothing follows. `bounded-staleness` by
/// itself, and verdicts that no revision explains, belong to their own checkers. Questions that several bundles decide
/// are left alone (theorem 5 of properties.md), and so is a bundle once a second authority publishes it. Streaming; memory grows with revisions, incarnations and sessions.
class Inference {
  public:
    using Listener = std::function<void(std::string_view property, std::uint64_t index)>;

    explicit Inference(Model& model) : model_(model) {}

    void listen(Listener listener) { listener_ = std::move(listener); }
    /// The claim is made; others than those that constrain revisions are passed over. Before the first record.
    void hold_to(const Claim& claim);

    void on_decision(const Decision& decision);
    void on_status(const StatusReport& status);
    /// At the end, after the checkers. `violators` names the agents at which a claim's own checker finds it violated.
    using Violators = std::function<std::vector<std::string>(std::string_view property)>;
    void finish(const Violators& violators);

    /// The violations told under this property. After `finish`.
    [[nodiscard]] std::vector<Violation> violations(std::string_view property) const;
    /// How often a decision without provenance put the property to the test at this agent.
    [[nodiscard]] std::int64_t obligations(std::string_view property, AgentId agent) const;

  private:
    /// What a decision may be held to, in the order in which they are blamed.
    enum Term : std::uint8_t { by_deadline, by_agent, by_session, by_token, by_pin, terms };
    static constexpr std::array<std::string_view, terms> property_of{
        "bounded-staleness", "monotonic-revisions", "monotonic-reads", "token-freshness", "pinned-snapshot"};

    /// An operation that raised a floor, and the one that raised it above what its verdict alone asks for.
    struct Node {
        OperationNote note;
        RevisionNumber value = nothing_active;
        bool inferred = false;
        RevisionNumber token = nothing_active;
        RevisionNumber pin = nothing_active;
        RevisionNumber due = nothing_active;
        std::vector<RevisionNumber> doubtful;  ///< all that explain it; when they fail, it was an aborted read
        Term by = terms;  ///< why `below` was a floor
        std::shared_ptr<const Node> below;
    };
    using Link = std::shared_ptr<const Node>;
    using Group = kernels::MonotoneGroup<Link>;

    struct System {
        std::vector<std::vector<Group>> agents;  ///< by incarnation, bundle
        SessionTable<std::vector<Group>> sessions;
    };
    /// Which terms count.
    using Mask = std::array<bool, terms>;

    struct Question {
        const Decision& decision;
        BundleId bundle;
        const Seen* seen;  ///< nullptr: inferred
        Mask applies;      ///< the claim is made, and covers this decision
        RevisionNumber token = nothing_active;
        RevisionNumber pin = nothing_active;
        RevisionNumber due = nothing_active;
    };
    struct Floors {
        std::array<RevisionNumber, terms> number{};
        std::array<Link, terms> cause{};
        [[nodiscard]] Term highest(const Mask& mask) const;
    };
    struct Found {
        Term term;
        bool joint;
        BundleId bundle;
        RevisionNumber floor;
        Node node;  ///< the decision that nothing explains, on top of its chain
        std::vector<Link> besides;  ///< joint: what else its past demands, without which another claim would be blamed
    };
    struct Detail {
        std::optional<Found> found;
        Wrongs wrongs;
    };
    struct Asserted {
        Claim claim;
        std::vector<std::int8_t> agents;   ///< whether it covers them; -1 not asked yet
        std::vector<std::int8_t> bundles;
        std::vector<std::int64_t> obligations;  ///< by agent
    };

    [[nodiscard]] bool applies(Term term, AgentId agent, BundleId bundle);
    void judge(const Decision& decision, BundleId bundle, const Seen* seen);
    [[nodiscard]] Floors floors(System& system, const Question& question, const Mask& mask) const;
    /// The revisions that explain the verdict (of those that are not before `floor`), when the publishes of all of them are
    /// still in flight; none when the explanation stands whatever becomes of those.
    [[nodiscard]] std::vector<RevisionNumber> doubtful(const Question& question, RevisionNumber floor) const;
    /// Whether nothing that it rests on was an aborted read.
    [[nodiscard]] bool well_founded(const Found& found) const;
    [[nodiscard]] std::optional<RevisionNumber> least(const Question& question, const Floors& floors, const Mask& mask) const;
    [[nodiscard]] Node node_of(const Question& question, const Floors& floors, const Mask& mask,
                               std::optional<RevisionNumber> value) const;
    void raise(System& system, const Question& question, const Floors& floors, const Mask& mask, RevisionNumber value);
    Group& agent_group(System& system, IncarnationId incarnation, BundleId bundle) const;
    Group& session_group(System& system, SessionId session, BundleId bundle) const;
    [[nodiscard]] Term blamed(const Question& question, const Floors& floors) const;
    [[nodiscard]] std::vector<Link> besides(const Question& question, const Floors& floors, const Node& node) const;
    /// The decisions that a finding rests on, each after those that raised its floor; `node` of `found` is the last.
    [[nodiscard]] static std::vector<const Node*> chain_of(const Found& found);
    [[nodiscard]] bool excused_since(const Found& found) const;
    /// Whether each of the other claims holds by itself: at the agent, and at all where sessions tie agents together.
    [[nodiscard]] bool others_hold(const Found& found, const Violators& violators);
    void confirm(const Found& found);
    void exercised(Term term, AgentId agent);
    [[nodiscard]] Violation describe(Term term, const kernels::Episodes<Detail>::Episode& episode) const;
    [[nodiscard]] std::string tell(const Node& node, BundleId bundle, const Timeline& timeline) const;

    Model& model_;
    Listener listener_;
    std::array<std::optional<Asserted>, terms> asserted_;
    std::array<System, 2> alone_;  ///< monotonic revisions, monotonic reads
    System together_;
    FloorTable* deadlines_ = nullptr;
    std::vector<Found> held_;  ///< what rests on deadlines or on publishes in flight: a later record may still take it back
    std::array<kernels::Episodes<Detail>, terms> episodes_;
    std::array<std::optional<std::set<std::string>>, terms> violators_;  ///< names of agents, once somebody asked
    std::array<std::set<std::string>, terms> violators_alone_;           ///< those that were found here
};

}  // namespace mistrial::checkers
