#include "harness/cli/commands.hpp"
#include "harness/cli/refusal.hpp"
#include "harness/cli/scenario_options.hpp"

#include <memory>

namespace mistrial::cli {

void add_plan(CLI::App& app, int& status) {
    struct Options {
        ScenarioOptions scenario;
        bool json = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("plan", "make every draw of a scenario and print the schedule; run nothing");
    options->scenario.add_to(*command);
    command->add_flag("--json", options->json, "print plan.json instead of a table");
    command->footer("Example:\n  mistrial plan demo --seed 7");
    command->callback([options, &status] {
        const auto plan = options->scenario.plan();
        if (!plan) {
            status = refuse(plan.error());
            return;
        }
        const std::string text = options->json ? scenario::to_json(*plan).dump(1) + "\n" : scenario::to_table(*plan);
        std::fputs(text.c_str(), stdout);
    });
}

}  // namespace mistrial::cli
