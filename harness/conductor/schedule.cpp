#include "harness/conductor/schedule.hpp"

#include <algorithm>

namespace mistrial::conductor {

using generator::Generator;
using generator::Operation;

namespace {

constexpr Duration kPublishAgain = std::chrono::milliseconds(200);

Generator faults_of(const scenario::Plan& plan) {
    std::vector<Operation> operations;
    for (std::size_t i = 0; i < plan.faults.size(); ++i) {
        operations.push_back({plan.faults[i].start, world::Inject{0, i}, {}});
        operations.push_back({plan.faults[i].stop, world::Heal{0, i}, {}});
    }
    // Heals go first at equal times, so that an interval that begins where another ends finds a healed target.
    std::stable_sort(operations.begin(), operations.end(), [](const Operation& a, const Operation& b) {
        const auto key = [](const Operation& op) {
            return std::pair(op.due, std::holds_alternative<world::Heal>(op.command) ? 0 : 1);
        };
        return key(a) < key(b);
    });
    return generator::sequence(std::move(operations));
}

Generator decisions_of(const scenario::Plan& plan, const scenario::DecisionStream& stream, const InputOf& input_of) {
    const auto make = [&plan, &stream, input_of](std::uint64_t number, TrueTime due) {
        world::Decide decide;
        decide.due = due;
        decide.value.agent = stream.agent_of(plan.seed, number);
        decide.value.path = plan.workload.path;
        decide.value.input_id = input_of(stream.name, number, due);
        decide.value.input = plan.workload.pool.at(*decide.value.input_id);
        decide.value.nonce = fmt::format("{}#{}", stream.name, number);
        decide.value.timeout = plan.workload.timeout;
        return Operation{due, std::move(decide), stream.name};
    };
    return generator::stagger(stream.from, stream.until, stream.period, stream.omit, make, stream.only);
}

Generator probes_of(const scenario::HealthStream& stream) {
    return generator::stagger(stream.from, stream.until, stream.period, stream.omit, [&stream](std::uint64_t, TrueTime due) {
        return Operation{due, world::Probe{0, stream.agent, stream.query}, {}};
    });
}

}  // namespace

Generator schedule_of(const scenario::Plan& plan, const InputOf& input_of) {
    std::vector<Generator> first;
    std::vector<Operation> later;
    for (std::size_t i = 0; i < plan.workload.publishes.size(); ++i) {
        const scenario::PlannedPublish& publish = plan.workload.publishes[i];
        Operation operation{publish.at, world::Publish{0, i}, {}};
        if (publish.at == TrueTime{})
            first.push_back(generator::until_ok(std::move(operation), kPublishAgain));
        else
            later.push_back(std::move(operation));
    }
    std::vector<Operation> starts;
    for (const scenario::AgentNode& agent : plan.fleet.agents)
        starts.push_back({TrueTime{}, world::StartNode{0, agent.name}, {}});

    std::vector<Generator> side_by_side{generator::sequence(std::move(starts)), generator::sequence(std::move(later)),
                                        faults_of(plan)};
    for (const scenario::DecisionStream& stream : plan.workload.decisions)
        side_by_side.push_back(decisions_of(plan, stream, input_of));
    for (const scenario::HealthStream& stream : plan.workload.health) side_by_side.push_back(probes_of(stream));

    std::vector<Generator> all = std::move(first);
    all.push_back(generator::any(std::move(side_by_side)));
    return generator::phases(std::move(all));
}

Generator healing_of(const std::vector<std::size_t>& in_force, TrueTime now) {
    std::vector<Operation> heals;
    for (const std::size_t index : in_force) heals.push_back({now, world::Heal{0, index}, {}});
    return generator::sequence(std::move(heals));
}

}  // namespace mistrial::conductor
