#pragma once

#include "nemesis/injector.hpp"
#include "nemesis/network/edges.hpp"

namespace mistrial::nemesis {

/// `partition`: cuts the edges that the interval names (see partition.hpp); connections that exist are cut too. Bit when something was held, refused or reset on every cut edge, and other edges of the fleet went on
/// carrying bytes meanwhile. Intervals may overlap on an edge: the hardest cut holds.
class PartitionInjector final : public Injector {
  public:
    explicit PartitionInjector(Edges& edges) : edges_(edges) {}

    std::vector<std::string> needs() const override { return {"tcp-black-hole"}; }
    void inject(const FaultInterval& interval, Done done) override;
    void heal(const FaultInterval& interval, Done done) override;
    Evidence evidence(const FaultInterval& interval) override;

  private:
    struct Seen {
        std::vector<Edge*> cut;
        std::map<const Edge*, net::ProxyCounters> at_start, at_end;
        std::map<const Edge*, std::int64_t> refused_probes;
    };
    Result<> apply(Edge& edge);

    Edges& edges_;
    std::map<std::string, Seen> seen_;
    std::map<const Edge*, std::map<std::string, net::EdgeCut>> in_force_;  ///< by interval
};

}  // namespace mistrial::nemesis
