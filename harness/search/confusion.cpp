#include "harness/search/confusion.hpp"

#include "harness/search/showcase.hpp"
#include "harness/search/side_by_side.hpp"
#include "harness/search/simulate.hpp"

#include <algorithm>
#include <mutex>

namespace mistrial::search {
namespace {

using defects::Defect;

void count(std::map<std::string, Fired>& fired, std::uint64_t seed, const Trial& trial) {
    for (const auto& [property, said] : trial.violated) {
        Fired& one = fired[property];
        if (one.seeds.empty()) one.first = said;
        one.seeds.push_back(seed);
    }
}

std::string told(const std::string& property, const Fired& fired) {
    return fmt::format("{} (seed {}: {})", property, fmt::join(fired.seeds, ", "), fired.first);
}

}  // namespace

Trial try_showcase(const Json& showcase, std::uint64_t seed) {
    Trial trial;
    const auto plan = plan_of_showcase(showcase, seed);
    if (!plan) {
        trial.amiss.push_back(plan.error().message);
        return trial;
    }
    const auto simulated = simulate(*plan);
    if (!simulated) {
        trial.amiss.push_back(simulated.error().message);
        return trial;
    }
    trial.amiss = simulated->troubles;
    for (const auto& error : simulated->judgement.internal_errors) trial.amiss.push_back(error);
    for (const auto& fault : simulated->judgement.faults)
        if (!fault.bit) trial.amiss.push_back(fmt::format("{} ({}) did not bite: {}", fault.fault, fault.kind, fault.evidence.dump()));
    for (const auto& claim : simulated->judgement.claims)
        if (claim.validity == checkers::Validity::invalid)
            trial.violated[claim.property] = claim.violations.empty() ? std::string() : claim.violations.front().summary;
    return trial;
}

void ConfusionRow::add(std::uint64_t seed, const Trial& guilty, const Trial& innocent) {
    seeds.push_back(seed);
    count(with, seed, guilty);
    count(without, seed, innocent);
    // A fault may find nothing to bite where the defect has silenced the node.
    for (const std::string& one : innocent.amiss) amiss.push_back(fmt::format("without it, seed {}: {}", seed, one));
}

std::set<std::string> foreseen(const Defect& defect) {
    std::set<std::string> properties;
    const auto add = [&](std::string_view property) {
        properties.emplace(property);
        for (const defects::Beside& one : defects::entailed(property)) properties.emplace(one.property);
    };
    add(defect.finds);
    for (const defects::Beside& one : defect.beside) add(one.property);
    return properties;
}

std::vector<std::string> wrong_with(const ConfusionRow& row) {
    std::vector<std::string> wrong;
    const auto must = row.with.find(std::string(row.defect->finds));
    std::vector<std::uint64_t> missed;
    for (const std::uint64_t seed : row.seeds)
        if (must == row.with.end() || std::ranges::find(must->second.seeds, seed) == must->second.seeds.end()) missed.push_back(seed);
    if (!missed.empty()) wrong.push_back(fmt::format("{} did not find it in seed {}", row.defect->finds, fmt::join(missed, ", ")));
    const auto may = foreseen(*row.defect);
    for (const auto& [property, fired] : row.with)
        if (!may.contains(property)) wrong.push_back("unforeseen: " + told(property, fired));
    for (const auto& [property, fired] : row.without) wrong.push_back("without the defect: " + told(property, fired));
    wrong.insert(wrong.end(), row.amiss.begin(), row.amiss.end());
    return wrong;
}

Confusion confusion(const ConfusionOptions& options) {
    const std::uint64_t seeds = options.seeds;
    // Many defects need the same fleet, which is tried without them once a seed.
    struct Stage {
        Json showcase;
        std::vector<Trial> trials;
    };
    std::vector<Stage> stages;
    const auto stage_of = [&](Json showcase) {
        const auto known = std::ranges::find(stages, showcase, &Stage::showcase);
        const auto place = static_cast<std::size_t>(known - stages.begin());
        if (known == stages.end()) stages.push_back({std::move(showcase), std::vector<Trial>(seeds)});
        return place;
    };
    struct Pair {
        const Defect* defect;
        std::size_t with, without;
    };
    std::vector<Pair> pairs;
    for (const Defect& defect : defects::all()) {
        if (!options.only.empty() && std::ranges::find(options.only, defect.name) == options.only.end()) continue;
        Json innocent = showcase_of(defect, options.folder);
        const std::size_t guilty = stage_of(with_defect(innocent, defect));
        pairs.push_back({&defect, guilty, stage_of(std::move(innocent))});
    }
    std::mutex telling;
    std::size_t done = 0;
    side_by_side(stages.size() * seeds, options.jobs, [&](std::size_t i) {
        Stage& stage = stages[i / seeds];
        stage.trials[i % seeds] = try_showcase(stage.showcase, options.first + i % seeds);
        const std::scoped_lock lock(telling);
        if (++done; options.on_trial) options.on_trial(done, stages.size() * seeds);
    });
    Confusion all;
    all.guilty = pairs.size() * seeds;
    all.innocent = stages.size() * seeds - all.guilty;
    for (const Pair& pair : pairs) {
        ConfusionRow row{pair.defect, {}, {}, {}, {}};
        for (std::uint64_t i = 0; i < seeds; ++i) row.add(options.first + i, stages[pair.with].trials[i], stages[pair.without].trials[i]);
        all.rows.push_back(std::move(row));
    }
    return all;
}

std::string to_markdown(const Confusion& confusion) {
    std::string text = "| defect | of | must be found by | in | also fired | without it |\n| --- | --- | --- | ---: | --- | ---: |\n";
    struct Column {
        std::size_t must = 0, found = 0, foreseen = 0, unforeseen = 0, innocent = 0;
    };
    std::map<std::string, Column> columns;
    for (const ConfusionRow& row : confusion.rows) {
        const auto may = foreseen(*row.defect);
        const std::string must(row.defect->finds);
        std::vector<std::string> others;
        std::size_t accused = 0;
        columns[must].must += row.seeds.size();
        for (const auto& [property, fired] : row.with) {
            Column& column = columns[property];
            if (property == must) {
                column.found += fired.seeds.size();
                continue;
            }
            (may.contains(property) ? column.foreseen : column.unforeseen) += fired.seeds.size();
            others.push_back(fmt::format("{} {}{}", property, fired.seeds.size(), may.contains(property) ? "" : " **unforeseen**"));
        }
        for (const auto& [property, fired] : row.without) {
            columns[property].innocent += fired.seeds.size();
            accused += fired.seeds.size();
        }
        const std::size_t found = row.with.contains(must) ? row.with.at(must).seeds.size() : 0;
        text += fmt::format("| {} | {} | {} | {} of {} | {} | {} |\n", row.defect->name, to_text(row.defect->of), must, found, row.seeds.size(),
                            fmt::join(others, ", "), accused);
    }
    text += "\n| property | must find | found | also fired, foreseen | unforeseen | without a defect |\n| --- | ---: | ---: | ---: | ---: | ---: |\n";
    for (const auto& [property, column] : columns)
        text += fmt::format("| {} | {} | {} | {} | {} | {} |\n", property, column.must, column.found, column.foreseen, column.unforeseen,
                            column.innocent);
    return text;
}

}  // namespace mistrial::search
