#include "harness/cli/recorded_run.hpp"

#include "core/version.hpp"
#include "harness/cli/trial.hpp"

namespace mistrial::cli {

Result<RecordedRun> open_recorded(const std::filesystem::path& path) {
    std::error_code ignored;
    RecordedRun recorded;
    if (!std::filesystem::exists(path, ignored))
        return fail("{}: no such file; expected a history, a run's folder or its replay.json", path.string());
    std::optional<std::filesystem::path> folder;
    if (std::filesystem::is_directory(path, ignored)) folder = path;
    if (path.filename() == "replay.json") folder = path.parent_path().empty() ? "." : path.parent_path();
    if (!folder) {
        recorded.history = path;
        recorded.run.scenario = path.filename().string();
        return recorded;
    }
    recorded.folder = folder;
    recorded.history = *folder / "history.jsonl";
    if (!std::filesystem::exists(*folder / "replay.json", ignored))
        return fail("{}: no run's folder, since it holds no replay.json; expected a history, a run's folder or its replay.json",
                    folder->string());
    const auto replay = read_json(*folder / "replay.json");
    if (!replay) return replay.error();
    if (!replay->contains("plan")) return fail("{}: holds no plan", (*folder / "replay.json").string());
    auto plan = scenario::plan_from_json(replay->at("plan"), (*folder / "replay.json").string());
    if (!plan) return plan.error();
    recorded.run.scenario = plan->scenario;
    recorded.run.about = plan->about;
    recorded.run.seed = plan->seed;
    recorded.run.world = replay->value("world", "");
    if (replay->contains("fingerprint")) recorded.run.fingerprint = replay->at("fingerprint").get<std::string>();
    recorded.run.folder = folder->string();
    recorded.run.files["history"] = recorded.history.string();
    recorded.run.command = fmt::format("mistrial replay {}", folder->string());
    recorded.run.versions["mistrial"] = replay->value("mistrial", version);
    recorded.run.not_tested = not_tested(*plan);
    recorded.plan = std::move(*plan);
    return recorded;
}

}  // namespace mistrial::cli
