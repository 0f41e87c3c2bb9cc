#pragma once

#include "nemesis/fault.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mistrial::nemesis {

/// What a fault measured of itself on its target and on a control node: a run whose fault did not bite is unknown.
struct Evidence {
    bool bit = false;
    Json details = Json::object();
    friend bool operator==(const Evidence&, const Evidence&) = default;
};

/// Makes one kind of fault real. One per kind, registered in one table by the world. Calls come from one thread; an
/// operation that takes time (a restart) calls `done` later, from the same thread, exactly once.
class Injector {
  public:
    using Done = std::function<void(Result<>)>;

    virtual ~Injector() = default;

    /// Probes of the doctor that must hold (`vdso-clock`, ...).
    [[nodiscard]] virtual std::vector<std::string> needs() const = 0;
    virtual void inject(const FaultInterval& interval, Done done) = 0;
    virtual void heal(const FaultInterval& interval, Done done) = 0;
    /// What was measured since `inject`, by something other than the injector's own bookkeeping.
    [[nodiscard]] virtual Evidence evidence(const FaultInterval& interval) = 0;
};

/// `"disarmed": true` in a fault's parameters: everything but the act itself. A canary: such a fault must be found not
/// to have bitten, and the claims that it should have exercised must end unknown.
[[nodiscard]] inline bool is_disarmed(const FaultInterval& interval) {
    const auto found = interval.parameters.find("disarmed");
    return found != interval.parameters.end() && found->is_boolean() && found->get<bool>();
}

using Injectors = std::map<std::string, std::unique_ptr<Injector>>;

}  // namespace mistrial::nemesis
