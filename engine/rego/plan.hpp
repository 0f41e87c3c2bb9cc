#pragma once

#include "core/result.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mistrial::rego {

struct Program;

/// A policy as OPA's planner leaves it (`opa build -t plan`, the bundle's plan.json: its intermediate
/// representation), read once into a compact program: locals numbered densely, constants pooled, calls
/// resolved. Every statement and every builtin is known before the first evaluation. Immutable, cheap to
/// copy, free to share between threads.
class Plan {
  public:
    /// Reads a plan.json. The error names `where` and, for what the evaluator does not know (a statement, a
    /// builtin) or what does not hang together (an index, a function), the function and block it stands in.
    [[nodiscard]] static Result<Plan> parse(std::string_view text, std::string_view where);

    /// The names given to `opa build -e`, such as "mistrial/decision", in the plan's order.
    [[nodiscard]] std::vector<std::string> entrypoints() const;
    [[nodiscard]] bool has_entrypoint(std::string_view name) const;

    [[nodiscard]] const Program& program() const { return *program_; }

  private:
    explicit Plan(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
    std::shared_ptr<const Program> program_;
};

}  // namespace mistrial::rego
