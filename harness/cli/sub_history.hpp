#pragma once

#include "checkers/finding.hpp"
#include "core/history/foreign/format.hpp"

#include <filesystem>
#include <vector>

namespace mistrial::cli {

/// One violation of a judgement, taken out of it.
struct Accusation {
    checkers::ClaimResult claim;  ///< with this violation alone
    std::vector<checkers::ClaimResult> besides = {};  ///< the other claims without which it would be none
    std::size_t number = 0;       ///< as reports count them: claims in their order, from 1
    std::size_t of = 0;           ///< how many there are
};
[[nodiscard]] Result<Accusation> accusation(const checkers::Judgement& judgement, std::size_t number);

/// What is claimed, as a claims file has it: the claim, and those without which there would be no violation.
[[nodiscard]] Json claims_of(const Accusation& accusation);

/// How much of a history was kept.
struct Extract {
    std::filesystem::path file;
    std::uint64_t kept = 0;
    std::uint64_t of = 0;
};

/// Writes the witness of the accusation and its context (publishes, lives, faults, what the second opinion reads),
/// every operation with both its records, into `file`, which is replaced. Records keep their indexes; the run record,
/// where there is one, claims what `claims_of` says, so that the file can be checked by itself.
/// `first_sights` are the judgement's.
[[nodiscard]] Result<Extract> extract(const std::filesystem::path& history, history::Format format,
                                      const Accusation& accusation, const std::vector<std::uint64_t>& first_sights,
                                      const std::filesystem::path& file);

}  // namespace mistrial::cli
