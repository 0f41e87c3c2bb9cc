#include "harness/driver/log_reading.hpp"

namespace mistrial::driver {

control_plane::LogReading log_reading(const workload::Workload& workload) {
    control_plane::LogReading reading;
    const workload::DecisionShape& shape = workload.shape();
    if (shape.nonce_in_input) reading.nonce = "/input" + *shape.nonce_in_input;
    reading.verdict = shape.verdict;
    for (const auto& [id, input] : workload.pool()) reading.input_ids.emplace(canonical(input), id);
    return reading;
}

}  // namespace mistrial::driver
