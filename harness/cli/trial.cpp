#include "harness/cli/trial.hpp"

#include "checkers/checker.hpp"
#include "core/history/binary.hpp"
#include "core/history/writer.hpp"
#include "core/version.hpp"
#include "harness/cli/commands.hpp"
#include "harness/cli/interrupt.hpp"
#include "harness/cli/judge.hpp"
#include "harness/cli/progress.hpp"
#include "harness/conductor/conductor.hpp"
#include "harness/live/live_world.hpp"
#include "harness/sim/sim_world.hpp"
#include "harness/store/store.hpp"
#include "harness/workload/planned.hpp"
#include "reports/html.hpp"
#include "reports/junit.hpp"
#include "reports/results_json.hpp"
#include "reports/terminal.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <set>

namespace mistrial::cli {
namespace {

/// The history is handed to the kernel this often, so that a killed run loses little of it.
constexpr Duration kFlushEvery = std::chrono::milliseconds(200);

/// A run of more operations leaves its history in the binary form too: a tenth of the bytes to keep.
constexpr std::int64_t kBinaryBeyond = 1'000'000;

WallTime wall_now() {
    return WallTime{std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())};
}

/// Everything that listens to a run's records, in the order in which they hear of them.
class Record {
  public:
    Record(history::Writer writer, const scenario::Plan& plan, bool quiet)
        : writer_(std::move(writer)), progress_(plan.duration, quiet) {}

    Result<> on(history::Record record) {
        auto written = writer_.append(std::move(record));
        if (!written) return written.error();
        operations_ += written->type == history::Type::invoke ? 1 : 0;
        progress_.on(*written);
        lanes_.on(*written);
        if (auto judged = suite_.on(*written); !judged) return judged.error();
        if (written->time - flushed_ >= kFlushEvery) {
            flushed_ = written->time;
            return writer_.flush();
        }
        return {};
    }
    Result<> close() { return writer_.close(); }
    [[nodiscard]] std::int64_t operations() const { return operations_; }
    checkers::Judgement judgement() { return suite_.finish(); }
    reports::Lanes lanes() { return lanes_.finish(); }

  private:
    history::Writer writer_;
    Progress progress_;
    checkers::Suite suite_;
    reports::LaneBuilder lanes_;
    TrueTime flushed_;
    std::int64_t operations_ = 0;
};

Result<> write_replay(const scenario::Plan& plan, const reports::Run& run, const std::filesystem::path& folder) {
    OrderedJson replay{{"format", 1}, {"mistrial", version}, {"world", run.world}, {"scenario", plan.scenario}, {"seed", plan.seed}};
    if (run.fingerprint) replay["fingerprint"] = *run.fingerprint;
    replay["command"] = run.command;
    replay["plan"] = scenario::to_json(plan);
    return replace_file(folder / "replay.json", replay.dump(1) + "\n");
}

}  // namespace

Result<> write_reports(reports::Run& run, const checkers::Judgement& judgement, const reports::Lanes& lanes,
                       const std::filesystem::path& folder) {
    run.files["results"] = (folder / "results.json").string();
    run.files["junit"] = (folder / "junit.xml").string();
    run.files["report"] = (folder / "report.html").string();
    if (auto written = replace_file(folder / "results.json", reports::results_json(run, judgement).dump(2) + "\n"); !written)
        return written;
    if (auto written = replace_file(folder / "junit.xml", reports::junit(run, judgement)); !written) return written;
    return replace_file(folder / "report.html", reports::html(run, judgement, lanes));
}

std::vector<std::string> not_tested(const scenario::Plan& plan) {
    std::vector<std::string> missing;
    std::set<std::string> kinds;
    for (const nemesis::FaultInterval& fault : plan.faults) kinds.insert(fault.kind);
    for (const nemesis::FaultKind& kind : nemesis::fault_kinds())
        if (!kinds.contains(std::string(kind.name))) missing.push_back(fmt::format("no {} fault", kind.name));
    for (const checkers::Property& property : checkers::catalogue())
        if (property.judged && !plan.claims.contains(std::string(property.name)))
            missing.push_back(fmt::format("{} not claimed", property.name));
    return missing;
}

Result<Trial> conduct_trial(const scenario::Plan& plan, const TrialOptions& options) {
    const WallTime started = wall_now();
    auto folder = store::RunFolder::create(options.store, plan.scenario, plan.seed, started);
    if (!folder) return folder.error();
    if (auto written = replace_file(folder->path() / "plan.json", scenario::to_json(plan).dump(1) + "\n"); !written)
        return written.error();
    auto writer = history::Writer::create(folder->path() / "history.jsonl");
    if (!writer) return writer.error();
    auto workload = workload::of_plan(plan);
    if (!workload) return workload.error();

    Trial trial;
    trial.folder = folder->path();
    trial.run.scenario = plan.scenario;
    trial.run.about = plan.about;
    trial.run.seed = plan.seed;
    trial.run.world = options.world;
    trial.run.folder = folder->path().string();
    trial.run.files["history"] = (folder->path() / "history.jsonl").string();
    trial.run.command = fmt::format("mistrial replay {}", folder->path().string());
    trial.run.versions["mistrial"] = version;
    trial.run.not_tested = not_tested(plan);
    if (options.world == "live") trial.run.started = started;
    // Before it runs, so that a run that dies can be run again.
    if (auto written = write_replay(plan, trial.run, folder->path()); !written) return written.error();

    Record record(std::move(*writer), plan, options.quiet);
    conductor::Hooks hooks;
    hooks.record = [&](history::Record r) { return record.on(std::move(r)); };
    hooks.interrupted = InterruptWatch::interrupted;
    hooks.input_of = [&plan, workload = *workload](const std::string& stream, std::uint64_t number, TrueTime due) {
        return workload->input_for(stream, number, workload::newest_at(plan, due));
    };
    const InterruptWatch watch;
    Result<conductor::Outcome> outcome = Error::saying("no such world");
    if (options.world == "sim") {
        sim::SimWorld world;
        outcome = conductor::conduct(plan, world, hooks);
        trial.run.fingerprint = fmt::format("{:016x}", world.fingerprint());
    } else {
        live::LiveWorld world({folder->logs(), fmt::format("{}-{}", folder->name(), ::getpid())});
        outcome = conductor::conduct(plan, world, hooks);
        trial.run.versions["load thread"] = world.scheduling();
    }
    if (auto closed = record.close(); !closed && outcome) outcome = closed.error();
    if (!outcome) return outcome.error();
    if (record.operations() > kBinaryBeyond) {
        const auto binary = folder->path() / "history.mst";
        // The lines are the history; a disk that is full now takes nothing of the run away.
        if (auto written = history::write_binary(folder->path() / "history.jsonl", binary); !written)
            outcome->troubles.push_back(fmt::format("no binary form of the history was left: {}", written.error().message));
        else
            trial.run.files["binary history"] = binary.string();
    }

    for (const auto& [name, agent] : outcome->world.agents) {
        std::string& versions = trial.run.versions[agent.driver];
        if (versions.find(agent.version) == std::string::npos) versions += (versions.empty() ? "" : ", ") + agent.version;
    }
    trial.run.duration = outcome->ended.time_since_epoch();
    trial.run.interrupted = outcome->interrupted;
    trial.judgement = record.judgement();
    trial.judgement.notes.insert(trial.judgement.notes.end(), outcome->troubles.begin(), outcome->troubles.end());
    if (auto asked = ask_second_opinion(folder->path() / "history.jsonl", trial.judgement); !asked) return asked.error();
    if (auto written = write_replay(plan, trial.run, folder->path()); !written) return written.error();
    if (auto written = write_reports(trial.run, trial.judgement, record.lanes(), folder->path()); !written) return written.error();
    return trial;
}

int exit_status(const Trial& trial) { return status_of(trial.judgement); }

int status_of(const checkers::Judgement& judgement) {
    return judgement.internal_errors.empty() ? checkers::exit_status(judgement.validity) : kInternalError;
}

void print_summary(const Trial& trial, bool quiet) {
    if (quiet) {
        const char* word = trial.judgement.validity == checkers::Validity::valid     ? "valid"
                           : trial.judgement.validity == checkers::Validity::invalid ? "invalid"
                                                                                     : "unknown";
        std::printf("%s %s seed %llu %s\n", word, trial.run.scenario.c_str(),
                    static_cast<unsigned long long>(trial.run.seed.value_or(0)), trial.folder.c_str());
    } else {
        std::fputs(reports::terminal(trial.run, trial.judgement, reports::TerminalStyle::of(STDOUT_FILENO)).c_str(), stdout);
    }
    std::fflush(stdout);  // into a pipe too: a campaign of many runs is watched as it goes
}

}  // namespace mistrial::cli
