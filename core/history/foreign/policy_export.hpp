#pragma once

#include "core/history/operation.hpp"

#include <vector>

/// A history of publishes and decisions in the words of other checkers. Everything else is left out.
namespace mistrial::history::foreign {

/// For Elle, as list-append (the prefix trick): publishing a bundle's k-th revision appends k to the bundle, and a
/// decision under it reads the list of all revisions up to k that did not fail. A decision over several bundles is one
/// transaction. Then a stale read is a G-single-item-realtime, an agent that goes back within one process a
/// G-single-item-process, a torn view of several bundles a G-single or a long fork, and a revision whose publish failed
/// a G1a. A revision that nobody published is a list of its name alone; a decision that shows no revision is left out.
[[nodiscard]] Result<std::vector<Record>> list_append(const std::vector<Record>& records);

/// For Porcupine and Knossos, as one register a bundle: publishing the k-th revision writes k, a decision under it
/// reads k. With several bundles a value is the pair of bundle and number, as Jepsen's independent keys print. Failed
/// publishes are left out, and so is what did not answer; a publish of unknown outcome never returns.
///
/// `delta` moves the call of each decision earlier by so much: the result is linearizable exactly when no decision is
/// stale by more than `delta` (Golab, Li, Shah: Analyzing Consistency Properties for Fun and Profit, PODC 2011).
/// Operations get processes anew, since a decision that begins earlier may overlap with its client's last.
[[nodiscard]] Result<std::vector<Record>> register_history(const std::vector<Record>& records, Duration delta);

}  // namespace mistrial::history::foreign
