#pragma once

#include "harness/scenario/plan.hpp"
#include "harness/world/world.hpp"

#include <functional>
#include <string>
#include <vector>

/// The one loop that runs a plan in a world: asks the generators what is next, hands it to the world, writes down what
/// the world reports. Single-threaded over `World::next`; knows neither sockets nor virtual time.
namespace mistrial::conductor {

/// The input that decision number `number` of the stream named `stream` asks about: an id of the plan's pool.
using InputOf = std::function<std::string(const std::string& stream, std::uint64_t number, TrueTime due)>;

struct Hooks {
    InputOf input_of;
    /// Takes the run's records in order of time; an error ends the run.
    std::function<Result<>(history::Record)> record;
    /// Asked between events: true heals what is in force, ends the load, and lets what is in flight finish.
    std::function<bool()> interrupted;
};

struct Outcome {
    TrueTime ended;
    bool interrupted = false;
    world::Capabilities world;
    std::vector<std::string> troubles;  ///< what failed without ending the run: an injection, a heal, a node that did not start
};

/// Runs `plan` from start to end and stops the world, also when something fails on the way.
[[nodiscard]] Result<Outcome> conduct(const scenario::Plan& plan, world::World& world, const Hooks& hooks);

}  // namespace mistrial::conductor
