#include "checkers/checker.hpp"
#include "core/utf8.hpp"
#include "harness/cli/commands.hpp"
#include "harness/cli/given_claims.hpp"
#include "harness/cli/judge.hpp"
#include "harness/cli/recorded_run.hpp"
#include "harness/cli/refusal.hpp"
#include "harness/cli/sub_history.hpp"
#include "harness/cli/trial.hpp"
#include "reports/results_json.hpp"
#include "reports/terminal.hpp"
#include "reports/wording.hpp"

#include <unistd.h>

#include <memory>

namespace mistrial::cli {
namespace {

struct Options {
    std::vector<std::filesystem::path> paths;
    std::string claims_file;
    std::string model;
    std::string format;
    std::vector<std::string> only;
    std::size_t sub = 0;
    bool json = false;
};

/// How to judge, as the command line says; a mistake in it is told before any history is read.
Result<checkers::Suite::Options> suite_of(const Options& options) {
    checkers::Suite::Options suite;
    suite.only = options.only;
    for (const std::string& name : options.only) {
        if (checkers::find_property(name) != nullptr) continue;
        return fail("--only {}: there is no such property; did you mean \"{}\"? (`mistrial list properties`)", name,
                    checkers::nearest_property(name));
    }
    if (!options.claims_file.empty()) {
        auto claims = claims_in(options.claims_file);
        if (!claims) return claims.error();
        suite.claims = std::move(*claims);
    }
    if (!options.model.empty()) {
        auto claim = claim_of_model(options.model);
        if (!claim) return claim.error();
        suite.besides.emplace(claim->property, std::move(*claim));
    }
    return suite;
}

Result<history::Format> format_of(const Options& options, const std::filesystem::path& history) {
    if (!options.format.empty()) return *history::format_named(options.format);
    return history::guess_format(history);
}

/// What each violation is called by `--sub`.
void print_numbers(const checkers::Judgement& judgement) {
    constexpr std::size_t kMost = 20;
    std::size_t number = 0;
    for (const checkers::ClaimResult& claim : judgement.claims) {
        for (const checkers::Violation& violation : claim.violations) {
            if (++number == 1) std::printf("\nEach violation by itself (--sub N):\n");
            if (number <= kMost)
                std::printf("  %2zu  %s: %s\n", number, claim.property.c_str(), printable(violation.summary).c_str());
        }
    }
    if (number > kMost) std::printf("  and %zu more\n", number - kMost);
}

/// With several histories, their results are the elements of one array.
void print(const Options& options, const reports::Run& run, const checkers::Judgement& judgement, int printed = 0) {
    if (options.json && options.paths.size() > 1)
        std::printf("%s%s", printed == 0 ? "" : ",\n", reports::results_json(run, judgement).dump(2).c_str());
    else if (options.json)
        std::printf("%s\n", reports::results_json(run, judgement).dump(2).c_str());
    else
        std::fputs(reports::terminal(run, judgement, reports::TerminalStyle::of(STDOUT_FILENO)).c_str(), stdout);
}

/// Judges the witness of one violation, with its context, once more.
Result<int> check_sub(const Options& options, RecordedRun& recorded, history::Format format,
                      const checkers::Suite::Options& suite, const checkers::Judgement& whole) {
    const auto accused = accusation(whole, options.sub);
    if (!accused) return with_context(recorded.history.string(), accused.error());
    const std::filesystem::path folder = recorded.folder.value_or(recorded.history.parent_path());
    const std::string stem = recorded.folder ? "" : recorded.history.stem().string() + ".";
    const auto kept = extract(recorded.history, format, *accused, whole.first_sights,
                              folder / fmt::format("{}sub-{}.jsonl", stem, options.sub));
    if (!kept) return kept.error();
    checkers::Suite::Options again = suite;
    auto claims = checkers::parse_claims(claims_of(*accused), "");
    if (!claims) return claims.error();
    again.claims = std::move(*claims);
    again.besides.clear();
    auto judged = judge(kept->file, again);
    if (!judged) return judged.error();
    reports::Run run;
    run.scenario = kept->file.filename().string();
    run.duration = judged->lanes.end.time_since_epoch();
    run.files["history"] = kept->file.string();
    judged->judgement.notes.push_back(
        fmt::format("violation {} of {} by itself: {} of the history's {} records, in {}", accused->number, accused->of,
                    reports::with_thousands(static_cast<std::int64_t>(kept->kept)),
                    reports::with_thousands(static_cast<std::int64_t>(kept->of)), kept->file.string()));
    print(options, run, judged->judgement);
    return status_of(judged->judgement);
}

Result<int> check_one(const Options& options, const std::filesystem::path& path,
                      const checkers::Suite::Options& suite, int& printed) {
    auto recorded = open_recorded(path);
    if (!recorded) return recorded.error();
    const auto format = format_of(options, recorded->history);
    if (!format) return format.error();
    auto judged = judge_rows(recorded->history, suite, *format);
    if (!judged) return judged.error();
    if (options.sub > 0) return check_sub(options, *recorded, *format, suite, judged->judgement);
    recorded->run.duration = judged->lanes.end.time_since_epoch();
    if (!options.only.empty() && judged->judgement.claims.empty()) {
        judged->judgement.notes.push_back(fmt::format("nobody claims {}, so it is measured and not judged; --claims FILE claims it",
                                                      fmt::join(options.only, " or ")));
    }
    print(options, recorded->run, judged->judgement, printed++);
    if (!options.json) print_numbers(judged->judgement);
    return status_of(judged->judgement);
}

int check(const Options& options) {
    const auto suite = suite_of(options);
    if (!suite) return refuse(suite.error());
    if (options.sub > 0 && options.paths.size() > 1)
        return refuse(fail("--sub is for one history, {} are given", options.paths.size()));
    int worst = kValid;
    int printed = 0;
    const bool array = options.json && options.paths.size() > 1;
    if (array) std::printf("[");
    for (const std::filesystem::path& path : options.paths) {
        const auto status = check_one(options, path, *suite, printed);
        // What cannot be read hides nothing that the others show.
        worst = worse(worst, status ? *status : refuse(status.error()));
    }
    if (array) std::printf("]\n");
    return worst;
}

}  // namespace

void add_check(CLI::App& app, int& status) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("check", "check recorded histories again");
    command
        ->add_option("history", options->paths,
                     "a history of any format, or a run's folder (several are checked in turn)")
        ->required();
    command->add_option("--claims", options->claims_file, "a file of claims instead of those in the history")
        ->check(CLI::ExistingFile);
    command->add_option("--model", options->model,
                        "claim linearizability of this model beside what is claimed anyway; register=0 (any JSON) says what "
                        "an object holds at first, which is null otherwise");
    command
        ->add_option("--format", options->format,
                     "of the history; guessed from its name, else from what it begins with")
        ->check(CLI::IsMember([] {
            std::vector<std::string> names;
            for (const std::string_view name : history::format_names()) names.emplace_back(name);
            return names;
        }()));
    command->add_option("--only", options->only, "only this property, by name or id (again and again)")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command
        ->add_option(
            "--sub", options->sub,
            "judge one violation by itself: its witness and what that was up against, written to sub-N.jsonl in the "
            "run's folder "
            "(NAME.sub-N.jsonl beside a bare history); without --sub the violations are listed with their numbers")
        ->check([](const std::string& text) {
            const bool number = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
            return number && text.find_first_not_of('0') != std::string::npos
                       ? std::string{}
                       : "expected the number of a violation, from 1 on, got " + text;
        });
    command->add_flag("--json", options->json, "print results as results.json has them");
    command->footer(
        "Examples:\n  mistrial check store/latest --only bounded-staleness\n  mistrial check store/latest --sub 1\n"
        "  mistrial check etcd_000.log --model cas-register --only linearizability");
    command->callback([options, &status] { status = check(*options); });
}

}  // namespace mistrial::cli
