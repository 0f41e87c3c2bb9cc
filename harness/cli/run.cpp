#include "harness/cli/commands.hpp"
#include "harness/cli/interrupt.hpp"
#include "harness/cli/refusal.hpp"
#include "harness/cli/scenario_options.hpp"
#include "harness/cli/trial.hpp"

#include <memory>

namespace mistrial::cli {
namespace {

struct Options {
    ScenarioOptions scenario;
    TrialOptions trial;
    std::uint64_t repeat = 1;
    bool until_fail = false;
};

int run(const Options& options) {
    int status = kValid;
    for (std::uint64_t n = 0; options.until_fail || n < options.repeat; ++n) {
        const auto plan = options.scenario.plan(n);
        if (!plan) return refuse(plan.error());
        const auto trial = conduct_trial(*plan, options.trial);
        if (!trial) return refuse(trial.error());
        print_summary(*trial, options.trial.quiet);
        status = worse(status, exit_status(*trial));
        if (trial->run.interrupted || (options.until_fail && status == kInvalid)) break;
        if (options.until_fail && options.repeat > 1 && n + 1 == options.repeat) break;
    }
    return status;
}

}  // namespace

void add_run(CLI::App& app, int& status) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("run", "run a scenario, check it, report it");
    options->scenario.add_to(*command);
    command->add_option("--world", options->trial.world, "live: processes and sockets; sim: virtual time")
        ->check(CLI::IsMember({"live", "sim"}))
        ->capture_default_str();
    command->add_option("--store", options->trial.store, "folder that the run's folder is made in")->capture_default_str();
    command->add_option("--repeat", options->repeat, "run N times, with seeds seed, seed+1, ...")->check(CLI::PositiveNumber);
    command->add_flag("--until-fail", options->until_fail, "repeat until a claim is violated (at most --repeat times, if given)");
    command->add_flag("--quiet", options->trial.quiet, "no progress; one line a run");
    command->footer("Example:\n  mistrial run revocation-under-partition --agent opa --seed 7");
    command->callback([options, &status] { status = run(*options); });
}

}  // namespace mistrial::cli
