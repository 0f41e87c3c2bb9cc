#pragma once

#include "engine/control_plane/sinks.hpp"
#include "harness/workload/workload.hpp"

namespace mistrial::driver {

/// Where in the events of a decision log a sink finds what the workload asked and what was answered.
[[nodiscard]] control_plane::LogReading log_reading(const workload::Workload& workload);

}  // namespace mistrial::driver
