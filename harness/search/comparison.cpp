#include "harness/search/comparison.hpp"

#include "harness/search/campaign.hpp"
#include "harness/search/side_by_side.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>

namespace mistrial::search {
namespace {

using defects::Defect;
using defects::Need;
using defects::Of;

/// Searches whose seeds are this far apart have no run in common.
constexpr std::uint64_t kStride = 1'000'000;

std::string runs_text(double runs, std::uint64_t cap) {
    return runs > static_cast<double>(cap) ? fmt::format("> {}", cap) : fmt::format("{:g}", runs);
}

}  // namespace

Result<OrderedJson> arena() {
    auto scenario = scenario::load("demo", {.set = {"/fleet/agents/0/count=3", "/faults=[]", "/duration=22s", "/workload/decide/rate=20",
                                                    "/workload/decide/sessions=3"}});
    if (!scenario) return scenario.error();
    // Beside the profile, what holds whatever the faults.
    Json& claims = scenario->json["claims"];
    claims["log-integrity"] = {{"duplicates", false}};
    claims["publish-order"] = Json::object();
    claims["no-lost-publish"] = Json::object();
    claims["status-freshness"] = {{"within", "derived"}};
    claims["visibility"] = {{"quantile", 0.99}, {"within", "derived"}};
    claims["clock-justified"] = {{"error", "1s"}};
    claims["clock-coherence"] = Json::object();
    return base_of(*scenario);
}

OrderedJson arena_with(OrderedJson arena, const Defect& defect) {
    OrderedJson& fleet = arena["fleet"];
    OrderedJson& node = defect.of == Of::agent       ? fleet["agents"][0]
                        : defect.of == Of::authority ? fleet["authorities"][0]
                        : defect.of == Of::mirror    ? fleet["mirrors"][0]
                        : defect.of == Of::log_sink  ? fleet["logs"]
                                                     : fleet["status"];
    node["defect"] = defect.name;
    return arena;
}

bool within_reach(const Defect& defect) {
    const auto needs = [&](Need need) { return std::ranges::find(defect.needs, need) != defect.needs.end(); };
    constexpr Need faults[] = {Need::source_partition, Need::authority_partition, Need::status_partition, Need::logs_partition,
                               Need::kill,             Need::pause,               Need::clock};
    constexpr Need elsewhere[] = {Need::bad_revision, Need::long_polls, Need::tokens};
    if (std::ranges::none_of(faults, needs) || std::ranges::any_of(elsewhere, needs)) return false;
    // Bounds of the first two do not grow with the faults; who lost its disk comes up with nothing, which is older than anything.
    constexpr std::string_view broken_by_faults[] = {"delta-atomicity", "k-atomicity", "monotonic-reads", "durable-monotonicity"};
    return std::ranges::find(broken_by_faults, defect.finds) == std::end(broken_by_faults);
}

std::vector<const Defect*> draw_defects(std::size_t count, std::uint64_t seed) {
    std::vector<const Defect*> drawn;
    for (const Defect& defect : defects::all())
        if (within_reach(defect)) drawn.push_back(&defect);
    RandomSequence dice(RandomStream(seed, "defects", "comparison"));
    for (std::size_t i = 0; i + 1 < drawn.size(); ++i) std::swap(drawn[i], drawn[i + dice.below(drawn.size() - i)]);
    drawn.resize(std::min(count, drawn.size()));
    // All of them lie in one table.
    std::ranges::sort(drawn);
    return drawn;
}

Result<std::uint64_t> runs_until(const std::string& property, const OrderedJson& base, const std::string& strategy, std::uint64_t seed,
                                 std::uint64_t cap) {
    auto made = make_strategy(strategy, base, seed);
    if (!made) return made.error();
    std::vector<RunSeen> generation;
    for (std::uint64_t number = 0; number < cap; ++number) {
        const auto variation = (*made)->candidate(number);
        if (!variation) break;
        generation.push_back(make_run(number, base, *variation));
        const RunSeen& run = generation.back();
        if (run.error) return fail("run {} of {}, seed {}: {}", number, strategy, seed, *run.error);
        if (std::ranges::find(run.signatures, property, &Signature::property) != run.signatures.end()) return number + 1;
        if (generation.size() < (*made)->generation()) continue;
        for (const RunSeen& one : generation) (*made)->learn(one.variation, {{one.states.begin(), one.states.end()}});
        generation.clear();
    }
    return cap + 1;
}

double median(std::vector<std::uint64_t> numbers) {
    if (numbers.empty()) return 0;
    std::ranges::sort(numbers);
    const std::size_t half = numbers.size() / 2;
    const auto upper = static_cast<double>(numbers[half]);
    return numbers.size() % 2 == 1 ? upper : (static_cast<double>(numbers[half - 1]) + upper) / 2;
}

Result<Comparison> compare(const ComparisonOptions& options) {
    auto base = arena();
    if (!base) return base.error();
    const std::size_t strategies = options.strategies.size();
    Comparison comparison{options.strategies, options.defects, options.cap, {}};
    comparison.runs.assign(options.defects.size(),
                           std::vector<std::vector<std::uint64_t>>(strategies, std::vector<std::uint64_t>(options.seeds)));
    std::mutex telling;
    std::size_t done = 0;
    std::optional<Error> error;
    const std::size_t searches = options.defects.size() * strategies * options.seeds;
    side_by_side(searches, options.jobs, [&](std::size_t i) {
        const std::size_t seed = i % options.seeds, strategy = i / options.seeds % strategies, place = i / options.seeds / strategies;
        const Defect& defect = *options.defects[place];
        const auto runs = runs_until(std::string(defect.finds), arena_with(*base, defect), options.strategies[strategy], 1 + seed * kStride,
                                     options.cap);
        const std::scoped_lock lock(telling);
        if (runs) comparison.runs[place][strategy][seed] = *runs;
        else if (!error) error = with_context(std::string(defect.name), runs.error());
        if (++done; options.on_search) options.on_search(done, searches);
    });
    if (error) return *error;
    return comparison;
}

double sum_of_medians(const Comparison& comparison, std::size_t strategy) {
    double sum = 0;
    for (const auto& by_strategy : comparison.runs) sum += median(by_strategy[strategy]);
    return sum;
}

std::string to_markdown(const Comparison& comparison) {
    const auto& names = comparison.strategies;
    std::string text = fmt::format("| defect | must be found by | {} |", fmt::join(names, " | "));
    for (std::size_t i = 1; i < names.size(); ++i) text += fmt::format(" {} / {} |", names[i], names[0]);
    text += "\n| --- | --- |";
    for (std::size_t i = 0; i + 1 < 2 * names.size(); ++i) text += " ---: |";
    text += '\n';
    const auto row = [&](std::string_view name, std::string_view property, const std::vector<double>& runs, bool capped) {
        text += fmt::format("| {} | {} |", name, property);
        for (const double one : runs) text += capped ? fmt::format(" {} |", runs_text(one, comparison.cap)) : fmt::format(" {:g} |", one);
        for (std::size_t i = 1; i < runs.size(); ++i) text += fmt::format(" {:.2f} |", runs[i] / runs[0]);
        text += '\n';
    };
    std::vector<double> sums, medians;
    std::vector<std::vector<std::uint64_t>> all(names.size());
    std::vector<double> logs(names.size(), 0);
    for (std::size_t place = 0; place < comparison.defects.size(); ++place) {
        const Defect& defect = *comparison.defects[place];
        std::vector<double> runs;
        for (std::size_t i = 0; i < names.size(); ++i) {
            const auto& searches = comparison.runs[place][i];
            runs.push_back(median(searches));
            all[i].insert(all[i].end(), searches.begin(), searches.end());
            logs[i] += std::log(runs[i] / runs[0]);
        }
        row(defect.name, defect.finds, runs, true);
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        sums.push_back(sum_of_medians(comparison, i));
        medians.push_back(median(all[i]));
    }
    row("**median of all searches**", "-", medians, true);
    row("**sum of the medians**", "-", sums, false);
    text += "| **searches that found it** | - |";
    for (const auto& searches : all) {
        const auto found = std::ranges::count_if(searches, [&](std::uint64_t runs) { return runs <= comparison.cap; });
        text += fmt::format(" {} of {} |", found, searches.size());
    }
    for (std::size_t i = 1; i < names.size(); ++i) text += " |";
    text += "\n| **geometric mean of the ratios** | - |";
    for (std::size_t i = 0; i < names.size(); ++i) text += " |";
    for (std::size_t i = 1; i < names.size(); ++i)
        text += fmt::format(" {:.2f} |", std::exp(logs[i] / static_cast<double>(std::max<std::size_t>(1, comparison.defects.size()))));
    return text + "\n";
}

}  // namespace mistrial::search
