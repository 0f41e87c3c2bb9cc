#pragma once

#include "core/json.hpp"
#include "engine/bundle/archive.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// What a run publishes and asks: revisions of one bundle, or of one and another beside it, and a finite pool of inputs.
/// Where the policy is known in closed form, also what each revision decides, so that no checker ever evaluates policy.
namespace mistrial::workload {

/// One revision of a bundle, complete in itself.
struct Revision {
    std::string name;             ///< as in the members' manifest: "r57"
    bundle::Members members;      ///< what the archive holds
    std::optional<Json> content;  ///< {"base", "verdicts", "markers", "depends"}: `publish.value.content` of a history
};

/// Where a decision's parts stand inside the result, as JSON Pointers relative to it. Empty pointer: the
/// whole result.
struct DecisionShape {
    std::string verdict;
    /// Root of the bundle of the decision rule, or BUNDLE/ROOT of another -> where its marker stands.
    std::map<std::string, std::string> markers;
    std::optional<std::string> agent_time;       ///< ns since the epoch, by the agent's clock
    std::optional<std::string> nonce;            ///< echo of the nonce
    std::optional<std::string> instance;         ///< the incarnation that answered
    std::optional<std::string>
        nonce_in_input;  ///< where the nonce is put into the input of a request; none: nowhere
    friend bool operator==(const DecisionShape&, const DecisionShape&) = default;
};

/// Immutable once made; any thread may use it. Everything is a pure function of what it was made from.
class Workload {
  public:
    virtual ~Workload() = default;

    /// How many revisions there are; they are numbered from 1 in the order of their publishes.
    [[nodiscard]] virtual std::size_t revisions() const = 0;

    /// Revision `number` in [1, revisions()], its content told as the difference to revision `base` <
    /// `number` of the same bundle (0: to nothing, so that every verdict is listed).
    [[nodiscard]] virtual Revision revision(std::size_t number, std::size_t base) const = 0;
    [[nodiscard]] Revision revision(std::size_t number) const { return revision(number, before(number)); }

    /// The revision of the same bundle before `number`; 0: none.
    [[nodiscard]] virtual std::size_t before(std::size_t number) const { return number - 1; }

    /// The bundle of revision `number`, where it is not that of the decision rule.
    [[nodiscard]] virtual std::optional<std::string> beside(std::size_t) const { return std::nullopt; }

    [[nodiscard]] virtual std::string revision_name(std::size_t number) const = 0;

    /// Input id -> input, at most `pool_limit`.
    [[nodiscard]] virtual const std::map<std::string, Json>& pool() const = 0;

    /// Special pool entries as the `run` record's "inputs" has them: canaries and ladders.
    [[nodiscard]] virtual const Json& special() const = 0;

    /// Path of the decision that is asked for: "mistrial/decision".
    [[nodiscard]] virtual const std::string& path() const = 0;

    [[nodiscard]] virtual const DecisionShape& shape() const = 0;

    /// The id of the input that decision `number` of a session asks about while revision `newest` (0: none)
    /// is the newest that has been published. Depends on nothing but the arguments and the seed.
    [[nodiscard]] virtual const std::string& input_for(std::string_view session, std::uint64_t number,
                                                       std::size_t newest) const = 0;

    static constexpr std::size_t pool_limit = 65'536;
};

struct Kind {
    std::string_view name;
    std::string_view about;
};
/// The kinds of workload that there are.
[[nodiscard]] std::span<const Kind> kinds();

/// The workload of a resolved plan: `kind` and `parameters` are the plan's, paths in them absolute.
[[nodiscard]] Result<std::unique_ptr<Workload>> make(std::string_view kind, const Json& parameters,
                                                     std::uint64_t seed);

}  // namespace mistrial::workload
