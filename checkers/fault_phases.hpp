#pragma once

#include "checkers/model.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mistrial::checkers {

/// What was being done to the fleet at a time: the kind of the fault that began last of those under way, each from the
/// first to the last of its four records. Told of every fault record, after the model has been.
class FaultPhases {
  public:
    using Phase = std::uint32_t;  ///< 0: no fault

    void on_fault(const Model& model, TrueTime at);
    /// The phase at `t`; cheap for times near the newest record.
    [[nodiscard]] Phase at(TrueTime t) const;
    [[nodiscard]] const std::string& name(Phase phase) const { return names_[phase]; }
    [[nodiscard]] Phase count() const { return static_cast<Phase>(names_.size()); }

  private:
    struct Change {
        TrueTime at;
        Phase phase;
    };

    std::vector<std::string> names_{"no fault"};
    std::vector<Change> changes_;
    std::vector<std::size_t> under_way_;  ///< places in Model::faults
    std::size_t known_ = 0;
};

}  // namespace mistrial::checkers
