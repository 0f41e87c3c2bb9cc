#include "core/version.hpp"
#include "harness/cli/commands.hpp"
#include "harness/cli/interrupt.hpp"
#include "harness/cli/line_diff.hpp"
#include "harness/cli/recorded_run.hpp"
#include "harness/cli/refusal.hpp"
#include "harness/cli/sub_history.hpp"
#include "harness/cli/trial.hpp"
#include "harness/scenario/spell_out.hpp"
#include "harness/search/shrink.hpp"
#include "harness/search/simulate.hpp"
#include "reports/wording.hpp"

#include <unistd.h>

#include <cmath>
#include <memory>

namespace mistrial::cli {
namespace {

struct Options {
    std::filesystem::path path;
    std::filesystem::path store = "store";
    std::string world = "sim";
    std::string property;
    double confidence = 0.95;
    std::uint64_t most_runs = 5000;
    std::uint64_t most_live = 20;
    bool quiet = false;
};

std::string shown(const search::Size& size) {
    const auto count = [](std::size_t n, const char* one, const char* many) {
        return fmt::format("{} {}", reports::with_thousands(static_cast<std::int64_t>(n)), n == 1 ? one : many);
    };
    return fmt::format("{}, {}, {}, {}, {}", format_short(size.duration), count(size.agents, "agent", "agents"),
                       count(size.faults, "fault", "faults"), count(size.publishes, "publish", "publishes"),
                       count(size.decisions, "decision", "decisions"));
}

OrderedJson to_json(const search::Size& size) {
    return {{"duration", format_short(size.duration)}, {"agents", size.agents},       {"faults", size.faults},
            {"publishes", size.publishes},             {"sessions", size.sessions},   {"decisions", size.decisions}};
}

class Progress {
  public:
    explicit Progress(bool quiet) : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1) {}
    void operator()(const search::Pass& pass, std::uint64_t runs, const search::Size& size) {
        if (quiet_) return;
        if (terminal_) std::fprintf(stderr, "\r\033[K%6llu runs  %-12s  %s", static_cast<unsigned long long>(runs), pass.name.c_str(), shown(size).c_str());
        else if (pass.name != last_) std::fprintf(stderr, "mistrial: %llu runs, %s: %s\n", static_cast<unsigned long long>(runs), pass.name.c_str(), shown(size).c_str());
        last_ = pass.name;
    }
    void done() const {
        if (!quiet_ && terminal_) std::fputs("\r\033[K", stderr);
    }

  private:
    bool quiet_, terminal_;
    std::string last_;
};

/// The way in which the recorded run failed that is kept: the named property's worst, else the worst of all.
Result<std::optional<search::Signature>> wanted(const RecordedRun& recorded, const Options& options) {
    const auto results = read_json(*recorded.folder / "results.json");
    if (!results) return results.error();
    std::optional<search::Signature> worst;
    for (const Json& claim : results->value("claims", Json::array()))
        for (const Json& violation : claim.value("violations", Json::array())) {
            const auto property = claim.value("property", "");
            if (!options.property.empty() && property != options.property) continue;
            const auto text = fmt::format("{} {}", property, violation.value("class", ""));
            auto signature = search::signature_from_text(text);
            if (!signature) return signature.error();
            signature->lets_in = violation.value("wrongly_allowed", 0) > 0;
            if (!worst) worst = std::move(*signature);
        }
    if (!worst && !options.property.empty())
        return fail("{}: the run does not violate {}", options.path.string(), options.property);
    return worst;
}

/// How often the plan fails in this way in the live world, out of `runs`; ends with the first that does.
struct Confirmation {
    std::uint64_t runs = 0;
    std::optional<Trial> failed;
};
Result<Confirmation> confirm_live(const scenario::Plan& plan, const search::Signature& signature, std::uint64_t most, const Options& options) {
    Confirmation confirmation;
    while (confirmation.runs < most && !InterruptWatch::interrupted()) {
        auto trial = conduct_trial(plan, {options.store, "live", true});
        if (!trial) return trial.error();
        ++confirmation.runs;
        if (search::find(trial->judgement, signature) == nullptr) continue;
        confirmation.failed = std::move(*trial);
        break;
    }
    return confirmation;
}

/// Runs that a failure which shows in every second run would need to be seen with this confidence.
std::uint64_t runs_for(double confidence) { return static_cast<std::uint64_t>(std::ceil(std::log(1 - confidence) / std::log(0.5))); }

Result<> leave(const search::Shrunk& shrunk, const OrderedJson& original, const std::filesystem::path& folder, const Trial& trial,
               const std::optional<Confirmation>& live) {
    const std::string before = pretty(scenario::abridged(original)), after = pretty(scenario::abridged(shrunk.scenario));
    OrderedJson report{{"format", 1}, {"mistrial", version}, {"signature", to_text(shrunk.signature)}, {"finished", shrunk.finished},
                       {"runs", shrunk.runs}, {"before", to_json(shrunk.before)}, {"after", to_json(shrunk.after)}};
    for (const search::Pass& pass : shrunk.passes)
        report["passes"].push_back({{"pass", pass.name}, {"runs", pass.runs}, {"smaller", pass.smaller}});
    if (live) report["live"] = {{"runs", live->runs}, {"reproduced", live->failed.has_value()}};
    if (auto written = replace_file(folder / "scenario.json", after); !written) return written;
    if (auto written = replace_file(folder / "scenario.diff", line_diff(before, after)); !written) return written;
    if (auto written = replace_file(folder / "shrink.json", pretty(report)); !written) return written;
    const auto accused = accusation(trial.judgement, 1);
    if (!accused) return accused.error();
    const auto window = extract(folder / "history.jsonl", history::Format::jsonl, *accused, trial.judgement.first_sights, folder / "window.jsonl");
    if (!window) return window.error();
    return {};
}

int shrink(const Options& options) {
    const auto recorded = open_recorded(options.path);
    if (!recorded) return refuse(recorded.error());
    if (!recorded->plan)
        return refuse(fail("{}: a bare history cannot be shrunk; expected a run's folder", options.path.string()));
    const auto signature = wanted(*recorded, options);
    if (!signature) return refuse(signature.error());
    scenario::Plan named = *recorded->plan;
    if (!named.scenario.ends_with("-shrunk")) {
        named.about = fmt::format("The smallest form of {} (seed {}) that still fails as it did.", named.scenario, named.seed);
        named.scenario += "-shrunk";
    }
    const OrderedJson original = scenario::spell_out(named);

    const InterruptWatch watch;
    Progress progress(options.quiet);
    search::ShrinkOptions how;
    how.signature = *signature;
    how.most_runs = options.most_runs;
    how.interrupted = InterruptWatch::interrupted;
    how.progress = [&](const search::Pass& pass, std::uint64_t runs, const search::Size& size) { progress(pass, runs, size); };
    const auto judge = [](const scenario::Plan& plan) -> Result<checkers::Judgement> {
        auto simulated = search::simulate(plan);
        if (!simulated) return simulated.error();
        return std::move(simulated->judgement);
    };
    const auto shrunk = search::shrink(original, judge, how);
    progress.done();
    if (!shrunk) return refuse(shrunk.error());

    std::optional<Confirmation> live;
    if (options.world == "live") {
        const std::uint64_t most = std::min(options.most_live, runs_for(options.confidence));
        // A handful of decisions, timed for the simulation, may miss their moment in the live world: the whole load does not.
        for (const scenario::Plan& plan : {shrunk->plan, *scenario::resolve(scenario::scenario_of(shrunk->loaded))}) {
            auto confirmed = confirm_live(plan, shrunk->signature, most, options);
            if (!confirmed) return refuse(confirmed.error());
            live = std::move(*confirmed);
            if (live->failed || scenario::mean_the_same(plan, *scenario::resolve(scenario::scenario_of(shrunk->loaded)))) break;
        }
    }
    auto trial = conduct_trial(shrunk->plan, {options.store, "sim", true});
    if (!trial) return refuse(trial.error());
    if (exit_status(*trial) == kInternalError) {
        print_summary(*trial, options.quiet);
        return kInternalError;
    }
    if (auto left = leave(*shrunk, original, trial->folder, *trial, live); !left) return refuse(left.error());

    if (options.quiet) {
        std::printf("shrunk %s %llu runs %s\n", to_text(shrunk->signature).c_str(), static_cast<unsigned long long>(shrunk->runs),
                    trial->folder.c_str());
        return kValid;
    }
    trial->run.not_tested.clear();  // whatever was shrunk away
    print_summary(*trial, false);
    std::printf("\nShrunk in %llu simulated runs%s, failing with %s all the while:\n  from  %s\n  to    %s\n", static_cast<unsigned long long>(shrunk->runs),
                shrunk->finished ? "" : " (not finished: interrupted, or out of runs)", to_text(shrunk->signature).c_str(),
                shown(shrunk->before).c_str(), shown(shrunk->after).c_str());
    if (live)
        std::printf("  live  %s\n", live->failed ? fmt::format("reproduced in run {}: {}", live->runs, live->failed->folder.string()).c_str()
                                               : fmt::format("not reproduced in {} runs", live->runs).c_str());
    const std::string folder = trial->folder.string();
    std::printf("\nscenario  %s/scenario.json\ndiff      %s/scenario.diff\nwindow    %s/window.jsonl\nagain     mistrial replay %s\n\n%s", folder.c_str(),
                folder.c_str(), folder.c_str(), folder.c_str(), pretty(scenario::abridged(shrunk->scenario)).c_str());
    return kValid;
}

}  // namespace

void add_shrink(CLI::App& app, int& status) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("shrink", "the smallest scenario that still fails in the way that a run did");
    command->add_option("run", options->path, "a run's folder, or its replay.json")->required();
    command->add_option("--property", options->property, "keep the worst violation of this property; default: the worst of all");
    command->add_option("--world", options->world, "live: confirm in the live world what the simulation has shrunk")
        ->check(CLI::IsMember({"sim", "live"}))
        ->capture_default_str();
    command->add_option("--confidence", options->confidence, "live: run as often as shows a failure of every second run with this confidence")
        ->check(CLI::Range(0.5, 0.999999))
        ->capture_default_str();
    command->add_option("--runs", options->most_runs, "simulated runs at most")->check(CLI::PositiveNumber)->capture_default_str();
    command->add_option("--store", options->store, "folder that the shrunk run's folder is made in")->capture_default_str();
    command->add_flag("--quiet", options->quiet, "no progress; one line");
    command->footer("Example:\n  mistrial run demo --world sim --set /fleet/agents/0/defect=reports-ahead\n  mistrial shrink store/latest");
    command->callback([options, &status] { status = shrink(*options); });
}

}  // namespace mistrial::cli
