#pragma once

#include "checkers/testing/random_history.hpp"

namespace mistrial::checkers::testing {

/// A small history of decision logs and clocks: lost, late, repeated, wrong and invented events, crashes and stops, faults
/// that silence a log or move a clock, drop reports, policies that depend on time; with claims about all of it.
[[nodiscard]] RandomHistory random_audit_history(RandomSequence random);

}  // namespace mistrial::checkers::testing
