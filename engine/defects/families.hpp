#pragma once

#include "engine/defects/defects.hpp"

#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <utility>

/// The defects of each family, in the file of its name: classes, and the table that tells of them.
namespace mistrial::defects::families {

[[nodiscard]] std::vector<Defect> download();
[[nodiscard]] std::vector<Defect> activation();
[[nodiscard]] std::vector<Defect> persistence();
[[nodiscard]] std::vector<Defect> decisions();
[[nodiscard]] std::vector<Defect> clocks();
[[nodiscard]] std::vector<Defect> logging();
[[nodiscard]] std::vector<Defect> status();
[[nodiscard]] std::vector<Defect> health();
[[nodiscard]] std::vector<Defect> authority();
[[nodiscard]] std::vector<Defect> mirror();
[[nodiscard]] std::vector<Defect> sinks();

}  // namespace mistrial::defects::families

namespace mistrial::defects {

/// An agent's defect that depends on how long something has lasted.
class Timed : public agent::Behaviour {
  public:
    Clocks clocks(const Clocks& clocks) override {
        now_ = clocks.mono;
        return clocks;
    }

  protected:
    MonoTime now_;  ///< of the event that is being taken
};

/// What a source had before the newest, bundle by bundle.
class Predecessors {
  public:
    void took(const std::string& bundle, const control_plane::Published& fresh) {
        before_[bundle] = std::exchange(newest_[bundle], fresh);
    }
    /// The one before the newest; the newest where it is the first.
    [[nodiscard]] const control_plane::Published& before(const std::string& bundle, const control_plane::Published& newest) const {
        const auto found = before_.find(bundle);
        return found == before_.end() || !found->second ? newest : *found->second;
    }

  private:
    std::map<std::string, std::optional<control_plane::Published>> before_, newest_;
};

template <std::derived_from<agent::Behaviour> Defective>
std::shared_ptr<agent::Behaviour> agent_with() {
    return std::make_shared<Defective>();
}
template <std::derived_from<control_plane::AuthorityBehaviour> Defective>
std::shared_ptr<control_plane::AuthorityBehaviour> authority_with() {
    return std::make_shared<Defective>();
}
template <std::derived_from<control_plane::MirrorBehaviour> Defective>
std::shared_ptr<control_plane::MirrorBehaviour> mirror_with() {
    return std::make_shared<Defective>();
}
template <std::derived_from<control_plane::SinkBehaviour> Defective>
std::shared_ptr<control_plane::SinkBehaviour> sink_with() {
    return std::make_shared<Defective>();
}

}  // namespace mistrial::defects
