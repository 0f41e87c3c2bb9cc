#include "harness/cli/commands.hpp"
#include "harness/cli/judge.hpp"
#include "harness/cli/recorded_run.hpp"
#include "harness/cli/refusal.hpp"
#include "reports/html.hpp"
#include "reports/junit.hpp"
#include "reports/results_json.hpp"

#include <memory>

namespace mistrial::cli {
namespace {

int report(const std::filesystem::path& path, const std::string& format) {
    auto recorded = open_recorded(path);
    if (!recorded) return refuse(recorded.error());
    const auto written_as = history::guess_format(recorded->history);
    if (!written_as) return refuse(written_as.error());
    const auto judged = judge(recorded->history, {}, *written_as);
    if (!judged) return refuse(judged.error());
    recorded->run.duration = judged->lanes.end.time_since_epoch();
    const std::string text = format == "json"    ? reports::results_json(recorded->run, judged->judgement).dump(2) + "\n"
                             : format == "junit" ? reports::junit(recorded->run, judged->judgement)
                                                 : reports::html(recorded->run, judged->judgement, judged->lanes);
    std::fputs(text.c_str(), stdout);
    return kValid;
}

}  // namespace

void add_report(CLI::App& app, int& status) {
    struct Options {
        std::filesystem::path path;
        std::string format = "html";
    };
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("report", "write a report of a run, or of a history, to standard output");
    command->add_option("run", options->path, "a run's folder, or a history")->required();
    command->add_option("--format", options->format)->check(CLI::IsMember({"html", "junit", "json"}))->capture_default_str();
    command->footer("Example:\n  mistrial report store/latest --format html > report.html");
    command->callback([options, &status] { status = report(options->path, options->format); });
}

}  // namespace mistrial::cli
