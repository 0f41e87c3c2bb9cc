#pragma once

#include "core/json.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What checkers say. Values only: reports print them, `results.json` is their serialisation.
namespace mistrial::checkers {

/// Jepsen's three-valued result. False wins over unknown, unknown over true (`operator|`).
enum class Validity : std::uint8_t { valid, unknown, invalid };
[[nodiscard]] constexpr Validity operator|(Validity a, Validity b) { return a < b ? b : a; }

/// Why a claim is unknown. `not_exercised` is properties.md's VACUOUS.
enum class Reason : std::uint8_t { none, not_exercised, fault_did_not_bite, time, no_evidence, pending };

/// Who broke it (properties.md 1.11): the agent itself, its source, the composition, or an injected fault.
enum class Attribution : std::uint8_t { agent, source, system, environment };

/// One episode (kernel K7): one cause, however many decisions it touched.
struct Violation {
    std::string summary;  ///< one sentence, names agent, revision and interval
    Attribution attribution = Attribution::agent;
    std::string agent;
    TrueTime from;
    TrueTime to;
    std::int64_t count = 0;
    std::int64_t wrongly_allowed = 0;
    std::int64_t wrongly_denied = 0;
    std::vector<std::uint64_t> witness;  ///< record indexes of the smallest violating sub-history
    std::vector<std::string> proof;      ///< sentences, properties.md section 8
    /// The other claims without which it is none: no single one rules it out, all together do. Empty: its own is enough.
    std::vector<std::string> together = {};
    friend bool operator==(const Violation&, const Violation&) = default;
};

/// The judgement of one asserted property.
struct ClaimResult {
    std::string property;
    Validity validity = Validity::unknown;
    Reason reason = Reason::none;
    std::int64_t obligations = 0;
    std::vector<std::pair<std::string, std::int64_t>> obligations_by_agent;
    Json parameters = Json::object();  ///< as claimed, `within` resolved
    std::vector<Violation> violations;
    friend bool operator==(const ClaimResult&, const ClaimResult&) = default;
};

/// A property that was not claimed: what was seen, never a verdict.
struct Measured {
    std::string property;
    std::int64_t obligations = 0;
    Json values = Json::object();
    friend bool operator==(const Measured&, const Measured&) = default;
};

/// One fault interval as the history shows it.
struct FaultSeen {
    std::string fault;
    std::string kind;
    std::vector<std::string> target;
    TrueTime started;
    std::optional<TrueTime> in_force;
    std::optional<TrueTime> heal_started;
    std::optional<TrueTime> healed;
    bool bit = false;  ///< its evidence says that it took effect
    Json evidence = Json::object();
    friend bool operator==(const FaultSeen&, const FaultSeen&) = default;
};

/// Everything the checkers have to say of one history.
struct Judgement {
    Validity validity = Validity::unknown;
    std::vector<ClaimResult> claims;  ///< worst first: severity order of properties.md section 8
    std::vector<Measured> measured;
    std::vector<FaultSeen> faults;
    Json counts = Json::object();          ///< {"decide": {"invoke": n, "ok": n, ...}, ...}
    Json golden_signals = Json::object();  ///< latency percentiles, rate, errors, schedule error (integers, ns)
    std::vector<std::string> notes;        ///< what a reader should know of the history itself
    /// Records that were the first to show a revision whose publish nobody had acknowledged by then: that it took effect
    /// is known from them alone, so a witness is judged together with them.
    std::vector<std::uint64_t> first_sights;
    /// Contradictions of the checkers with themselves (second_opinion.hpp): exit status 255, never a finding.
    std::vector<std::string> internal_errors;
    friend bool operator==(const Judgement&, const Judgement&) = default;
};

[[nodiscard]] std::string_view to_text(Reason reason);        ///< "not-exercised", ...
[[nodiscard]] std::string_view to_text(Attribution attribution);  ///< "AGENT", ...
[[nodiscard]] Json to_json(Validity validity);                ///< true, false or "unknown"

/// Exit status of a judgement: 0, 1 or 2.
[[nodiscard]] int exit_status(Validity validity);

}  // namespace mistrial::checkers
