#pragma once

#include "engine/defects/defects.hpp"

#include "core/json.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

/// Which property finds which seeded defect: each one's showcase, with and without it, on many seeds.
namespace mistrial::search {

/// What a run of a showcase came to.
struct Trial {
    std::map<std::string, std::string> violated;  ///< property, and what its first violation says
    std::vector<std::string> amiss;  ///< what makes the run no evidence: it could not be made, a fault did not bite, checkers that disagree
};
[[nodiscard]] Trial try_showcase(const Json& showcase, std::uint64_t seed);

/// A property that was violated: in which seeds, and what was said in the first of them.
struct Fired {
    std::vector<std::uint64_t> seeds;
    std::string first;
};

/// A row of the matrix: a defect, and what its showcase violated with it and without.
struct ConfusionRow {
    const defects::Defect* defect = nullptr;
    std::vector<std::uint64_t> seeds;
    std::map<std::string, Fired> with, without;  ///< by property
    std::vector<std::string> amiss;

    void add(std::uint64_t seed, const Trial& guilty, const Trial& innocent);
};

/// What may be violated when the defect is there, by its row.
[[nodiscard]] std::set<std::string> foreseen(const defects::Defect& defect);

/// What is wrong with a row, a sentence each. It is right when the property that must find the defect did so in every seed, nothing
/// unforeseen fired, and nothing at all without the defect.
[[nodiscard]] std::vector<std::string> wrong_with(const ConfusionRow& row);

struct Confusion {
    std::vector<ConfusionRow> rows;
    std::size_t guilty = 0, innocent = 0;  ///< runs with a defect, and without any
};
struct ConfusionOptions {
    std::vector<std::string> only{};  ///< names of defects; empty: all
    std::uint64_t first = 1, seeds = 1;
    unsigned jobs = 1;               ///< threads, whose number changes nothing
    std::filesystem::path folder{};  ///< as in showcase_of
    /// Told how many of how many runs are done, one call at a time; may be empty.
    std::function<void(std::size_t done, std::size_t of)> on_trial{};
};
[[nodiscard]] Confusion confusion(const ConfusionOptions& options);

/// The matrix in Markdown: a row for each defect, and a row for each property.
[[nodiscard]] std::string to_markdown(const Confusion& confusion);

}  // namespace mistrial::search
