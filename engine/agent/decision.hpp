#pragma once

#include "core/result.hpp"
#include "core/time.hpp"
#include "engine/agent/activation.hpp"
#include "engine/rego/evaluator.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mistrial::agent {

/// Answers what `/v1/data/PATH` asks. Keeps the evaluator of the plan that it used last. One thread.
class Decisions {
  public:
    /// The value at `path` ("mistrial/decision", percent-encoded parts): an entry point's decision, a part of
    /// one, or base data; nothing when undefined. Errors: evaluation errors, and paths of policy that are no
    /// entry point, since a plan holds nothing else.
    [[nodiscard]] Result<std::optional<rego::Value>> decide(const std::shared_ptr<const Snapshot>& snapshot,
                                                            std::string_view path, const rego::Value& input,
                                                            WallTime now);

  private:
    [[nodiscard]] rego::Evaluator& evaluator_for(const std::shared_ptr<const Loaded>& policy);

    std::shared_ptr<const Loaded> policy_;  ///< the evaluator's
    std::unique_ptr<rego::Evaluator> evaluator_;
};

/// `a%2Fb` -> `a/b`; what is no valid escape stays.
[[nodiscard]] std::string percent_decoded(std::string_view text, bool plus_is_space = false);

/// The last value of a query's parameter, decoded; empty for `?name`.
[[nodiscard]] std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

/// OPA's reading of a switch: `?name` and `?name=true` are true.
[[nodiscard]] bool query_switch(std::string_view query, std::string_view name);

}  // namespace mistrial::agent
