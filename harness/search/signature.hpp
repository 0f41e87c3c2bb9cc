#pragma once

#include "checkers/finding.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mistrial::search {

/// The way in which a run failed, such that two runs that fail in the same way have found the same thing: which claim was
/// violated, by whom, and whether somebody was let in who should not have been. Agents and revisions are not part of it:
/// they may be others in a smaller run, or in another seed's.
struct Signature {
    std::string property;
    checkers::Attribution attribution = checkers::Attribution::agent;
    bool lets_in = false;  ///< a decision was wrongly allowed
    friend auto operator<=>(const Signature&, const Signature&) = default;
};

/// "bounded-staleness AGENT, wrongly allowed".
[[nodiscard]] std::string to_text(const Signature& signature);
[[nodiscard]] Result<Signature> signature_from_text(const std::string& text);

/// The ways in which a judged run failed, worst first (the judgement's order), each once.
[[nodiscard]] std::vector<Signature> signatures_of(const checkers::Judgement& judgement);

/// The violation that fails in this way, or nothing. Who wrongly let in is not excused by wrongly keeping out.
[[nodiscard]] const checkers::Violation* find(const checkers::Judgement& judgement, const Signature& signature);

}  // namespace mistrial::search
