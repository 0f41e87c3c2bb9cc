#pragma once

#include "core/history/operation.hpp"
#include "harness/scenario/plan.hpp"
#include "harness/sim/sim_world.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mistrial::search {

/// An interesting state that a search has to reach: one that it never reaches says that the search, not the fleet, is at
/// fault (FoundationDB's CODE_PROBE).
struct Probe {
    std::string_view name;
    std::string_view about;
    std::string_view needs;     ///< kind of fault without which it is out of reach; empty: none
    std::uint64_t within = 0;   ///< runs in which a search of random schedules is expected to reach it
};
[[nodiscard]] const std::vector<Probe>& probes();

/// Listens to one run and tells which states it went through.
class Coverage {
  public:
    explicit Coverage(const scenario::Plan& plan);

    void on(const history::Record& record);
    /// What only the world knows, once the run has ended.
    void on_end(const sim::Probes& seen);

    /// How often each probe was hit; none that was not.
    [[nodiscard]] const std::map<std::string, std::uint64_t>& hits() const { return hits_; }
    /// A hash for each state of the fleet that was passed: how far behind each agent was and which faults it was under,
    /// whichever agent.
    [[nodiscard]] const std::set<std::uint64_t>& states() const { return states_; }

  private:
    struct Agent {
        std::size_t shown = 0;  ///< number of the newest revision that it has shown
        std::set<std::string> under;  ///< kinds of faults in force at it
        bool alive = false;
        bool restarted = false;  ///< and no bundle was served since
    };
    void hit(std::string_view probe) { ++hits_[std::string(probe)]; }
    void passed();

    std::map<std::string, std::size_t> number_of_;  ///< by revision
    std::map<std::string, Agent> agents_;
    std::size_t published_ = 0;
    std::map<std::string, std::uint64_t> hits_;
    std::set<std::uint64_t> states_;
};

}  // namespace mistrial::search
