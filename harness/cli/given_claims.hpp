#pragma once

#include "checkers/claims.hpp"

#include <filesystem>

namespace mistrial::cli {

/// Claims from a file beside a history: an object of claims, or one under "claims". A profile in it is expanded, with what
/// stands beside it over it. Nothing tells how the fleet of a history polls, so a `"within": "derived"` is an error, and
/// so are a profile that there is not and a duration that is a bare number.
[[nodiscard]] Result<checkers::Claims> claims_in(const std::filesystem::path& file);

/// The claim that `--model NAME` or `--model NAME=INITIAL` stands for.
[[nodiscard]] Result<checkers::Claim> claim_of_model(const std::string& model);

}  // namespace mistrial::cli
