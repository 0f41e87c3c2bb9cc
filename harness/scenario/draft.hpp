#pragma once

#include "harness/scenario/mistakes.hpp"
#include "harness/scenario/plan.hpp"
#include "harness/scenario/scenario.hpp"
#include "harness/workload/workload.hpp"

#include <memory>

namespace mistrial::scenario {

/// When a revision is published.
struct PublishSlot {
    std::size_t number = 0;  ///< as the workload counts them, from 1
    TrueTime at;
};

/// A plan without its revisions: everything that can be wrong with a scenario shows when it is made.
struct Draft {
    Plan plan;
    std::string bundle;
    std::vector<PublishSlot> publishes;
    std::shared_ptr<const workload::Workload> workload;  ///< null when something is wrong
};

/// Makes every draw but the revisions. What is wrong goes to `mistakes`; the draft is then good for nothing.
[[nodiscard]] Draft draft(const Scenario& scenario, Mistakes& mistakes);

}  // namespace mistrial::scenario
