#pragma once

#include "checkers/testing/valid_history.hpp"

#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <string>
#include <tuple>
#include <vector>

namespace mistrial::checkers::testing {

/// The fleet behind a valid history: authorities, mirrors, agents with their lives and clocks, and faults. An event queue
/// over ticks; what observers see goes to `Emit`. Times are ticks throughout.
class ValidWorld {
  public:
    using Ticks = std::int64_t;
    using Emit = std::function<void(Ticks at, history::Record record)>;

    struct Revision {
        std::string name;
        bool bad = false;
        std::vector<int> verdicts;      ///< by input: 0 false, 1 true, 2 undefined, else true until that wall tick
        std::string policy_marker;  ///< empty: its name
    };
    struct Cache {
        int content = 0;
        Ticks fetched = -1;
    };
    struct Bundle {
        std::string name;
        std::vector<Revision> revisions{Revision{}};  ///< from 1
        int head = 0;
        std::vector<Cache> mirrors;
    };
    struct Agent {
        std::string name;
        bool up = false;
        bool paused = false;
        bool busy = false;  ///< something is being done to it
        int cut = 0;
        int life = 0;
        Ticks offset = 0;
        std::vector<int> active;
        std::vector<int> persisted;
        std::vector<std::function<void()>> deferred;
        std::vector<history::Log> buffer;
        std::int64_t uploads = 0;
    };

    static constexpr std::size_t inputs = 5;  ///< of a bundle: x0, x1, t (depends on time), canary, both (with the next one)
    static constexpr Ticks wall_zero = 10'000'000;

    ValidWorld(const Dials& dials, std::uint64_t seed, Emit emit);

    [[nodiscard]] Ticks next() const { return queue_.top().at; }
    void step();
    /// From now on nothing is published and nothing breaks.
    void settle() { settling_ = true; }

    [[nodiscard]] const std::vector<Bundle>& bundles() const { return bundles_; }
    [[nodiscard]] Agent& agent(std::size_t i) { return agents_[i]; }
    [[nodiscard]] std::string incarnation(const Agent& agent) const;
    [[nodiscard]] std::int64_t publishes() const { return publishes_; }
    [[nodiscard]] history::RunInfo run_info() const;

  private:
    struct Event {
        Ticks at;
        std::uint64_t order;
        std::function<void()> run;
        friend bool operator>(const Event& a, const Event& b) { return std::tie(a.at, a.order) > std::tie(b.at, b.order); }
    };

    Ticks upto(Ticks most) { return random_.between(0, most); }
    bool chance(std::uint64_t per_mille) { return random_.chance(per_mille, 1'000); }
    void at(Ticks when, std::function<void()> run);
    /// Later, at this life of the agent, when it runs.
    void later(std::size_t agent, Ticks delay, std::function<void()> run);
    void observe(const std::string& f, history::Value value);

    void publish(std::size_t bundle);
    [[nodiscard]] Json content_of(Bundle& bundle, int number);
    void poll(std::size_t agent, std::size_t bundle);
    void served(std::size_t agent, std::size_t bundle, int content, Ticks began, bool complete);
    void received(std::size_t agent, std::size_t bundle, int content);
    [[nodiscard]] int ask_mirror(std::size_t agent, std::size_t bundle);
    void boot(std::size_t agent);
    void die(std::size_t agent);
    void resume(std::size_t agent);
    void report(std::size_t agent, bool errors);
    void upload(std::size_t agent);
    void fault();
    struct Injection {
        std::string kind;
        std::vector<std::string> target;
        std::map<std::string, history::Excuse> excuses;
        std::map<std::string, history::Skew> skews;
        std::function<void()> start;
        std::function<void()> stop;
        bool recorded = true;
    };
    void inject(const Injection& injection);
    void phase(const Injection& injection, const std::string& id, bool heal, bool last);
    [[nodiscard]] history::Excuse excuse() const;

    const Dials& dials_;
    RandomSequence random_;
    Emit emit_;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> queue_;
    std::uint64_t order_ = 0;
    Ticks now_ = 0;
    std::vector<Bundle> bundles_;
    std::vector<Agent> agents_;
    std::vector<int> mirror_cut_;
    std::int64_t publishes_ = 0;
    std::int64_t faults_ = 0;
    bool settling_ = false;
};

}  // namespace mistrial::checkers::testing
