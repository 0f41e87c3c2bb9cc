#include "harness/world/world.hpp"

namespace mistrial::world {

TrueTime time_of(const Event& event) {
    return std::visit([](const auto& e) { return e.time; }, event);
}

}  // namespace mistrial::world
