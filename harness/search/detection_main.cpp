#include "harness/scenario/spell_out.hpp"
#include "harness/search/campaign.hpp"
#include "harness/search/comparison.hpp"
#include "harness/search/confusion.hpp"
#include "harness/search/edit.hpp"
#include "harness/search/showcase.hpp"

#include "reports/wording.hpp"

#include <CLI/CLI.hpp>

#include <stdlib.h>  // mkdtemp
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <thread>

/// What scripts/detection is made of: how well seeded defects are found, by which property and in how many runs, and that a
/// correct fleet is not accused. Tables in Markdown go to standard output, progress and what is wrong to standard error.
namespace {

using namespace mistrial;

struct Options {
    std::uint64_t seeds = 1, first = 1, seed = 1, draw = 1, cap = 300, runs = 1000;
    std::size_t defects = 15;
    unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
    std::vector<std::string> only, strategies{"swarm", "lineage", "guided", "pct"};
    std::string name, keep;
    bool innocent = false;
};

std::string thousands(std::uint64_t number) { return reports::with_thousands(static_cast<std::int64_t>(number)); }

int refuse(const Error& error) {
    std::fprintf(stderr, "detection: %s\n", error.message.c_str());
    return 3;
}

/// How far it is, on a terminal.
class Progress {
  public:
    void operator()(std::size_t done, std::size_t of) const {
        if (terminal_) std::fprintf(stderr, "\r\033[K%zu of %zu%s", done, of, done == of ? "\r\033[K" : "");
    }

  private:
    bool terminal_ = ::isatty(STDERR_FILENO) == 1;
};

/// Files of the showcases, for as long as it takes.
class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "mistrial-detection-XXXXXX").string();
        if (const char* made = ::mkdtemp(name.data())) path_ = made;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        if (!path_.empty()) std::filesystem::remove_all(path_);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

std::optional<Error> unknown_defect(const std::vector<std::string>& names) {
    for (const std::string& name : names)
        if (defects::find(name) == nullptr) return fail("{}: no such defect (mistrial list defects)", name);
    return std::nullopt;
}

int matrix(const Options& options) {
    if (const auto error = unknown_defect(options.only)) return refuse(*error);
    const Folder folder;
    if (folder.path().empty()) return refuse(fail("{}: no folder can be made there", std::filesystem::temp_directory_path().string()));
    const auto all = search::confusion({options.only, options.first, options.seeds, options.jobs, folder.path(), Progress()});
    std::size_t right = 0;
    std::vector<std::string> wrong;
    for (const search::ConfusionRow& row : all.rows) {
        const auto sentences = search::wrong_with(row);
        right += sentences.empty() ? 1 : 0;
        for (const std::string& sentence : sentences) wrong.push_back(fmt::format("{}: {}", row.defect->name, sentence));
    }
    std::printf("%s seeds, %s runs with a defect, %s runs without one: %zu of %zu rows are right.\n\n%s", thousands(options.seeds).c_str(),
                thousands(all.guilty).c_str(), thousands(all.innocent).c_str(), right, all.rows.size(), to_markdown(all).c_str());
    for (const std::string& one : wrong) std::fprintf(stderr, "detection: WRONG %s\n", one.c_str());
    return wrong.empty() ? 0 : 1;
}

int strategies(const Options& options) {
    if (const auto error = unknown_defect(options.only)) return refuse(*error);
    search::ComparisonOptions how{{}, options.strategies, options.seeds, options.cap, options.jobs, Progress()};
    for (const std::string& name : options.only) how.defects.push_back(defects::find(name));
    if (options.only.empty()) how.defects = search::draw_defects(options.defects, options.draw);
    const auto comparison = search::compare(how);
    if (!comparison) return refuse(comparison.error());
    std::printf("%zu defects (draw %llu), %s searches of each, at most %s runs a search.\n\n%s", how.defects.size(),
                static_cast<unsigned long long>(options.draw), thousands(options.seeds).c_str(), thousands(options.cap).c_str(),
                to_markdown(*comparison).c_str());
    return 0;
}

int sound(const Options& options) {
    const auto base = search::arena();
    if (!base) return refuse(base.error());
    auto swarm = search::make_strategy("swarm", *base, options.seed);
    if (!swarm) return refuse(swarm.error());
    search::CampaignOptions how;
    how.runs = options.runs;
    how.jobs = options.jobs;
    std::uint64_t faults = 0, events = 0, bad = 0;
    const Progress progress;
    how.on_run = [&](const search::RunSeen& run) -> Result<> {
        progress(run.number + 1, options.runs);
        faults += run.variation.faults.size();
        events += run.events;
        if (!run.error && run.signatures.empty()) return {};
        ++bad;
        for (const search::Signature& signature : run.signatures)
            std::fprintf(stderr, "detection: WRONG run %llu violates %s\n", static_cast<unsigned long long>(run.number), to_text(signature).c_str());
        if (run.error) std::fprintf(stderr, "detection: WRONG run %llu: %s\n", static_cast<unsigned long long>(run.number), run.error->c_str());
        if (options.keep.empty()) return {};
        std::filesystem::create_directories(options.keep);
        const auto file = std::filesystem::path(options.keep) / fmt::format("run-{}.json", run.number);
        return replace_file(file, pretty(varied(*base, run.variation)));
    };
    const auto began = std::chrono::steady_clock::now();
    if (const auto done = search::search(**swarm, *base, how); !done) return refuse(done.error());
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    std::printf("| runs | faults | events | claims | runs that violate a claim | runs a second |\n| ---: | ---: | ---: | ---: | ---: | ---: |\n"
                "| %s | %s | %s | %zu | %s | %.1f |\n",
                thousands(options.runs).c_str(), thousands(faults).c_str(), thousands(events).c_str(),
                scenario::resolve(scenario::scenario_of(*base)).value().claims.size(), thousands(bad).c_str(),
                static_cast<double>(options.runs) / std::max(seconds, 1e-3));
    return bad == 0 ? 0 : 1;
}

/// A scenario to run by oneself.
int showcase(const Options& options) {
    if (const auto error = unknown_defect({options.name})) return refuse(*error);
    const auto& defect = *defects::find(options.name);
    Json scenario = search::showcase_of(defect, std::filesystem::absolute("showcase-" + options.name));
    if (!options.innocent) scenario = search::with_defect(std::move(scenario), defect);
    scenario["seed"] = options.seed;
    std::printf("%s\n", scenario.dump(2).c_str());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"measures how well seeded defects are found; tables in Markdown (docs/detection.md)"};
    app.require_subcommand(1);
    Options options;
    int status = 0;
    const auto jobs = [&](CLI::App* command) { command->add_option("--jobs", options.jobs, "threads")->check(CLI::PositiveNumber)->capture_default_str(); };
    const auto only = [&](CLI::App* command) { command->add_option("--only", options.only, "these defects alone, by name"); };

    auto* confusion = app.add_subcommand("matrix", "which properties find which defect, in the small fleet in which it shows; exit status 1 when a row is wrong");
    confusion->add_option("--seeds", options.seeds, "how many")->check(CLI::PositiveNumber)->capture_default_str();
    confusion->add_option("--first", options.first, "the first of them")->capture_default_str();
    only(confusion);
    jobs(confusion);
    confusion->callback([&] { status = matrix(options); });

    auto* comparison = app.add_subcommand("strategies", "runs until a search finds a defect, by strategy");
    comparison->add_option("--defects", options.defects, "how many to draw")->check(CLI::PositiveNumber)->capture_default_str();
    comparison->add_option("--draw", options.draw, "seed of the draw")->capture_default_str();
    comparison->add_option("--seeds", options.seeds, "searches of each defect")->check(CLI::PositiveNumber)->capture_default_str();
    comparison->add_option("--cap", options.cap, "most runs of a search")->check(CLI::PositiveNumber)->capture_default_str();
    comparison->add_option("--strategy", options.strategies, "others are compared with the first")->capture_default_str();
    only(comparison);
    jobs(comparison);
    comparison->callback([&] { status = strategies(options); });

    auto* correct = app.add_subcommand("sound", "a correct fleet under the swarm's faults; exit status 1 when it is accused");
    correct->add_option("--runs", options.runs, "how many")->check(CLI::PositiveNumber)->capture_default_str();
    correct->add_option("--seed", options.seed, "of the search")->capture_default_str();
    correct->add_option("--keep", options.keep, "folder for the scenarios of runs that violate a claim");
    jobs(correct);
    correct->callback([&] { status = sound(options); });

    auto* one = app.add_subcommand("showcase", "the scenario in which a defect shows, for mistrial run --world sim; files that it reads go into ./showcase-DEFECT");
    one->add_option("defect", options.name, "by name")->required();
    one->add_option("--seed", options.seed)->capture_default_str();
    one->add_flag("--innocent", options.innocent, "without the defect");
    one->callback([&] { status = showcase(options); });
    CLI11_PARSE(app, argc, argv);
    return status;
}
