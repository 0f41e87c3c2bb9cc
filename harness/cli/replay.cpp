#include "core/version.hpp"
#include "harness/cli/commands.hpp"
#include "harness/cli/recorded_run.hpp"
#include "harness/cli/refusal.hpp"
#include "harness/cli/trial.hpp"

#include <memory>

namespace mistrial::cli {
namespace {

struct Options {
    std::filesystem::path path;
    std::string world;
    TrialOptions trial;
};

int replay(const Options& options) {
    const auto recorded = open_recorded(options.path);
    if (!recorded) return refuse(recorded.error());
    if (!recorded->plan) return refuse(fail("{}: a bare history cannot be replayed; expected a run's folder", options.path.string()));
    if (const std::string& made_by = recorded->run.versions.at("mistrial"); made_by != version)
        std::fprintf(stderr, "mistrial: the run was made by version %s; this is %s\n", made_by.c_str(), version);
    TrialOptions trial_options = options.trial;
    trial_options.world = options.world.empty() ? recorded->run.world : options.world;
    const auto trial = conduct_trial(*recorded->plan, trial_options);
    if (!trial) return refuse(trial.error());
    print_summary(*trial, trial_options.quiet);
    if (trial->run.fingerprint && recorded->run.fingerprint && *trial->run.fingerprint != *recorded->run.fingerprint)
        std::fprintf(stderr, "mistrial: the trajectory differs from the recorded one: %s, not %s\n",
                     trial->run.fingerprint->c_str(), recorded->run.fingerprint->c_str());
    return exit_status(*trial);
}

}  // namespace

void add_replay(CLI::App& app, int& status) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("replay", "run the recorded plan of a run again");
    command->add_option("run", options->path, "a run's folder, or its replay.json")->required();
    command->add_option("--world", options->world, "another world than the recorded one")->check(CLI::IsMember({"live", "sim"}));
    command->add_option("--store", options->trial.store, "folder that the run's folder is made in")->capture_default_str();
    command->add_flag("--quiet", options->trial.quiet, "no progress; one line");
    command->footer("Example:\n  mistrial replay store/latest --world sim");
    command->callback([options, &status] { status = replay(*options); });
}

}  // namespace mistrial::cli
