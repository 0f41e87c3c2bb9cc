#include "checkers/fault_phases.hpp"

#include <algorithm>

namespace mistrial::checkers {

void FaultPhases::on_fault(const Model& model, TrueTime at) {
    for (; known_ < model.faults().size(); ++known_) under_way_.push_back(known_);
    std::erase_if(under_way_, [&](std::size_t place) { return model.faults()[place].healed.has_value(); });
    Phase phase = 0;
    if (!under_way_.empty()) {
        const std::string& kind = model.faults()[under_way_.back()].kind;
        const auto named = std::find(names_.begin() + 1, names_.end(), kind);
        phase = static_cast<Phase>(named - names_.begin());
        if (named == names_.end()) names_.push_back(kind);
    }
    if ((changes_.empty() ? 0 : changes_.back().phase) != phase) changes_.push_back({at, phase});
}

FaultPhases::Phase FaultPhases::at(TrueTime t) const {
    for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
        if (change->at < t) return change->phase;
    }
    return 0;
}

}  // namespace mistrial::checkers
