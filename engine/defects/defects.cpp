#include "engine/defects/defects.hpp"

#include "engine/defects/families.hpp"

namespace mistrial::defects {
namespace {

template <class Make>
auto made(std::string_view name) -> decltype(std::declval<Make>()()) {
    const Defect* defect = find(name);
    const Make* make = defect == nullptr ? nullptr : std::get_if<Make>(&defect->make);
    return make == nullptr ? nullptr : (*make)();
}

}  // namespace

std::string_view to_text(Of of) {
    switch (of) {
        case Of::agent: return "agent";
        case Of::authority: return "authority";
        case Of::mirror: return "mirror";
        case Of::status_sink: return "status sink";
        case Of::log_sink: return "log sink";
    }
    return "";
}

std::string_view to_text(Need need) {
    switch (need) {
        case Need::two_agents: return "two agents";
        case Need::mirror: return "a mirror";
        case Need::long_polls: return "long polls";
        case Need::persistence: return "persistence";
        case Need::bad_revision: return "a revision that must be refused";
        case Need::tokens: return "tokens";
        case Need::many_reports: return "several reports";
        case Need::source_partition: return "a partition from the source";
        case Need::authority_partition: return "a partition from the authority";
        case Need::status_partition: return "a partition from the status sink";
        case Need::logs_partition: return "a partition from the log sink";
        case Need::kill: return "a kill";
        case Need::loss_of_state: return "a kill that loses the disk";
        case Need::pause: return "a pause";
        case Need::clock: return "a moved clock";
    }
    return "";
}

std::vector<Beside> entailed(std::string_view property) {
    if (property == "bounded-staleness")
        return {{"convergence", "who is late may be so to the end"},
                {"split-brain", "others are not late"},
                {"visibility", "it counts who is late"},
                {"no-lost-publish", "where everybody is late, nobody has the last publish"},
                {"delta-atomicity", "what is late was overtaken meanwhile"},
                {"k-atomicity", "by several revisions, maybe"},
                {"linearizability", "and known to be"}};
    if (property == "monotonic-revisions")
        return {{"source-fidelity", "no order of deliveries explains a way back"},
                {"monotonic-reads", "a session of the agent went back with it"},
                {"read-your-publishes", "back behind what a barrier had seen"},
                {"status-truth", "back behind what was reported"}};
    if (property == "status-truth") return {{"status-freshness", "a report of another revision is none of the one in force"}};
    if (property == "availability") return {{"health-truth", "what was ready shows nothing"}};
    if (property == "oracle-correctness")
        return {{"determinism", "others, or the same agent, give the right verdict"},
                {"split-brain", "while all is settled, too"}};
    if (property == "determinism") return {{"split-brain", "while all is settled, too"}};
    if (property == "atomic-activation") return {{"split-brain", "parts of two revisions decide as neither does"}};
    if (property == "clock-justified") return {{"clock-coherence", "a clock that nobody had comes and goes"}};
    return {};
}

const std::vector<Defect>& all() {
    static const std::vector<Defect> table = [] {
        std::vector<Defect> rows;
        for (auto* family : {families::download, families::activation, families::persistence, families::decisions,
                             families::clocks, families::logging, families::status, families::health,
                             families::authority, families::mirror, families::sinks})
            for (Defect& defect : family()) rows.push_back(std::move(defect));
        return rows;
    }();
    return table;
}

const Defect* find(std::string_view name) {
    for (const Defect& defect : all())
        if (defect.name == name) return &defect;
    return nullptr;
}

std::vector<std::string> names_of(Of of) {
    std::vector<std::string> names;
    for (const Defect& defect : all())
        if (defect.of == of) names.emplace_back(defect.name);
    return names;
}

std::shared_ptr<agent::Behaviour> agent_behaviour(std::string_view name) { return made<MakeAgent>(name); }
std::shared_ptr<control_plane::AuthorityBehaviour> authority_behaviour(std::string_view name) {
    return made<MakeAuthority>(name);
}
std::shared_ptr<control_plane::MirrorBehaviour> mirror_behaviour(std::string_view name) { return made<MakeMirror>(name); }
std::shared_ptr<control_plane::SinkBehaviour> sink_behaviour(std::string_view name) { return made<MakeSink>(name); }

}  // namespace mistrial::defects
