#pragma once

#include "core/history/operation.hpp"
#include "core/result.hpp"
#include "engine/agent/loader.hpp"
#include "engine/rego/value.hpp"

#include <map>
#include <memory>
#include <string>

namespace mistrial::agent {

/// One consistent state of an agent: what a decision is made from, whole. It never changes once made; a
/// decision holds the one that it began with.
struct Snapshot {
    std::map<std::string, std::shared_ptr<const Loaded>> bundles;  ///< active ones, by name
    history::Revisions revisions;                                  ///< as reported: provenance, logs, status
    std::shared_ptr<const Loaded> policy;      ///< the one with the plan; null before there is one
    rego::Value data = rego::Value::object();  ///< of all bundles and the document
};

/// What an agent has before any bundle: the document given on its command line.
[[nodiscard]] std::shared_ptr<const Snapshot> initial_snapshot(const rego::Value& document);

/// The state after `name` was replaced by `loaded`, everything else as in `current`. Refused, with `current`
/// untouched: roots that overlap another active bundle's, a second plan. Bundles own what is under their
/// roots: data that the document has there are not seen, as in OPA.
[[nodiscard]] Result<std::shared_ptr<const Snapshot>> activate(const std::shared_ptr<const Snapshot>& current,
                                                               const rego::Value& document,
                                                               const std::string& name,
                                                               const std::shared_ptr<const Loaded>& loaded);

}  // namespace mistrial::agent
