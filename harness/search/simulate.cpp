#include "harness/search/simulate.hpp"

#include "checkers/checker.hpp"
#include "harness/conductor/conductor.hpp"
#include "harness/workload/planned.hpp"

namespace mistrial::search {

Result<Simulated> simulate(const scenario::Plan& plan, const SimulateOptions& options) {
    auto workload = workload::of_plan(plan);
    if (!workload) return workload.error();
    checkers::Suite::Options judged;
    judged.only = options.only;
    if (judged.only.empty())
        for (const auto& [property, claim] : plan.claims) judged.only.push_back(property);
    checkers::Suite suite(judged);
    Simulated simulated;
    conductor::Hooks hooks;
    hooks.record = [&](history::Record record) -> Result<> {
        record.index = simulated.records++;
        if (options.on_record) options.on_record(record);
        return suite.on(record);
    };
    hooks.interrupted = options.interrupted;
    hooks.input_of = [&](const std::string& stream, std::uint64_t number, TrueTime due) {
        return (*workload)->input_for(stream, number, workload::newest_at(plan, due));
    };
    sim::SimWorld world;
    auto outcome = conductor::conduct(plan, world, hooks);
    if (!outcome) return outcome.error();
    if (outcome->interrupted) return fail("interrupted");
    simulated.fingerprint = world.fingerprint();
    simulated.events = world.events();
    simulated.probes = world.probes();
    simulated.ended = outcome->ended;
    simulated.troubles = std::move(outcome->troubles);
    simulated.judgement = suite.finish();
    return simulated;
}

}  // namespace mistrial::search
