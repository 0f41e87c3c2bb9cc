#include "harness/workload/planned.hpp"

#include "engine/bundle/archive.hpp"
#include "engine/bundle/digest.hpp"

#include <algorithm>

namespace mistrial::workload {

Result<std::shared_ptr<const Workload>> of_plan(const scenario::Plan& plan) {
    auto made = make(plan.workload.kind, plan.workload.parameters, plan.seed);
    if (!made) return with_context("workload " + plan.workload.kind, made.error());
    return std::shared_ptr<const Workload>(std::move(*made));
}

Result<std::string> archive_of(const scenario::Plan& plan, const Workload& workload, std::size_t index) {
    const scenario::PlannedPublish& planned = plan.workload.publishes[index];
    if (planned.number == 0 || planned.number > workload.revisions())
        return fail("revision {}: expected a number from 1 to {}, got {}", planned.revision, workload.revisions(), planned.number);
    const bundle::Members members = workload.revision(planned.number).members;
    if (const std::string digest = bundle::digest(members); digest != planned.digest)
        return fail("revision {}: its content is {} and not, as planned, {}: the plan was made by another version, or of "
                    "other files",
                    planned.revision, digest.substr(0, 12), planned.digest.substr(0, 12));
    return bundle::write_archive(members);
}

std::size_t newest_at(const scenario::Plan& plan, TrueTime time) {
    const auto& publishes = plan.workload.publishes;
    const auto later = std::upper_bound(publishes.begin(), publishes.end(), time,
                                        [](TrueTime t, const scenario::PlannedPublish& publish) { return t < publish.at; });
    return later == publishes.begin() ? 0 : std::prev(later)->number;
}

}  // namespace mistrial::workload
