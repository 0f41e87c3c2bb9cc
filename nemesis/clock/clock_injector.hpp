#pragma once

#include "nemesis/injector.hpp"
#include "nemesis/process/node.hpp"

namespace mistrial::nemesis {

/// `clock`: moves the wall clock of the targets by `offset` (nanoseconds) for the interval, through the page that their
/// vDSO was redirected to when they were started. Bit when the targets' own programs report the moved clock and a node
/// that is no target reports an unmoved one, and after the heal nobody is off.
class ClockInjector final : public Injector {
  public:
    explicit ClockInjector(const Nodes& nodes) : nodes_(nodes) {}

    std::vector<std::string> needs() const override { return {"vdso-clock"}; }
    void inject(const FaultInterval& interval, Done done) override;
    void heal(const FaultInterval& interval, Done done) override;
    Evidence evidence(const FaultInterval& interval) override;

  private:
    struct Reading {
        bool target = false;
        std::optional<std::pair<Duration, Duration>> inside, after;
        std::string trouble;
    };
    /// The targets and one node that is none.
    std::vector<std::string> observed(const FaultInterval& interval) const;
    void read_all(const FaultInterval& interval, bool after, Done done);

    const Nodes& nodes_;
    std::map<std::string, std::map<std::string, Reading>> readings_;
};

}  // namespace mistrial::nemesis
