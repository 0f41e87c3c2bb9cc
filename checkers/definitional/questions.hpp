#pragma once

#include "checkers/claims.hpp"
#include "checkers/definitional/view.hpp"

#include <optional>
#include <string>
#include <vector>

/// Questions that several definitions ask of a View.
namespace mistrial::checkers::definitional {

/// What an operation shows of a bundle, as a publish (nullptr: nothing active); false when it shows no revision.
[[nodiscard]] bool revision_of(const View& view, const Operation& operation, const std::string& bundle,
                               const Publish*& publish);
[[nodiscard]] bool covered(const Claim& claim, const Operation& operation);
/// The publish from which on several authorities publish the bundle, so that its revisions are in no total order; nullptr
/// while one does.
[[nodiscard]] const Publish* first_of_another_authority(const View& view, const std::string& bundle);
/// Whether the revisions of the bundle were in one total order when the operation ended.
[[nodiscard]] bool in_total_order(const View& view, const std::string& bundle, const Operation& operation);
/// The single bundle that decides the operation's input alone; nullptr when several do. Points into `bundles`.
[[nodiscard]] const std::string* sole_bundle(const View& view, const Operation& operation, std::vector<std::string>& bundles);
/// Whether some revision begun by the operation's end, and not certainly older than all of `floors`, admits the answer.
/// Empty when a revision is silent about the input.
[[nodiscard]] std::optional<bool> explained(const View& view, const Operation& operation, const std::string& bundle,
                                            const std::vector<const Publish*>& floors);
/// The revisions of a bundle that must be enforced by an answer: D_a(r) < d.inv for every process of the agent that may have
/// given it, the one that runs at d.res being the one that began last.
[[nodiscard]] std::vector<const Publish*> due(const View& view, const std::string& bundle, const Operation& d,
                                              Duration within, bool faults_excuse);

}  // namespace mistrial::checkers::definitional
