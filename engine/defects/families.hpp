#pragma once

#include "engine/defects/defects.hpp"

#include <concepts>

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
