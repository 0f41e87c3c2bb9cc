#pragma once

#include "checkers/claims.hpp"
#include "checkers/definitional/view.hpp"
#include "checkers/finding.hpp"
#include "core/history/operation.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mistrial::checkers::definitional {

/// Asks the definitions about every violation before it is printed (properties.md 6, "second-opinion rule"). Reading
/// properties are closed under taking operations away, so the witness alone must still violate. Made from a judgement,
/// fed with the same history again (it keeps the rare records and the witnesses, no other decision), then asked:
///
///     SecondOpinion opinion{judgement};
///     while (auto record = …) opinion.on(*record);
///     judgement.internal_errors = opinion.disagreements();
class SecondOpinion {
  public:
    explicit SecondOpinion(const Judgement& judgement);

    /// False when nothing was found, so that the history need not be read again.
    [[nodiscard]] bool wanted() const { return !questions_.empty(); }
    void on(const history::Record& record);
    /// One sentence for each violation that its definition does not see in its witness.
    [[nodiscard]] std::vector<std::string> disagreements() const;
    /// The records that are judged: the witnesses and their context, in history order.
    [[nodiscard]] std::vector<history::Record> records() const;

  private:
    struct Question {
        Claim claim;
        std::string agent;
        std::string summary;
        std::set<std::uint64_t> witness;
    };

    /// The end of an operation with its begin, as far as that is recorded: without it, it would have begun at any time.
    struct Whole {
        history::Record end;
        std::optional<history::Record> invoke;
    };

    void keep(const history::Record& record);
    void keep(const Whole& operation);
    [[nodiscard]] View with_claims(View view) const;

    Claims asserted_;
    std::vector<Question> questions_;
    std::set<std::uint64_t> witnesses_;
    std::set<std::uint64_t> first_sights_;
    std::vector<history::Record> context_;
    std::set<std::uint64_t> kept_;  ///< decisions that belong to the context of any witness
    std::map<history::Process, history::Record> open_;  ///< invokes of operations that have not ended
    std::map<std::string, Whole> last_answer_;          ///< by agent
    std::map<history::Process, Whole> last_completion_;
    std::set<std::string> booted_;
    std::map<std::string, Whole> refused_;  ///< by agent: its newest refusal since it was last heard of
    std::set<std::pair<std::string, std::string>> heard_of_;  ///< agent, incarnation
};

}  // namespace mistrial::checkers::definitional
