#pragma once

#include "harness/scenario/plan.hpp"
#include "harness/workload/workload.hpp"

#include <memory>

namespace mistrial::workload {

/// The workload of a plan, made again from its kind, its parameters and the seed.
[[nodiscard]] Result<std::shared_ptr<const Workload>> of_plan(const scenario::Plan& plan);

/// The archive of plan.workload.publishes[index]; an error when it no longer has the planned digest (another version of
/// the program, or the user's own files have changed).
[[nodiscard]] Result<std::string> archive_of(const scenario::Plan& plan, const Workload& workload, std::size_t index);

/// The number of the newest revision that has been due by `time`; 0: none.
[[nodiscard]] std::size_t newest_at(const scenario::Plan& plan, TrueTime time);

}  // namespace mistrial::workload
