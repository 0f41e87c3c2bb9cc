#pragma once

#include "harness/scenario/mistakes.hpp"
#include "harness/scenario/plan.hpp"
#include "harness/scenario/scenario.hpp"
#include "harness/workload/workload.hpp"

#include <memory>

namespace mistrial::scenario {

/// A plan without its revisions: everything that can be wrong with a scenario shows when it is made.
struct Draft {
    Plan plan;
    std::string bundle;
    Duration publish_every{};
    std::shared_ptr<const workload::Workload> workload;  ///< null when something is wrong
};

/// Makes every draw but the revisions. What is wrong goes to `mistakes`; the draft is then good for nothing.
[[nodiscard]] Draft draft(const Scenario& scenario, Mistakes& mistakes);

}  // namespace mistrial::scenario
