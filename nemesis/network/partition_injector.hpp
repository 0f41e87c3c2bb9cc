#pragma once

#include "nemesis/injector.hpp"
#include "nemesis/network/edges.hpp"

namespace mistrial::nemesis {

/// `partition`: cuts every edge between the targets and the nodes of `from`, in `direction` ("both"; "to": what goes to
/// the targets; "from": what comes from them), by `mode` ("black-hole", "stall", "refuse", "reset"); connections that
/// exist are cut too. Bit when something was held, refused or reset on every cut edge that carried anything at all, and
/// other edges of the fleet went on carrying bytes meanwhile.
class PartitionInjector final : public Injector {
  public:
    explicit PartitionInjector(Edges& edges) : edges_(edges) {}

    std::vector<std::string> needs() const override { return {"tcp-black-hole"}; }
    void inject(const FaultInterval& interval, Done done) override;
    void heal(const FaultInterval& interval, Done done) override;
    Evidence evidence(const FaultInterval& interval) override;

  private:
    struct Seen {
        std::vector<const Edge*> cut;
        std::map<const Edge*, net::ProxyCounters> at_start;
        std::map<const Edge*, net::ProxyCounters> at_end;
        std::map<const Edge*, std::int64_t> refused_probes;
    };

    Edges& edges_;
    std::map<std::string, Seen> seen_;
    std::map<const Edge*, std::vector<std::pair<std::string, net::EdgeCut>>> in_force_;  ///< cuts overlap
};

}  // namespace mistrial::nemesis
