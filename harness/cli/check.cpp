#include "checkers/checker.hpp"
#include "harness/cli/commands.hpp"
#include "harness/cli/judge.hpp"
#include "harness/cli/recorded_run.hpp"
#include "harness/cli/refusal.hpp"
#include "harness/cli/trial.hpp"
#include "reports/results_json.hpp"
#include "reports/terminal.hpp"

#include <unistd.h>

#include <memory>

namespace mistrial::cli {
namespace {

struct Options {
    std::vector<std::filesystem::path> paths;
    std::string claims_file;
    std::vector<std::string> only;
    bool json = false;
};

int check(const Options& options) {
    checkers::Suite::Options suite;
    suite.only = options.only;
    if (!options.claims_file.empty()) {
        const auto json = read_json(options.claims_file, true);
        if (!json) return refuse(json.error());
        auto claims = checkers::parse_claims(*json, "");
        if (!claims) return refuse(with_context(options.claims_file, claims.error()));
        suite.claims = std::move(*claims);
    }
    int worst = kValid;
    for (const std::filesystem::path& path : options.paths) {
        auto recorded = open_recorded(path);
        if (!recorded) return refuse(recorded.error());
        auto judged = judge_rows(recorded->history, suite);
        if (!judged) return refuse(judged.error());
        recorded->run.duration = judged->lanes.end.time_since_epoch();
        if (options.json)
            std::printf("%s\n", reports::results_json(recorded->run, judged->judgement).dump(2).c_str());
        else
            std::fputs(reports::terminal(recorded->run, judged->judgement, reports::TerminalStyle::of(STDOUT_FILENO)).c_str(),
                       stdout);
        worst = worse(worst, status_of(judged->judgement));
    }
    return worst;
}

}  // namespace

void add_check(CLI::App& app, int& status) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("check", "check recorded histories again");
    command->add_option("history", options->paths, "history.jsonl, history.mst, or a run's folder (several are checked in turn)")->required();
    command->add_option("--claims", options->claims_file, "a file of claims instead of those in the history")
        ->check(CLI::ExistingFile);
    command->add_option("--only", options->only, "only this property, by name or id (again and again)")->allow_extra_args(false);
    command->add_flag("--json", options->json, "print results as results.json has them");
    command->footer("Example:\n  mistrial check store/latest --only bounded-staleness");
    command->callback([options, &status] { status = check(*options); });
}

}  // namespace mistrial::cli
