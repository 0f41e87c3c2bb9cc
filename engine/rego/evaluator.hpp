#pragma once

#include "core/result.hpp"
#include "core/time.hpp"
#include "engine/rego/plan.hpp"
#include "engine/rego/value.hpp"

#include <memory>
#include <optional>
#include <string_view>

namespace mistrial::rego {

/// What a query may know beside its documents: the same for all of it.
struct QueryContext {
    WallTime now{};                   ///< what time.now_ns says
    Value runtime = Value::object();  ///< what opa.runtime() says
};

/// Evaluates queries of one plan; keeps its buffers from query to query. Pure: no clock, no I/O; the same
/// arguments give the same answer. One thread at a time.
class Evaluator {
  public:
    explicit Evaluator(Plan plan);
    ~Evaluator();
    Evaluator(Evaluator&&) noexcept;
    Evaluator& operator=(Evaluator&&) noexcept;

    /// The decision of `entrypoint`; nothing when it is undefined. `input` may be undefined (a query without
    /// input). `data` is the base document (an object); rules come from the plan. Errors: an entry point that
    /// the plan does not have, and OPA's evaluation errors ("eval_conflict_error: ..." with file and line),
    /// which fail the query. An error inside a builtin makes its expression undefined, as OPA does.
    [[nodiscard]] Result<std::optional<Value>> evaluate(std::string_view entrypoint, const Value& input,
                                                        const Value& data, const QueryContext& context);

  private:
    class Machine;
    std::unique_ptr<Machine> machine_;
};

/// One query by an Evaluator of its own.
[[nodiscard]] Result<std::optional<Value>> evaluate(const Plan& plan, std::string_view entrypoint,
                                                    const Value& input, const Value& data,
                                                    const QueryContext& context);

}  // namespace mistrial::rego
