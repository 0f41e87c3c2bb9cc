#pragma once

#include "core/history/operation.hpp"
#include "core/json.hpp"
#include "core/result.hpp"
#include "engine/agent/loader.hpp"

#include <map>
#include <memory>
#include <string>

namespace mistrial::agent {

/// One consistent state of an agent: what a decision is made from, whole. It never changes once made; a decision holds
/// the one that it began with.
struct Snapshot {
    std::map<std::string, std::shared_ptr<const Loaded>> bundles;  ///< active ones, by name
    history::Revisions revisions;                                  ///< as reported: provenance, logs, status
    std::string policy_bundle;                                     ///< the one that carries the plan; may be empty
    std::shared_ptr<const rego::Plan> plan;                        ///< null: every decision is undefined
    std::shared_ptr<const rego::Value> data;                       ///< of all bundles and the document; never null
};

/// What an agent has before any bundle: the document given on its command line.
[[nodiscard]] std::shared_ptr<const Snapshot> initial_snapshot(const Json& document);

/// The state after `name` was replaced by `loaded`, everything else as in `current`. Refused, with `current` untouched:
/// roots that overlap another active bundle's, data of the document under a root, a second plan.
[[nodiscard]] Result<std::shared_ptr<const Snapshot>> activate(const std::shared_ptr<const Snapshot>& current,
                                                               const Json& document, const std::string& name,
                                                               const std::shared_ptr<const Loaded>& loaded);

}  // namespace mistrial::agent
