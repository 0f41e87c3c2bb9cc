#pragma once

#include "checkers/testing/random_history.hpp"

namespace mistrial::checkers::testing {

/// A small history of two bundles that depend on each other, of sessions that roam, ask for revisions and pass barriers,
/// of deliveries again and again, and of processes that come back with what they persisted; most of it on a tie.
[[nodiscard]] RandomHistory random_sessions(RandomSequence random);

}  // namespace mistrial::checkers::testing
