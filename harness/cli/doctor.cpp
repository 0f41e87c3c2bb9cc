#include "nemesis/doctor.hpp"

#include "harness/cli/commands.hpp"
#include "harness/cli/refusal.hpp"
#include "harness/cli/scenario_options.hpp"

#include <algorithm>
#include <memory>
#include <set>

namespace mistrial::cli {
namespace {

void print(const nemesis::Probe& probe, std::size_t width) {
    std::puts(fmt::format("{}  {:<{}}  {}", probe.ok ? "yes" : "no ", probe.name, width, probe.detail).c_str());
    if (!probe.ok) {
        std::puts(fmt::format("     {:<{}}  for {}", "", width, probe.enables).c_str());
        if (!probe.how_to_get.empty()) std::puts(fmt::format("     {:<{}}  {}", "", width, probe.how_to_get).c_str());
    }
}

std::size_t width_of(const std::vector<nemesis::Probe>& probes) {
    std::size_t width = 0;
    for (const nemesis::Probe& probe : probes) width = std::max(width, probe.name.size());
    return width;
}

int examine_for(const ScenarioOptions& scenario) {
    const auto plan = scenario.plan();
    if (!plan) return refuse(plan.error());
    std::set<std::string> needs{"vdso-clock", "pidfd"};
    for (const nemesis::FaultInterval& fault : plan->faults)
        if (const auto* kind = nemesis::find_fault_kind(fault.kind)) needs.insert(kind->needs.begin(), kind->needs.end());
    const auto missing = nemesis::missing({needs.begin(), needs.end()});
    for (const nemesis::Probe& probe : missing) print(probe, width_of(missing));
    std::puts(missing.empty() ? fmt::format("{} can run here", plan->scenario).c_str()
                              : fmt::format("{} cannot run here", plan->scenario).c_str());
    return missing.empty() ? kValid : kUnknown;
}

}  // namespace

void add_doctor(CLI::App& app, int& status) {
    auto scenario = std::make_shared<ScenarioOptions>();
    CLI::App* command = app.add_subcommand("doctor", "what this machine can inject, and what would enable the rest");
    scenario->add_to(*command);
    command->get_option("scenario")->required(false);
    command->footer("Example:\n  mistrial doctor\n  mistrial doctor demo        (2 when it cannot run here)");
    command->callback([scenario, &status] {
        if (!scenario->scenario.empty()) {
            status = examine_for(*scenario);
            return;
        }
        const auto probes = nemesis::examine_machine();
        for (const nemesis::Probe& probe : probes) print(probe, width_of(probes));
    });
}

}  // namespace mistrial::cli
