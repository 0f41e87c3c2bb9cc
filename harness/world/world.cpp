#include "harness/world/world.hpp"

namespace mistrial::world {

TrueTime time_of(const Event& event) {
    return std::visit([](const auto& e) { return e.time; }, event);
}

namespace {

struct ObservationName {
    std::string_view operator()(const history::Status&) const { return "status"; }
    std::string_view operator()(const history::Log&) const { return "log"; }
    std::string_view operator()(const history::LogUpload&) const { return "log-upload"; }
    std::string_view operator()(const history::Serve&) const { return "serve"; }
    std::string_view operator()(const history::Boot&) const { return "boot"; }
    std::string_view operator()(const history::Death&) const { return "death"; }
    std::string_view operator()(const history::ClockSample&) const { return "clock-sample"; }
    std::string_view operator()(const history::Stall&) const { return "stall"; }
    template <class Other>
    std::string_view operator()(const Other&) const {
        return {};
    }
};

}  // namespace

Observed observation(std::string process, history::Value value, TrueTime time) {
    const std::string_view f = std::visit(ObservationName{}, value);
    MISTRIAL_INVARIANT(!f.empty(), "{} observed what no observer sees", process);
    return {time, std::move(process), std::string(f), std::move(value)};
}

}  // namespace mistrial::world
