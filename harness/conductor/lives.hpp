#pragma once

#include "harness/world/world.hpp"

#include <map>
#include <optional>
#include <string>

namespace mistrial::conductor {

/// Which process of each agent runs now, by the boots and deaths that the world has told of so far: who answered, where an
/// answer itself does not say (a health query has no room for an echo).
class Lives {
  public:
    /// Takes boots and deaths; anything else is nothing to it.
    void on(const world::Observed& event);

    /// The incarnation that gave an answer which was asked for at `invoked` and is complete now: the one that has been
    /// running all the while, nobody's when none has.
    [[nodiscard]] std::optional<std::string> answering(const std::string& agent, TrueTime invoked) const;

  private:
    struct Life {
        std::string incarnation;
        TrueTime booted;
    };
    std::map<std::string, Life> running_;  ///< by agent
};

}  // namespace mistrial::conductor
