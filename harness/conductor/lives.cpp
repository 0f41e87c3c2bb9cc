#include "harness/conductor/lives.hpp"

namespace mistrial::conductor {

void Lives::on(const world::Observed& event) {
    if (const auto* boot = std::get_if<history::Boot>(&event.value))
        running_[boot->agent] = {boot->incarnation, event.time};
    else if (const auto* death = std::get_if<history::Death>(&event.value))
        running_.erase(death->agent);
}

std::optional<std::string> Lives::answering(const std::string& agent, TrueTime invoked) const {
    const auto found = running_.find(agent);
    // At equal times nobody knows which came first.
    if (found == running_.end() || !(found->second.booted < invoked)) return std::nullopt;
    return found->second.incarnation;
}

}  // namespace mistrial::conductor
