#pragma once

#include "checkers/finding.hpp"
#include "reports/run.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// How reports say things, so that the terminal, the page and JUnit say them alike. Plain text: who prints it
/// escapes it.
namespace mistrial::reports {

/// What broke in the program itself, in the run or in the checkers.
[[nodiscard]] std::vector<std::string> internal_errors(const Run& run, const checkers::Judgement& judgement);

/// The judgement of the run: that of its claims, and never valid after an internal error.
[[nodiscard]] checkers::Validity validity(const Run& run, const checkers::Judgement& judgement);

/// One sentence: "INVALID: 2 of 5 claims violated: a1 kept allowing alice for 12.3 s …".
[[nodiscard]] std::string verdict_sentence(const Run& run, const checkers::Judgement& judgement);
[[nodiscard]] std::string_view verdict_word(checkers::Validity validity);  ///< "VALID", "INVALID", "UNKNOWN"
[[nodiscard]] std::string_view claim_word(checkers::Validity validity);    ///< "held", "violated", "unknown"
[[nodiscard]] std::string_view explain(checkers::Reason reason);  ///< why a claim is unknown, as a phrase

struct Worst {
    const checkers::ClaimResult* claim = nullptr;
    const checkers::Violation* violation = nullptr;
};
/// Of the first violated claim the episode with most wrongly allowed decisions, then the longest; nulls when
/// none.
[[nodiscard]] Worst worst_violation(const checkers::Judgement& judgement);
[[nodiscard]] const checkers::Violation* worst_of(const checkers::ClaimResult& claim);

/// "12.3 s, 212 wrongly allowed, 3 wrongly denied": how bad one episode is.
[[nodiscard]] std::string magnitude(const checkers::Violation& violation);

[[nodiscard]] std::string with_thousands(std::int64_t number);                  ///< 12,345
[[nodiscard]] std::string counted(std::int64_t number, std::string_view noun);  ///< "1 claim", "2 claims"
[[nodiscard]] std::string listed(const std::vector<std::string>& names);        ///< "a1, a2 and a3"
[[nodiscard]] std::string span_text(Duration duration);  ///< "850 us", "12.0 ms", "12.3 s", "2 min 5 s"
[[nodiscard]] std::string seconds_text(TrueTime time, int decimals = 1);  ///< "12.3"
/// "10.0 to 25.1 s"; "to the end" when it has no end.
[[nodiscard]] std::string interval_text(TrueTime from, std::optional<TrueTime> to);

/// How many decisions were asked for, from the judgement's counts.
[[nodiscard]] std::int64_t decisions_of(const checkers::Judgement& judgement);

}  // namespace mistrial::reports
