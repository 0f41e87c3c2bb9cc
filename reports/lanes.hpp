#pragma once

#include "core/history/operation.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

/// A history reduced to what a picture of it shows: who enforced which revision when, what was published, how
/// fast and how well agents answered. Its size follows revisions, agents and faults, not decisions.
namespace mistrial::reports {

/// One stretch of time in which an agent showed one revision of one bundle.
struct Stretch {
    TrueTime from;
    TrueTime to;
    std::string revision;  ///< empty: answers showed none
    friend bool operator==(const Stretch&, const Stretch&) = default;
};

struct Gap {
    TrueTime from;
    TrueTime to;
    friend bool operator==(const Gap&, const Gap&) = default;
};

/// What happened to the decisions that were asked for in one slice of time.
struct Slice {
    std::int64_t answered = 0;
    std::int64_t refused = 0;     ///< complete answers without a verdict: 4xx, 5xx, undefined
    std::int64_t unanswered = 0;  ///< timeouts, resets, no connection, no free process
    Duration latency_sum{};
    Duration latency_max{};
    std::optional<Duration>
        offset_low;  ///< least and greatest agent time minus the run's wall time, of its decisions
    std::optional<Duration> offset_high;

    void add(const Slice& other);
    friend bool operator==(const Slice&, const Slice&) = default;
};

struct AgentLane {
    std::string agent;
    std::string driver;  ///< with its version, from the run record: "opa 1.19.0"
    std::map<std::string, std::vector<Stretch>> bundles;  ///< bundle -> ascending, disjoint
    std::vector<Gap> down;                                ///< between a death and the next boot
    std::vector<std::pair<TrueTime, std::string>> boots;  ///< with the incarnation
    std::vector<std::pair<TrueTime, std::string>>
        served;                 ///< when a revision was first served to it completely
    std::vector<Slice> slices;  ///< one each `Lanes::slice`, from zero
};

struct PublishMark {
    std::string bundle;
    std::string revision;
    TrueTime invoked;
    std::optional<TrueTime> completed;
    history::Type outcome = history::Type::info;
    std::size_t order = 0;  ///< among the publishes of its bundle, from zero
    bool bad = false;       ///< a correct agent refuses it
};

/// What the records of a fault say beside their times.
struct FaultDetail {
    Json parameters = Json::object();
    std::set<std::string> excused;  ///< agents that it can delay or silence
};

struct Lanes {
    TrueTime end;      ///< the last record's time
    Duration slice{};  ///< width of a slice
    std::optional<TrueTime> settle_start;
    std::vector<AgentLane> agents;  ///< by name, numbers by value: a2 before a10
    std::vector<PublishMark> publishes;
    std::map<std::string, FaultDetail> faults;  ///< by the interval's id
    std::vector<Gap> stalls;                    ///< the harness itself did not run

    /// The place of a revision in its bundle's order; nullopt when nobody published it.
    [[nodiscard]] std::optional<std::size_t> order_of(const std::string& bundle,
                                                      const std::string& revision) const;
};

/// Feed every record of a history in order, then `finish` once. One owner; no I/O.
class LaneBuilder {
  public:
    LaneBuilder();
    ~LaneBuilder();
    LaneBuilder(LaneBuilder&&) noexcept;
    LaneBuilder& operator=(LaneBuilder&&) noexcept;

    void on(const history::Record& record);
    [[nodiscard]] Lanes finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mistrial::reports
