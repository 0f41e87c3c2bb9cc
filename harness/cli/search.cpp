#include "harness/cli/commands.hpp"
#include "harness/cli/interrupt.hpp"
#include "harness/cli/refusal.hpp"
#include "harness/cli/scenario_options.hpp"
#include "harness/cli/trial.hpp"
#include "harness/scenario/spell_out.hpp"
#include "harness/search/results.hpp"
#include "harness/store/store.hpp"
#include "reports/wording.hpp"

#include <unistd.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <thread>

namespace mistrial::cli {
namespace {

/// A fleet in which one agent decides by the revision before the one that it reports: whoever searches must find that.
constexpr const char* kCanary = "reports-ahead";
constexpr std::uint64_t kCanaryRuns = 3;

struct Options {
    ScenarioOptions scenario;
    std::filesystem::path store = "store";
    std::filesystem::path resume;
    std::string strategy = "swarm", time, shard = "1/1";
    std::uint64_t runs = 200;
    unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
    bool until_found = false, quiet = false;
};

std::string thousands(std::uint64_t number) { return reports::with_thousands(static_cast<std::int64_t>(number)); }

Result<std::pair<std::uint64_t, std::uint64_t>> shard_of(const std::string& text) {
    std::uint64_t index = 0, of = 0;
    char slash = 0, rest = 0;
    std::istringstream in(text);
    if (!(in >> index >> slash >> of) || slash != '/' || in >> rest || index < 1 || index > of)
        return fail("--shard: expected I/N with I from 1 to N, such as 2/8, got {}", text);
    return std::pair(index - 1, of);
}

/// Whether a search of this scenario finds what it has to find: a canary among healthy agents.
Result<bool> canary_sings(const OrderedJson& base, std::uint64_t seed, unsigned jobs) {
    OrderedJson infected = base;
    for (OrderedJson& agent : infected["fleet"]["agents"]) agent["defect"] = kCanary;
    auto strategy = search::make_strategy("swarm", infected, seed);
    if (!strategy) return strategy.error();
    bool found = false;
    search::CampaignOptions options;
    options.runs = kCanaryRuns;
    options.jobs = jobs;
    options.interrupted = [&] { return found || InterruptWatch::interrupted(); };
    options.on_run = [&](const search::RunSeen& run) -> Result<> {
        if (run.error) return fail("no run can be made: {}", *run.error);
        found = found || !run.signatures.empty();
        return {};
    };
    if (auto searched = search::search(**strategy, infected, options); !searched) return searched.error();
    return found;
}

void print(const search::Tally& tally, const std::map<std::string, std::string>& folders) {
    std::printf("%s runs: %s valid, %s invalid, %s unknown%s; %s events, %s states of the fleet.\n", thousands(tally.runs).c_str(),
                thousands(tally.valid).c_str(), thousands(tally.invalid).c_str(), thousands(tally.unknown).c_str(),
                tally.failed > 0 ? fmt::format(", {} could not be made", thousands(tally.failed)).c_str() : "", thousands(tally.events).c_str(),
                thousands(tally.states).c_str());
    if (tally.found.empty()) std::printf("No claim was violated.\n");
    for (const search::Found& found : tally.found) {
        const std::string text = to_text(found.signature);
        std::printf("\nFOUND %s: first in run %llu (seed %llu, %zu faults), in %s of the runs.\n", text.c_str(),
                    static_cast<unsigned long long>(found.first.number), static_cast<unsigned long long>(found.first.variation.seed), found.first.variation.faults.size(),
                    thousands(found.runs).c_str());
        if (const auto folder = folders.find(text); folder != folders.end())
            std::printf("  run     %s\n  shrink  mistrial shrink %s --property %s\n", folder->second.c_str(), folder->second.c_str(),
                        found.signature.property.c_str());
    }
    std::printf("\n  state that a search has to reach       runs\n");
    for (const search::Probe& probe : search::probes()) {
        const auto hits = tally.probes.find(std::string(probe.name));
        const bool missed = std::ranges::find(tally.missed, probe.name) != tally.missed.end();
        std::printf("  %-34s %8s%s\n", std::string(probe.name).c_str(), thousands(hits == tally.probes.end() ? 0 : hits->second).c_str(),
                    missed ? "  MISSED" : "");
    }
}

int status_of(const search::Tally& tally, bool canary) {
    if (!tally.found.empty()) return kInvalid;
    return canary && tally.missed.empty() ? kValid : kUnknown;
}

/// Each way to fail once more as a whole run, with history and reports.
Result<std::map<std::string, std::string>> keep_runs(const search::Header& header, const search::Tally& tally, const std::filesystem::path& store) {
    std::map<std::string, std::string> folders;
    std::map<std::uint64_t, std::string> kept;
    for (const search::Found& found : tally.found) {
        if (const auto known = kept.find(found.first.number); known != kept.end()) {
            folders[to_text(found.signature)] = known->second;
            continue;
        }
        const auto plan = scenario::resolve(scenario::scenario_of(search::varied(header.base, found.first.variation)));
        if (!plan) return plan.error();
        const auto trial = conduct_trial(*plan, {store, "sim", true});
        if (!trial) return trial.error();
        folders[to_text(found.signature)] = kept[found.first.number] = trial->folder.string();
    }
    return folders;
}

int search_for(const Options& options) {
    search::Header header;
    std::vector<search::RunSeen> done;
    std::filesystem::path folder;
    const auto shard = shard_of(options.shard);
    if (!shard) return refuse(shard.error());
    if (!options.resume.empty()) {
        auto old = search::read_header(options.resume);
        if (!old) return refuse(old.error());
        auto runs = search::read_runs(options.resume);
        if (!runs) return refuse(runs.error());
        header = std::move(*old);
        done = std::move(*runs);
        folder = options.resume;
    } else {
        if (options.scenario.scenario.empty()) return refuse(fail("expected a scenario, or --resume with the folder of a search"));
        const auto scenario = options.scenario.load();
        if (!scenario) return refuse(scenario.error());
        auto base = search::base_of(*scenario);
        if (!base) return refuse(base.error());
        header = {scenario->name, options.strategy, base->at("seed").get<std::uint64_t>(), shard->first, shard->second, std::move(*base)};
        const auto now = WallTime{std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())};
        auto made = store::RunFolder::create(options.store, header.scenario + "-search", header.seed, now, store::RunFolder::Of::search);
        if (!made) return refuse(made.error());
        folder = made->path();
        if (auto written = search::write_header(header, folder); !written) return refuse(written.error());
    }
    search::CampaignOptions how;
    if (!options.time.empty()) {
        const auto time = parse_duration(options.time);
        if (!time) return refuse(with_context("--time", time.error()));
        how.time = *time;
        how.runs = UINT64_MAX;
    } else {
        how.runs = options.runs;
    }
    const InterruptWatch watch;
    const auto canary = canary_sings(header.base, header.seed, options.jobs);
    if (!canary) return refuse(canary.error());
    if (!*canary && !InterruptWatch::interrupted())
        std::fprintf(stderr, "mistrial: the canary was missed: %llu runs of this scenario with the defect %s violate no claim, so its claims or its length are too weak to find anything\n",
                     static_cast<unsigned long long>(kCanaryRuns), kCanary);
    auto strategy = search::make_strategy(header.strategy, header.base, header.seed);
    if (!strategy) return refuse(strategy.error());
    std::ofstream lines(folder / "runs.jsonl", std::ios::app);
    if (!options.resume.empty()) {
        // A torn last line would swallow the first of the new ones.
        lines.close();
        lines.open(folder / "runs.jsonl", std::ios::trunc);
        for (const search::RunSeen& run : done) lines << to_json(run).dump() << '\n';
    }
    if (!lines.flush()) return refuse(fail("{}: cannot be written", (folder / "runs.jsonl").string()));
    std::vector<search::RunSeen> all = done;
    std::set<search::Signature> known;
    const bool terminal = ::isatty(STDERR_FILENO) == 1;
    how.jobs = options.jobs;
    how.shard = header.shard;
    how.shards = header.shards;
    how.done = done;
    how.until_found = options.until_found;
    how.interrupted = InterruptWatch::interrupted;
    const auto began = std::chrono::steady_clock::now();
    how.on_run = [&](const search::RunSeen& run) -> Result<> {
        // What keeps the first from being made keeps all: agents that have no simulation, a workload that cannot be made.
        if (run.error && all.empty()) return fail("no run can be made: {}", *run.error);
        lines << to_json(run).dump() << '\n';
        if (!lines.flush()) return fail("{}: cannot be written", (folder / "runs.jsonl").string());
        all.push_back(run);
        for (const search::Signature& signature : run.signatures)
            if (known.insert(signature).second && !options.quiet)
                std::fprintf(stderr, "%smistrial: run %llu violates %s\n", terminal ? "\r\033[K" : "", static_cast<unsigned long long>(run.number),
                             to_text(signature).c_str());
        if (!options.quiet && (terminal || all.size() % 100 == 0)) {
            const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
            std::fprintf(stderr, "%smistrial: %zu runs, %.1f a second, %zu ways to fail%s", terminal ? "\r\033[K" : "", all.size(),
                         static_cast<double>(all.size() - done.size()) / std::max(seconds, 1e-3), known.size(), terminal ? "" : "\n");
        }
        return {};
    };
    const auto searched = search::search(**strategy, header.base, how);
    if (terminal && !options.quiet) std::fputs("\r\033[K", stderr);
    if (!searched) return refuse(searched.error());
    const search::Tally tally = search::tally_of(all);
    const auto folders = keep_runs(header, tally, options.store);
    if (!folders) return refuse(folders.error());
    OrderedJson results = to_json(header, tally);
    results["canary"] = *canary;
    if (auto written = replace_file(folder / "results.json", pretty(results)); !written) return refuse(written.error());
    if (options.quiet) {
        std::printf("%zu ways to fail in %s runs %s\n", tally.found.size(), thousands(tally.runs).c_str(), folder.c_str());
    } else {
        print(tally, *folders);
        std::printf("\nSearch:  %s\nGo on:   mistrial search --resume %s --runs N\n", folder.c_str(), folder.c_str());
    }
    return status_of(tally, *canary);
}

}  // namespace

void add_search(CLI::App& app, int& status) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("search", "look for a schedule of faults under which a claim is violated, in the simulation");
    options->scenario.add_to(*command);
    command->get_option("scenario")->required(false);
    command->add_option("--runs", options->runs, "simulated runs, numbered from 0")->check(CLI::PositiveNumber)->capture_default_str();
    command->add_option("--time", options->time, "search for so long instead, such as 10m");
    command->add_option("--jobs", options->jobs, "threads")->check(CLI::Range(1U, 1024U))->capture_default_str();
    std::vector<std::string> names;
    for (const search::StrategyKind& kind : search::strategy_kinds()) names.emplace_back(kind.name);
    command->add_option("--strategy", options->strategy, "how schedules are chosen")->check(CLI::IsMember(names))->capture_default_str();
    command->add_option("--shard", options->shard, "I/N: make the I-th of N parts of the runs (mistrial merge joins them)")->capture_default_str();
    command->add_option("--resume", options->resume, "go on with the search in this folder")->check(CLI::ExistingDirectory);
    command->add_flag("--until-found", options->until_found, "end with the first violation");
    command->add_option("--store", options->store, "folder that the search's folder is made in")->capture_default_str();
    command->add_flag("--quiet", options->quiet, "no progress; one line");
    std::string about = "Strategies:\n";
    for (const search::StrategyKind& kind : search::strategy_kinds()) about += fmt::format("  {:<12}{}\n", kind.name, kind.about);
    command->footer(about + "\nExit status: 1 a violation was found, 0 none, 2 none but the search missed what it must reach.\n"
                            "Example:\n  mistrial search demo --runs 500 --set /fleet/agents/0/defect=rolls-back-at-restart");
    command->callback([options, &status] { status = search_for(*options); });
}

void add_merge(CLI::App& app, int& status) {
    struct Merge {
        std::vector<std::filesystem::path> folders;
        std::filesystem::path store = "store";
        bool json = false;
    };
    auto options = std::make_shared<Merge>();
    CLI::App* command = app.add_subcommand("merge", "join the results of a search's shards");
    command->add_option("folders", options->folders, "folders of the shards")->required()->check(CLI::ExistingDirectory);
    command->add_option("--store", options->store, "folder that runs which violate a claim are kept in")->capture_default_str();
    command->add_flag("--json", options->json, "print the results as JSON");
    command->footer("Example:\n  mistrial merge store/demo-search/*");
    command->callback([options, &status] {
        const auto all = search::merged(options->folders);
        if (!all) {
            status = refuse(all.error());
            return;
        }
        const search::Tally tally = search::tally_of(all->second);
        status = status_of(tally, true);
        if (options->json) {
            std::fputs(pretty(to_json(all->first, tally)).c_str(), stdout);
            return;
        }
        const auto folders = keep_runs(all->first, tally, options->store);
        if (!folders) status = refuse(folders.error());
        else print(tally, *folders);
    });
}

}  // namespace mistrial::cli
