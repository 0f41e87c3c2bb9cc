#include "harness/cli/scenario_options.hpp"

namespace mistrial::cli {

void ScenarioOptions::add_to(CLI::App& command) {
    command.add_option("scenario", scenario, "a scenario file, or the name of one that comes with mistrial")->required();
    command.add_option("--seed", overrides.seed, "draw from this seed instead of the scenario's");
    command.add_option("--duration", duration, "how long the run is, such as 60s or 2m");
    command.add_option("--agent", overrides.driver, "driver of every agent: embedded, opa, or a driver file");
    command.add_option("--claims", claims_file, "a file of claims instead of the scenario's")->check(CLI::ExistingFile);
    command.add_option("--set", overrides.set,
                       "POINTER=JSON: replace a value of the scenario, as in /fleet/agents/0/poll/max=5s (again and again)")
        ->allow_extra_args(false);
}

namespace {

Result<scenario::Overrides> all_of(const ScenarioOptions& options) {
    scenario::Overrides with = options.overrides;
    if (!options.duration.empty()) {
        auto parsed = parse_duration(options.duration);
        if (!parsed) return with_context("--duration", parsed.error());
        with.duration = *parsed;
    }
    if (!options.claims_file.empty()) {
        auto claims = read_json(options.claims_file, true);
        if (!claims) return claims.error();
        with.claims = std::move(*claims);
    }
    return with;
}

}  // namespace

Result<scenario::Scenario> ScenarioOptions::load() const {
    const auto with = all_of(*this);
    if (!with) return with.error();
    return scenario::load(scenario, *with);
}

Result<scenario::Plan> ScenarioOptions::plan(std::uint64_t seed_offset) const {
    auto with = all_of(*this);
    if (!with) return with.error();
    auto loaded = scenario::load(scenario, *with);
    if (!loaded) return loaded.error();
    if (seed_offset > 0) {
        with->seed = loaded->json.value("seed", std::uint64_t{0}) + seed_offset;
        loaded = scenario::load(scenario, *with);
        if (!loaded) return loaded.error();
    }
    return scenario::resolve(*loaded);
}

}  // namespace mistrial::cli
