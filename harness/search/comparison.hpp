#pragma once

#include "core/json.hpp"
#include "engine/defects/defects.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/// How many runs each strategy of a search needs until it finds a seeded defect.
namespace mistrial::search {

/// The base of these searches: the demo's fleet with three agents behind two mirrors and few decisions, which claims all that a
/// correct fleet keeps under any faults that a search may draw.
[[nodiscard]] Result<OrderedJson> arena();
[[nodiscard]] OrderedJson arena_with(OrderedJson arena, const defects::Defect& defect);

/// Whether a search in the arena has to find the defect and can: it shows under faults alone (any other shows in the first run, whoever
/// chooses the schedule), in bundles, polls and sessions such as these, and by a property that a correct fleet keeps under all of
/// the faults.
[[nodiscard]] bool within_reach(const defects::Defect& defect);
/// `count` of those within reach, drawn; in the order of the table.
[[nodiscard]] std::vector<const defects::Defect*> draw_defects(std::size_t count, std::uint64_t seed);

/// The number, from 1, of the first run of a search that violates `property`; cap + 1 when none of `cap` runs does.
[[nodiscard]] Result<std::uint64_t> runs_until(const std::string& property, const OrderedJson& base, const std::string& strategy,
                                               std::uint64_t seed, std::uint64_t cap);

/// The middle one, or the mean of the two in the middle; 0 of none.
[[nodiscard]] double median(std::vector<std::uint64_t> numbers);

struct Comparison {
    std::vector<std::string> strategies;
    std::vector<const defects::Defect*> defects;
    std::uint64_t cap = 0;
    /// By defect, by strategy: what each seed's search took.
    std::vector<std::vector<std::vector<std::uint64_t>>> runs;
};
struct ComparisonOptions {
    std::vector<const defects::Defect*> defects;
    std::vector<std::string> strategies;  ///< others are compared with the first
    std::uint64_t seeds = 1, cap = 100;
    unsigned jobs = 1;  ///< threads, whose number changes nothing
    /// Told how many of how many searches are done, one call at a time; may be empty.
    std::function<void(std::size_t done, std::size_t of)> on_search{};
};
[[nodiscard]] Result<Comparison> compare(const ComparisonOptions& options);

/// The sum of a strategy's medians: what finding each defect of the set once takes.
[[nodiscard]] double sum_of_medians(const Comparison& comparison, std::size_t strategy);
/// A row for each defect and the sums, in Markdown.
[[nodiscard]] std::string to_markdown(const Comparison& comparison);

}  // namespace mistrial::search
